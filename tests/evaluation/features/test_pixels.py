import numpy as np

from gan_jax.evaluation.features import extract, pixels


def test_small_images_are_taken_as_they_are():
    images = np.random.default_rng(0).integers(0, 256, (7, 4, 6, 3), np.uint8)
    seen = extract(pixels((4, 6, 3)), images)
    np.testing.assert_allclose(seen.features, images.reshape(7, -1) / 255, rtol=1e-6)
    assert seen.logits is None


def test_a_projection_keeps_distances_and_is_always_the_same():
    images = np.random.default_rng(0).integers(0, 256, (12, 30, 30, 3), np.uint8)
    features = pixels((30, 30, 3))
    seen = extract(features, images).features
    assert seen.shape == (12, 2048)
    i, j = np.triu_indices(12, 1)
    whole = np.square(images[i] / 255.0 - images[j] / 255.0).sum(axis=(1, 2, 3))
    ratios = np.square(seen[i] - seen[j]).sum(axis=1) / whole
    assert abs(ratios.mean() - 1) < 0.02
    assert ratios.std() < 0.06
    assert features.version != pixels((4, 6, 3)).version
    again = extract(pixels((30, 30, 3)), images[:1]).features
    np.testing.assert_array_equal(again[0], extract(features, images[:1]).features[0])
    # The first numbers, by which a change of the projection would be noticed.
    assert features.params["signs"][:8].tolist() == [-1, -1, -1, 1, 1, -1, 1, -1]
    assert features.params["chosen"].sum() == 2745354
