import jax.numpy as jnp
import numpy as np
import pytest
from support.scripts import arrays_of

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.features import Features, Seen, check_images, extract, extract_batches, softmax


def see(params, images):
    flat = images.reshape(len(images), -1).astype(jnp.float32)
    return Seen(flat * params, flat[:, :2])


FEATURES = Features("mine", "1", "", see, np.float32(2), batch_size=8)


@pytest.mark.parametrize("count", [1, 7, 8, 19])
def test_all_images_are_seen_in_order_whatever_the_batches(count):
    images = np.random.default_rng(0).integers(0, 256, (count, 3, 2, 1), np.uint8)
    seen = extract(FEATURES, images)
    np.testing.assert_array_equal(seen.features, 2.0 * images.reshape(count, -1))
    np.testing.assert_array_equal(seen.logits, images.reshape(count, -1)[:, :2])
    assert seen.features.dtype == np.float32


def test_batches_are_counted_and_come_one_by_one():
    images, counts = np.zeros((19, 3, 2, 1), np.uint8), []
    batches = extract_batches(FEATURES, images, counts.append)
    assert next(batches).features.shape == (8, 6)
    assert counts == []
    assert [len(batch.features) for batch in batches] == [8, 3]
    assert counts == [8, 8, 3]


def test_several_devices_see_the_same(tmp_path):
    found = arrays_of("feature_devices", tmp_path)
    assert found["devices"] == 3
    assert found["first"] == 12  # a batch of 4 for each
    images = np.random.default_rng(0).integers(0, 256, (29, 3, 2, 1), np.uint8)
    expected = np.sin(images.reshape(29, -1) * np.float32(0.1))
    np.testing.assert_allclose(found["features"], expected, atol=1e-5)
    np.testing.assert_allclose(found["covariance"], np.cov(expected, rowvar=False), atol=1e-5)


@pytest.mark.parametrize(
    ("images", "message"),
    [
        (np.zeros((3, 4, 4, 3), np.float32), r"uint8 in \[0, 255\], not float32: convert floats in \[-1, 1\]"),
        (np.full((3, 4, 4, 3), np.nan), "float64: they hold values that are not finite"),
        (np.zeros((3, 4, 4, 2), np.uint8), r"not \(3, 4, 4, 2\)"),
        (np.zeros((3, 4, 4), np.uint8), r"not \(3, 4, 4\)"),
        (np.zeros((0, 4, 4, 1), np.uint8), r"not \(0, 4, 4, 1\)"),
    ],
)
def test_what_is_no_image_is_refused(images, message):
    with pytest.raises(UsageError, match=message):
        check_images(images)


def test_softmax_does_not_overflow():
    found = softmax(np.array([[1000.0, 1000.0, 0.0], [-1000.0, 0.0, -1000.0]], np.float32))
    np.testing.assert_allclose(found, [[0.5, 0.5, 0], [0, 1, 0]])
