"""Games of a few numbers, whose behaviour is known exactly."""

from collections.abc import Callable, Mapping
from functools import partial

import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least
from gan_jax.game import Dynamics, Game, Outcome, Player, State, Tree, train_step
from gan_jax.objectives import Objective, minimax

Loss = Callable[[dict[str, Tree]], jax.Array]


def game_of(
    losses: Mapping[str, Loss],
    start: Mapping[str, Tree],
    optimizer: optax.GradientTransformation,
    dynamics: Dynamics | None = None,
) -> Game:
    """The game in which each player descends its own loss, a function of the parameters of all players.

    losses: by the names of the players, in the order of their updates.
    start: the first parameters of each player.

    There are no data, so that batches are (). Raises ValueError if the names differ.

    >>> losses = {"y": lambda p: -p["x"] * p["y"], "x": lambda p: p["x"] * p["y"]}
    >>> xy = analysis.game_of(losses, {"x": 1.0, "y": 1.0}, optax.sgd(0.1))
    >>> [player.name for player in xy.players]
    ['y', 'x']
    """
    if losses.keys() != start.keys():
        raise ValueError(f"the losses are those of {', '.join(losses)}, and the start is that of {', '.join(start)}")
    first = {name: jax.tree.map(partial(jnp.asarray, dtype=jnp.float32), params) for name, params in start.items()}

    def objective(loss: Loss) -> Callable[..., tuple[jax.Array, Outcome]]:
        return lambda params, state, batch, key: (loss(params), Outcome({}, {}))

    return Game(
        players=tuple(Player(name, objective(loss), optimizer) for name, loss in losses.items()),
        init=lambda key: ({name: {"params": params} for name, params in first.items()}, {}),
        dynamics=dynamics,
    )


def bilinear(
    optimizer: optax.GradientTransformation,
    dynamics: Dynamics | None = None,
    start: tuple[float, float] = (1.0, 1.0),
) -> Game:
    """min over x, max over y of x y, from `start` (x, y). The players are "y" and "x". Its equilibrium is (0, 0).

    The eigenvalues of its field are i and -i: it only rotates. At the learning rate h, simultaneous descent multiplies
    the distance to the equilibrium by sqrt(1 + h^2) in each step.

    >>> xy = analysis.bilinear(optax.sgd(0.1), game.simultaneous, start=(3.0, 4.0))
    >>> _, path = analysis.play(xy, game.init_state(xy, jax.random.key(0)), 2)
    >>> np.float64(path["x"] ** 2 + path["y"] ** 2).round(4).tolist()  # each step multiplies it by 1.01
    [25.0, 25.25, 25.5025]
    """
    losses: dict[str, Loss] = {"y": lambda p: -p["x"] * p["y"], "x": lambda p: p["x"] * p["y"]}
    return game_of(losses, {"y": start[1], "x": start[0]}, optimizer, dynamics)


def dirac_gan(
    optimizer: optax.GradientTransformation,
    dynamics: Dynamics | None = None,
    *,
    objective: Objective = minimax,
    gamma: float = 0.0,
    start: tuple[float, float] = (1.0, 1.0),
) -> Game:
    """The Dirac-GAN (Mescheder et al. 2018, arXiv 1801.04406, definition 2.1) from `start` (theta, psi).

    The data are one point, 0. The generator makes the point theta, and the discriminator has the logits psi x. R1 adds
    `gamma`/2 psi^2 to the discriminator's loss. The equilibrium is (0, 0), where the eigenvalues of the field of the
    minimax game are (gamma +- sqrt(gamma^2 - 1)) / 2: without the penalty it only rotates, and with a gamma of 1 there
    is no rotation left (sections 2 and 3 of the paper, whose field has the opposite sign).

    The players are "discriminator" and "generator". Raises ValueError for a negative gamma.

    >>> dirac = analysis.dirac_gan(optax.sgd(0.1), gamma=0.6, start=(0.0, 0.0))
    >>> field = analysis.vector_field(dirac, game.init_state(dirac, jax.random.key(0)))
    >>> found = np.linalg.eigvals(np.float64(analysis.jacobian(field)))
    >>> found.real.round(4).tolist(), sorted(found.imag.round(4).tolist())  # 0.3 +- 0.4 i
    ([0.3, 0.3], [-0.4, 0.4])
    """
    at_least(0, "gamma", gamma)

    def logits(p: dict[str, Tree]) -> tuple[jax.Array, jax.Array]:
        return jnp.zeros(1) * p["discriminator"], (p["discriminator"] * p["generator"])[None]

    losses: dict[str, Loss] = {
        "discriminator": lambda p: -objective.value(*logits(p)) + gamma / 2 * p["discriminator"] ** 2,
        "generator": lambda p: objective.loss(*logits(p)),
    }
    return game_of(losses, {"discriminator": start[1], "generator": start[0]}, optimizer, dynamics)


def play(game: Game, state: State, steps: int) -> tuple[State, dict[str, Tree]]:
    """Plays a game without data. Returns the last state, and the parameters by name before and after each step.

    The first axis of the parameters has `steps` + 1 places.

    >>> xy = analysis.bilinear(optax.sgd(0.1))
    >>> last, path = analysis.play(xy, game.init_state(xy, jax.random.key(0)), 100)
    >>> int(last.step), path["x"].shape
    (100, (101,))
    """

    def step(state: State, _: object) -> tuple[State, dict[str, Tree]]:
        after = train_step(game, state, ())[0]
        return after, after.params

    last, path = jax.lax.scan(step, state, length=steps)
    return last, jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), state.params, path)
