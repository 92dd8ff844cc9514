"""(5) A classifier of digits that plays a game on all images, and one that sees the labelled images alone."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from digit_models import WIDTH, digits, train_each
from effects import mean

from gan_jax.data import hide_labels
from gan_jax.data.transforms import to_float
from gan_jax.game import networks
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ClassLogits
from gan_jax.objectives import non_saturating
from gan_jax.recipes import classifier, gan
from gan_jax.regularizers import classify_real

PER_CLASS = (2, 10, 40)
MORE = 0.01
NETWORK = ClassLogits(dcgan.Discriminator(WIDTH, outputs=10))
ADAM = optax.adam(2e-4, b1=0.5)


def alone(values):
    return classifier(NETWORK, ADAM, digits().image_shape)


def playing(values):
    generator = dcgan.Generator(8, 1, WIDTH)
    return gan(generator, NETWORK, non_saturating, ADAM, ADAM, latent=normal(32), regularizers=[classify_real(1.0)])


# The game, and whether it sees images whose labels are hidden.
ARMS = {"labelled images": (alone, False), "all images": (playing, True)}


def draw_examples(key, count, values):
    """Of all training images, or of those that `values["chosen"]` names."""
    chosen = values["chosen"][jax.random.randint(key, (count,), 0, len(values["chosen"]))]
    return {"image": to_float(jnp.asarray(digits().train.images)[chosen]), "label": values["labels"][chosen]}


def measure(name, seeds, quick):
    """The accuracy on held-out images, for each number of labels of a class, (N, 3)."""
    build, unlabelled = ARMS[name]
    test, found = digits().test, []

    def look(game, state):
        output = NETWORK.apply(networks(state)["discriminator"], to_float(jnp.asarray(test.images)), train=False)
        return jnp.mean(output["classes"].argmax(1) == jnp.asarray(test.labels))

    for count in PER_CLASS:
        labels = np.stack([hide_labels(digits(), count, seed).train.labels for seed in seeds])
        every = np.broadcast_to(np.arange(labels.shape[1]), labels.shape)
        chosen = every if unlabelled else np.stack([np.flatnonzero(row >= 0) for row in labels])
        values = {"chosen": jnp.asarray(chosen), "labels": jnp.asarray(labels)}
        found.append(train_each(build, seeds, 4 if quick else 3000, look, draw_examples, values))
    return {"accuracy": np.stack(found, 1)}


def judge(found: Found) -> Judgement:
    few, every = (found[name]["accuracy"] for name in ARMS)
    effects = [
        mean(f"accuracy gained, {count} labels a class", every[:, i] - few[:, i], above=MORE, tests=len(PER_CLASS))
        for i, count in enumerate(PER_CLASS)
    ]
    said = ", ".join(
        f"from {few[:, i].mean():.1%} to {every[:, i].mean():.1%} with {count}" for i, count in enumerate(PER_CLASS)
    )
    holds = [effect.holds for effect in effects]
    return Judgement(
        "supported" if all(holds[:2]) else "depends" if any(holds) else "not supported",
        f"Accuracy rises {said} labels of each class, if the classifier is the discriminator of a game on all images.",
        effects,
    )


def draw(figure, found: Found) -> None:
    ax = figure.subplots()
    for name, x in found.items():
        deviation = x["accuracy"].std(0, ddof=1)
        ax.errorbar(PER_CLASS, x["accuracy"].mean(0), yerr=deviation, fmt="o-", capsize=3, label=name)
    ax.set(xscale="log", xticks=PER_CLASS, xticklabels=PER_CLASS, xlabel="labels of each class", ylabel="accuracy")
    ax.minorticks_off()
    ax.legend()


CLAIM = Claim(
    number=5,
    says="Unlabelled images help a classifier when labels are few.",
    expects=f"With 2 and with 10 labels a class, a game on all images adds at least {MORE:.0%} of accuracy.",
    arms={name: partial(measure, name) for name in ARMS},
    judge=judge,
    draw=draw,
    seeds=16,
)
