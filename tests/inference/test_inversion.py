"""Inversion: latents of samples are found again, unknown pixels are free, and images do not depend on each other."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.translating import begun

from gan_jax.data.transforms import to_uint8
from gan_jax.game import Game, networks
from gan_jax.inference import make_inverter
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ConcatDiscriminator, ConcatGenerator, no_norm
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan, with_encoder

SGD = optax.sgd(1e-2)
LATENTS, SIDE = 3, 4
WEIGHTS = np.random.default_rng(0).normal(size=(LATENTS, SIDE * SIDE)).astype(np.float32) / 6
STRIPES = np.tile([0.3, -0.3], SIDE * SIDE // 2).astype(np.float32)


def linear_game(encode=None, classes=None):
    """A game whose generator is x = z W, and in class c has c times the stripes."""

    def latents(key, count):
        z = jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (LATENTS,)))(jnp.arange(count))
        return z if classes is None else (z, jnp.arange(count) % classes)

    def sample(networks, latents):
        z, labels = (latents, 0) if classes is None else (latents[0], latents[1][:, None])
        return (z @ WEIGHTS + labels * STRIPES).reshape(-1, SIDE, SIDE, 1)

    return Game((), lambda key: ({}, {}), latents, sample, classes=classes, encode=encode)


def samples(game, count=5, seed=3):
    latents = game.latents(jax.random.key(seed), count)
    return latents, to_uint8(game.sample({}, latents))


def test_the_latents_of_samples_are_found_again():
    game = linear_game()
    latents, images = samples(game)
    # Some pixels are cut off at 255. The others say enough, and the prior draws latents a little to 0.
    found = make_inverter(game, {})(images, None, 0)
    inside = np.abs(np.asarray(game.sample({}, latents))).max((1, 2, 3)) < 1
    assert inside.sum() >= 3
    assert found.errors[inside].max() < 0.05
    distances = np.linalg.norm(found.latents[inside] - latents[inside], axis=1)
    assert (distances < 0.2 * np.linalg.norm(latents[inside], axis=1)).all()
    np.testing.assert_array_equal(found.images, to_uint8(game.sample({}, found.latents)))


def test_the_minimum_is_that_of_ridge_regression():
    game = linear_game()
    _, images = samples(game, count=4)
    found = make_inverter(game, {}, steps=2000)(images, None, 0)
    drawn = np.asarray(game.latents(jax.random.key(0), 1024))
    mean, spread = drawn.mean(0), drawn.std(0)
    x = images.reshape(4, -1) / 127.5 - 1
    penalty = np.diag(0.005 / LATENTS / spread**2)
    normal_matrix = WEIGHTS @ WEIGHTS.T / SIDE**2 + penalty
    expected = np.linalg.solve(normal_matrix, (x @ WEIGHTS.T / SIDE**2 + mean @ penalty).T).T
    np.testing.assert_allclose(found.latents, expected, atol=2e-3)


def test_unknown_pixels_make_no_difference():
    game = linear_game()
    _, images = samples(game)
    mask = np.ones((SIDE, SIDE), bool)
    mask[:2] = False
    changed = images.copy()
    changed[:, :2] = 0
    invert = make_inverter(game, {})
    one, other = invert(images, mask, 0), invert(changed, mask, 0)
    np.testing.assert_array_equal(one.latents, other.latents)
    assert one.errors.max() < 0.06
    assert not np.array_equal(invert(changed, None, 0).latents, one.latents)


def test_the_search_begins_at_the_encoder_unless_pixels_are_unknown():
    game = linear_game(encode=lambda networks, x: jnp.full((len(x), LATENTS), 0.5))
    _, images = samples(game)
    invert = make_inverter(game, {}, steps=0)
    np.testing.assert_array_equal(invert(images, None, 0).latents, 0.5)
    assert not np.any(np.asarray(invert(images, np.eye(SIDE) > 0, 0).latents) == 0.5)


def test_the_class_is_found_with_the_latents():
    game = linear_game(classes=3)
    (_, labels), images = samples(game, count=6)
    z, found = make_inverter(game, {})(images, None, 0).latents
    assert z.shape == (6, LATENTS)
    np.testing.assert_array_equal(found, labels)


def test_an_image_does_not_depend_on_the_others(monkeypatch):
    monkeypatch.setattr("gan_jax.inference.inversion._BATCH", 4)
    game = linear_game()
    _, images = samples(game, count=6)
    whole = make_inverter(game, {})(images, None, 7)
    first = make_inverter(game, {})(images[:1], None, 7)
    np.testing.assert_allclose(whole.latents[:1], first.latents, atol=1e-5)
    assert len(whole.errors) == len(whole.images) == 6


@pytest.mark.parametrize("conditional", [False, True])
def test_networks_are_inverted(conditional):
    generator, judge = dcgan.Generator(8, 1, 2), dcgan.Discriminator(2, normalization=no_norm)
    if conditional:
        pair = ConcatGenerator(generator, 3), ConcatDiscriminator(judge, 3)
        game = gan(*pair, non_saturating, SGD, SGD, latent=normal(4), classes=3)
    else:
        game = gan(generator, judge, non_saturating, SGD, SGD, latent=normal(4))
        game = with_encoder(game, dcgan.Discriminator(2, 4, no_norm), SGD)
    known = networks(begun(game))
    # Weights as they are drawn make gray images alone.
    known["generator"] = jax.tree.map(lambda x: 10 * x, known["generator"])
    images = to_uint8(game.sample(known, game.latents(jax.random.key(8), 6)))
    before, after = (make_inverter(game, known, steps)(images, None, 0) for steps in (0, 200))
    assert np.median(after.errors) < 0.25 * np.median(before.errors)
    assert after.images.shape == images.shape


def test_a_game_of_translation_is_refused():
    game = replace(linear_game(), translate={"AtoB": lambda *_: None})
    with pytest.raises(ValueError, match="translates images"):
        make_inverter(game, {})
