"""Pictures of samples and of interpolations."""

import numpy as np

from gan_jax.data.sources.mixtures import RING, draw
from gan_jax.inference import interpolation_picture, sample_picture


def test_pictures_of_points_share_their_frame_whatever_the_samples():
    real = draw(RING, 1000, "real").images
    near, far = (sample_picture(np.float32([[0, 0], x]), real) for x in ([1, 1], [1e6, 0]))
    assert near.shape == far.shape == (480, 480, 3)
    # The axes' left edge, below the title: in the same place.
    np.testing.assert_array_equal(near[60:400, :60], far[60:400, :60])
    assert (near[:25] == 255).all()
    assert (far[:25] != 255).any()  # that one is outside is said
    walk = interpolation_picture(np.float32([[-2, 0], [2, 0]]), 2, real)
    red = (walk[..., 0].astype(int) - walk[..., 2] > 60).any(axis=0)
    assert red[100:380].all()  # a line all the way


def test_pictures_of_images_are_grids():
    images = np.zeros((4, 8, 8, 1), np.uint8)
    assert sample_picture(images, None).shape == (65, 65, 1)
    assert interpolation_picture(images, 4, None).shape == (32, 4 * 33 - 1, 1)
