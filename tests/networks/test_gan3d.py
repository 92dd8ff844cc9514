"""The networks of 3D-GAN: sizes, weights as in the paper's table, and what does not fit."""

import jax
import jax.numpy as jnp
import pytest

from gan_jax.networks import gan3d
from gan_jax.networks.layers import no_norm


@pytest.mark.parametrize("side", [8, 12, 16, 24, 32, 64])
def test_makes_and_judges_volumes_of_its_side(side):
    generator, discriminator = gan3d.Generator(side, 2), gan3d.Discriminator(2, outputs=3)

    def made(key):
        volumes, _ = generator.init_with_output(key, jnp.zeros((2, 5)), train=True)
        return volumes, discriminator.init_with_output(key, volumes, train=True)[0]

    volumes, logits = jax.eval_shape(made, jax.random.key(0))
    assert (volumes.shape, logits.shape) == ((2, side, side, side, 1), (2, 3))


def test_the_generator_is_the_one_of_the_paper():
    """64x64x64 from 200 latents: 512, 256, 128 and 64 features, and kernels of 4x4x4 throughout (figure 2)."""
    shapes = jax.eval_shape(lambda: gan3d.Generator(64, 64).init(jax.random.key(0), jnp.zeros((1, 200)), train=True))
    kernels = [shapes["params"][f"ConvTranspose_{i}"]["kernel"].shape for i in range(5)]
    assert kernels == [
        (4, 4, 4, 512, 200),
        (4, 4, 4, 256, 512),
        (4, 4, 4, 128, 256),
        (4, 4, 4, 64, 128),
        (4, 4, 4, 1, 64),
    ]


@pytest.mark.parametrize("side", [4, 9, 30, 36])
def test_other_sides_are_refused(side):
    with pytest.raises(ValueError, match=rf"volumes of {side}x{side}x{side}: from 8 on"):
        gan3d.feature_maps(side)


def test_the_critic_has_no_statistics_without_normalization():
    critic = gan3d.Discriminator(2, normalization=no_norm)
    variables = jax.eval_shape(lambda: critic.init(jax.random.key(0), jnp.zeros((1, 16, 16, 16, 1)), train=True))
    assert set(variables) == {"params"}
