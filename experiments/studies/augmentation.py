"""What a conditional GAN's samples are worth to a classifier with few labels: accuracy over seeds.

    python experiments/studies/augmentation.py                       # digits, minutes
    python experiments/studies/augmentation.py --photographs PATH    # CIFAR-10 as a folder, an hour

For each number of labels, a conditional GAN learns from the labelled images alone, and a classifier from these images,
from samples of the GAN, or from both in each batch. Beside it stand the usual augmentations, and the game that also
sees the images without labels. All classifiers are the same network, and train for the same number of steps with the
same optimizer. Each seed keeps other labels. Finished trainings are kept, and interrupted ones begin again.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import jax
import matplotlib.pyplot as plt
import numpy as np
import optax
import tyro

from gan_jax.augmentation import brightness, contrast, cutout, diff_augment, no_augmentation, saturation, translation
from gan_jax.commands.shared import start_jax
from gan_jax.common.files import write_text
from gan_jax.data import Dataset, Split, batch_indices, hide_labels, labelled, load, take
from gan_jax.data.transforms import mixup, random_crop, random_flip, to_float
from gan_jax.evaluation.metrics import class_accuracy
from gan_jax.game import Game, init_state, networks, train_step
from gan_jax.inference import decode, draw_latents
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ClassLogits, ConcatDiscriminator, ConcatGenerator
from gan_jax.objectives import non_saturating
from gan_jax.recipes import See, classifier, gan
from gan_jax.regularizers import classify_real
from gan_jax.reporting import grid, markdown, save_image, spread, write_part

PAGE = Path(__file__).parents[1] / "applications" / "README.md"
FIGURE = Path(__file__).parents[1] / "figures" / "augmentation.png"

SHARES = (0.25, 0.5, 0.75, 1.0)
ALPHA = 0.2  # of mixup
TESTED = 5000  # held-out images at most


@dataclass(frozen=True)
class Study:
    """Trains the GANs and the classifiers, and writes a table and a figure."""

    photographs: Path | None = None
    """Folder of photographs with a folder for each class, or with train/ and test/. By default: digits."""

    seeds: int = 3
    """Number of seeds."""

    out: Path = Path("runs/study_augmentation")
    """Folder of the results."""


@dataclass(frozen=True)
class Task:
    """A dataset, and what is trained on it.

    labels: the numbers of labels of each class. see: the usual augmentation. steps: of each classifier. gan_steps: of
    each GAN. diffaugment: whether it augments.
    """

    name: str
    spec: str
    resolution: int
    labels: tuple[int, ...]
    usual: str
    see: See
    width: int
    steps: int
    gan_steps: int
    diffaugment: bool
    samples: int = 500  # of each class
    batch: int = 64
    rate: float = 1e-3


def shifted(images, targets, keys):
    return random_crop(images, keys, 1), targets


def flipped_and_shifted(images, targets, keys):
    return random_crop(random_flip(images, keys), jax.vmap(partial(jax.random.fold_in, data=1))(keys), 4), targets


def main(study: Study) -> None:
    start_jax()  # keeps compiled programs, of which there are as many as arms
    task = Task("digits", "digits", 8, (10, 50, 100), "crops", shifted, 24, 2000, 3000, diffaugment=False)
    if study.photographs is not None:
        spec = f"folder:{study.photographs}"
        usual = "flips and crops", flipped_and_shifted
        task = Task("photographs", spec, 32, (10, 50, 200), *usual, 16, 1000, 2000, diffaugment=True)
    data = load(task.spec, resolution=task.resolution)
    rows = np.linspace(0, len(data.test) - 1, min(TESTED, len(data.test))).astype(int)
    held_out = take(data.test, rows, rows)
    test = Split(held_out["image"], held_out["label"])
    found: dict[str, dict[int, list[float]]] = {}
    for count in task.labels:
        for seed in range(study.seeds):
            for arm, accuracy in accuracies(study, task, data, test, count, seed).items():
                found.setdefault(arm, {}).setdefault(count, []).append(accuracy)
    write_part(PAGE, f"augmentation {task.name}", table(task, found))
    write_text(study.out / f"{task.name}.json", json.dumps(found))
    draw(study)
    print(f"written to {PAGE}")


def accuracies(study: Study, task: Task, data: Dataset, test: Split, count: int, seed: int) -> dict[str, float]:
    """The accuracy of each arm with this number of labels and this seed."""
    partly = hide_labels(data, count, seed).train
    few = labelled(partly)
    folder = study.out / f"{task.name}_{count}_{seed}"
    network = ClassLogits(dcgan.Discriminator(task.width, outputs=len(data.classes)))
    optimizer = optax.adam(task.rate)

    def made() -> Split:
        return generated(folder, task, data, few, seed)

    def alone(see: See | None = None) -> Game:
        return classifier(network, optimizer, data.image_shape, *([] if see is None else [see]))

    def accuracy(game: Game, *splits: tuple[Split, float]) -> float:
        state = trained(game, splits, task.steps, task.batch, seed)
        return class_accuracy(network, state["discriminator"], test)

    def mixed(see: See | None, share: float) -> float:
        return accuracy(alone(see), (few, 1 - share), (made(), share))

    arms: Mapping[str, Callable[[], float]] = {
        "labelled images alone": lambda: accuracy(alone(), (few, 1)),
        task.usual: lambda: accuracy(alone(task.see), (few, 1)),
        "mixup": lambda: accuracy(alone(lambda *x: mixup(*x, ALPHA)), (few, 1)),
        **{generated_arm(share): partial(mixed, None, share) for share in SHARES},
        f"{task.usual}, and {generated_arm(0.25)}": lambda: mixed(task.see, 0.25),
        f"{task.usual}, and {generated_arm(0.5)}": lambda: mixed(task.see, 0.5),
        # Half of each batch has labels: of all images so few have them that hardly any batch would.
        "the game with images without labels": lambda: accuracy(
            semi_supervised(task, data, network), (few, 0.5), (partly, 0.5)
        ),
        "all labels": lambda: accuracy(alone(), (data.train, 1)),
        f"all labels, {task.usual}": lambda: accuracy(alone(task.see), (data.train, 1)),
    }
    found = {}
    for name, arm in arms.items():
        # All labels are the same whatever the number of those that others keep.
        kept = folder if not name.startswith("all labels") else study.out / f"{task.name}_all_{seed}"
        path = kept / f"{name}.json"
        if not path.exists():
            write_text(path, json.dumps(arm()))
        found[name] = json.loads(path.read_text())
        print(f"{task.name}, {count} labels, seed {seed}, {name}: {found[name]:.1%}", flush=True)
    return found


def generated_arm(share: float) -> str:
    return f"{share:.0%} generated"


def trained(game: Game, splits: tuple[tuple[Split, float], ...], steps: int, batch: int, seed: int) -> dict:
    """The networks of a game after training on batches with these shares of these splits, which sum to 1."""
    state = jax.jit(lambda: init_state(game, jax.random.key(seed)))()
    step = jax.jit(partial(train_step, game))
    counts = [(split, round(share * batch)) for split, share in splits if share > 0]
    for i in range(steps):
        parts = []
        for split, count in counts:
            rows = batch_indices(seed, i, count, len(split))
            parts.append({"image": split.images[rows], "label": split.labels[rows]})
        examples = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        state, _ = step(state, {**examples, "image": to_float(examples["image"])})
    return networks(state)


def generated(folder: Path, task: Task, data: Dataset, few: Split, seed: int) -> Split:
    """Samples of a conditional GAN that was trained on these images."""
    path = folder / "generated.npz"
    if not path.exists():
        game = conditional(task, data)
        state = trained(game, ((few, 1),), task.gan_steps, task.batch, seed)
        latents = draw_latents(game, task.samples * len(data.classes), seed)
        images = decode(game, state, latents)
        folder.mkdir(parents=True, exist_ok=True)
        save_image(grid(images[: 8 * len(data.classes)], columns=len(data.classes)), folder / "generated.png")
        np.savez(path, images=images, labels=np.asarray(latents[1]))
    with np.load(path) as stored:
        return Split(stored["images"], stored["labels"])


def conditional(task: Task, data: Dataset) -> Game:
    """A conditional DCGAN, with DiffAugment where images are large enough for it."""
    height, width, channels = data.image_shape
    classes, adam = len(data.classes), optax.adam(2e-4, b1=0.5)
    transforms = brightness, saturation, contrast, translation, cutout
    return gan(
        ConcatGenerator(dcgan.Generator((height, width), channels, task.width), classes),
        ConcatDiscriminator(dcgan.Discriminator(task.width), classes),
        non_saturating,
        generator_optimizer=adam,
        discriminator_optimizer=adam,
        latent=normal(32),
        classes=classes,
        augmentation=diff_augment(*transforms) if task.diffaugment else no_augmentation,
        ema=0.998,
    )


def semi_supervised(task: Task, data: Dataset, network: ClassLogits) -> Game:
    """The game of labels/semi_supervised.py, with the optimizer of the other classifiers."""
    height, width, channels = data.image_shape
    return gan(
        dcgan.Generator((height, width), channels, task.width),
        network,
        non_saturating,
        generator_optimizer=optax.adam(task.rate, b1=0.5),
        discriminator_optimizer=optax.adam(task.rate, b1=0.5),
        latent=normal(32),
        regularizers=[classify_real(1.0)],
    )


def table(task: Task, found: Mapping[str, Mapping[int, list[float]]]) -> str:
    """The accuracies in per cent."""
    lines = [["", *(f"{count} labels a class" for count in task.labels)], ["---"] * (1 + len(task.labels))]
    for arm, accuracies in found.items():
        lines.append([arm, *(spread([100 * x for x in accuracies[count]]) for count in task.labels)])
    return markdown(lines)


def draw(study: Study) -> None:
    """Accuracy over the share of generated images, for each dataset that has been studied."""
    stored = [path for name in ("digits", "photographs") if (path := study.out / f"{name}.json").exists()]
    figure, every = plt.subplots(1, len(stored), figsize=(4.2 * len(stored), 3.2), layout="constrained", squeeze=False)
    for axes, path in zip(every[0], stored, strict=True):
        found = json.loads(path.read_text())
        alone, usual, *_ = found
        for i, count in enumerate(found[alone]):
            arms = [alone, *(generated_arm(share) for share in SHARES)]
            values = 100 * np.array([found[arm][count] for arm in arms])
            axes.errorbar(
                (0, *SHARES), values.mean(1), values.std(1, ddof=1), color=f"C{i}", label=f"{count} labels a class"
            )
            axes.axhline(100 * np.mean(found[usual][count]), color=f"C{i}", linestyle=":", linewidth=1)
        axes.set(xlabel="share of generated images", ylabel="accuracy, %", title=f"{path.stem} (dotted: {usual})")
        axes.legend(fontsize="small")
    figure.savefig(FIGURE, dpi=80)


if __name__ == "__main__":
    main(tyro.cli(Study, description=__doc__))
