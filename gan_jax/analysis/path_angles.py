"""Path angles: the vector field along the line between two checkpoints (Berard et al. 2020, arXiv 1906.04848)."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.analysis.field import Field


class PathAngles(NamedTuple):
    """The field along w_a = (1 - a) w + a w'.

    places: a, (T,). cosines: of the angle between v(w_a) and w' - w, (T,). norms: |v(w_a)|, (T,).
    """

    places: np.ndarray
    cosines: np.ndarray
    norms: np.ndarray


def path_angles(field: Field, start: jax.Array, end: jax.Array, places: np.ndarray | None = None) -> PathAngles:
    """The path angle and the path norm from `start` w (P,), such as the initial parameters, to `end` w' (P,).

    Where the end attracts, the cosine jumps from -1 to 1 at a = 1. Where the players circle it, it has a bump there
    instead. Real games show both (section 5 of the paper).

    places: (T,), by default 101 of them from 0.6 to 1.4, where the end is.
    Raises ValueError if both ends are the same.

    >>> valley = analysis.game_of({"x": lambda p: p["x"] ** 2}, {"x": 1.0}, optax.sgd(0.1))
    >>> field = analysis.vector_field(valley, game.init_state(valley, jax.random.key(0)))
    >>> angles = analysis.path_angles(field, start=field.point, end=jnp.zeros(1), places=np.array([0.9, 1.1]))
    >>> angles.cosines.round(4).tolist()  # the end attracts from both sides
    [-1.0, 1.0]
    """
    way = end - start
    length = jnp.linalg.norm(way)
    if not float(length) > 0:
        raise ValueError("the two checkpoints have the same parameters, so there is no path between them")
    at = np.linspace(0.6, 1.4, 101) if places is None else np.asarray(places)

    @jax.jit
    def look(place: jax.Array) -> tuple[jax.Array, jax.Array]:
        v = field.velocity(start + place * way)
        norm = jnp.linalg.norm(v)
        return jnp.vdot(v, way) / (norm * length), norm

    # One place after another: a real game may not fit in memory many times.
    cosines, norms = np.array([look(jnp.float32(place)) for place in at]).T
    return PathAngles(at, cosines, norms)
