"""Models of digits, 8x8, with comparable networks: a DCGAN, a VAE, a PixelCNN and a restricted Boltzmann machine."""

from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.data import Dataset, load
from gan_jax.data.transforms import to_float, to_uint8
from gan_jax.evaluation.features import cached_classifier, extract
from gan_jax.evaluation.metrics import frechet_distance
from gan_jax.game import Game, State, Values, init_state, networks, train_step
from gan_jax.networks import dcgan, pixelcnn
from gan_jax.networks.latents import gumbel, normal
from gan_jax.networks.rbm import RestrictedBoltzmannMachine
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan, likelihood, rbm, vae

LEVELS, WIDTH, LATENTS = 17, 24, 16
SAMPLES, FEW_SAMPLES = 500, 24
FAILED = 10.0  # times the Frechet distance of real images: no digits to be seen


def sizes(steps: int, quick: bool) -> tuple[int, int]:
    """The steps of a training, and the samples that are drawn of it."""
    return (4, FEW_SAMPLES) if quick else (steps, SAMPLES)


@cache
def digits() -> Dataset:
    return load("digits", resolution=8)


def dcgan_game(rate: float | jax.Array = 2e-4) -> Game:
    adam = optax.adam(rate, b1=0.5)
    players = dcgan.Generator(8, 1, WIDTH), dcgan.Discriminator(WIDTH)
    return gan(*players, non_saturating, adam, adam, latent=normal(32), ema=0.995)


def vae_game(rate: float | jax.Array = 1e-3) -> Game:
    players = dcgan.Discriminator(WIDTH, 2 * LATENTS), dcgan.Generator(8, 1, WIDTH)
    return vae(*players, optax.adam(rate), latent_size=LATENTS, ema=0.995)


def pixelcnn_game(rate: float | jax.Array = 1e-3) -> Game:
    network = pixelcnn.Generator((8, 8), LEVELS, 16, 3)
    return likelihood(network, optax.adam(rate), latent=gumbel(64, LEVELS), ema=0.995)


def rbm_game(rate: float | jax.Array = 0.05) -> Game:
    return rbm(RestrictedBoltzmannMachine(64, 256), (8, 8, 1), optax.sgd(rate))


def draw_digits(key: jax.Array, count: int, values: Values) -> dict[str, jax.Array]:
    """Training images (count, 8, 8, 1) in [-1, 1], and their labels."""
    train = digits().train
    chosen = jax.random.randint(key, (count,), 0, len(train))
    return {"image": to_float(jnp.asarray(train.images)[chosen]), "label": jnp.asarray(train.labels)[chosen]}


def draw_samples(game: Game, state: State, *, count: int) -> jax.Array:
    """Samples (count, 8, 8, 1) in [-1, 1]."""
    return game.sample(networks(state), game.latents(jax.random.key(1), count))


def train_digits(
    build: Callable[[Values], Game], seeds: Sequence[int], steps: int, count: int, values: Values | None = None
) -> np.ndarray:
    """Samples of each seed at the end, uint8 (N, count, 8, 8, 1), of games that are trained on digits."""
    found = train_each(build, seeds, steps, partial(draw_samples, count=count), draw_digits, values)
    return as_images(found)


def train_each(
    build: Callable[[Values], Game],
    seeds: Sequence[int],
    steps: int,
    look: Callable[[Game, State], Any],
    draw: Callable[[jax.Array, int, Values], dict[str, jax.Array]],
    values: Values | None = None,
    batch: int = 64,
) -> Any:
    """Trains a game for each seed, and looks at it at the end: arrays (N, ...) of what `look` returns.

    values: (N, ...) each, what `build` makes the game of a seed of. draw: (key, count, a seed's values) -> a batch. One
    seed is trained after another, by the same program: on a CPU, convolutions of many networks at once are slower.
    """

    def one(own: Values, state: State) -> State:
        return train_step(build(own), state, draw(jax.random.fold_in(state.key, ~state.step), batch, own))[0]

    start = jax.jit(lambda own, key: init_state(build(own), key))
    step = jax.jit(one, donate_argnums=1)
    see = jax.jit(lambda own, state: look(build(own), state))
    found = []
    for i, seed in enumerate(seeds):
        own = {name: x[i] for name, x in (values or {}).items()}
        state = start(own, jax.random.key(seed))
        for _ in range(steps):
            state = step(own, state)
        found.append(jax.device_get(see(own, state)))
    return jax.tree.map(lambda *x: np.stack(x), *found)


def as_images(samples: np.ndarray) -> np.ndarray:
    """Samples in [-1, 1] as uint8. What is not finite is black."""
    return to_uint8(np.nan_to_num(samples, nan=-1.0, posinf=1.0, neginf=-1.0))


def frechet_ratio(images: np.ndarray) -> np.ndarray:
    """The Frechet distance of each member's samples (N, M, 8, 8, 1) from held-out digits, times that of real ones."""
    see = cached_classifier(digits()).features
    held_out = extract(see, digits().test.images).features

    def distance(images) -> float:
        return frechet_distance(extract(see, images).features, held_out)

    real = distance(digits().train.images[:SAMPLES])
    return np.array([distance(each) for each in images]) / real
