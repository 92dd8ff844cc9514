"""(9) Five tasks of translation by pix2pix and by the same generator with the L1 loss alone, on digits."""

from functools import partial

import numpy as np
from claim import Claim, Found, Judgement
from digit_models import frechet_ratio
from effects import mean, verdict
from translation_models import COLOURED, examples, gray_levels_off, l1_game, pix2pix_game, translations

TASKS = {
    "super-resolution": "superresolution:digits",
    "inpainting": "inpainting:digits",
    "denoising": "denoising:digits",
    "edges": "edges:digits",
    "coloured ground": COLOURED,
}
MODELS = {"L1": l1_game, "pix2pix": pix2pix_game}
STEPS, BETTER = 1500, 0.9


def measure(name, seeds, quick):
    """The Fréchet distances of translations from held-out digits, (N, 5), and their L1 distances in gray levels."""
    steps, frechet, errors, shown = 4 if quick else STEPS, [], [], []
    for dataset in TASKS.values():
        made = translations(lambda values, d=dataset: MODELS[name](d, 1e-3, steps), seeds, steps, name=dataset)
        frechet.append(frechet_ratio(made))
        errors.append(gray_levels_off(made, dataset))
        shown.append(made[0, :4])
    return {"frechet": np.stack(frechet, 1), "l1": np.stack(errors, 1), "shown": np.stack(shown)}


def judge(found: Found) -> Judgement:
    alone, adversary = (found[name]["frechet"] for name in MODELS)
    effects = [
        mean(
            f"distance by pix2pix, in that by L1, {task}", adversary[:, i] / alone[:, i], below=BETTER, tests=len(TASKS)
        )
        for i, task in enumerate(TASKS)
    ]
    holds = [effect.holds for effect in effects]
    far = "; ".join(f"{task} {adversary[:, i].mean():.1f} and {alone[:, i].mean():.1f}" for i, task in enumerate(TASKS))
    errors = [found[name]["l1"].mean() for name in ("pix2pix", "L1")]
    return Judgement(
        verdict(effects),
        f"With one loss for all of {len(TASKS)} tasks, pix2pix is nearer to real digits in {sum(holds)}. Fréchet "
        f"distances, in times real, by pix2pix and by L1: {far}. The L1 distances are {errors[0]:.0f} and "
        f"{errors[1]:.0f} gray levels.",
        effects,
    )


def draw(figure, found: Found) -> None:
    axes = figure.subplots(1, len(TASKS))
    for i, (ax, (task, dataset)) in enumerate(zip(axes, TASKS.items(), strict=True)):
        pair = {side: examples(dataset, "test")[side][:4].mean(-1, keepdims=True) for side in ("image", "target")}
        rows = [pair["image"], *(found[name]["shown"][i] for name in MODELS), pair["target"]]
        ax.imshow(np.concatenate([np.concatenate(list(row), 1) for row in rows])[..., 0], cmap="gray", vmin=0, vmax=255)
        ax.set(title=task, xticks=[], yticks=[3.5, 11.5, 19.5, 27.5], yticklabels=[])
        ax.title.set_size(8)
    axes[0].set_yticklabels(["given", *MODELS, "true"], fontsize=8)


CLAIM = Claim(
    number=9,
    says="New tasks need no designed loss: the adversary learns it.",
    expects=f"In five tasks, pix2pix's Fréchet distance is at most {BETTER:g} times that of L1 alone.",
    arms={name: partial(measure, name) for name in MODELS},
    judge=judge,
    draw=draw,
    seeds=16,
)
