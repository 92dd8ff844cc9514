"""Inversion: the latents from which a generator makes a given image."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.common.errors import UserError
from gan_jax.data.transforms import normalize, to_uint8
from gan_jax.game import Game
from gan_jax.inference.batches import padded_batches
from gan_jax.inference.latents import latents_from_arrays

Networks = dict[str, Any]
Rate = float | optax.Schedule

_BATCH = 64
_STARTS = 4  # random latents that a search without an encoder begins at
_STEPS, _RATE = 300, 0.05
_PRIOR = 0.005


class Inverted(NamedTuple):
    """What an inversion found.

    latents: of N samples, as `Game.sample` takes them.
    images: what the generator makes of them, uint8 (N, H, W, C).
    errors: the root mean squared differences from the images over the known pixels, float32 (N,), in units of [0, 1].
    """

    latents: Any
    images: np.ndarray
    errors: np.ndarray


Inverter = Callable[[np.ndarray, np.ndarray | None, int], Inverted]


def descend(losses: Callable[[jax.Array], jax.Array], latents: jax.Array, steps: int, rate: Rate) -> jax.Array:
    """Returns the latents after `steps` steps of Adam on the losses of each.

    losses: latents (N, ...) -> (N,), each of which depends on its own latents alone.
    rate: the learning rate, or its schedule.
    """
    optimizer = optax.adam(rate)

    def step(carry: Any, _: None) -> tuple[Any, None]:
        latents, state = carry
        # The gradient of the sum has that of each loss.
        updates, state = optimizer.update(jax.grad(lambda z: jnp.sum(losses(z)))(latents), state)
        return (optax.apply_updates(latents, updates), state), None

    (latents, _), _ = jax.lax.scan(step, (latents, optimizer.init(latents)), None, length=steps)
    return latents


def make_inverter(game: Game, networks: Networks, steps: int = _STEPS) -> Inverter:
    """Returns a function (images, mask, seed) -> `Inverted`, which finds the latents of images.

    images: uint8 (N, H, W, C), as large as those of the game.
    mask: bool (H, W) or (N, H, W), true where pixels are known; the others are free, and so inpainted. None if all are.
    seed: of the latents that the search begins at in a game without an encoder.

    The search descends, by `steps` steps of Adam whose rate falls to zero along a cosine,

        mean |x - G(z)|^2 over known pixels + 0.005 mean ((z - m) / s)^2

    where m and s are the mean and the standard deviation of each latent in the game. The last term keeps latents where
    the generator was trained. The search begins at the encoder's latents. In a game without an encoder, and with
    unknown pixels, which the encoder was not trained on, it begins at 4 random latents, and in a conditional game at
    one for each class; the best is kept. What is found for an image does not depend on the others.

    Sources: Zhu et al. 2016, "Generative visual manipulation on the natural image manifold" (arXiv 1609.03552),
    sections 3.1 and 3.2; for unknown pixels Yeh et al. 2017, "Semantic image inpainting" (arXiv 1607.07539).

    Raises ValueError for a game that makes no images, and UserError if what is found is not finite.

    >>> gan = game.Game(  # two latents make an image of two pixels
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     latents=lambda key, count: jax.random.normal(key, (count, 2)),
    ...     sample=lambda networks, latents: jnp.tanh(latents).reshape(-1, 1, 2, 1),
    ... )
    >>> invert, image = inference.make_inverter(gan, {}), np.array([200, 60], np.uint8).reshape(1, 1, 2, 1)
    >>> found = invert(image, None, 0)
    >>> found.images.shape, bool(found.errors[0] < 0.02)
    ((1, 1, 2, 1), True)
    >>> half = invert(image, np.array([[True, False]]), 0)  # without the second pixel
    >>> bool(abs(half.latents[0, 1]) < 0.2)  # which is inpainted by the mean latent
    True
    """
    if game.translate:
        raise ValueError("it translates images, and has no latents to find")
    center, spread = _moments(game)
    program = jax.jit(partial(_invert, game, steps), static_argnames="encoded")

    def invert(images: np.ndarray, mask: np.ndarray | None, seed: int) -> Inverted:
        count = len(images)
        known = np.ones(images.shape[:3], bool) if mask is None else np.broadcast_to(mask, images.shape[:3])
        found = []
        for rows in padded_batches(count, _BATCH):
            keys = jax.vmap(partial(jax.random.fold_in, jax.random.key(seed)))(jnp.asarray(rows))
            found.append(
                program(
                    networks,
                    normalize(images[rows]),
                    jnp.asarray(known[rows, :, :, None], jnp.float32),
                    keys,
                    center,
                    spread,
                    encoded=game.encode is not None and mask is None,
                )
            )
        latents, labels, made, errors = (np.concatenate(part)[:count] for part in zip(*found, strict=True))
        if not (np.isfinite(latents).all() and np.isfinite(errors).all()):
            raise UserError("the latents that were found are not finite: the game is broken")
        own = latents_from_arrays(game, latents, labels if game.classes is not None else None)
        return Inverted(own, to_uint8(made), errors)

    return invert


def _moments(game: Game) -> tuple[jax.Array, jax.Array]:
    """The mean and the standard deviation of each latent, of 1,024 draws."""
    drawn = jax.jit(game.latents, static_argnums=1)(jax.random.key(0), 1024)
    own = drawn if game.classes is None else drawn[0]
    if not isinstance(own, jax.Array):
        raise ValueError("its latents are several arrays for each sample, not one")
    return jnp.mean(own, 0), jnp.maximum(jnp.std(own, 0), 1e-6)


def _invert(
    game: Game,
    steps: int,
    networks: Networks,
    images: jax.Array,
    known: jax.Array,
    keys: jax.Array,
    center: jax.Array,
    spread: jax.Array,
    *,
    encoded: bool,
) -> tuple[jax.Array, jax.Array, jax.Array, jax.Array]:
    """The latents, the labels (zeros in a game without), the images made of them, and their errors."""
    share = jnp.mean(known, (1, 2, 3))

    def make(latents: jax.Array, labels: jax.Array) -> jax.Array:
        return game.sample(networks, latents if game.classes is None else (latents, labels))

    def residuals(made: jax.Array) -> jax.Array:
        return _mean(jnp.square(images - made) * known) / share

    def losses(labels: jax.Array, latents: jax.Array) -> jax.Array:
        return residuals(make(latents, labels)) + _PRIOR * _mean(jnp.square((latents - center) / spread))

    rate = optax.cosine_decay_schedule(_RATE, max(1, steps))

    def search(latents: jax.Array, labels: jax.Array) -> tuple[jax.Array, jax.Array]:
        best = descend(partial(losses, labels), latents, steps, rate)
        return best, losses(labels, best)

    if encoded:
        assert game.encode is not None
        labels = jnp.zeros(len(images), jnp.int32)
        latents, _ = search(game.encode(networks, images), labels)
    else:
        starts = jax.vmap(lambda key: game.latents(key, game.classes or _STARTS))(keys)
        own, classes = (starts, jnp.zeros(starts.shape[:2], jnp.int32)) if game.classes is None else starts
        # One start after the other, so that memory does not grow with their number.
        tried, values = jax.lax.map(lambda start: search(*start), (jnp.swapaxes(own, 0, 1), classes.T))
        best, rows = jnp.argmin(values, 0), jnp.arange(len(images))
        latents, labels = tried[best, rows], classes.T[best, rows]
    made = make(latents, labels)
    return latents, labels, made, jnp.sqrt(residuals(made)) / 2  # [-1, 1] is twice as wide as [0, 1]


def _mean(x: jax.Array) -> jax.Array:
    return jnp.mean(x.reshape(len(x), -1), 1)
