"""Single samples at places in the latent space, against the functions that make many."""

import jax
import numpy as np
import optax
import pytest

from gan_jax.game import init_state, networks
from gan_jax.inference import Explorer, Place, decode, factorized_directions, first_latents, moved, of_class, slerp
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ConcatDiscriminator, ConcatGenerator
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan


@pytest.fixture(scope="module", params=[None, 3], ids=["plain", "conditional"])
def game(request):
    """A small game with its networks."""
    generator, discriminator = dcgan.Generator(8, 1, width=4), dcgan.Discriminator(width=4)
    if request.param:
        generator, discriminator = ConcatGenerator(generator, 3), ConcatDiscriminator(discriminator, 3)
    adam = optax.adam(1e-3)
    made = gan(generator, discriminator, non_saturating, adam, adam, latent=normal(6), classes=request.param)
    return made, networks(init_state(made, jax.random.key(0)))


def test_a_seed_alone_is_its_first_sample(game):
    explorer = Explorer(*game)
    for seed in (1, 7):
        np.testing.assert_array_equal(
            explorer.image(Place(seed=seed)), decode(*game, first_latents(game[0], [seed]))[0]
        )


def test_it_mixes_and_moves_as_the_other_functions_do(game):
    explorer, (a, b) = Explorer(*game), (first_latents(game[0], [seed]) for seed in (3, 4))
    directions = factorized_directions(*game)
    want = jax.tree.map(lambda x, y: slerp(x, y, 0.25), a, b)
    want = moved(want, 1.5 * directions[0] - 0.5 * directions[1], np.ones(1))
    place = Place(seed=3, other=4, mix=0.25, moves=(1.5, -0.5))
    jax.tree.map(lambda x, y: np.testing.assert_allclose(x, y, atol=1e-6), explorer.latents(place), want)
    assert (explorer.image(place) != explorer.image(Place(seed=3))).any()
    assert explorer.image(place).shape == (8, 8, 1)


def test_truncated_latents_lie_within_the_threshold(game):
    explorer = Explorer(*game)
    for psi in (0.1, 0.5):
        own = explorer.latents(Place(seed=5, psi=psi))
        own = own if game[0].classes is None else own[0]
        assert np.abs(own).max() <= psi


def test_a_class_is_chosen(game):
    made, weights = game
    explorer = Explorer(*game)
    if made.classes is None:
        with pytest.raises(ValueError, match="no class number 1"):
            explorer.image(Place(label=1))
        return
    want = decode(of_class(made, 2), weights, first_latents(of_class(made, 2), [5]))[0]
    np.testing.assert_array_equal(explorer.image(Place(seed=5, label=2)), want)
    with pytest.raises(ValueError, match="no class number 3"):
        explorer.image(Place(label=3))


def test_more_moves_than_directions_are_refused(game):
    with pytest.raises(ValueError, match="directions, and 9 moves"):
        Explorer(*game).latents(Place(moves=(1.0,) * 9))
