"""Games of images that are not square: a training step, and what they make. Others are traced in test_experiments."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.augmentation import cutout, diff_augment, translation
from gan_jax.game import init_state, networks, train_step
from gan_jax.inference import make_translator
from gan_jax.networks import dcgan, mlp, patchgan, resnet, unet
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ConcatDiscriminator, ConcatGenerator, instance_norm
from gan_jax.objectives import hinge, non_saturating
from gan_jax.recipes import gan, pix2pix

pytestmark = pytest.mark.slow

ADAM = optax.adam(1e-3)
COUNT = 4


def of_mlps(shape):
    return gan(mlp.ImageGenerator(shape, (8,)), mlp.ImageDiscriminator((8,)), non_saturating, ADAM, ADAM)


def of_dcgans(shape):
    generator = ConcatGenerator(dcgan.Generator(shape[:2], shape[2], 4), 3)
    discriminator = ConcatDiscriminator(dcgan.Discriminator(4), 3)
    augmented = diff_augment(translation, cutout)
    return gan(generator, discriminator, hinge, ADAM, ADAM, latent=normal(3), classes=3, augmentation=augmented)


def of_residual_networks(shape):
    generator, discriminator = resnet.Generator(shape[:2], shape[2], 2), resnet.Discriminator(2)
    return gan(generator, discriminator, hinge, ADAM, ADAM, latent=normal(3))


def unet_and_patches(shapes):
    generator = unet.Generator(8, shapes[1][2], 2, normalization=instance_norm)
    return pix2pix(generator, patchgan.Discriminator(2, 1, instance_norm), shapes, ADAM, ADAM)


def played(game, batch):
    """The state after a step, in which all losses are finite and every player has moved."""

    def step(key):
        state = init_state(game, key)
        return state.params, *train_step(game, state, batch)

    before, state, metrics = jax.jit(step)(jax.random.key(0))
    assert all(np.all(np.isfinite(value)) for value in jax.tree.leaves((metrics, state.params)))
    for player in game.players:
        weights = [jax.tree.leaves(params[player.name]) for params in (before, state.params)]
        assert any(not np.array_equal(a, b) for a, b in zip(*weights, strict=True)), player.name
    return state


def drawn(*shape):
    return jnp.asarray(np.random.default_rng(0).uniform(-1, 1, (COUNT, *shape)), jnp.float32)


@pytest.mark.parametrize(
    ("build", "size"),
    [(of_mlps, (5, 7)), (of_dcgans, (12, 8)), (of_residual_networks, (8, 12))],
)
def test_a_game_of_rectangles_is_trained_and_sampled(build, size):
    shape = (*size, 1)
    game = build(shape)
    state = played(game, {"image": drawn(*shape), "label": jnp.arange(COUNT, dtype=jnp.int32) % 3})
    samples = jax.jit(lambda key: game.sample(networks(state), game.latents(key, 64)))(jax.random.key(1))
    assert samples.shape == (64, *shape)
    assert np.std(samples, 0).min() > 0  # every pixel depends on the latents


def test_rectangles_are_translated():
    shapes = (8, 16, 1), (8, 16, 3)
    game = unet_and_patches(shapes)
    state = played(game, {"image": drawn(*shapes[0]), "target": drawn(*shapes[1])})
    images = np.random.default_rng(1).integers(0, 256, (2, *shapes[0]), dtype=np.uint8)
    made = make_translator(game, networks(state), "AtoB")(images)
    assert made.shape == (2, *shapes[1])
