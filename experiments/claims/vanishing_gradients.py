"""(15) Gradients of a generator that waits, while the discriminator gets better and better."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from digit_points import DATA
from effects import mean, verdict
from plots import band
from populations import train

from gan_jax.game import batch_at, gradient, update
from gan_jax.objectives import least_squares, minimax, non_saturating, wasserstein
from gan_jax.regularizers import wgan_gp

OBJECTIVES = {
    "minimax": (minimax, ()),
    "non-saturating": (non_saturating, ()),
    "least squares": (least_squares(), ()),
    "Wasserstein, GP": (wasserstein, (wgan_gp(),)),
}
ARMS = {f"{data}, {name}": (data, name) for data in DATA for name in OBJECTIVES}
GONE = 0.1
RECORDS, STEPS = 40, 3200


def alone(game, state, batches, key):
    """Only the discriminator moves."""
    return update(game.players[0], state, batch_at(batches, 0), key)


def measure(arm, seeds, quick):
    """The norm of G's gradient and the answers of D, as it learns."""
    data, name = ARMS[arm]
    (objective, regularizers), (game_of, draw) = OBJECTIVES[name], DATA[data]

    def build(values):
        adam = optax.adam(1e-3, b1=0.5)
        return game_of(objective, adam, regularizers=regularizers, dynamics=alone)

    def look(game, state, metrics):
        batch, key = {"image": draw(jax.random.key(7), 512)}, jax.random.key(8)
        grads, _ = gradient(game.players[1], state, batch, key)
        _, seen = gradient(game.players[0], state, batch, key)
        norm = jnp.sqrt(sum(jnp.sum(x**2) for x in jax.tree.leaves(grads)))
        return {"norm": norm, "real": seen.metrics["D(x)"], "fake": seen.metrics["D(G(z))"]}

    return train(build, seeds, RECORDS if quick else STEPS, look, records=RECORDS, draw=draw)


def judge(found: Found) -> Judgement:
    left = {arm: x["norm"][:, -1] / x["norm"].max(1) for arm, x in found.items()}
    effects = [mean(f"gradient left of the largest, {arm}", x, below=GONE, tests=len(left)) for arm, x in left.items()]
    said = []
    for data in DATA:
        shares = ", ".join(f"{left[f'{data}, {name}'].mean():.1%} by {name}" for name in OBJECTIVES)
        sure = found[f"{data}, minimax"]["fake"][:, -1].mean()
        said.append(
            f"On {data} D(G(z)) ends at {sure:.0e} with the minimax loss, and of the gradient is left {shares}."
        )
    return Judgement(verdict(effects), " ".join(said), effects)


def draw(figure, found: Found) -> None:
    steps = STEPS / RECORDS * np.arange(1, RECORDS + 1)
    axes = dict(zip(DATA, figure.subplots(1, len(DATA), sharey=True), strict=True))
    for arm, x in found.items():
        data, name = ARMS[arm]
        band(axes[data], steps, x["norm"] / x["norm"][:, :1], name)
    for data, ax in axes.items():
        ax.set(title=data, xlabel="steps of D alone", yscale="log")
    axes["ring"].set_ylabel("norm of G's gradient, first = 1")
    ax.legend(fontsize="small")


CLAIM = Claim(
    number=15,
    says="An accurate discriminator leaves the generator without a gradient.",
    expects=f"While D alone learns, less than {GONE:.0%} of the largest norm of G's gradient is left, with each loss.",
    arms={arm: partial(measure, arm) for arm in ARMS},
    judge=judge,
    draw=draw,
    seeds=32,
)
