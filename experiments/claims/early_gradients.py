"""(3) The loss in training beside binary cross-entropy, and G's gradients by both of its losses in the first steps."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import mean
from plots import band
from populations import ring_points, train
from rings import ring_gan

from gan_jax.game import gradient
from gan_jax.objectives import minimax, non_saturating

ARMS = {"non-saturating": non_saturating, "minimax": minimax}
STRONGER, EQUAL = 1.5, 1e-5


def measure(arm, seeds, quick):
    """What both losses would give G in the first 300 steps of a training by one of them."""

    def build(values):
        return ring_gan(ARMS[arm], optax.adam(1e-3, b1=0.5))

    both = {name: ring_gan(objective, optax.identity()) for name, objective in ARMS.items()}

    def look(game, state, metrics):
        batch, key = {"image": ring_points(jax.random.key(7), 256)}, jax.random.key(8)
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

    return train(build, seeds, 60 if quick else 300, look, records=60)


def judge(found: Found) -> Judgement:
    ratios = {arm: np.median(x["non-saturating"] / x["minimax"], axis=1) for arm, x in found.items()}
    gap = max(x["gap"].max() for x in found.values())
    effects = [
        mean(f"ratio of G's gradients, trained by the {arm} loss", ratios[arm], above=STRONGER, tests=3) for arm in ARMS
    ]
    effects.append(mean("gap to binary cross-entropy", found["minimax"]["gap"].max(1), below=EQUAL, tests=3))
    answers = [x["fake"].mean() for x in found.values()]
    return Judgement(
        "supported" if all(effect.holds for effect in effects) else "depends",
        f"The losses are binary cross-entropies to {gap:.0e}. In the first 300 steps the label 1 gives G gradients "
        f"{effects[0].value:.1f} times those of the minimax loss, and {effects[1].value:.1f} times if G is trained by "
        f"the latter (medians over steps; the mean of D(G(z)) is {answers[0]:.2f} and {answers[1]:.2f}).",
        effects,
    )


def draw(figure, found: Found) -> None:
    for ax, (arm, x) in zip(figure.subplots(1, 2, sharey=True), found.items(), strict=True):
        steps = 5 * np.arange(1, x["minimax"].shape[1] + 1)
        for name in ARMS:
            band(ax, steps, x[name], name)
        ax.set(title=f"trained by the {arm} loss", xlabel="step", yscale="log")
    figure.axes[0].set_ylabel("norm of G's gradient")
    ax.legend()


CLAIM = Claim(
    number=3,
    says="The loss in practice is binary cross-entropy, and G with the label 1 has stronger gradients early.",
    expects=f"The losses are equal to {EQUAL:g}, and G's gradient is {STRONGER:g} times as large in 300 steps.",
    arms={arm: partial(measure, arm) for arm in ARMS},
    judge=judge,
    draw=draw,
)
