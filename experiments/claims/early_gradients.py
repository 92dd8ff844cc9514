"""(3) The loss in training beside binary cross-entropy, and G's gradients by both of its losses in the first steps."""

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

from gan_jax.game import gradient
from gan_jax.objectives import minimax, non_saturating

OBJECTIVES = {"non-saturating": non_saturating, "minimax": minimax}
ARMS = {f"{data}, {name}": (data, name) for data in DATA for name in OBJECTIVES}
STRONGER, EQUAL = 1.5, 1e-5


def measure(arm, seeds, quick):
    """What both losses would give G in the first 300 steps of a training by one of them."""
    data, trained_by = ARMS[arm]
    game_of, draw = DATA[data]

    def build(values):
        return game_of(OBJECTIVES[trained_by], optax.adam(1e-3, b1=0.5))

    both = {name: game_of(objective, optax.identity()) for name, objective in OBJECTIVES.items()}

    def look(game, state, metrics):
        batch, key = {"image": draw(jax.random.key(7), 256)}, jax.random.key(8)
        norms = {}
        for name, other in both.items():
            found, _ = gradient(other.players[1], state, batch, key)
            norms[name] = jnp.sqrt(sum(jnp.sum(x**2) for x in jax.tree.leaves(found)))
        real, fake = jax.random.normal(key, (2, 256))  # logits, and their labels 1 and 0
        logits, labels = jnp.stack([real, fake]), jnp.array([[1.0], [0.0]])
        entropy = jnp.sum(jnp.mean(optax.sigmoid_binary_cross_entropy(logits, labels), 1))
        ones = jnp.mean(optax.sigmoid_binary_cross_entropy(fake, jnp.ones(256)))
        gaps = jnp.abs(entropy + minimax.value(real, fake)), jnp.abs(ones - non_saturating.loss(real, fake))
        return {**norms, "gap": jnp.maximum(*gaps), "fake": metrics["D(G(z))"]}

    return train(build, seeds, 60 if quick else 300, look, records=60, draw=draw)


def judge(found: Found) -> Judgement:
    ratios = {arm: np.median(x["non-saturating"] / x["minimax"], axis=1) for arm, x in found.items()}
    gap = np.max([x["gap"].max(1) for x in found.values()], axis=0)
    tests = len(found) + 1
    effects = [mean(f"ratio of G's gradients, {arm}", x, above=STRONGER, tests=tests) for arm, x in ratios.items()]
    effects.append(mean("gap to binary cross-entropy", gap, below=EQUAL, tests=tests))
    said = []
    for data in DATA:
        arms = [f"{data}, {name}" for name in OBJECTIVES]
        own, other = (ratios[arm].mean() for arm in arms)
        said.append(
            f"On {data} the label 1 gives G {own:.1f} times the gradients of the minimax loss, and {other:.1f} times "
            f"if the latter trains G (D(G(z)) is {found[arms[0]]['fake'].mean():.2f})."
        )
    return Judgement(
        verdict(effects),
        f"The losses are binary cross-entropies within {gap.max():g}. In the first 300 steps: {' '.join(said)}",
        effects,
    )


def draw(figure, found: Found) -> None:
    for ax, (arm, x) in zip(figure.subplots(1, len(found), sharey=True), found.items(), strict=True):
        steps = 5 * np.arange(1, x["minimax"].shape[1] + 1)
        for name in OBJECTIVES:
            band(ax, steps, x[name], name)
        ax.set(title=arm, xlabel="step", yscale="log")
        ax.title.set_size(8)
    figure.axes[0].set_ylabel("norm of G's gradient")
    ax.legend(fontsize="small")


CLAIM = Claim(
    number=3,
    says="The loss in practice is binary cross-entropy, and G with the label 1 has stronger gradients early.",
    expects=f"The losses are equal to {EQUAL:g}, and G's gradient is {STRONGER:g} times as large in 300 steps.",
    arms={arm: partial(measure, arm) for arm in ARMS},
    judge=judge,
    draw=draw,
)
