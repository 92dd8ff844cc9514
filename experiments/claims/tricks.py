"""Seven tricks at two levels each, on DCGAN and digits, in one factorial design: the runs of the claims 20 to 24.

The design has 32 of the 128 combinations (Box, Hunter and Hunter 2005, "Statistics for Experimenters", table 6.22): the
sixth factor is the product of the first four, and the seventh that of the first, second, fourth and fifth. So no main
effect is mixed with an interaction of two factors. Further combinations stand outside the design.
"""

import itertools
from functools import partial

import flax.linen as nn
import numpy as np
import optax
from claim import Effect, Found, Judgement
from digit_models import WIDTH, frechet_ratio, sizes, train_digits
from effects import mean, verdict
from variants import Discriminator, Generator

from gan_jax.networks.latents import normal
from gan_jax.networks.layers import (
    ConcatDiscriminator,
    ConcatGenerator,
    batch_norm,
    instance_norm,
    leaky_relu,
    no_norm,
    weight_norm,
)
from gan_jax.objectives import non_saturating, smoothed
from gan_jax.recipes import gan

FACTORS = ("tanh", "labels", "smoothing", "batch norm", "dense gradients", "flips", "noise")
BETTER = 0.95  # a trick helps if it makes the Fréchet distance smaller by at least this factor


def design() -> list[tuple[str, ...]]:
    """The tricks that each combination has."""
    found = []
    for signs in itertools.product((-1, 1), repeat=5):
        a, b, c, d, e = signs
        found.append(
            tuple(f for f, sign in zip(FACTORS, (*signs, a * b * c * d, a * b * d * e), strict=True) if sign > 0)
        )
    return found


# DCGAN has these.
USUAL = ("tanh", "batch norm", "dense gradients")
NORMALIZATIONS = {"no norm": no_norm, "instance norm": instance_norm, "weight norm": weight_norm}


def measure(tricks, seeds, quick, normalization=None, objective=None):
    """The Fréchet distances of DCGAN with these tricks, and what is not named is the other level."""
    norm = normalization or (batch_norm if "batch norm" in tricks else no_norm)
    objective = objective or (smoothed(0.9) if "smoothing" in tricks else non_saturating)
    # tanh(x / 2) is the sigmoid of x in [-1, 1]. The discriminator sees it in [0, 1].
    unit, sparse = "tanh" not in tricks, "dense gradients" not in tricks
    generator = Generator(WIDTH, normalization=norm, output=(lambda x: nn.tanh(x / 2)) if unit else nn.tanh)
    discriminator = Discriminator(
        WIDTH,
        strides=not sparse,
        activation=nn.relu if sparse else leaky_relu,
        normalization=norm,
        noise=0.1 if "noise" in tricks else 0.0,
        unit_range=unit,
    )
    players, classes = (generator, discriminator), None
    if "labels" in tricks:
        players, classes = (ConcatGenerator(generator, 10), ConcatDiscriminator(discriminator, 10)), 10
    adam, flips = optax.adam(2e-4, b1=0.5), 0.05 if "flips" in tricks else None

    def build(values):
        return gan(*players, objective, adam, adam, latent=normal(32), classes=classes, flip_labels=flips, ema=0.995)

    made = train_digits(build, seeds, *sizes(2000, quick))
    return {"frechet": frechet_ratio(made)}


def name(tricks) -> str:
    return ", ".join(tricks) or "none"


DESIGN = {name(tricks): tricks for tricks in design()}
ARMS = {arm: partial(measure, tricks) for arm, tricks in DESIGN.items()}
OTHERS = {"DCGAN": partial(measure, USUAL)}
OTHERS |= {arm: partial(measure, USUAL, normalization=norm) for arm, norm in NORMALIZATIONS.items()}
OTHERS |= {"two-sided": partial(measure, USUAL, objective=smoothed(0.9, 0.1))}


def contrast(found: Found, *factors: str) -> np.ndarray:
    """What a factor does to the logarithm of the Fréchet distance, of each seed: the mean with it less that without.

    Of two factors, half of the difference that one makes to the other's effect: their interaction.
    """
    logs = np.stack([np.log(found[arm]["frechet"]) for arm in DESIGN])
    signs = np.array([[1 if f in tricks else -1 for f in factors] for tricks in DESIGN.values()]).prod(1)
    return 2 * (signs[:, None] * logs).mean(0)


def conditional(found: Found, factor: str, other: str, present: bool) -> np.ndarray:
    """The effect of a factor where another is there, or not."""
    return contrast(found, factor) + (1 if present else -1) * contrast(found, factor, other)


def effect(found: Found, factor: str, tests: int) -> Effect:
    """By what a factor multiplies the Fréchet distance."""
    return mean(f"distance with {factor}, in that without", np.exp(contrast(found, factor)), below=BETTER, tests=tests)


def judge_one(found: Found, factor: str, in_words: str) -> Judgement:
    """Decides on a single factor. in_words: what it is, in front of "the Fréchet distance by"."""
    main = effect(found, factor, tests=1)
    why = f"{in_words} the Fréchet distance by {main.value:.2f}; {interactions(found, factor)}."
    return Judgement(verdict([main]), why, [main])


def interactions(found: Found, factor: str) -> str:
    """In words, where the effect of a factor is largest and smallest."""
    cases = {
        f"with{'' if present else 'out'} {other}": float(np.exp(conditional(found, factor, other, present)).mean())
        for other in FACTORS
        if other != factor
        for present in (True, False)
    }
    best, worst = min(cases, key=cases.__getitem__), max(cases, key=cases.__getitem__)
    return f"it is {cases[best]:.2f} {best} and {cases[worst]:.2f} {worst}"


def draw(figure, found: Found, *shown: str) -> None:
    """The effects of all factors, and those of the shown ones by the level of each other."""
    left, right = figure.subplots(1, 2)
    for i, factor in enumerate(FACTORS):
        values = np.exp(contrast(found, factor))
        color = "C1" if factor in shown else "C0"
        left.errorbar(values.mean(), i, xerr=2 * values.std(ddof=1) / np.sqrt(len(values)), fmt="o", color=color)
    left.axvline(1, color="0.6", linewidth=0.8)
    left.set(yticks=range(len(FACTORS)), yticklabels=FACTORS, xlabel="factor on the Fréchet distance")
    others = [factor for factor in FACTORS if factor != shown[0]]
    for present, marker in ((True, "o"), (False, "x")):
        values = [np.exp(conditional(found, shown[0], other, present)).mean() for other in others]
        right.plot(values, range(len(others)), marker, label="with it" if present else "without it")
    right.axvline(1, color="0.6", linewidth=0.8)
    right.set(yticks=range(len(others)), yticklabels=others, xlabel=f"factor of {shown[0]}, by another trick")
    right.legend(fontsize="small")
