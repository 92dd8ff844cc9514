import io

import numpy as np
import pytest
from PIL import Image

from gan_jax.data.pixels import fit, fit_array, is_gray


def picture(height, width, seed=0):
    """A picture of smooth colours, so that lossy formats and rounding hardly matter."""
    coarse = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)


def bicubic_matrix(size, new):
    """Row i holds the weights of pixel i of the resized line: Keys' kernel with a = -1/2, widened when shrinking."""
    scale = max(size / new, 1)
    distance = np.abs((np.arange(new)[:, None] + 0.5) * size / new - (np.arange(size) + 0.5)) / scale
    near = 1.5 * distance**3 - 2.5 * distance**2 + 1
    far = -0.5 * distance**3 + 2.5 * distance**2 - 4 * distance + 2
    weights = np.where(distance < 1, near, np.where(distance < 2, far, 0))
    return weights / weights.sum(axis=1, keepdims=True)


@pytest.mark.parametrize(("size", "new"), [(64, 16), (50, 32), (8, 32), (33, 31)])
def test_resizing_agrees_with_the_formula(size, new):
    # No black or white, because Pillow rounds and clips between the two directions.
    pixels = np.random.default_rng(1).integers(60, 196, (size, size), np.uint8)
    matrix = bicubic_matrix(size, new)
    np.testing.assert_allclose(fit_array(pixels, new, 1)[..., 0], matrix @ pixels @ matrix.T, atol=1.5)


def test_shrinking_does_not_alias():
    stripes = np.tile(np.array([0, 255], np.uint8), (64, 32))
    assert np.abs(fit_array(stripes, 16, 1).astype(int)[:, 2:-2] - 127.5).max() < 8


def test_the_longer_side_is_cropped_about_its_centre():
    image = picture(20, 60)
    wanted = np.asarray(image.resize((30, 10), Image.Resampling.BICUBIC))[:, 10:20]
    np.testing.assert_allclose(fit(image, 10, 3).astype(int), wanted, atol=1)
    np.testing.assert_allclose(fit(image.rotate(90, expand=True), 10, 3).astype(int), np.rot90(wanted), atol=1)


@pytest.mark.parametrize(("size", "box"), [((60, 20), (15, 0, 45, 20)), ((30, 50), (0, 15, 30, 35))])
def test_a_rectangle_is_covered_and_cropped_about_its_centre(size, box):
    image = picture(size[1], size[0])
    wanted = np.asarray(image.resize((15, 10), Image.Resampling.BICUBIC, box=box))
    np.testing.assert_array_equal(fit(image, (10, 15), 3), wanted)


@pytest.mark.parametrize(("width", "height"), [(7, 5), (641, 479), (1, 1000), (1023, 767)])
def test_a_square_is_the_same_however_it_is_asked_for(width, height):
    """By a number or two, and as it was before there were rectangles: other bits would be other data."""
    image, side = picture(height, width), min(width, height)
    left, top = (width - side) / 2, (height - side) / 2
    before = image.resize((24, 24), Image.Resampling.BICUBIC, box=(left, top, left + side, top + side))
    np.testing.assert_array_equal(fit(image, 24, 3), np.asarray(before))
    np.testing.assert_array_equal(fit(image, (24, 24), 3), np.asarray(before))


@pytest.mark.parametrize("resolution", [(1, 97), (97, 1), (31, 17), (3, 1000)])
@pytest.mark.parametrize(("width", "height"), [(7, 5), (5, 7), (1, 1), (333, 1)])
def test_pictures_of_any_size_become_rectangles_of_any_size(width, height, resolution):
    pixels = np.full((height, width, 3), 77, np.uint8)
    np.testing.assert_array_equal(fit_array(pixels, resolution, 3), np.full((*resolution, 3), 77))


def test_an_image_of_the_right_size_is_left_alone():
    pixels = np.random.default_rng(2).integers(0, 256, (9, 9, 3), np.uint8)
    np.testing.assert_array_equal(fit_array(pixels, 9, 3), pixels)


def test_transparency_is_laid_on_white():
    pixels = np.zeros((4, 4, 4), np.uint8)
    pixels[:, 2:, 3] = 255
    wanted = np.repeat([[255, 255, 0, 0]], 4, axis=0)
    np.testing.assert_array_equal(fit_array(pixels, 4, 1)[..., 0], wanted)
    np.testing.assert_array_equal(fit(Image.fromarray(pixels).convert("LA"), 4, 1)[..., 0], wanted)
    palette = Image.new("P", (4, 4), 7)
    palette.info["transparency"] = 7
    assert (fit(palette, 4, 3) == 255).all()


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I"])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_mode_gives_the_same_picture(mode, channels):
    gray = picture(24, 24).convert("L")
    if mode == "1":
        gray = gray.point(lambda value: 255 * (value > 128))
    if mode in ("I;16", "I"):
        image = Image.fromarray(np.asarray(gray).astype(np.uint16) * 257)
        image = image.convert(mode) if mode == "I" else image
    else:
        image = gray.convert(mode)
    assert image.mode == mode
    wanted = np.repeat(np.asarray(gray)[..., None], channels, axis=-1)
    result = fit(image, 24, channels)
    assert result.dtype == np.uint8
    np.testing.assert_allclose(result.astype(int), wanted, atol=1)


def test_sixteen_bits_in_an_array_become_eight():
    pixels = np.array([[0, 257], [65535, 32896]], np.uint16)
    assert fit_array(pixels, 2, 1)[..., 0].tolist() == [[0, 1], [255, 128]]


def test_floating_point_pixels_are_refused():
    with pytest.raises(ValueError, match="no known range"):
        fit(Image.new("F", (4, 4)), 4, 1)


def test_exif_orientation_is_applied():
    image = picture(20, 20)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned, so viewers rotate the image clockwise
    file = io.BytesIO()
    image.save(file, "png", exif=exif)
    np.testing.assert_array_equal(fit(Image.open(file), 20, 3), np.rot90(np.asarray(image), -1))


@pytest.mark.parametrize(
    ("mode", "gray"), [("1", True), ("L", True), ("LA", True), ("I;16", True), ("RGB", False), ("CMYK", False)]
)
def test_gray_is_told_from_the_mode(mode, gray):
    assert is_gray(Image.new(mode, (2, 2))) == gray


def test_gray_palettes_are_gray():
    assert is_gray(picture(8, 8).convert("L").convert("P"))
    assert not is_gray(picture(8, 8).convert("P", palette=Image.Palette.ADAPTIVE))
