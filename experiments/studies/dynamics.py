"""Known results of game dynamics, measured again: a table and a figure of experiments/claims/README.md.

    python experiments/studies/dynamics.py

The bilinear game and the Dirac-GAN are compared with formulas. Then small GANs learn a ring of 8 Gaussians, without and
with R1, over seeds. The field of their gradients is looked at where training ends: its eigenvalues, how much of it is
rotation, and the path angle. All fields are taken on the same points, with the same latents.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro
from matplotlib.figure import Figure

from gan_jax.analysis import bilinear, dirac_gan, jacobian, parts, path_angles, play, vector_field
from gan_jax.data import load
from gan_jax.data.sources.mixtures import RING
from gan_jax.evaluation.metrics import mixture_coverage
from gan_jax.game import Game, State, init_population, init_state, networks, simultaneous, stack_keys, train_step
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import minimax, non_saturating, wasserstein
from gan_jax.recipes import gan
from gan_jax.regularizers import r1
from gan_jax.reporting import markdown, plot_eigenvalues, plot_field, spread, write_part

PAGE = Path(__file__).parents[1] / "claims" / "README.md"
POINTS = load("ring", resolution=1)
HIDDEN, LATENTS, BATCH, EXAMPLES, RATE, GAMMA = (16, 16), 4, 256, 512, 1e-3, 1.0
LEADING = 20  # eigenvalues, the largest ones
WITHOUT, WITH, LEFT_OUT = "trained without R1", "trained with R1", "trained with R1, penalty left out"
CONVERGE, LOOK = "Mescheder et al. 2018, arXiv 1801.04406", "Berard et al. 2020, arXiv 1906.04848"

Row = tuple[str, str, str, bool | None]  # result, published, measured, and whether that agrees, if it can


@dataclass(frozen=True)
class Study:
    """Compares games with published results, and writes the table and the figure."""

    seeds: int = 8
    """Seeds of the GANs on the ring."""

    steps: int = 12000
    """Training steps of each of them."""

    page: Path = PAGE
    """The page that the table is written into. The figure goes into the folder `figures` beside it."""


class Look(NamedTuple):
    """A field where training ended.

    eigenvalues: of its Jacobian, the largest first, complex (P,). rotation: the share of rotation. curvature: the
    eigenvalues of the Hessian of G's own loss, (G,). cosines: the path angle from the first parameters, (T,), at
    `places`. speed: the norm of the field. good: the share of samples that lie on a mode.
    """

    eigenvalues: np.ndarray
    rotation: float
    curvature: np.ndarray
    cosines: np.ndarray
    places: np.ndarray
    speed: float
    good: float


def main(study: Study) -> None:
    plain, penalized = ring_game(0.0, study.steps), ring_game(GAMMA, study.steps)
    ends, damped_ends = trained(plain, study), trained(penalized, study)
    looks = {
        WITHOUT: look(plain, *ends),
        WITH: look(penalized, *damped_ends),
        LEFT_OUT: look(plain, *damped_ends),
    }
    rows = [*growth(), *dirac_spectra(), dirac_path(), *ring_rows(looks)]
    lines = [["result", "published", "measured", "agrees"], ["---"] * 4]
    lines += [[*row, {True: "yes", False: "**no**", None: ""}[agrees]] for *row, agrees in rows]
    image = "![the Dirac-GAN, eigenvalues and path angles, without and with R1](figures/known_results.png)"
    write_part(study.page, "known-results", f"{markdown(lines)}\n{image}")
    draw(looks, study.page.parent / "figures" / "known_results.png")
    print(f"{markdown(lines)}written to {study.page}")


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


def ring_game(gamma: float, steps: int) -> Game:
    """Small MLPs, so that the whole Jacobian fits. The rate falls to 0, so that noise does not move the end."""
    adam = optax.adam(optax.cosine_decay_schedule(RATE, steps), b1=0.5)
    players = mlp.Generator(2, HIDDEN), mlp.Discriminator(HIDDEN)
    return gan(*players, non_saturating, adam, adam, latent=normal(LATENTS), regularizers=(r1(gamma),) if gamma else ())


def trained(game: Game, study: Study) -> tuple[State, State]:
    """The first and the last state of all seeds."""
    points = jnp.asarray(POINTS.train.images)

    def step(_: int, state: State) -> State:
        rows = jax.random.randint(jax.random.fold_in(state.key, ~state.step), (BATCH,), 0, len(points))
        return train_step(game, state, {"image": points[rows]})[0]

    first = init_population(lambda values: game, {}, stack_keys(range(study.seeds)))
    return first, jax.jit(jax.vmap(lambda state: jax.lax.fori_loop(0, study.steps, step, state)))(first)


def look(game: Game, first: State, last: State) -> list[Look]:
    """The field of `game` at the last states of all seeds."""
    batch = {"image": jnp.asarray(POINTS.test.images[:EXAMPLES])}
    whole = jax.jit(lambda state: jacobian(vector_field(game, state, batch, jax.random.key(1))))
    memory = init_state(game, jax.random.key(0)).memory  # the states may be of a game with other penalties
    found = []
    for seed in range(len(first.step)):
        start, end = (jax.tree.map(lambda x, seed=seed: x[seed], state) for state in (first, last))
        end = end.replace(memory=memory)
        field = vector_field(game, end, batch, jax.random.key(1))
        matrix = np.asarray(whole(end), np.float64)
        symmetric, turning = (np.sum(np.square(part)) for part in parts(matrix))
        eigenvalues = np.linalg.eigvals(matrix)
        generator = field.slices["generator"]
        angles = path_angles(field, field.flatten(start.params), field.point)
        samples = game.sample(networks(end), game.latents(jax.random.key(2), 1000))
        found.append(
            Look(
                eigenvalues[np.argsort(-np.abs(eigenvalues))],
                turning / (symmetric + turning),
                np.linalg.eigvalsh(parts(matrix[generator, generator])[0]),
                angles.cosines,
                angles.places,
                float(jnp.linalg.norm(field.velocity(field.point))),
                mixture_coverage(samples, RING.means, RING.deviation).high_quality,
            )
        )
    return found


def ring_rows(looks: dict[str, list[Look]]) -> list[Row]:
    """What the GANs on the ring show."""
    measures = {
        "rotation": lambda each: each.rotation,
        "turning": lambda each: float(np.mean(np.abs(leading(each).imag) > np.abs(leading(each).real))),
        "fastest": lambda each: float(np.abs(each.eigenvalues.imag).max()),
        "least": lambda each: float(each.eigenvalues.real.min() / np.abs(each.eigenvalues[0])),
        "concave": lambda each: float(each.curvature[0] / each.curvature[-1]),
        "bump": lambda each: shape(each.cosines)[0],
        "jump": lambda each: shape(each.cosines)[1],
        "speed": lambda each: each.speed,
        "good": lambda each: each.good,
    }
    found = {name: {key: [of(each) for each in seen] for key, of in measures.items()} for name, seen in looks.items()}

    def said(key: str, *names: str) -> str:
        return "; ".join(f"{spread(found[name][key])} {name}" for name in names or (WITHOUT, WITH))

    def falls(key: str, of: str) -> bool:
        """Whether a measure is lower with R1, by more than two standard errors of the difference."""
        less = np.subtract(found[of][key], found[WITH][key])
        return bool(less.mean() > 2 * less.std(ddof=1) / np.sqrt(len(less))) if len(less) > 1 else bool(less.mean() > 0)

    damped = f"smaller with R1: it adds real parts and no rotation ({CONVERGE}, section 3.3 and theorem 4.1)"
    both = f"a bump and a change of sign together ({LOOK}, section 5)"
    stays = all(value > 0 for value in found[WITH]["least"])
    saddles = all(value < 0 for name in (WITHOUT, WITH) for value in found[name]["concave"])
    signs = all(np.mean(found[name]["jump"]) > 0.02 for name in (WITHOUT, WITH))
    bumps = all(np.mean(found[name]["bump"]) > 0.02 for name in (WITHOUT, WITH))
    return [
        (
            "Ring: share of rotation in the Jacobian, same parameters",
            damped,
            said("rotation", LEFT_OUT, WITH),
            falls("rotation", LEFT_OUT),
        ),
        ("Ring: the same, each game where its training ends", damped, said("rotation"), falls("rotation", WITHOUT)),
        (
            f"Ring: share of the {LEADING} largest eigenvalues whose imaginary part is the larger one, same parameters",
            damped,
            said("turning", LEFT_OUT, WITH),
            falls("turning", LEFT_OUT),
        ),
        ("Ring: the same, each game where its training ends", damped, said("turning"), falls("turning", WITHOUT)),
        ("Ring: the largest imaginary part", "smaller with R1 (as above)", said("fastest"), falls("fastest", WITHOUT)),
        (
            "Ring: the least real part, in units of the largest eigenvalue",
            f"above 0 with R1, near an equilibrium ({CONVERGE}, theorem 4.1)",
            said("least"),
            stays,
        ),
        (
            "Ring: the least eigenvalue of the Hessian of G's own loss, in units of its largest",
            f"below 0: a saddle of that loss, and no minimum ({LOOK}, section 5.2)",
            said("concave"),
            saddles,
        ),
        ("Ring: change of sign of the path angle", both, said("jump"), signs),
        ("Ring: bump of the path angle", both, said("bump"), bumps),
        ("Ring: norm of the field at the end", "0 at an equilibrium", said("speed"), falls("speed", WITHOUT)),
        ("Ring: share of samples on a mode", "for comparison", said("good"), None),
    ]


def leading(each: Look) -> np.ndarray:
    return each.eigenvalues[:LEADING]


def draw(looks: dict[str, list[Look]], path: Path) -> None:
    """The Dirac-GAN, the eigenvalues of one seed, and the mean path angles."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    walks = {}
    for name, gamma in (("without R1", 0.0), ("with R1, γ = 0.5", 0.5)):
        game = dirac_gan(optax.sgd(0.1), simultaneous, gamma=gamma)
        _, walked = play(game, init_state(game, jax.random.key(0)), 250)
        walks[name] = np.stack([walked["generator"], walked["discriminator"]], -1)
    game = dirac_gan(optax.sgd(0.1))
    velocity = vector_field(game, init_state(game, jax.random.key(0))).velocity
    push = jax.vmap(lambda place: -velocity(place[::-1])[::-1])  # the discriminator is the first player
    plot_field(left, lambda places: np.asarray(push(jnp.asarray(places, jnp.float32))), ((-2.2, 2.2),) * 2, walks)
    left.set(title="Dirac-GAN", xlabel="θ, of the generator", ylabel="ψ, of the discriminator", aspect="equal")
    plot_eigenvalues(middle, {name: looks[name][0].eigenvalues for name in (WITHOUT, WITH)})
    middle.set_xscale("symlog", linthresh=1)
    middle.set(title="ring: eigenvalues, one seed")
    for name in (WITHOUT, WITH):
        cosines = np.stack([each.cosines for each in looks[name]])
        (line,) = right.plot(looks[name][0].places, cosines.mean(0), label=name)
        low, high = cosines.min(0), cosines.max(0)
        right.fill_between(looks[name][0].places, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    right.axhline(0, color="0.8", linewidth=0.8)
    right.axvline(1, color="0.8", linewidth=0.8)
    right.set(title="ring: path angle, all seeds", xlabel="place from start (0) to end (1)", ylabel="cosine")
    right.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)


if __name__ == "__main__":
    main(tyro.cli(Study, description=__doc__))
