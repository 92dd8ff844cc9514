import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.data import load
from gan_jax.evaluation.held_out_likelihood import held_out_likelihood
from gan_jax.game import Game


def init(key):
    return {}, {}


@pytest.fixture(scope="module")
def digits():
    return load("digits", resolution=8)


def test_figures_are_means_over_held_out_images_in_their_units(digits):
    def brightness(networks, images, key):
        return -jnp.sum(images + 1, (1, 2, 3))

    game = Game((), init, log_likelihood=brightness, elbo=lambda *inputs: brightness(*inputs) - 2)
    found, settings = held_out_likelihood(digits, game, {}, 0)
    expected = -(np.float64(digits.test.images) / 127.5).sum((1, 2, 3)).mean()
    assert found["log_likelihood"] == pytest.approx(expected, rel=1e-5)
    assert found["elbo"] == pytest.approx(expected - 2, rel=1e-5)
    assert found["bits_per_pixel"] == pytest.approx(-expected / 64 / np.log(2), rel=1e-5)
    assert settings == {"likelihood_images": len(digits.test)}


def test_a_game_has_the_figures_that_it_knows(digits):
    assert held_out_likelihood(digits, Game((), init), {}, 0) == ({}, {})
    exact = Game((), init, log_likelihood=lambda networks, images, key: jnp.zeros(len(images)))
    assert set(held_out_likelihood(digits, exact, {}, 0)[0]) == {"log_likelihood", "bits_per_pixel"}


def test_draws_depend_on_the_seed(digits):
    def noise(networks, images, key):
        return jax.random.normal(key, (len(images),))

    game = Game((), init, log_likelihood=noise)
    first, again, other = (held_out_likelihood(digits, game, {}, seed)[0] for seed in (0, 0, 1))
    assert first == again != other
