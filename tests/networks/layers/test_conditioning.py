"""Labels by concatenation: what the wrapped networks are given."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.game import init_state, train_step
from gan_jax.inference import grid_columns, of_class
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ConcatDiscriminator, ConcatGenerator
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan

LABELS = np.array([2, 0, -1], np.int32)  # the last one has none
ONE_HOT = np.array([[0, 0, 1], [1, 0, 0], [0, 0, 0]], np.float32)


class Seen(nn.Module):
    """Returns what it is given."""

    @nn.compact
    def __call__(self, x, train):
        return x


def test_the_generator_is_given_latents_and_then_the_one_hot_label():
    z = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    seen = ConcatGenerator(Seen(), 3).apply({}, z, LABELS, train=True)
    np.testing.assert_array_equal(seen, np.concatenate([z, ONE_HOT], 1))


class Scored(nn.Module):
    """A logit of each image."""

    @nn.compact
    def __call__(self, x, train):
        return jnp.mean(jnp.tanh(nn.Dense(4)(x)), (1, 2, 3))


@pytest.mark.parametrize("shape", [(3, 5), (3, 4, 6, 2)])
def test_the_discriminator_is_given_the_one_hot_label_at_every_place(shape):
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    seen = np.asarray(ConcatDiscriminator(Seen(), 3).apply({}, x, LABELS, train=True))
    assert seen.shape == (*shape[:-1], shape[-1] + 3)
    np.testing.assert_array_equal(seen[..., : shape[-1]], x)
    for place in np.ndindex(shape[1:-1]):
        np.testing.assert_array_equal(seen[(slice(None), *place, slice(shape[-1], None))], ONE_HOT)


def test_a_wrapped_network_is_the_network_on_what_is_concatenated():
    """With the gradient in the images, which the labels' maps have no part in."""
    x = np.random.default_rng(0).normal(size=(3, 4, 4, 1)).astype(np.float32)
    network = Scored()
    wrapped = ConcatDiscriminator(network, 3)
    variables = wrapped.init(jax.random.key(0), x, LABELS, train=True)
    inner = {name: collection["network"] for name, collection in variables.items()}
    whole = np.concatenate([x, np.broadcast_to(ONE_HOT[:, None, None], (3, 4, 4, 3))], -1)

    def of_wrapped(x):
        return jnp.sum(jnp.sin(wrapped.apply(variables, x, LABELS, train=False)))

    def of_network(whole):
        return jnp.sum(jnp.sin(network.apply(inner, whole, train=False)))

    value, gradient = jax.value_and_grad(of_wrapped)(x)
    expected, expected_gradient = jax.value_and_grad(of_network)(whole)
    assert value == pytest.approx(float(expected), rel=1e-5)
    assert np.abs(gradient).max() > 0
    np.testing.assert_allclose(gradient, expected_gradient[..., :1], rtol=1e-5)


def points_game(classes):
    return gan(
        ConcatGenerator(mlp.Generator(2, (8,)), classes),
        ConcatDiscriminator(mlp.Discriminator((16,)), classes),
        non_saturating,
        optax.adam(1e-2),
        optax.adam(1e-2),
        latent=normal(2),
        classes=classes,
    )


def test_a_conditional_game_learns_what_belongs_to_which_class():
    """Points of the class 0 are at (-1, 0), those of the class 1 at (1, 0)."""
    game = points_game(2)
    step = jax.jit(lambda state, batch: train_step(game, state, batch))
    state = jax.jit(lambda: init_state(game, jax.random.key(0)))()
    labels = np.arange(32, dtype=np.int32) % 2
    points = np.stack([2.0 * labels - 1, np.zeros(32)], 1).astype(np.float32)
    for _ in range(200):
        state, _ = step(state, {"image": points, "label": labels})
    latents = game.latents(jax.random.key(1), 64)
    made = game.sample({"generator": {"params": state.params["generator"]}}, latents)
    np.testing.assert_array_equal(latents[1], np.arange(64) % 2)
    assert np.mean(np.sign(made[:, 0]) == 2 * np.asarray(latents[1]) - 1) > 0.95


@pytest.mark.parametrize(("classes", "columns"), [(2, 2), (10, 10), (16, 16), (17, None)])
def test_a_grid_of_a_few_classes_has_a_column_for_each(classes, columns):
    assert grid_columns(points_game(classes), 64) == columns


def test_a_game_without_classes_has_an_ordinary_grid_and_no_samples_of_a_class():
    adam = optax.adam(1e-2)
    game = gan(mlp.Generator(), mlp.Discriminator(), non_saturating, adam, adam, latent=normal(2))
    assert grid_columns(game, 64) is None
    with pytest.raises(ValueError, match="not conditional"):
        of_class(game, 1)


def test_samples_of_one_class_have_its_label_and_the_games_noise():
    game = points_game(3)
    own = of_class(game, 1)
    z, labels = game.latents(jax.random.key(0), 7)
    again, ones = own.latents(jax.random.key(0), 7)
    np.testing.assert_array_equal(z, again)
    np.testing.assert_array_equal(labels, [0, 1, 2, 0, 1, 2, 0])
    np.testing.assert_array_equal(ones, np.ones(7))
    assert ones.dtype == labels.dtype
    assert own.classes == game.classes == 3
    networks = jax.jit(lambda: game.init(jax.random.key(0))[0])()
    every, only = game.sample(networks, (z, labels)), own.sample(networks, (again, ones))
    np.testing.assert_allclose(only[1::3], every[1::3], rtol=1e-5)
    assert np.abs(only[0] - every[0]).max() > 1e-3
