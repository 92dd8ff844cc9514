"""gan-jax show: pages about runs, read as text and opened in a browser."""

import json
import shutil

import pytest
from support.browser import needs_browser, opened
from support.command import gan_jax, refused


@pytest.fixture(scope="module")
def page(digits_run, tmp_path_factory):
    """The page of a run with an evaluation."""
    folder = tmp_path_factory.mktemp("shown") / "digits"
    shutil.copytree(digits_run, folder)
    figures = {"recall": 0.1, "recall_real": 0.8, "frechet_ratio": 12.5, "classes": ["0", "<1>"]}
    shares = {"class_shares": [1.0, 0.0], "class_shares_real": [0.5, 0.5]}
    found = {"step": 60, "seed": 1, "settings": {"features": "classifier"}, **figures, **shares}
    (folder / "evaluation.json").write_text(json.dumps(found))
    return folder


def test_a_page_says_what_the_run_is_and_what_is_wrong(capsys, page):
    result = gan_jax(capsys, "show", page)
    assert result.status == 0
    assert f"written to {page / 'page.html'}" in result.out
    text = (page / "page.html").read_text()
    for words in ("<h1>digits</h1>", "complete at step 60 of", "Samples lack variety", "12.5", "batch_size"):
        assert words in text, words
    assert "&lt;1&gt;" in text  # names are no HTML
    assert "<1>" not in text
    assert text.count("data:image/png;base64,") >= 6  # the samples of three steps, each in the film and in the strip


def test_runs_beside_each_other(capsys, tmp_path, digits_run, conditional_run):
    out, runs = tmp_path / "both.html", [tmp_path / "digits", tmp_path / "conditional"]
    for run, copy in zip((digits_run, conditional_run), runs, strict=True):  # other tests evaluate these runs
        shutil.copytree(run, copy, ignore=shutil.ignore_patterns("evaluation*"))
    assert gan_jax(capsys, "show", *runs, "--out", out).status == 0
    text = out.read_text()
    for words in ("<h1>2 runs</h1>", "Settings that differ", "None of these runs has been evaluated", "generator loss"):
        assert words in text, words


def test_what_cannot_be_shown_is_refused(capsys, tmp_path, digits_run):
    refused(gan_jax(capsys, "show"), "give the folder of a run")
    refused(gan_jax(capsys, "show", tmp_path), "does not hold a run")
    refused(gan_jax(capsys, "show", digits_run, digits_run), "the same run is given twice")
    refused(gan_jax(capsys, "show", digits_run, "--out", tmp_path), "is a folder")


@needs_browser
def test_in_a_browser_the_slider_changes_the_picture(capsys, page):
    assert gan_jax(capsys, "show", page).status == 0
    with opened(f"file://{page / 'page.html'}") as (tab, errors, asked):
        picture = tab.locator("img[style]")  # that of the film; those of the strip have a style sheet
        before = picture.get_attribute("src")
        tab.locator("canvas").first.wait_for()  # the curves
        handle = tab.locator(".noUi-handle")
        handle.focus()
        handle.press("ArrowLeft")
        tab.locator("img[style][alt='samples at step 50']").wait_for()
        assert picture.get_attribute("src") != before
        assert not errors
        assert all(url.startswith(("file:", "data:", "blob:")) for url in asked)  # nothing from a network
