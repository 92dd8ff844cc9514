"""The Jacobian of a vector field, and its two parts: attraction and rotation.

J = S + A with S = (J + J^T)/2 and A = (J - J^T)/2. The symmetric part is that of a game in which the players share one
loss, where v is a gradient. The antisymmetric part is that of a game without friction, in which they circle (Balduzzi
et al. 2018, arXiv 1802.05642, section 2).
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp

from gan_jax.analysis.field import Field
from gan_jax.common.checks import at_least

Product = Callable[[jax.Array], jax.Array]


def jacobian(field: Field, w: jax.Array | None = None) -> jax.Array:
    """The Jacobian of the field at w (by default its point), (P, P). For games of up to some thousand parameters.

    >>> xy = analysis.bilinear(optax.sgd(0.1))
    >>> matrix = analysis.jacobian(analysis.vector_field(xy, game.init_state(xy, jax.random.key(0))))
    >>> matrix.astype(int).tolist()
    [[0, -1], [1, 0]]
    """
    return jax.jacfwd(field.velocity)(field.point if w is None else w)


def products(field: Field, w: jax.Array | None = None) -> tuple[Product, Product]:
    """The compiled functions u -> J u and u -> J^T u, for u (P,). Each costs some gradients, for games of any size.

    >>> xy = analysis.bilinear(optax.sgd(0.1))
    >>> field = analysis.vector_field(xy, game.init_state(xy, jax.random.key(0)))
    >>> forward, backward = analysis.products(field)
    >>> forward(jnp.array([1.0, 2.0])).tolist(), backward(jnp.array([1.0, 2.0])).tolist()  # J = -J^T
    ([-2.0, 1.0], [2.0, -1.0])
    """
    at = field.point if w is None else w

    @jax.jit
    def forward(u: jax.Array) -> jax.Array:
        return jax.jvp(field.velocity, (at,), (u,))[1]

    @jax.jit
    def backward(u: jax.Array) -> jax.Array:
        return jax.vjp(field.velocity, at)[1](u)[0]

    return forward, backward


def parts(matrix: jax.Array) -> tuple[jax.Array, jax.Array]:
    """The symmetric and the antisymmetric part of a square matrix, which are its sum.

    >>> symmetric, antisymmetric = analysis.parts(jnp.array([[1.0, 4.0], [2.0, 5.0]]))
    >>> symmetric.tolist(), antisymmetric.tolist()
    ([[1.0, 3.0], [3.0, 5.0]], [[0.0, 1.0], [-1.0, 0.0]])
    """
    return (matrix + matrix.T) / 2, (matrix - matrix.T) / 2


def rotation_share(field: Field, key: jax.Array, draws: int = 16, w: jax.Array | None = None) -> jax.Array:
    """The share of rotation in the Jacobian: |A|^2 / (|S|^2 + |A|^2) in Frobenius norms, between 0 and 1, ().

    It is 0 for a game that is a minimization and 1 for one that only rotates. The norms are estimated by products with
    `draws` random vectors of signs (Hutchinson's estimator), each of which costs some gradients.

    Raises ValueError for fewer than 1 draw.

    >>> xy = analysis.bilinear(optax.sgd(0.1))
    >>> field = analysis.vector_field(xy, game.init_state(xy, jax.random.key(0)))
    >>> float(analysis.rotation_share(field, jax.random.key(0), draws=2))  # it only rotates
    1.0
    """
    at_least(1, "draws", draws)
    forward, backward = products(field, w)

    @jax.jit
    def both(key: jax.Array) -> tuple[jax.Array, jax.Array]:
        u = jax.random.rademacher(key, field.point.shape, field.point.dtype)
        along, back = forward(u), backward(u)
        return jnp.sum(jnp.square(along + back)), jnp.sum(jnp.square(along - back))

    found = [both(each) for each in jax.random.split(key, draws)]
    symmetric, antisymmetric = (jnp.sum(jnp.stack(each)) for each in zip(*found, strict=True))
    return antisymmetric / (symmetric + antisymmetric)
