"""(15) Gradients of a generator that waits, while the discriminator gets better and better."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import mean
from populations import ring_points, train
from rings import ring_gan

from gan_jax.game import batch_at, gradient, update
from gan_jax.objectives import least_squares, minimax, non_saturating, wasserstein
from gan_jax.regularizers import wgan_gp

OBJECTIVES = {
    "minimax": (minimax, ()),
    "non-saturating": (non_saturating, ()),
    "least squares": (least_squares(), ()),
    "Wasserstein, GP": (wasserstein, (wgan_gp(),)),
}
GONE = 0.1
RECORDS, STEPS = 40, 3200


def alone(game, state, batches, key):
    """Only the discriminator moves."""
    return update(game.players[0], state, batch_at(batches, 0), key)


def measure(name, seeds, quick):
    """The norm of G's gradient and the accuracy of D, in units of and after the first steps."""
    objective, regularizers = OBJECTIVES[name]

    def build(values):
        adam = optax.adam(1e-3, b1=0.5)
        return ring_gan(objective, adam, regularizers=regularizers, dynamics=alone)

    def look(game, state, metrics):
        batch, key = {"image": ring_points(jax.random.key(7), 512)}, jax.random.key(8)
        grads, _ = gradient(game.players[1], state, batch, key)
        _, seen = gradient(game.players[0], state, batch, key)
        norm = jnp.sqrt(sum(jnp.sum(x**2) for x in jax.tree.leaves(grads)))
        return {"norm": norm, "real": seen.metrics["D(x)"], "fake": seen.metrics["D(G(z))"]}

    return train(build, seeds, RECORDS if quick else STEPS, look, records=RECORDS)


def judge(found: Found) -> Judgement:
    left = {name: x["norm"][:, -1] / x["norm"].max(1) for name, x in found.items()}
    effects = [mean("gradient left of the largest, minimax", left["minimax"], below=GONE, tests=4)] + [
        mean(f"the same, {name}", left[name], above=GONE, tests=4) for name in list(left)[1:]
    ]
    sure = found["minimax"]["fake"][:, -1].mean()
    return Judgement(
        "depends" if effects[0].holds else "not supported",
        f"When D(G(z)) is {sure:.1e}, the minimax loss leaves G {effects[0].value:.1%} of its largest gradient. The "
        f"non-saturating loss leaves {effects[1].value:.0%}, least squares {effects[2].value:.0%} and the Wasserstein "
        f"loss {effects[3].value:.0%}. It depends on the loss.",
        effects,
    )


def draw(figure, found: Found) -> None:
    ax = figure.subplots()
    for name, x in found.items():
        steps = STEPS / RECORDS * np.arange(1, RECORDS + 1)
        middle = np.median(x["norm"] / x["norm"][:, :1], axis=0)
        ax.semilogy(steps, middle, label=name)
    ax.set(xlabel="steps of D alone", ylabel="norm of G's gradient, first = 1")
    ax.legend(fontsize="small")


CLAIM = Claim(
    number=15,
    says="An accurate discriminator leaves the generator without a gradient.",
    expects=f"While D alone learns, less than {GONE:.0%} of the largest norm of G's gradient is left, with each loss.",
    arms={name: partial(measure, name) for name in OBJECTIVES},
    judge=judge,
    draw=draw,
    seeds=32,
)
