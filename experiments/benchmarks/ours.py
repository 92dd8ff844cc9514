"""Our side of the rows. Each function returns run(n), which makes n steps and waits for them."""

from collections.abc import Callable
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.game import Game, Metrics, State, batch_at, init_state, update
from gan_jax.networks import cyclegan_resnet, dcgan, patchgan, resnet, unet
from gan_jax.networks.functional import forward
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import Conv, GroupedConv, no_norm, plain_instance_norm
from gan_jax.networks.layers.equalized import ModulatedConv
from gan_jax.networks.ops import cast, computing, upsample_smooth
from gan_jax.networks.ops.resizing import smooth_conv_downsample
from gan_jax.objectives import hinge, non_saturating
from gan_jax.recipes import cut, cyclegan, gan, pix2pix
from gan_jax.regularizers import Regularizer, r1, wgan_gp
from gan_jax.training.program import choose_steps_per_call, compiled, make_program

Run = Callable[[int], None]
_IMAGES = 1024
_PAIRS = 16  # for games of large images


def dcgan_game(resolution: int, channels: int, width: int, latent_size: int) -> Game:
    adam = optax.adam(2e-4, b1=0.5)
    generator, discriminator = dcgan.Generator(resolution, channels, width), dcgan.Discriminator(width)
    return gan(generator, discriminator, non_saturating, adam, adam, latent=normal(latent_size))


def dcgan_step(
    resolution: int, channels: int, width: int, latent_size: int, batch_size: int, *, precision: str = "float32"
) -> Run:
    return _game_step(dcgan_game(resolution, channels, width, latent_size), resolution, channels, batch_size, precision)


def sngan_step(
    resolution: int, channels: int, width: int, latent_size: int, batch_size: int, *, precision: str = "float32"
) -> Run:
    adam = optax.adam(2e-4, b1=0.0, b2=0.9)
    generator, discriminator = resnet.Generator(resolution, channels, width), resnet.Discriminator(width)
    game = gan(generator, discriminator, hinge, adam, adam, latent=normal(latent_size))
    return _game_step(game, resolution, channels, batch_size, precision)


def pix2pix_step(resolution: int, channels: int, width: int, batch_size: int, *, precision: str = "float32") -> Run:
    shape, adam = (resolution, resolution, channels), optax.adam(2e-4, b1=0.5)
    generator, discriminator = unet.Generator(resolution, channels, width), patchgan.Discriminator(width)
    return _pairs_step(pix2pix(generator, discriminator, (shape, shape), adam, adam), shape, batch_size, precision)


def cyclegan_step(
    resolution: int, channels: int, width: int, blocks: int, batch_size: int, *, precision: str = "float32"
) -> Run:
    shape, adam = (resolution, resolution, channels), optax.adam(2e-4, b1=0.5)
    generator = cyclegan_resnet.Generator(channels, width, blocks)
    discriminator = patchgan.Discriminator(width, normalization=plain_instance_norm)
    game = cyclegan((generator, generator), (discriminator, discriminator), (shape, shape), adam, adam)
    return _pairs_step(game, shape, batch_size, precision)


def cut_step(
    resolution: int, channels: int, width: int, blocks: int, batch_size: int, *, precision: str = "float32"
) -> Run:
    shape, adam = (resolution, resolution, channels), optax.adam(2e-4, b1=0.5)
    generator = cyclegan_resnet.Generator(channels, width, blocks)
    discriminator = patchgan.Discriminator(width, normalization=plain_instance_norm)
    return _pairs_step(cut(generator, discriminator, (shape, shape), adam, adam), shape, batch_size, precision)


def _game_step(game: Game, resolution: int, channels: int, batch_size: int, precision: str) -> Run:
    shape = (_IMAGES, resolution, resolution, channels)
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    return _step_of(game, {"image": images}, batch_size, precision)


def _pairs_step(game: Game, shape: tuple[int, int, int], batch_size: int, precision: str) -> Run:
    rng = np.random.default_rng(0)
    images = {name: rng.uniform(-1, 1, (_PAIRS, *shape)).astype(np.float32) for name in ("image", "target")}
    return _step_of(game, images, batch_size, precision)


def _step_of(game: Game, images: dict[str, np.ndarray], batch_size: int, precision: str) -> Run:
    """The step that `gan-jax train` makes, drawing its batches from a dataset on the device."""
    per_call = choose_steps_per_call()
    program = make_program(game, steps_per_call=per_call, devices=1, precision=precision)
    data = jax.device_put(images)
    batches = np.random.default_rng(1).integers(0, len(images["image"]), (per_call, batch_size), dtype=np.int32)
    state = jax.jit(lambda: init_state(game, jax.random.key(0)))()

    def run(n: int) -> None:
        nonlocal state
        while n > 0:
            state, _ = program(state, data, batches, min(n, per_call))
            n -= per_call
        jax.block_until_ready(state)

    return run


class _Stack(nn.Module):
    """Residual blocks x + conv(relu(conv(x))), as the generators of CycleGAN and the networks of SNGAN have them."""

    features: int
    blocks: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for _ in range(self.blocks):
            y = nn.relu(Conv(self.features, 3, padding=1)(x))
            x = x + Conv(self.features, 3, padding=1)(y)
        return x


class _Modulated(nn.Module):
    """A modulated convolution that doubles the sides, and one that keeps them, with a style for each image."""

    features: int
    styles: jax.Array

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for up in (True, False):
            x = ModulatedConv(self.features, 3, up)(x, self.styles)
        return x


class _Resampled(nn.Module):
    """A convolution after StyleGAN2's filter that halves the sides, and the filter that doubles them again."""

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        kernel = self.param("kernel", nn.initializers.lecun_normal(), (3, 3, x.shape[-1], self.features))
        return upsample_smooth(smooth_conv_downsample(*cast(x, kernel)))


class _Grouped(nn.Module):
    """Two convolutions of groups of channels."""

    features: int
    groups: int

    @nn.compact
    def __call__(self, x: jax.Array, train: bool) -> jax.Array:
        for _ in range(2):
            x = GroupedConv(self.features, 3, self.groups, use_bias=False)(x)
        return x


def residual_step(side: int, features: int, blocks: int, batch_size: int, *, precision: str = "float32") -> Run:
    """One step of Adam on the mean square of the stack's output."""
    return _layers_step(_Stack(features, blocks), side, features, batch_size, precision)


def grouped_step(side: int, features: int, groups: int, batch_size: int, *, precision: str = "float32") -> Run:
    """The same with grouped convolutions."""
    return _layers_step(_Grouped(features, groups), side, features, batch_size, precision)


def modulated_step(side: int, features: int, batch_size: int, *, precision: str = "float32") -> Run:
    """The same with modulated convolutions."""
    styles = jax.random.normal(jax.random.key(2), (batch_size, features))
    return _layers_step(_Modulated(features, styles), side, features, batch_size, precision)


def resampled_step(side: int, features: int, batch_size: int, *, precision: str = "float32") -> Run:
    """The same with StyleGAN2's resampling."""
    return _layers_step(_Resampled(features), side, features, batch_size, precision)


def _layers_step(stack: nn.Module, side: int, features: int, batch_size: int, precision: str) -> Run:
    adam = optax.adam(1e-4)
    images = jax.random.normal(jax.random.key(0), (batch_size, side, side, features))
    params = jax.jit(lambda: stack.init(jax.random.key(1), images, train=True)["params"])()

    def loss(params: Any, images: jax.Array) -> jax.Array:
        with computing(precision):
            return jnp.mean(forward(stack, params, {}, images)[0] ** 2)

    def step(carry: Any, images: jax.Array) -> Any:
        params, optimizer = carry
        updates, optimizer = adam.update(jax.grad(loss)(params, images), optimizer, params)
        return optax.apply_updates(params, updates), optimizer

    per_call = choose_steps_per_call()

    def steps(carry: Any, images: jax.Array, count: Any) -> Any:
        if per_call == 1:
            return step(carry, images)
        return jax.lax.fori_loop(0, count, lambda _, carry: step(carry, images), carry)

    program = compiled(steps)
    carry = (params, adam.init(params))

    def run(n: int) -> None:
        nonlocal carry
        while n > 0:
            carry = program(carry, images, min(n, per_call))
            n -= per_call
        jax.block_until_ready(carry)

    return run


def r1_step(
    resolution: int, channels: int, width: int, latent_size: int, batch_size: int, *, precision: str = "float32"
) -> Run:
    """The update of a DCGAN discriminator without batch normalization that pays R1."""
    return _game_step(
        _critic(r1(10.0), resolution, channels, width, latent_size), resolution, channels, batch_size, precision
    )


def wgan_gp_step(
    resolution: int, channels: int, width: int, latent_size: int, batch_size: int, *, precision: str = "float32"
) -> Run:
    """The same, paying the gradient penalty of WGAN-GP."""
    game = _critic(wgan_gp(), resolution, channels, width, latent_size)
    return _game_step(game, resolution, channels, batch_size, precision)


def _critic(regularizer: Regularizer, resolution: int, channels: int, width: int, latent_size: int) -> Game:
    """A game in which only the discriminator is updated."""
    adam = optax.adam(2e-4, b1=0.5)
    networks = dcgan.Generator(resolution, channels, width), dcgan.Discriminator(width, normalization=no_norm)

    def alone(game: Game, state: State, batches: Any, key: jax.Array) -> tuple[State, Metrics]:
        return update(game.players[0], state, batch_at(batches, 0), key)

    latent = normal(latent_size)
    return gan(*networks, non_saturating, adam, adam, latent=latent, regularizers=[regularizer], dynamics=alone)
