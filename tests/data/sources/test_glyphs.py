"""Drawn letters."""

import time

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from gan_jax.common.errors import UsageError
from gan_jax.data import load
from gan_jax.data.sources import glyphs


def test_glyphs_have_as_many_of_each_letter_and_are_cached(monkeypatch):
    monkeypatch.setattr(glyphs, "TRAIN_COUNT", 2000)
    monkeypatch.setattr(glyphs, "TEST_COUNT", 500)
    start = time.perf_counter()
    first = load("glyphs", resolution=16)
    made = time.perf_counter() - start
    start = time.perf_counter()
    second = load("glyphs", resolution=16)
    assert time.perf_counter() - start < made / 3
    np.testing.assert_array_equal(first.train.images, second.train.images)
    assert first.train.images.shape == (2000, 16, 16, 1)
    assert first.test.images.shape == (500, 16, 16, 1)
    assert (np.bincount(first.train.labels) == 200).all()
    assert (np.bincount(first.test.labels) == 50).all()
    assert first.classes == tuple("ABCDEFGHIJ")
    assert len(np.unique(np.concatenate([first.train.images, first.test.images]), axis=0)) == 2500

    train, test = (split.images.reshape(len(split), -1) / 255 for split in (first.train, first.test))
    model = LogisticRegression(max_iter=200).fit(train, first.train.labels)
    assert model.score(test, first.test.labels) > 0.9


def test_a_glyph_depends_on_its_number_alone():
    images = glyphs.GlyphImages(0, 50, 32)
    later = glyphs.GlyphImages(20, 30, 32)
    np.testing.assert_array_equal(images[27], later[7])
    with pytest.raises(IndexError):
        later[30]


@pytest.mark.parametrize("number", range(10))
def test_glyphs_look_alike_at_every_resolution(number):
    small, large = glyphs.draw(number, 32), glyphs.draw(number, 128)
    shrunk = large.reshape(32, 4, 32, 4).mean((1, 3))
    assert np.corrcoef(shrunk.ravel(), small.ravel())[0, 1] > 0.97


def test_letters_stand_whole_in_the_middle_of_rectangles(monkeypatch):
    monkeypatch.setattr(glyphs, "TRAIN_COUNT", 20)
    monkeypatch.setattr(glyphs, "TEST_COUNT", 10)
    wide, square = load("glyphs", resolution=(16, 25)), load("glyphs", resolution=16)
    assert wide.image_shape == (16, 25, 1)
    np.testing.assert_array_equal(wide.train.images[:, :, 4:20], square.train.images)
    assert wide.train.images.sum(dtype=int) == square.train.images.sum(dtype=int)


def test_glyphs_stay_inside_the_image_and_are_antialiased():
    images = np.stack([glyphs.draw(number, 32) for number in range(300)])
    at_the_edge = np.maximum(images[:, [0, -1]].max((1, 2, 3)), images[:, :, [0, -1]].max((1, 2, 3)))
    assert (at_the_edge > 128).mean() < 0.01
    grays = (images > 20) & (images < 235)
    assert 0.05 < grays.mean() < 0.35


def test_every_font_draws_every_letter():
    for font in glyphs.FONTS:
        drawn = [np.asarray(glyphs._letter(font, letter, 0.0, 64)) for letter in glyphs.LETTERS]
        assert all(image.max() == 255 for image in drawn)
        assert len({image.tobytes() for image in drawn}) == 10


def test_styles_are_labels_of_the_same_images(monkeypatch):
    monkeypatch.setattr(glyphs, "TRAIN_COUNT", 300)
    monkeypatch.setattr(glyphs, "TEST_COUNT", 40)
    letters = load("glyphs", resolution=32)
    bold = load("glyphs:bold", resolution=32)
    assert bold.classes == ("not bold", "bold")
    np.testing.assert_array_equal(bold.train.images, letters.train.images)
    assert set(bold.test.labels) == {0, 1}
    ink = bold.train.images.mean((1, 2, 3))
    assert ink[bold.train.labels == 1].mean() > 1.2 * ink[bold.train.labels == 0].mean()


def test_the_styles_of_fonts():
    found = {style: {font for font in glyphs.FONTS if pattern.search(font)} for style, pattern in glyphs.STYLES.items()}
    assert {font for font in glyphs.FONTS if "Bold" in font} < found["bold"]
    assert {style: len(fonts) for style, fonts in found.items()} == {"bold": 9, "slanted": 10, "serif": 13}
    assert "DejaVuSans-Oblique" in found["slanted"] - found["serif"]


def test_another_style_is_refused():
    with pytest.raises(UsageError, match=r"no glyphs:italic: fonts are told apart by bold, slanted, serif"):
        load("glyphs:italic", resolution=16)
