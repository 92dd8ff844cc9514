import numpy as np
import pytest
from PIL import Image

from gan_jax.reporting import column_grid, grid, save_image


def test_a_grid_has_its_images_row_by_row_and_is_white_elsewhere():
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1) + np.zeros((5, 40, 33, 3), np.uint8)
    made = grid(images, 2)
    assert made.shape == (3 * 41 - 1, 2 * 34 - 1, 3)
    for i in range(5):
        top, left = i // 2 * 41, i % 2 * 34
        assert (made[top : top + 40, left : left + 33] == i).all()
    assert (made[40] == 255).all()
    assert (made[:, 33] == 255).all()
    assert (made[82:, 34:] == 255).all()


@pytest.mark.parametrize(("count", "columns", "rows"), [(1, 1, 1), (4, 2, 2), (5, 3, 2), (7, 3, 3), (64, 8, 8)])
def test_a_grid_is_as_square_as_possible_by_default(count, columns, rows):
    assert grid(np.zeros((count, 32, 32, 1), np.uint8)).shape == (33 * rows - 1, 33 * columns - 1, 1)


def test_small_images_are_enlarged_pixel_by_pixel():
    image = np.arange(64, dtype=np.uint8).reshape(1, 8, 8, 1)
    np.testing.assert_array_equal(grid(image), image[0].repeat(4, 0).repeat(4, 1))
    assert grid(np.zeros((1, 20, 20, 1), np.uint8)).shape == (20, 20, 1)


def test_a_grid_of_columns_has_one_example_in_each_row():
    rng = np.random.default_rng(0)
    gray, colour = (rng.integers(0, 256, (3, 32, 32, channels), np.uint8) for channels in (1, 3))
    made = column_grid([gray, colour])
    assert made.shape == (3 * 33 - 1, 2 * 33 - 1, 3)
    for i in range(3):
        np.testing.assert_array_equal(made[33 * i : 33 * i + 32, :32], gray[i].repeat(3, -1))
        np.testing.assert_array_equal(made[33 * i : 33 * i + 32, 33:], colour[i])


@pytest.mark.parametrize("channels", [1, 3])
def test_a_saved_image_is_read_back_without_loss(channels, tmp_path):
    image = np.random.default_rng(0).integers(0, 256, (9, 7, channels), np.uint8)
    save_image(image, tmp_path / "folder" / "image.png")
    with Image.open(tmp_path / "folder" / "image.png") as read:
        np.testing.assert_array_equal(np.asarray(read).reshape(image.shape), image)
