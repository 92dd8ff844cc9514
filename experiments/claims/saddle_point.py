"""(18) On random zero-sum games of 8 + 8 numbers, by the eigenvalues of a training step at the equilibrium."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import share

from gan_jax.analysis import game_of, play, step_matrix
from gan_jax.game import consensus, extragradient, init_state, simultaneous, stack_keys

SIZE, RATE = 8, 0.05
METHODS = {
    "simultaneous": (optax.sgd(RATE), simultaneous),
    "in turns": (optax.sgd(RATE), None),
    "momentum 0.9": (optax.sgd(RATE, momentum=0.9), None),
    "momentum -0.5": (optax.sgd(RATE, momentum=-0.5), None),
    "extragradient": (optax.sgd(RATE), extragradient),
    "optimistic": (optax.optimistic_gradient_descent(RATE), simultaneous),
    "consensus": (optax.sgd(RATE), consensus(1.0)),
}


def measure(method, seeds, quick):
    """The largest multiplier of a step, for games x^T A y, with curvature of 1% beside, and for a shared loss."""
    optimizer, dynamics = METHODS[method]

    def matrix(key, kind):
        a = jax.random.normal(key, (SIZE, SIZE)) / np.sqrt(SIZE)
        curve = 0.01 if kind == "curved" else 0.0

        def x_loss(p):
            x, y = p["x"], p["y"]
            if kind == "shared":  # a convex function of both
                return 0.5 * jnp.sum((a @ y + x) ** 2) + 0.05 * jnp.sum(x**2 + y**2)
            return x @ a @ y + curve / 2 * (jnp.sum(x**2) - jnp.sum(y**2))

        losses = {"y": x_loss if kind == "shared" else lambda p: -x_loss(p), "x": x_loss}
        game = game_of(losses, {"y": np.zeros(SIZE), "x": np.zeros(SIZE)}, optimizer, dynamics)
        state, _ = play(game, init_state(game, jax.random.key(0)), 1)  # an optimist's first step has no past
        return step_matrix(game, state)

    def largest(kind):
        matrices = jax.vmap(lambda key: matrix(key, kind))(stack_keys(seeds))
        return np.abs(np.linalg.eigvals(np.asarray(matrices, np.float64))).max(1)

    return {kind: largest(kind) for kind in ("bilinear", "curved", "shared")}


def judge(found: Found) -> Judgement:
    leaves = {name: measures["curved"] > 1 + 1e-6 for name, measures in found.items()}
    effects = [
        share(
            "games with a little curvature that simultaneous descent leaves", leaves["simultaneous"], above=0.9, tests=7
        ),
        share("the same, in turns", leaves["in turns"], below=0.1, tests=7),
        share("the same, in turns with momentum 0.9", leaves["momentum 0.9"], above=0.9, tests=7),
        share("minimizations of one loss that it leaves", found["simultaneous"]["shared"] > 1, below=0.1, tests=7),
        *(
            share(f"games without curvature that {name} leaves", found[name]["bilinear"] > 1 + 1e-6, below=0.1, tests=7)
            for name in ("extragradient", "optimistic", "consensus")
        ),
    ]
    supported = all(effect.holds for effect in effects)
    return Judgement(
        "supported" if supported else "depends",
        f"Simultaneous descent leaves the saddle in {effects[0].value:.0%} of the games, and the minimum of one loss "
        f"in {effects[3].value:.0%}. In turns {effects[1].value:.0%} are left, and with momentum of 0.9 "
        f"{effects[2].value:.0%}. Extragradient, optimism and consensus optimization leave none, even of those without "
        "curvature.",
        effects,
    )


def draw(figure, found: Found) -> None:
    axes = figure.subplots(1, 3, sharey=True)
    for ax, kind in zip(axes, ("bilinear", "curved", "shared"), strict=True):
        ax.boxplot([measures[kind] - 1 for measures in found.values()], orientation="horizontal", widths=0.6)
        ax.axvline(0, color="0.6", linewidth=0.8)
        ax.set(title={"bilinear": "no curvature", "curved": "some curvature", "shared": "one loss"}[kind])
        ax.set_xscale("symlog", linthresh=1e-4)
        ax.tick_params(axis="x", labelsize=6)
    axes[0].set_yticks(range(1, len(found) + 1), list(found))
    axes[1].set_xlabel("largest multiplier of a step, minus 1 (to the right: leaves)")


CLAIM = Claim(
    number=18,
    says="The equilibrium is a saddle point, and gradient descent finds minima.",
    expects="Near the equilibrium of a zero-sum game simultaneous descent moves away, and not near a minimum.",
    arms={name: partial(measure, name) for name in METHODS},
    judge=judge,
    draw=draw,
)
