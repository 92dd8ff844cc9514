"""gan-jax explore: its pages in a browser, and whom the server refuses."""

import http.client
import json
import re
import signal
from contextlib import contextmanager

import numpy as np
from PIL import Image
from support.browser import needs_browser, opened
from support.command import gan_jax, refused, start

# The pixels of figure number N, of those that show images, as the browser has them.
PIXELS = """
(number) => {
    const models = [...Bokeh.documents[0]._all_models.values()]
    const sources = models.filter((each) => each.type === "ColumnDataSource" && each.columns().includes("image"))
    return Array.from(sources[number].get_column("image")[0]).join()
}
"""


@contextmanager
def exploring(run, *arguments):
    """The address of the page of a run, whose process ends by Ctrl-C."""
    process = start("explore", run, "--no-browser", *arguments)
    try:
        line = process.stdout.readline()
        yield re.match(r"(http://127\.0\.0\.1:\d+) shows ", line)[1]
    finally:
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (0, "ended\n"), err


def changed(tab, before, number=0):
    """The pixels of a figure when they are others than before."""
    tab.wait_for_function(f"(before) => ({PIXELS})({number}) !== before", arg=before)
    return tab.evaluate(PIXELS, number)


@needs_browser
def test_sliders_the_pad_and_the_class_change_the_picture(conditional_run):
    with exploring(conditional_run) as address, opened(address) as (tab, errors, asked):
        tab.locator("canvas").first.wait_for()
        first = now = tab.evaluate(PIXELS, 0)
        handles = tab.locator(".noUi-handle")
        for slider in (0, 1, handles.count() - 1):  # mixing, truncation, a direction
            handles.nth(slider).press("Home" if slider == 1 else "End")
            now = changed(tab, now)
        pad = tab.locator(".bk-Figure").nth(1).bounding_box()
        tab.mouse.click(pad["x"] + 0.75 * pad["width"], pad["y"] + 0.3 * pad["height"])
        now = changed(tab, now)
        tab.locator("select").select_option(label="7")
        now = changed(tab, now)
        tab.get_by_role("button", name="Save").click()
        tab.get_by_text("Saved").wait_for()
        assert not errors
        assert all(url.startswith(address) for url in asked if not url.startswith(("data:", "blob:")))
    saved = conditional_run / "explored" / "picture001.png"
    assert np.asarray(Image.open(saved)).shape == (8, 8)
    place = json.loads(saved.with_suffix(".json").read_text())
    assert place["label"] == 7
    assert place["mix"] == 1
    with np.load(saved.with_suffix(".npz")) as arrays:
        assert arrays["labels"] == ["7"]
    assert first != now


@needs_browser
def test_what_is_drawn_and_chosen_is_translated(translation_run, tmp_path):
    with exploring(translation_run) as address, opened(address) as (tab, errors, _):
        tab.locator("canvas").first.wait_for()
        source, made = (tab.evaluate(PIXELS, number) for number in (0, 1))
        board = tab.locator(".bk-Figure").first.bounding_box()
        at = [(board["x"] + x * board["width"], board["y"] + y * board["height"]) for x, y in ((0.3, 0.4), (0.7, 0.6))]
        tab.mouse.move(*at[0])
        tab.mouse.down()
        tab.mouse.move(*at[1], steps=4)
        tab.mouse.up()
        source, made = changed(tab, source, 0), changed(tab, made, 1)
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)).save(tmp_path / "own.png")
        tab.locator("input[type=file]").set_input_files(tmp_path / "own.png")
        source, made = changed(tab, source, 0), changed(tab, made, 1)
        (tmp_path / "broken.png").write_bytes(b"no picture")
        tab.locator("input[type=file]").set_input_files(tmp_path / "broken.png")
        tab.get_by_text("cannot be read as an image").wait_for()
        assert not errors


def test_foreign_hosts_and_other_paths_are_refused(conditional_run):
    def status(path, **headers):
        connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status

    with exploring(conditional_run) as address:
        assert status("/") == 200
        assert status("/", Host="foreign.example") == 403
        shake = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
        shake["Sec-WebSocket-Key"] = "dGhlIHNhbXBsZSBub25jZQ=="
        assert status("/ws", Origin="http://foreign.example", **shake) == 403
        for path in ("/config.json", "/../config.json", "/static/../../config.json", "/static/%2e%2e/config.json"):
            assert status(path) in (403, 404), path


def test_what_cannot_be_explored_is_refused(capsys, ring_run, tmp_path):
    refused(gan_jax(capsys, "explore", ring_run), "images are explored, and the run has points")
    refused(gan_jax(capsys, "explore", tmp_path), "is not a run")
    refused(gan_jax(capsys, "explore", ring_run, "--port", 70000), "--port must be at least 0 and below 65536")
