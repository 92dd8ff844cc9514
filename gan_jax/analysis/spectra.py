"""Leading eigenvalues of a linear map that is known by its products only."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
import numpy as np


def leading_eigenvalues(product: Callable[[jax.Array], jax.Array], size: int, count: int, seed: int = 0) -> np.ndarray:
    """The `count` eigenvalues of largest modulus of the linear map u -> product(u) on vectors (size,).

    The result is complex, (count,), and is sorted by modulus, the largest first. Of the Jacobian of a game, a large
    real part is attraction or, if it is negative, repulsion, and a large imaginary part is rotation. The eigenvalues
    come from ARPACK's Arnoldi iteration, which starts at a random vector drawn from `seed`.

    Raises ValueError unless 0 < count < size - 1, and scipy's ArpackNoConvergence if the iteration does not converge.

    >>> diagonal = jnp.array([1.0, 4.0, 2.0, -3.0])
    >>> found = analysis.leading_eigenvalues(lambda u: diagonal * u, size=4, count=2)
    >>> found.real.round(3).tolist()
    [4.0, -3.0]
    """
    from scipy.sparse.linalg import LinearOperator, eigs

    if not 0 < count < size - 1:
        raise ValueError(f"the number of eigenvalues must be between 1 and {size - 2}, not {count}")

    def apply(u: np.ndarray) -> np.ndarray:
        return np.asarray(product(jnp.asarray(u.ravel(), jnp.float32)), np.float64)

    # The stubs of scipy do not know how it makes an operator of a function, and that a tolerance is no integer.
    operator = LinearOperator((size, size), matvec=apply, dtype=np.float64)  # pyright: ignore[reportCallIssue]
    start = np.random.default_rng(seed).normal(size=size)
    # The products are in single precision, and no more can be asked of the eigenvalues.
    found = eigs(operator, count, which="LM", v0=start, return_eigenvectors=False, tol=1e-4)  # pyright: ignore[reportArgumentType]
    return found[np.argsort(-np.abs(found))]
