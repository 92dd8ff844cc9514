"""CycleGAN with one part changed at a time, on digits: the runs of the claims 26 and 27."""

from functools import partial

from claim import Found
from translation_models import cyclegan_game, digits_kept, gray_levels_off, translations

from gan_jax.objectives import non_saturating

STEPS = 1000
CHANGES = {
    "CycleGAN": {},
    "U-Nets": {"u_nets": True},
    "no cycle loss": {"cycle_weight": 0.0},
    "U-Nets, no cycle loss": {"u_nets": True, "cycle_weight": 0.0},
    "logarithms": {"objective": non_saturating},
    "no history": {"pool_size": 0},
}


def measure(name, seeds, quick):
    """The share of digits that are kept, and the L1 distance to the truth in gray levels."""
    steps = 4 if quick else STEPS
    made = translations(lambda values: cyclegan_game(1e-3, steps, **CHANGES[name]), seeds, steps, paired=False)
    return {"kept": digits_kept(made), "l1": gray_levels_off(made)}


def arms(*names: str) -> dict:
    return {name: partial(measure, name) for name in names}


def draw(figure, found: Found) -> None:
    axes = figure.subplots(1, 2, sharey=True)
    for ax, measure, title in zip(axes, ("kept", "l1"), ("digits kept", "L1 distance, gray levels"), strict=True):
        ax.boxplot([x[measure] for x in found.values()], orientation="horizontal", tick_labels=list(found))
        ax.set_xlabel(title)
    axes[0].invert_yaxis()
