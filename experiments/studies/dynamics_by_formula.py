"""Games with formulas: the bilinear game, and the Dirac-GAN."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from gan_jax.analysis import bilinear, dirac_gan, jacobian, path_angles, play, vector_field
from gan_jax.game import init_state, simultaneous
from gan_jax.objectives import minimax, wasserstein

CONVERGE, LOOK = "Mescheder et al. 2018, arXiv 1801.04406", "Berard et al. 2020, arXiv 1906.04848"

Row = tuple[str, str, str, bool | None]  # result, published, measured, and whether that agrees, if it can


def growth() -> list[Row]:
    """How distances grow in the bilinear game, which is the Dirac-GAN with the Wasserstein objective."""
    rows = []
    for rate in (0.01, 0.1, 0.5):
        game = bilinear(optax.sgd(rate), simultaneous)
        _, path = play(game, init_state(game, jax.random.key(0)), 50)
        distances = np.hypot(path["x"], path["y"])
        found, formula = (distances[-1] / distances[0]) ** (1 / 50), np.sqrt(1 + rate**2)
        published = f"√(1 + h²) = {formula:.5f} ({CONVERGE}, lemma 2.4)"
        result = f"Simultaneous descent leaves the bilinear game by this factor a step, h = {rate:g}"
        rows.append((result, published, f"{found:.5f}", bool(np.isclose(found, formula, rtol=1e-5))))
    return rows


def dirac_spectra() -> list[Row]:
    """The eigenvalues of the Dirac-GAN at its equilibrium. The paper's field is minus ours, and so are they."""
    rows = []
    cases = (minimax, 0.5, 0.0), (wasserstein, 1.0, 0.0), (minimax, 0.5, 0.4), (minimax, 0.5, 2.0)
    for objective, slope, gamma in cases:
        game = dirac_gan(optax.sgd(0.1), objective=objective, gamma=gamma, start=(0.0, 0.0))
        found = np.sort_complex(-np.linalg.eigvals(jacobian(vector_field(game, init_state(game, jax.random.key(0))))))
        root = np.sqrt(complex(gamma**2 / 4 - slope**2))
        formula = np.sort_complex([-gamma / 2 + root, -gamma / 2 - root])
        source = f"−γ/2 ± √(γ²/4 − f'(0)²) = {pair(formula)} ({CONVERGE}, lemma 3.3)"
        if not gamma:
            source = f"±i f'(0) = {pair(formula)} ({CONVERGE}, lemma 2.2)"
        kind = f"R1 with γ = {gamma:g}" if gamma else "no penalty"
        result = f"Eigenvalues of the Dirac-GAN, {kind}, f'(0) = {slope:g}"
        rows.append((result, source, pair(found), bool(np.allclose(found, formula, atol=1e-5))))
    return rows


def pair(values: np.ndarray) -> str:
    """Two eigenvalues in words."""
    return ", ".join(f"{v.real:.3f}" if abs(v.imag) < 1e-6 else f"{v.real + 0.0:.3f} {v.imag:+.3f}i" for v in values)


def dirac_path() -> Row:
    """The path angle in the Dirac-GAN, from far away to a place close to the equilibrium."""
    shapes = []
    for gamma in (0.0, 1.0):
        game = dirac_gan(optax.sgd(0.1), objective=wasserstein, gamma=gamma)
        field = vector_field(game, init_state(game, jax.random.key(0)))
        shapes.append(shape(path_angles(field, jnp.array([1.0, 1.0]), jnp.array([0.05, -0.05])).cosines))
    (bump, jump), (damped_bump, damped_jump) = shapes
    return (
        "The path angle in the Dirac-GAN has a bump. R1 adds a change of sign",
        f"rotation is a bump, attraction a change of sign, and both can be seen together ({LOOK}, figure 2)",
        f"bump {bump:.2f} and change {jump:.2f} without R1, {damped_bump:.2f} and {damped_jump:.2f} with γ = 1",
        bool(bump > 0.5 and abs(jump) < 0.05 and damped_jump > 0.2),
    )


def shape(cosines: np.ndarray) -> tuple[float, float]:
    """How high the bump is in the middle of a path angle (T,), and how much the two sides differ in sign.

    The curve is the sum of an even and an odd function about the middle. Rotation is even, and attraction is odd.
    """
    even, odd = (cosines + cosines[::-1]) / 2, (cosines - cosines[::-1]) / 2
    middle = len(cosines) // 2
    return float(abs(even[middle] - even[0])), float(odd[middle + 1 :].mean())
