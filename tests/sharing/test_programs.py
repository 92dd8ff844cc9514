"""Programs that were exported compute what the game computes."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import objectives
from gan_jax.common.errors import UsageError
from gan_jax.data.transforms import to_uint8
from gan_jax.game import Game, init_state, networks
from gan_jax.networks import autoencoder, cyclegan_resnet, dcgan, mlp, patchgan, resnet, unet
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import batch_norm, instance_norm
from gan_jax.recipes import cyclegan, gan, pix2pix
from gan_jax.sharing.names import by_name
from gan_jax.sharing.programs import (
    FIXED_COUNT,
    GENERATOR,
    LATENTS,
    PLATFORMS,
    Sizes,
    export_sampling,
    export_translation,
)
from gan_jax.sharing.write import make_programs

SGD = optax.sgd(0.1)
JUDGE = mlp.Discriminator((4,))
GENERATORS = {
    "dcgan": dcgan.Generator(8, 1, 2),
    "decoder": autoencoder.Decoder(8, 1, 2),
    "points": mlp.Generator(2, (8,)),
}


def sampling(generator, **options) -> Game:
    return gan(generator, JUDGE, objectives.hinge, SGD, SGD, latent=normal(6), **options)


def drawn(game: Game):
    nets = jax.jit(lambda key: networks(init_state(game, key)))(jax.random.key(3))
    return nets, by_name(nets)


def key_data(seed):
    return jax.random.key_data(jax.random.key(seed))


@pytest.mark.parametrize("name", GENERATORS)
def test_it_samples_any_number_like_the_game(name):
    game = sampling(GENERATORS[name])
    nets, weights = drawn(game)
    programs = export_sampling(game, weights)
    assert [programs[part].sizes for part in (LATENTS, GENERATOR)] == [Sizes(), Sizes()]
    assert set(programs[GENERATOR].exported.platforms) == set(PLATFORMS)
    latents = programs[LATENTS].exported.call(key_data(1), jnp.arange(5))
    np.testing.assert_array_equal(latents, game.latents(jax.random.key(1), 5))
    made = programs[GENERATOR].exported.call(weights, latents)
    np.testing.assert_allclose(made, jax.jit(game.sample)(nets, latents), atol=1e-6)


def test_a_conditional_game_has_labels():
    game = sampling(resnet.Generator(8, 1, 2, 3), classes=3, judge_labels=False)
    nets, weights = drawn(game)
    programs = export_sampling(game, weights)
    latents, labels = programs[LATENTS].exported.call(key_data(1), jnp.arange(7))
    np.testing.assert_array_equal(labels, [0, 1, 2, 0, 1, 2, 0])
    made = programs[GENERATOR].exported.call(weights, (latents, labels))
    np.testing.assert_allclose(made, jax.jit(game.sample)(nets, (latents, labels)), atol=1e-6)


def test_code_that_needs_a_number_is_exported_for_one():
    def sample(networks, latents):
        return jnp.stack([networks["generator"]["params"] * row for row in latents])

    game = Game((), lambda key: ({}, {}), lambda key, count: jax.random.normal(key, (count, 2)), sample)
    programs = export_sampling(game, {"generator/params": jnp.float32(2)})
    assert (programs[LATENTS].sizes.count, programs[GENERATOR].sizes.count) == (None, FIXED_COUNT)
    latents = game.latents(jax.random.key(0), FIXED_COUNT)
    made = programs[GENERATOR].exported.call({"generator/params": np.float32(2)}, latents)
    np.testing.assert_array_equal(made, 2 * latents)


def test_code_that_calls_python_is_refused():
    def sample(networks, latents):
        return jax.pure_callback(np.asarray, jax.ShapeDtypeStruct(latents.shape, latents.dtype), latents)

    game = Game((), lambda key: ({}, {}), lambda key, count: jax.random.normal(key, (count, 2)), sample)
    with pytest.raises(UsageError, match=r"asking cannot be exported: .*call"):
        make_programs(game, {}, (2,), None, "asking")


PATCHES = patchgan.Discriminator(2, 1)
UNET = unet.Generator(64, 3, 1, normalization=instance_norm)  # the smallest with dropout
RESNETS = cyclegan_resnet.Generator(3, 2, 1), cyclegan_resnet.Generator(2, 2, 1, batch_norm, dropout=0.5)


def compare(game, shapes, sizes, height, width):
    nets, weights = drawn(game)
    programs = export_translation(game, weights, shapes)
    assert set(programs) == set(game.translate)
    for way, program in programs.items():
        assert program.sizes == sizes
        images = np.random.default_rng(0).uniform(-1, 1, (2, height, width, shapes[way][2])).astype(np.float32)
        made = program.exported.call(weights, images, key_data(5))
        own = jax.jit(game.translate[way])(nets, images, jax.random.key(5))
        np.testing.assert_allclose(made, own, atol=2e-4)
        assert np.mean(to_uint8(made) != to_uint8(own)) < 1e-3


@pytest.mark.slow
def test_a_unet_translates_images_of_any_size_with_its_noise():
    shapes = {"AtoB": (64, 64, 2), "BtoA": (64, 64, 3)}
    game = pix2pix(UNET, PATCHES, (shapes["AtoB"], shapes["BtoA"]), SGD, SGD)
    compare(game, shapes, Sizes(None, 64, 64), 64, 128)


@pytest.mark.slow
def test_resnets_translate_images_of_any_size_in_both_directions():
    shapes = {"AtoB": (8, 8, 2), "BtoA": (8, 8, 3)}
    domains = shapes["AtoB"], shapes["BtoA"]
    game = cyclegan(RESNETS, (PATCHES, PATCHES), domains, SGD, SGD, identity_weight=None)
    compare(game, shapes, Sizes(None, 4, 8), 12, 16)


def test_code_that_needs_sides_is_exported_for_those_of_training():
    def translate(networks, images, key):
        return images * jnp.asarray(np.ones(int(images.shape[1]), np.float32))[:, None, None]

    game = Game((), lambda key: ({}, {}), translate={"AtoB": translate})
    program = export_translation(game, {}, {"AtoB": (12, 16, 1)})["AtoB"]
    assert program.sizes == Sizes(None, height=12, width=16)
    with pytest.raises(ValueError, match="12x16 only, not 8x8"):
        program.sizes.check(8, 8)
