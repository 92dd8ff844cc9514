"""Latents of a game: drawn from seeds, on walks between them, and as plain arrays."""

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.game import Game

Between = Callable[[jax.Array, jax.Array, float], jax.Array]


def draw_latents(game: Game, count: int, seed: int) -> Any:
    """The latents of `count` samples, as `game.sample` takes them. Row i depends only on `seed` and i.

    >>> from gan_jax.networks import dcgan
    >>> networks, adam = (dcgan.Generator(8, 1), dcgan.Discriminator()), optax.adam(2e-4)
    >>> gan = recipes.gan(*networks, objectives.non_saturating, adam, adam)
    >>> latents = inference.draw_latents(gan, 8, seed=1)
    >>> latents.shape
    (8, 100)
    >>> bool(jnp.allclose(inference.draw_latents(gan, 4, seed=1), latents[:4]))
    True
    """
    return jax.jit(game.latents, static_argnums=1)(jax.random.key(seed), count)


def first_latents(game: Game, seeds: Sequence[int]) -> Any:
    """For each seed the latents of its first sample, which is row 0 of `draw_latents`.

    >>> from gan_jax.networks import dcgan
    >>> networks, adam = (dcgan.Generator(8, 1), dcgan.Discriminator()), optax.adam(2e-4)
    >>> gan = recipes.gan(*networks, objectives.non_saturating, adam, adam)
    >>> latents = inference.first_latents(gan, seeds=[3, 5])
    >>> latents.shape, bool(jnp.allclose(latents[1:], inference.draw_latents(gan, 1, seed=5)))
    ((2, 100), True)
    """
    keys = jnp.stack([jax.random.key(seed) for seed in seeds])
    return jax.tree.map(lambda x: x[:, 0], jax.jit(jax.vmap(lambda key: game.latents(key, 1)))(keys))


def slerp(a: jax.Array, b: jax.Array, t: float | jax.Array) -> jax.Array:
    """Interpolates spherically between the rows of a and b (N, ...), at t in [0, 1], one number or one for each row.

        (sin((1 - t) w) a + sin(t w) b) / sin w

    with w the angle between a row of a and that of b. Rows of integers, such as labels, stay those of a. Where the line
    through a row of a and that of b leads through 0, or almost (sin w below 1e-3), it is taken instead of a circle:
    between parallel rows, where it is the limit, between opposite ones, where any circle would do, and so between all
    rows of one number.

    >>> a, b = jnp.array([[1.0, 0.0]]), jnp.array([[0.0, 1.0]])
    >>> print(inference.slerp(a, b, 0.5).round(3), inference.lerp(a, b, 0.5))  # on the circle, and within it
    [[0.707 0.707]] [[0.5 0.5]]
    """
    if not jnp.issubdtype(a.dtype, jnp.floating):
        return a
    axes = tuple(range(1, a.ndim))
    t = jnp.reshape(t, (-1, *[1] * len(axes)))
    angle = _angles(a.reshape(len(a), -1), b.reshape(len(b), -1)).reshape(-1, *[1] * len(axes))
    # Near 0 and pi a small error of the angle would be a large one of the quotients.
    sine = jnp.where(jnp.sin(angle) > 1e-3, jnp.sin(angle), 0)
    on_circle = (jnp.sin((1 - t) * angle) * a + jnp.sin(t * angle) * b) / jnp.where(sine > 0, sine, 1)
    return jnp.where(sine > 0, on_circle, (1 - t) * a + t * b)


def _angles(a: jax.Array, b: jax.Array) -> jax.Array:
    """The angles between the rows of a and b (N, D), (N,); 0 if one of them is 0.

    2 atan(|u - v| / |u + v|) of unit vectors u and v is exact for all angles, and its gradient is finite (Kahan, "How
    futile are mindless assessments of roundoff in floating-point computation?", 2006, section 12). The arc cosine is
    neither near 0 and pi.
    """
    known = (_norms(a) > 0) & (_norms(b) > 0)
    u, v = (x / jnp.where(known, _norms(x), 1)[:, None] for x in (a, b))
    return 2 * jnp.arctan2(jnp.where(known, _norms(u - v), 0), jnp.where(known, _norms(u + v), 1))


def _norms(x: jax.Array) -> jax.Array:
    """The norms of rows (N, D), (N,), whose gradient at 0 is 0."""
    squares = jnp.sum(x * x, 1)
    return jnp.where(squares > 0, jnp.sqrt(jnp.where(squares > 0, squares, 1)), 0)


def lerp(a: jax.Array, b: jax.Array, t: float) -> jax.Array:
    """Interpolates linearly between a and b, at t in [0, 1].

    >>> print(inference.lerp(jnp.array([0.0, 4.0]), jnp.array([8.0, 4.0]), 0.25))
    [2. 4.]
    """
    return (1 - t) * a + t * b


def walk_latents(ends: Any, steps: int, between: Between = slerp) -> Any:
    """The latents of walks of `steps` steps, each from one latent to the next one.

    ends: the latents of 2 N samples. Walk i goes from row 2 i to row 2 i + 1.
    between: (a, b, t) -> what lies between the rows of a and b, at t in [0, 1].

    Returns the latents of N * steps samples, walk by walk. Standard normal latents lie near a sphere, which a straight
    line between two of them would leave (White, "Sampling generative networks", arXiv 1609.04468). So they are walked
    by `slerp`, and styles by `lerp`. A walk keeps the label of its start, as labels cannot be interpolated.

    >>> ends = jnp.array([[0.0], [4.0], [10.0], [6.0]])  # of two walks
    >>> inference.walk_latents(ends, steps=5, between=inference.lerp)[:, 0].tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 10.0, 9.0, 8.0, 7.0, 6.0]
    """
    starts, stops = (jax.tree.map(lambda x, i=i: x[i::2], ends) for i in (0, 1))
    ts = np.linspace(0, 1, steps)
    walks = jax.tree.map(lambda a, b: jnp.stack([between(a, b, t) for t in ts], 1), starts, stops)
    return jax.tree.map(lambda x: x.reshape(-1, *x.shape[2:]), walks)


def latent_count(latents: Any) -> int:
    """The number of samples whose latents these are.

    >>> latents, labels = jnp.zeros((3, 100)), jnp.array([0, 1, 2])
    >>> inference.latent_count(latents), inference.latent_count((latents, labels))  # without and with classes
    (3, 3)
    """
    return len(jax.tree.leaves(latents)[0])


def latent_array(game: Game, latents: Any) -> np.ndarray:
    """The latents without their labels, as one array (N, ...). Raises ValueError if they are several arrays.

    >>> conditional = game.Game((), init=lambda key: ({}, {}), classes=10)
    >>> latents = jnp.zeros((3, 100)), jnp.array([0, 1, 2])
    >>> inference.latent_array(conditional, latents).shape, inference.labels_of(conditional, latents).tolist()
    ((3, 100), [0, 1, 2])
    """
    own = latents if game.classes is None else latents[0]
    if len(jax.tree.leaves(own)) != 1:
        raise ValueError(f"its latents are {len(jax.tree.leaves(own))} arrays for each sample, not one")
    return np.asarray(jax.tree.leaves(own)[0])


def labels_of(game: Game, latents: Any) -> np.ndarray | None:
    """The labels of the latents, int (N,), or None if the game is not conditional."""
    return None if game.classes is None else np.asarray(latents[1])


def latents_from_arrays(game: Game, array: np.ndarray, labels: np.ndarray | None) -> Any:
    """The inverse of `latent_array` and `labels_of`: what `game.sample` takes.

    array: numbers (N, ...), N at least 1.
    labels: integers (N,), at least 0 and below `game.classes`. By default they are those of the first N samples of the
        game. For a game that is not conditional there are none.

    Raises ValueError, which says what would be right, if the shapes, types or values do not suit the game.
    """
    shapes = jax.eval_shape(lambda: game.latents(jax.random.key(0), 1))
    latent_array_shape = shapes if game.classes is None else shapes[0]
    leaves, structure = jax.tree.flatten(latent_array_shape)
    if len(leaves) != 1:
        raise ValueError(f"the latents of the run are {len(leaves)} arrays for each sample, not one")
    row = leaves[0]
    right = f"(N{''.join(f', {side}' for side in row.shape[1:])})"
    fits = array.ndim == len(row.shape) and array.shape[1:] == row.shape[1:]
    if array.dtype.kind not in "fiu" or not fits or not array.size:
        raise ValueError(
            f"latents are {array.dtype} of shape {array.shape}, and the run takes numbers of shape {right}"
        )
    if not np.isfinite(array).all():
        raise ValueError("latents hold values that are not finite")
    own = jax.tree.unflatten(structure, [jnp.asarray(array, row.dtype)])
    if game.classes is None:
        if labels is not None:
            raise ValueError("there are labels, and the run is not conditional")
        return own
    if labels is None:
        return own, game.latents(jax.random.key(0), len(array))[1]
    if labels.dtype.kind not in "iu" or labels.shape != (len(array),):
        raise ValueError(f"labels are {labels.dtype} of shape {labels.shape}, not integers of shape ({len(array)},)")
    if labels.min() < 0 or labels.max() >= game.classes:
        raise ValueError(
            f"labels are {labels.min()} to {labels.max()}, and the run has the classes 0 to {game.classes - 1}"
        )
    return own, jnp.asarray(labels, shapes[1].dtype)
