"""How soon the page of `gan-jax explore` shows another picture after a slider was moved, in a headless Chromium.

    python experiments/benchmarks/explorer.py runs/dcgan_digits

It needs `pip install playwright` and a Chromium. A key moves a slider by one step, and the time ends when the new
pixels have arrived in the browser, of which it draws the next frame.
"""

import re
import shutil
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro
from playwright.sync_api import Page, sync_playwright

# Resolves to the milliseconds from the key to the event that the pixels have changed, and two frames later.
_RESPONSE = """
() => new Promise((done) => {
    const [screen] = [...Bokeh.documents[0]._all_models.values()].filter((each) => each.data?.has?.("image") ||
        each.data?.image)
    window.began = null
    window.addEventListener("keydown", () => { window.began = performance.now() }, {once: true, capture: true})
    screen.properties.data.change.connect(function changed() {
        screen.properties.data.change.disconnect(changed)
        requestAnimationFrame(() => done(performance.now() - window.began))
    })
    window.ready = true
})
"""


@dataclass(frozen=True)
class Options:
    """Measures the response of the explorer of a run to a slider."""

    run: Annotated[Path, tyro.conf.Positional]
    """Folder of the run."""

    count: int = 40
    """Number of movements. Ten more come first, which compile and fill caches."""


def main() -> None:
    options = tyro.cli(Options)
    server = subprocess.Popen(
        ["gan-jax", "explore", options.run, "--no-browser"], stdout=subprocess.PIPE, text=True, bufsize=1
    )
    try:
        assert server.stdout is not None
        found = re.match(r"(http\S+)", server.stdout.readline())
        if found is None:
            sys.exit("explorer.py: the explorer did not start")
        with sync_playwright() as playwright:
            chromium = shutil.which("chromium") or shutil.which("google-chrome")
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
            page = browser.new_page()
            page.goto(found[1])
            times = [response(page) for _ in range(options.count + 10)][10:]
            browser.close()
    finally:
        server.terminate()
        server.wait()
    ordered = sorted(times)
    print(
        f"{options.run.name}: median {statistics.median(times):.0f} ms, "
        f"95% within {ordered[int(0.95 * len(times))]:.0f} ms, the slowest {ordered[-1]:.0f} ms"
    )


def response(page: Page) -> float:
    """Milliseconds until the picture has changed after a key was pressed on the slider of direction 3."""
    handle = page.locator(".noUi-handle").last
    handle.focus()
    waiting = page.evaluate_handle(f"() => ({{promise: ({_RESPONSE})()}})")
    handle.press("ArrowRight")
    return waiting.evaluate("(each) => each.promise")


if __name__ == "__main__":
    main()
