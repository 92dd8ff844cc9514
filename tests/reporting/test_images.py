import numpy as np
import pytest
from PIL import Image

from gan_jax.reporting import column_grid, grid, save_animation, save_image


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


def test_a_picture_has_the_format_of_its_ending(tmp_path):
    image = np.full((16, 24, 3), (200, 100, 50), np.uint8)
    for name, form in {"a.PNG": "PNG", "b.jpg": "JPEG", "c.jpeg": "JPEG"}.items():
        save_image(image, tmp_path / name)
        with Image.open(tmp_path / name) as read:
            assert read.format == form
            np.testing.assert_allclose(np.asarray(read), image, atol=3)
    with pytest.raises(ValueError, match=r"must end in .png, .jpg, .jpeg, and .*d.bmp does not"):
        save_image(image, tmp_path / "d.bmp")
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.parametrize("channels", [1, 3])
def test_an_animation_shows_its_frames_in_turn_and_for_ever(channels, tmp_path):
    frames = [np.full((8, 12, channels), shade, np.uint8) for shade in (0, 120, 255)]
    save_animation(frames, tmp_path / "a.gif", 0.25)
    with Image.open(tmp_path / "a.gif") as read:
        assert (read.n_frames, read.info["loop"], read.info["duration"]) == (3, 0, 250)
        for i, frame in enumerate(frames):
            read.seek(i)
            np.testing.assert_array_equal(np.asarray(read.convert("RGB")), np.broadcast_to(frame, (8, 12, 3)))
