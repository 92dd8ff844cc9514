from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.game import Game
from gan_jax.parallel import example_keys
from gan_jax.sampling import _slerp, interpolate_images, sample_images

WEIGHTS = np.random.default_rng(0).normal(size=(6, 16)).astype(np.float32)


def picture(networks, latents):
    return jnp.tanh(latents["z"] @ networks + latents["label"][:, None] / 10).reshape(-1, 4, 4, 1)


def draw(key, count):
    keys = example_keys(key, count)
    return {
        "z": jax.vmap(lambda key: jax.random.normal(key, (6,)))(keys),
        "label": jax.vmap(lambda key: jax.random.randint(key, (), 0, 10))(keys),
    }


GAME = Game(players=(), init=lambda key: ({}, {}), latents=draw, sample=picture)


def test_a_sample_depends_on_its_place_and_the_seed_alone():
    few, many = (sample_images(GAME, WEIGHTS, count, seed=3) for count in (10, 300))
    assert few.shape == (10, 4, 4, 1)
    assert many.shape == (300, 4, 4, 1)
    assert few.dtype == many.dtype == np.uint8
    # Programs for batches of 10 and of 256 may round differently.
    assert np.abs(few.astype(int) - many[:10]).max() <= 1
    assert len(np.unique(many.reshape(300, -1), axis=0)) == 300
    np.testing.assert_array_equal(sample_images(GAME, WEIGHTS, 10, seed=3), few)
    assert not np.array_equal(sample_images(GAME, WEIGHTS, 10, seed=4), few)


def test_every_sample_is_the_picture_of_its_own_latents():
    latents = draw(jax.random.key(3), 300)
    expected = (np.tanh(np.asarray(latents["z"]) @ WEIGHTS + np.asarray(latents["label"])[:, None] / 10) + 1) * 127.5
    actual = sample_images(GAME, WEIGHTS, 300, seed=3).reshape(300, 16)
    assert np.abs(actual - expected).max() <= 0.51


def test_walks_begin_and_end_at_samples_and_keep_their_label():
    rows, columns = 3, 5
    walks = interpolate_images(GAME, WEIGHTS, rows, columns, seed=2).reshape(rows, columns, 4, 4, 1).astype(int)
    ends = draw(jax.random.key(2), 2 * rows)
    stops = {"z": ends["z"][1::2], "label": ends["label"][::2]}
    expected = (np.asarray(picture(WEIGHTS, stops)) + 1) * 127.5
    assert np.abs(walks[:, 0] - sample_images(GAME, WEIGHTS, 2 * rows, seed=2)[::2]).max() <= 1
    assert np.abs(walks[:, -1] - expected).max() <= 1
    assert np.all(np.abs(np.diff(walks, axis=1)).max((2, 3, 4)) > 0)


@pytest.mark.parametrize("shape", [(7, 5), (7, 2, 3)])
def test_slerp_keeps_the_norm_and_turns_evenly(shape):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, *shape)).astype(np.float32)
    axes = tuple(range(1, len(shape)))

    def norm(x):
        return np.sqrt(np.sum(np.square(x), axes, keepdims=True))

    b *= norm(a) / norm(b)
    points = [np.asarray(_slerp(a, b, t)) for t in np.linspace(0, 1, 6)]
    np.testing.assert_allclose(points[0], a, atol=1e-5)
    np.testing.assert_allclose(points[-1], b, atol=1e-5)
    for point in points:
        np.testing.assert_allclose(norm(point), norm(a), rtol=1e-4)
    steps = np.stack([norm(after - before) for before, after in pairwise(points)])
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:1], steps.shape), rtol=1e-2)


def test_labels_stay_those_of_the_start():
    a, b = jnp.arange(4), jnp.arange(4, 8)
    np.testing.assert_array_equal(_slerp(a, b, 0.7), a)
