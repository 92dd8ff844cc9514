import math

import numpy as np
import pytest
from scipy import ndimage

from gan_jax.evaluation.metrics import l1, psnr, ssim


def noisy(count=3, height=20, width=24, channels=3, strength=30):
    """Smooth images, and noisy versions of them."""
    rng = np.random.default_rng(0)
    smooth = ndimage.gaussian_filter(rng.uniform(0, 255, (count, height, width, channels)), (0, 3, 3, 0))
    smooth = (smooth - smooth.min()) / np.ptp(smooth) * 255
    made = smooth + strength * rng.normal(size=smooth.shape)
    return made.clip(0, 255).astype(np.uint8), smooth.astype(np.uint8)


def test_l1_and_psnr_of_known_differences():
    truth = np.full((3, 4, 4, 1), 100, np.uint8)
    images = truth.copy()
    images[0] += 51
    images[1, :2] -= 51
    np.testing.assert_allclose(l1(images, truth), [0.2, 0.1, 0])
    np.testing.assert_allclose(psnr(images, truth), [-10 * math.log10(0.04), -10 * math.log10(0.02), 54.151], rtol=1e-5)


def test_ssim_of_an_image_with_itself_is_one_and_of_its_negative_is_not():
    _, truth = noisy()
    np.testing.assert_allclose(ssim(truth, truth), 1)
    assert (ssim(255 - truth, truth) < 0.5).all()


@pytest.mark.parametrize(("height", "width", "side"), [(13, 12, 11), (8, 9, 7)])
def test_ssim_is_its_formula_window_by_window_and_these_are_smaller_in_small_images(height, width, side):
    images, truth = noisy(count=2, height=height, width=width)
    places = np.arange(side) - side // 2
    grid = np.exp(-(places[:, None] ** 2 + places**2) / (2 * 1.5**2))
    grid /= grid.sum()

    def window(a, b):
        mean_a, mean_b = (grid * a).sum(), (grid * b).sum()
        spreads = (grid * (a - mean_a) ** 2).sum() + (grid * (b - mean_b) ** 2).sum()
        shared = (grid * (a - mean_a) * (b - mean_b)).sum()
        c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
        return (2 * mean_a * mean_b + c1) * (2 * shared + c2) / ((mean_a**2 + mean_b**2 + c1) * (spreads + c2))

    for made, image, true in zip(ssim(images, truth), images.astype(float), truth.astype(float), strict=True):
        values = [
            window(image[y : y + side, x : x + side, c], true[y : y + side, x : x + side, c])
            for y in range(height - side + 1)
            for x in range(width - side + 1)
            for c in range(3)
        ]
        assert made == pytest.approx(np.mean(values), rel=1e-9)


@pytest.mark.parametrize("shape", [(20, 24, 3), (11, 11, 1), (32, 17, 1), (64, 64, 3), (96, 48, 1)])
def test_ssim_and_psnr_are_those_of_scikit_image(shape):
    metrics = pytest.importorskip("skimage.metrics", reason="scikit-image is not installed")
    images, truth = noisy(2, *shape)
    # Images without colour have no axis of channels there.
    channels = {"channel_axis": -1 if shape[-1] > 1 else None}
    pairs = [(a.squeeze(), b.squeeze()) for a, b in zip(images, truth, strict=True)]
    as_in_the_paper = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 255}
    expected = [metrics.structural_similarity(a, b, **channels, **as_in_the_paper) for a, b in pairs]
    np.testing.assert_allclose(ssim(images, truth), expected, rtol=1e-9)
    expected = [metrics.peak_signal_noise_ratio(b, a, data_range=255) for a, b in pairs]
    np.testing.assert_allclose(psnr(images, truth), expected, rtol=1e-9)


def test_more_noise_is_farther_by_every_measure():
    some, truth = noisy(strength=20)
    more, _ = noisy(strength=60)
    assert (l1(more, truth) > l1(some, truth)).all()
    assert (psnr(more, truth) < psnr(some, truth)).all()
    assert (ssim(more, truth) < ssim(some, truth)).all()


@pytest.mark.parametrize("measure", [l1, psnr, ssim])
def test_other_shapes_are_refused(measure):
    images, truth = noisy()
    with pytest.raises(ValueError, match="cannot be compared"):
        measure(images[..., :1], truth)
