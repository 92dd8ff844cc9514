"""How good translations are: each figure against the truth, beside those of what needs no training."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from rich.console import Console
from rich.table import Table

from gan_jax.baselines import baselines
from gan_jax.data.batching import pick, take
from gan_jax.data.dataset import Dataset, Scenes, Split
from gan_jax.data.sides import reverse
from gan_jax.errors import UsageError
from gan_jax.metrics.classifier import cached_classifier, subset
from gan_jax.metrics.frechet import frechet_distance
from gan_jax.metrics.label_maps import mean_iou, pixel_accuracy, read_labels
from gan_jax.metrics.label_reader import LabelReader, cached_label_reader
from gan_jax.metrics.similarity import l1, psnr, ssim
from gan_jax.translating import Translator

Figures = dict[str, float]

_MOST_PAIRS = 2000
_MOST_READ = 4000  # training pairs, to learn to read labels from

# What the figures are, in the order of the table.
_ROWS = {
    "label_accuracy": "pixels of the right label, higher is better",
    "label_iou": "mean IoU of the labels, higher is better",
    "l1": "L1, lower is better",
    "psnr": "PSNR in dB, higher is better",
    "ssim": "SSIM, higher is better",
    "frechet_distance": "Frechet distance, lower is better",
}


@dataclass(frozen=True)
class TranslationEvaluation:
    """Translations of held-out images beside the true ones, for each direction.

    Attributes:
      dataset: its name.
      count: how many held-out pairs.
      figures: of each direction: `metrics.similarity`'s l1, psnr and ssim, as means over images. Of drawn scenes,
        label_accuracy and label_iou: of a translated label map by its colours; of a picture by `metrics.label_reader`,
        whether it shows what its label map says. Where there are labels of classes, frechet_distance to the true images
        in the features of a classifier of them; of pictures of drawn scenes, in those of all patches that labels are
        read from.
      baselines: of each direction, the same figures of what needs no training, by its name: see `baselines`. And what
        real images reach: "real: training" targets have a Frechet distance, "real: held-out" pictures labels to read.
    """

    dataset: str
    count: int
    figures: dict[str, Figures]
    baselines: dict[str, dict[str, Figures]]

    def to_json(self) -> dict[str, object]:
        named = {
            f"{name}{'' if direction == 'AtoB' else f'_{direction}'}": value
            for direction, figures in self.figures.items()
            for name, value in figures.items()
        }
        return {
            "dataset": self.dataset,
            "count": self.count,
            **named,
            "baselines": self.baselines,
            "measures": list(named),
        }

    def report(self, console: Console) -> None:
        for direction, figures in self.figures.items():
            others = self.baselines[direction]
            table = Table(title=f"{self.count} held-out images of {self.dataset}, translated {direction}")
            for heading in ("", "translated", *others):
                table.add_column(heading, justify="right" if heading else "left")
            for name in figures:
                values = (column.get(name) for column in (figures, *others.values()))
                table.add_row(_ROWS[name], *("" if value is None else f"{value:.4g}" for value in values))
            console.print(table)


def evaluate_translation(dataset: Dataset, translators: Mapping[str, Translator]) -> TranslationEvaluation:
    """Evaluates what `translators` make of held-out images, "AtoB", and perhaps "BtoA" of held-out targets.

    At most 2,000 pairs are used. Raises UsageError for a dataset whose held-out images have no true translations, or
    that has fewer than 2 of them.
    """
    if dataset.test.targets is None or not dataset.test.paired:
        raise UsageError(
            f"evaluation compares translations with true ones, and the held-out images of {dataset.name!r} have none: "
            "they are not paired"
        )
    if len(dataset.test) < 2:
        raise UsageError(f"evaluation needs at least 2 held-out pairs, and {dataset.name!r} has {len(dataset.test)}")
    figures, others = {}, {}
    for direction, translate in translators.items():
        way = dataset if direction == "AtoB" else reverse(dataset)
        figures[direction], others[direction] = _evaluate(way, translate)
    return TranslationEvaluation(dataset.name, min(len(dataset.test), _MOST_PAIRS), figures, others)


def _evaluate(dataset: Dataset, translate: Translator) -> tuple[Figures, dict[str, Figures]]:
    """The figures of translations, and those of what they are set beside."""
    assert dataset.train.targets is not None
    held_out = take(dataset.test, subset(len(dataset.test), _MOST_PAIRS))
    images, truth = held_out["image"], held_out["target"]
    distance, labelled = _distance(dataset, truth), _labelled(dataset, images, truth)

    def measured(made: np.ndarray) -> Figures:
        similarity = {measure.__name__: float(measure(made, truth).mean()) for measure in (l1, psnr, ssim)}
        return {**labelled(made), **similarity, **distance(made)}

    others = {name: measured(make(images)) for name, make in baselines(dataset).items()}
    if real := distance(pick(dataset.train.targets, subset(len(dataset.train.targets), len(truth)))):
        others["real: training"] = real
    if (read := labelled(truth)) and read["label_accuracy"] < 1:
        others["real: held-out"] = read
    return measured(translate(images)), others


def _labelled(dataset: Dataset, images: np.ndarray, truth: np.ndarray) -> Callable[[np.ndarray], Figures]:
    """How right the labels are that translations of drawn scenes show; {} of other data.

    Label maps are read by their colours, pictures by a network that has learned it from training pairs.
    """
    scenes = dataset.origin
    if not isinstance(scenes, Scenes):
        return lambda made: {}

    def by_colour(maps: np.ndarray) -> np.ndarray:
        return read_labels(maps, scenes.palette)

    count = len(scenes.palette)
    if scenes.labels_are == "targets":
        true_labels, read = by_colour(truth), by_colour
    else:
        true_labels, read = by_colour(images), _label_reader(dataset, scenes).read

    def of(made: np.ndarray) -> Figures:
        labels = read(made)
        return {
            "label_accuracy": pixel_accuracy(labels, true_labels),
            "label_iou": mean_iou(labels, true_labels, count),
        }

    return of


def _label_reader(dataset: Dataset, scenes: Scenes) -> LabelReader:
    """Of pictures that are the targets."""
    seen = take(dataset.train, subset(len(dataset.train), _MOST_READ))
    labels = read_labels(seen["image"], scenes.palette)
    return cached_label_reader(seen["target"], labels, len(scenes.palette))


def _distance(dataset: Dataset, truth: np.ndarray) -> Callable[[np.ndarray], Figures]:
    """How far images are from the true ones in features, where there is a network that has learned some; else {}."""
    features = _features(dataset)
    if features is None:
        return lambda made: {}
    true_features = features(truth)
    return lambda made: {"frechet_distance": frechet_distance(features(made), true_features)}


def _features(dataset: Dataset) -> Callable[[np.ndarray], np.ndarray] | None:
    """Of a reader of labels, where the targets are drawn pictures; of a classifier, where all have labels of several
    classes."""
    train, test = dataset.train, dataset.test
    assert train.targets is not None
    assert test.targets is not None
    if isinstance(dataset.origin, Scenes) and dataset.origin.labels_are == "images":
        return _label_reader(dataset, dataset.origin).features
    if train.labels is None or test.labels is None or len(dataset.classes) < 2 or min(train.labels) < 0:
        return None
    whole = Dataset(dataset.name, Split(train.targets, train.labels), Split(test.targets, test.labels), dataset.classes)
    return cached_classifier(whole).features
