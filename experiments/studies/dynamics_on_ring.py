"""GANs on a ring of 8 Gaussians: what the field of their gradients is like where training starts and ends."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from dynamics_by_formula import CONVERGE, LOOK, Row, shape

from gan_jax.analysis import jacobian, parts, path_angles, vector_field
from gan_jax.data import load
from gan_jax.data.sources.mixtures import RING
from gan_jax.evaluation.metrics import mixture_coverage
from gan_jax.game import Game, State, init_population, init_state, networks, stack_keys, train_step
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import r1
from gan_jax.reporting import spread

POINTS = load("ring", resolution=1)
HIDDEN, LATENTS, BATCH, EXAMPLES, RATE = (16, 16), 4, 256, 512, 1e-3
LEADING = 20  # eigenvalues, the largest ones
WITHOUT, WITH, LEFT_OUT = "trained without R1", "trained with R1", "trained with R1, penalty left out"


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


def ring_game(gamma: float, steps: int) -> Game:
    """Small MLPs, so that the whole Jacobian fits. The rate falls to 0, so that noise does not move the end."""
    adam = optax.adam(optax.cosine_decay_schedule(RATE, steps), b1=0.5)
    players = mlp.Generator(2, HIDDEN), mlp.Discriminator(HIDDEN)
    return gan(*players, non_saturating, adam, adam, latent=normal(LATENTS), regularizers=(r1(gamma),) if gamma else ())


def trained(game: Game, seeds: int, steps: int) -> tuple[State, State]:
    """The first and the last state of all seeds."""
    points = jnp.asarray(POINTS.train.images)

    def step(_: int, state: State) -> State:
        rows = jax.random.randint(jax.random.fold_in(state.key, ~state.step), (BATCH,), 0, len(points))
        return train_step(game, state, {"image": points[rows]})[0]

    first = init_population(lambda values: game, {}, stack_keys(range(seeds)))
    return first, jax.jit(jax.vmap(lambda state: jax.lax.fori_loop(0, steps, step, state)))(first)


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
