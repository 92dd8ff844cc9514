"""Whether training converges near an equilibrium, by eigenvalues."""

from collections.abc import Sequence

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from gan_jax.game import Game, State, Tree, train_step


def largest_rate(eigenvalues: Sequence[complex] | np.ndarray) -> float:
    """The learning rate below which simultaneous gradient descent converges to an equilibrium, locally.

    eigenvalues: of the Jacobian of the vector field there. A step multiplies distances along an eigenvector by
    |1 - h lambda|, which is below 1 for h < 2 Re(lambda) / |lambda|^2. The result is 0 if one of them has no positive
    real part: then no learning rate converges. The more a game rotates, the smaller it is (Mescheder et al. 2017, arXiv
    1705.10461, lemma 4).

    >>> round(analysis.largest_rate([0.5 + 1j, 0.5 - 1j]), 4)  # 2 0.5 / (0.5^2 + 1)
    0.8
    >>> analysis.largest_rate([1j, -1j])
    0.0
    """
    values = np.asarray(eigenvalues, np.complex128)
    if np.any(values.real <= 0):
        return 0.0
    return float(np.min(2 * values.real / np.abs(values) ** 2))


def multipliers(game: Game, state: State, batch: Tree = ()) -> np.ndarray:
    """The eigenvalues of a whole training step as a map of parameters and optimizer states, complex (M,).

    They are sorted by modulus, the largest first. At an equilibrium, distances are multiplied by at most the modulus of
    the first one in each step, in the long run: training converges locally if it is below 1. This holds for any
    dynamics and any optimizer that is differentiable there, such as momentum, extragradient and optimism. Adam is not
    differentiable where its gradients vanish.

    batch: as `train_step` takes it.

    >>> def first(dynamics):
    ...     xy = analysis.bilinear(optax.sgd(0.1), dynamics)
    ...     return round(float(abs(analysis.multipliers(xy, game.init_state(xy, jax.random.key(0)))[0])), 4)
    >>> first(game.simultaneous), first(game.alternating), first(game.extragradient)
    (1.005, 1.0, 0.995)
    """
    found = np.linalg.eigvals(np.asarray(step_matrix(game, state, batch), np.float64))
    return found[np.argsort(-np.abs(found))]


def step_matrix(game: Game, state: State, batch: Tree = ()) -> jax.Array:
    """The Jacobian of a whole training step, as a map of parameters and optimizer states, (M, M). For small games.

    A pure function, which may be compiled or mapped over games. `multipliers` are its eigenvalues.

    >>> xy = analysis.bilinear(optax.sgd(0.1), game.simultaneous)
    >>> matrix = analysis.step_matrix(xy, game.init_state(xy, jax.random.key(0)))
    >>> np.float64(matrix).round(4).tolist()  # x goes to x - 0.1 y, and y to y + 0.1 x
    [[1.0, -0.1], [0.1, 1.0]]
    """
    start, unravel = ravel_pytree(_moving(state))

    def step(x: jax.Array) -> jax.Array:
        params, floats = unravel(x)
        leaves, structure = jax.tree.flatten(state.opt_state)
        kept = iter(floats)
        opt_state = jax.tree.unflatten(structure, [next(kept) if _is_float(leaf) else leaf for leaf in leaves])
        after, _ = train_step(game, state.replace(params=params, opt_state=opt_state), batch)
        return ravel_pytree(_moving(after))[0]

    return jax.jacfwd(step)(start)


def _moving(state: State) -> tuple[Tree, list[jax.Array]]:
    """The parameters, and those parts of the optimizers' states that are no counters."""
    return state.params, [leaf for leaf in jax.tree.leaves(state.opt_state) if _is_float(leaf)]


def _is_float(leaf: jax.Array) -> bool:
    return jnp.issubdtype(jnp.result_type(leaf), jnp.floating)
