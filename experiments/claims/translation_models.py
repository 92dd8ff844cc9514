"""pix2pix, a U-Net with L1 alone, and CycleGAN, on digits of 8x8 pixels that are degraded, or on coloured ground."""

from collections.abc import Callable, Sequence
from functools import cache, partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from digit_models import as_images, digits, train_each

from gan_jax.data import load, take
from gan_jax.data.transforms import to_float
from gan_jax.evaluation.features import cached_classifier
from gan_jax.game import Game, State, Values, networks
from gan_jax.networks import patchgan, unet
from gan_jax.networks.layers import Conv, InstanceNorm, initializers, instance_norm, plain_instance_norm
from gan_jax.objectives import Objective
from gan_jax.recipes import cyclegan, pix2pix, regression
from gan_jax.recipes.translation import SQUARES

WIDTH = 16
COLOURED = "coloured"


class Residual(nn.Module):
    """Maps images (N, H, W, C) to images (N, H, W, channels) in (-1, 1), by two residual blocks at full size.

    It is CycleGAN's generator without its halvings, which leave nothing of 8x8 pixels.
    """

    channels: int

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        conv = partial(Conv, WIDTH, 3, padding=1, reflect=True, kernel_init=initializers.weights)
        x = nn.relu(InstanceNorm(affine=False)(conv()(images)))
        for _ in range(2):
            x = x + InstanceNorm()(conv()(nn.relu(InstanceNorm()(conv()(x)))))
        return jnp.tanh(Conv(self.channels, 3, padding=1, reflect=True, kernel_init=initializers.weights)(x))


def falling(rate: float | jax.Array, steps: int) -> optax.GradientTransformation:
    return optax.adam(optax.linear_schedule(rate, 0, steps), b1=0.5)


def unet_generator(channels: int) -> unet.Generator:
    return unet.Generator(8, channels, WIDTH, normalization=instance_norm)


def judge() -> patchgan.Discriminator:
    return patchgan.Discriminator(WIDTH, 1, normalization=plain_instance_norm)


def l1_game(name: str, rate: float | jax.Array, steps: int) -> Game:
    shapes = shapes_of(name)
    return regression(unet_generator(shapes[1][2]), shapes, falling(rate, steps))


def pix2pix_game(name: str, rate: float | jax.Array, steps: int) -> Game:
    shapes = shapes_of(name)
    return pix2pix(unet_generator(shapes[1][2]), judge(), shapes, falling(rate, steps), falling(rate, steps))


def cyclegan_game(
    rate: float | jax.Array,
    steps: int,
    *,
    u_nets: bool = False,
    cycle_weight: float = 10.0,
    objective: Objective = SQUARES,
    pool_size: int = 50,
) -> Game:
    """CycleGAN of coloured digits. Its generators are residual networks, or U-Nets."""
    a, b = shapes_of(COLOURED)
    generators = [unet_generator(n) if u_nets else Residual(n) for n in (b[2], a[2])]
    optimizers = falling(rate, steps), falling(rate, steps)
    options = {"objective": objective, "cycle_weight": cycle_weight, "pool_size": pool_size, "identity_weight": None}
    return cyclegan(tuple(generators), (judge(), judge()), (a, b), *optimizers, **options)


@cache
def examples(name: str, part: str) -> dict[str, np.ndarray]:
    """Images and targets, uint8 (N, 8, 8, C), of training or held-out pairs ("train" or "test").

    The images of COLOURED are black ink on ground of a random colour, and their targets the digits.
    """
    if name != COLOURED:
        split = getattr(load(name, resolution=8), part)
        return take(split, np.arange(len(split)))
    white = getattr(digits(), part).images
    colours = np.random.default_rng(len(white)).uniform(0.3, 1, (len(white), 1, 1, 3))
    return {"image": np.uint8(np.round((255 - white) * colours)), "target": white}


def shapes_of(name: str) -> tuple:
    return tuple(examples(name, "test")[side].shape[1:] for side in ("image", "target"))


def draw_pairs(key: jax.Array, count: int, values: Values, *, name: str, paired: bool) -> dict[str, jax.Array]:
    """Training images and targets in [-1, 1], which are drawn independently if not `paired`."""
    known, keys = examples(name, "train"), jax.random.split(key)
    rows = {"image": keys[0], "target": keys[0] if paired else keys[1]}
    return {
        side: to_float(jnp.asarray(known[side])[jax.random.randint(key, (count,), 0, len(known[side]))])
        for side, key in rows.items()
    }


def translations(
    build: Callable[[Values], Game],
    seeds: Sequence[int],
    steps: int,
    values: Values | None = None,
    *,
    name: str = COLOURED,
    paired: bool = True,
) -> np.ndarray:
    """Trains on batches of 16, and translates the held-out images: uint8 (N, M, 8, 8, 1)."""
    given = to_float(jnp.asarray(examples(name, "test")["image"]))

    def look(game: Game, state: State) -> jax.Array:
        return game.translate["AtoB"](networks(state), given, jax.random.key(1))

    draw = partial(draw_pairs, name=name, paired=paired)
    return as_images(train_each(build, seeds, steps, look, draw, values, batch=16))


def digits_kept(made: np.ndarray) -> np.ndarray:
    """The share of translations that a classifier of digits reads as the digit of the held-out image, (N,)."""
    classifier, labels = cached_classifier(digits()), digits().test.labels
    return np.array([np.mean(classifier.probabilities(each).argmax(1) == labels) for each in made])


def gray_levels_off(made: np.ndarray, name: str = COLOURED) -> np.ndarray:
    """The L1 distance of translations of the held-out images from their targets, in gray levels of 255, (N,)."""
    return np.abs(made.astype(float) - examples(name, "test")["target"]).mean((1, 2, 3, 4))
