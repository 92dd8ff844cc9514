import dataclasses
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, init_state, networks
from gan_jax.inference import grid_columns, interpolate_images, of_class, sample_images, slerp, truncated
from gan_jax.networks import latents, mlp, stylegan2
from gan_jax.networks.layers import ConcatDiscriminator, ConcatGenerator
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan

WEIGHTS = np.random.default_rng(0).normal(size=(6, 16)).astype(np.float32)


def picture(networks, latents):
    z, labels = latents
    return jnp.tanh(z @ networks + labels[:, None] / 10).reshape(-1, 4, 4, 1)


def normal(key, count):
    return jax.vmap(lambda key: jax.random.normal(key, (6,)))(example_keys(key, count))


def conditional(classes: int) -> Game:
    def latents(key, count):
        return normal(key, count), jnp.arange(count) % classes

    return Game(players=(), init=lambda key: ({}, {}), latents=latents, sample=picture, classes=classes)


GAME = conditional(10)


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
    z, labels = map(np.asarray, GAME.latents(jax.random.key(3), 300))
    expected = (np.tanh(z @ WEIGHTS + labels[:, None] / 10) + 1) * 127.5
    actual = sample_images(GAME, WEIGHTS, 300, seed=3).reshape(300, 16)
    assert np.abs(actual - expected).max() <= 0.51


def test_walks_begin_and_end_at_samples_and_keep_their_label():
    rows, columns = 3, 5
    walks = interpolate_images(GAME, WEIGHTS, rows, columns, seed=2).reshape(rows, columns, 4, 4, 1).astype(int)
    z, labels = GAME.latents(jax.random.key(2), 2 * rows)
    expected = (np.asarray(picture(WEIGHTS, (z[1::2], labels[::2]))) + 1) * 127.5
    assert np.abs(walks[:, 0] - sample_images(GAME, WEIGHTS, 2 * rows, seed=2)[::2]).max() <= 1
    assert np.abs(walks[:, -1] - expected).max() <= 1
    assert np.all(np.abs(np.diff(walks, axis=1)).max((2, 3, 4)) > 0)


def test_samples_of_one_class_have_its_label_and_the_latents_of_the_game():
    own = of_class(GAME, 7)
    z, labels = GAME.latents(jax.random.key(0), 12)
    same, sevens = own.latents(jax.random.key(0), 12)
    np.testing.assert_array_equal(same, z)
    np.testing.assert_array_equal(sevens, np.full(12, 7))
    assert sevens.dtype == labels.dtype
    every, only = (sample_images(game, WEIGHTS, 12, seed=0) for game in (GAME, own))
    np.testing.assert_array_equal(only[7], every[7])
    assert (only[:7] != every[:7]).any()
    walks, expected = interpolate_images(own, WEIGHTS, 2, 3, seed=0), picture(WEIGHTS, (z[:4:2], sevens[:2]))
    assert np.abs(walks[::3] - (np.asarray(expected) + 1) * 127.5).max() <= 1


def test_a_game_of_one_class_is_still_conditional():
    own = of_class(of_class(GAME, 7), 1)
    assert own.classes == GAME.classes
    latents, labels = own.latents(jax.random.key(0), 5)
    np.testing.assert_array_equal(latents, GAME.latents(jax.random.key(0), 5)[0])
    np.testing.assert_array_equal(labels, np.ones(5))


@pytest.mark.parametrize(
    ("classes", "count", "columns"),
    [(2, 64, 2), (10, 64, 10), (16, 64, 16), (17, 64, None), (10, 4, 4), (17, 16, 16), (10, 1, None)],
)
def test_a_grid_has_a_column_for_each_class_among_its_samples(classes, count, columns):
    assert grid_columns(conditional(classes), count) == columns


def test_integer_latents_alone_do_not_make_a_game_conditional():
    game = dataclasses.replace(GAME, classes=None)
    assert grid_columns(game, 64) is None
    with pytest.raises(ValueError, match="not conditional"):
        of_class(game, 1)


def test_a_game_that_translates_has_no_classes():
    game = Game(players=(), init=lambda key: ({}, {}), translate={"AtoB": lambda networks, images, key: images})
    assert grid_columns(game, 64) is None
    with pytest.raises(ValueError, match="not conditional"):
        of_class(game, 1)


@pytest.mark.parametrize("shape", [(7, 5), (7, 2, 3)])
def test_slerp_keeps_the_norm_and_turns_evenly(shape):
    rng = np.random.default_rng(1)
    a, b = rng.normal(size=(2, *shape)).astype(np.float32)
    axes = tuple(range(1, len(shape)))

    def norm(x):
        return np.sqrt(np.sum(np.square(x), axes, keepdims=True))

    b *= norm(a) / norm(b)
    points = [np.asarray(slerp(a, b, t)) for t in np.linspace(0, 1, 6)]
    np.testing.assert_allclose(points[0], a, atol=1e-5)
    np.testing.assert_allclose(points[-1], b, atol=1e-5)
    for point in points:
        np.testing.assert_allclose(norm(point), norm(a), rtol=1e-4)
    steps = np.stack([norm(after - before) for before, after in pairwise(points)])
    np.testing.assert_allclose(steps, np.broadcast_to(steps[:1], steps.shape), rtol=1e-2)


def test_labels_stay_those_of_the_start():
    a, b = jnp.arange(4), jnp.arange(4, 8)
    np.testing.assert_array_equal(slerp(a, b, 0.7), a)


@pytest.mark.slow
def test_truncated_samples_lie_between_the_mean_style_and_those_of_the_game():
    networks_of = stylegan2.Generator(8, 1, 4, 4, style=6, mapping_layers=1), stylegan2.Discriminator(4, 4)
    game = gan(*networks_of, non_saturating, optax.sgd(0.1), optax.sgd(0.1), latent=latents.normal(5))
    found = networks(init_state(game, jax.random.key(0)))
    made = {psi: sample_images(truncated(game, psi), found, 6, seed=1).astype(float) for psi in (0, 0.5, 1)}
    np.testing.assert_array_equal(made[1], sample_images(game, found, 6, seed=1))
    np.testing.assert_array_equal(made[0], np.repeat(made[0][:1], 6, 0))
    spread = {psi: np.std(images, 0).mean() for psi, images in made.items()}
    assert 0 < spread[0.5] < spread[1]
    for psi in (-0.1, 1.5):
        with pytest.raises(ValueError, match="from 0 to 1"):
            truncated(game, psi)


def test_a_truncated_game_of_one_class_keeps_it():
    adam = optax.adam(1e-3)
    players = ConcatGenerator(mlp.Generator(2, (4,)), 3), ConcatDiscriminator(mlp.Discriminator((4,)), 3)
    game = gan(*players, non_saturating, adam, adam, latent=latents.normal(5), classes=3)
    drawn, labels = truncated(of_class(game, 2), 0.5).latents(jax.random.key(0), 50)
    assert labels.tolist() == [2] * 50
    assert jnp.max(jnp.abs(drawn)) <= 0.5


def test_a_game_with_neither_a_mean_style_nor_normal_latents_is_not_truncated():
    with pytest.raises(ValueError, match="no mean style, and no latents known to be normal"):
        truncated(conditional(3), 0.5)
