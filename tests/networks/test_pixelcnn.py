"""PixelCNN on images so small that all of them can be listed."""

from itertools import product

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.data import load
from gan_jax.game import init_state, networks, train_step
from gan_jax.networks import pixelcnn
from gan_jax.networks.latents import gumbel
from gan_jax.recipes import likelihood

SIZE, LEVELS = (2, 3), 3


def scattered(params, seed=0):
    """Parameters that are no small ones, so that pixels depend on each other."""
    leaves, tree = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(seed), len(leaves))
    return jax.tree.unflatten(tree, [0.5 * jax.random.normal(k, x.shape) for k, x in zip(keys, leaves, strict=True)])


@pytest.fixture(scope="module")
def model():
    network = pixelcnn.Generator(SIZE, LEVELS, width=4, blocks=2)
    variables = network.init(jax.random.key(0), jnp.zeros((1, 6, LEVELS)), train=True)
    return network, {"params": scattered(variables["params"])}


def every_image():
    values = np.linspace(-1, 1, LEVELS, dtype=np.float32)
    return np.array(list(product(values, repeat=6))).reshape(-1, *SIZE, 1)


def test_the_probabilities_of_all_images_have_a_sum_of_one(model):
    network, variables = model
    found = jnp.sum(network.apply(variables, every_image(), train=False, given=True), (1, 2))
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-4)
    assert np.exp(found).std() > 0.3 / len(found)  # and they are not all the same


def test_samples_are_as_frequent_as_they_are_probable(model):
    network, variables = model
    count = 20_000
    noise = jax.vmap(gumbel(6, LEVELS))(jax.random.split(jax.random.key(1), count))
    drawn = np.asarray(network.apply(variables, noise, train=False))
    assert drawn.shape == (count, *SIZE, 1)
    places = np.rint((drawn.reshape(count, 6) + 1) / 2 * (LEVELS - 1)).astype(int) @ LEVELS ** np.arange(5, -1, -1)
    expected = np.exp(jnp.sum(network.apply(variables, every_image(), train=False, given=True), (1, 2)))
    seen = np.bincount(places, minlength=LEVELS**6) / count
    error = np.sqrt(expected * (1 - expected) / count)
    assert np.mean(np.abs(seen - expected) < 2 * error + 1e-9) > 0.93
    assert np.abs(seen - expected).max() < 5 * error.max()


def test_a_pixel_depends_on_those_before_it_alone(model):
    network, variables = model

    def each(image):
        return network.apply(variables, image[None], train=False, given=True).ravel()

    slopes = np.asarray(jax.jacobian(each)(jnp.asarray(every_image()[100]))).reshape(6, 6)
    assert np.all(np.triu(slopes) == 0)
    assert np.count_nonzero(np.tril(slopes, -1)) >= 12


def test_masks_are_those_of_the_paper():
    a, b = (pixelcnn._Mask(own).apply({}, jnp.ones((3, 3, 1, 1)), -1)[..., 0, 0] for own in (False, True))
    np.testing.assert_array_equal(a, [[1, 1, 1], [1, 0, 0], [0, 0, 0]])
    np.testing.assert_array_equal(b, [[1, 1, 1], [1, 1, 0], [0, 0, 0]])


@pytest.mark.slow
def test_it_learns_digits():
    """The bits per pixel fall well below those of pixels that are drawn alone, each from the shares of its levels."""
    images = load("digits", resolution=8).train.images
    levels = np.rint(images / 255 * 16).astype(int)
    shares = np.bincount(levels.ravel(), minlength=17) / levels.size
    alone = -(shares * np.log2(np.maximum(shares, 1e-12))).sum()

    game = likelihood(pixelcnn.Generator((8, 8), 17, 16, 3), optax.adam(3e-3), latent=gumbel(64, 17))
    state = init_state(game, jax.random.key(0))
    step = jax.jit(lambda state, batch: train_step(game, state, batch))
    rng = np.random.default_rng(0)
    for _ in range(150):
        batch = {"image": images[rng.integers(0, len(images), 64)] / np.float32(127.5) - 1}
        state, metrics = step(state, batch)
    assert metrics["bits_per_pixel"] < 0.75 * alone
    held = {"image": images[:200] / np.float32(127.5) - 1}
    measured = game.measures(networks(state), held, jax.random.key(0))["bits_per_pixel_held_out"]
    total = game.log_likelihood(networks(state), held["image"], jax.random.key(0)).sum()
    assert float(measured) == pytest.approx(-float(total) / np.log(2) / (200 * 64), rel=1e-5)
    samples = np.asarray(game.sample(networks(state), game.latents(jax.random.key(2), 4)))
    assert samples.shape == (4, 8, 8, 1)
    assert np.allclose((samples + 1) * 8, np.rint((samples + 1) * 8), atol=1e-5)
