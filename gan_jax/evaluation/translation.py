"""How good translations are compared with the true ones, beside baselines that train no network."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split
from gan_jax.data.dataset import Scenes
from gan_jax.data.derived.directions import reverse
from gan_jax.evaluation.features import LabelReader, cached_classifier, cached_label_reader
from gan_jax.evaluation.metrics import frechet_distance, l1, mean_iou, pixel_accuracy, psnr, read_labels, ssim
from gan_jax.evaluation.subsets import pick_subset, take_subset
from gan_jax.evaluation.untrained import baselines
from gan_jax.inference import Translator
from gan_jax.reporting import print_table

Figures = dict[str, float]

_MOST_PAIRS = 2000
_MOST_READ = 4000  # training pairs for the label reader

# Descriptions of the figures by name.
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
    """Figures of translations of held-out images, by direction.

    Attributes:
      dataset: the name of the dataset.
      count: the number of held-out pairs.
      figures: by direction, the figures by name. l1, psnr and ssim are the means over images of those of
        `metrics.similarity`. Drawn scenes have label_accuracy and label_iou as well. The labels of a translated label
        map are read by its colours, and those of a translated picture by a `LabelReader`: they say whether the picture
        shows what its label map says. frechet_distance is the distance to the true images. It is measured in the
        features of a classifier if the images have labels of several classes, and in the features of a `LabelReader`,
        patch by patch, for pictures of drawn scenes.
      baselines: by direction and by name, the same figures of the `baselines`, and figures that real images reach:
        the Frechet distance of training targets, "real: training", and the label figures of held-out pictures,
        "real: held-out".
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
            rows = []
            for name in figures:
                values = (column.get(name) for column in (figures, *others.values()))
                rows.append((_ROWS[name], *("" if value is None else f"{value:.4g}" for value in values)))
            title = f"{self.count} held-out images of {self.dataset}, translated {direction}"
            print_table(title, ("", "translated", *others), rows, console)


def evaluate_translation(dataset: Dataset, translators: Mapping[str, Translator]) -> TranslationEvaluation:
    """Compares translations of held-out examples with the true ones.

    translators: by direction, "AtoB" from images to targets and "BtoA" from targets to images.

    At most 2,000 pairs are used. Raises UsageError for a dataset whose held-out images have no true translations, or
    fewer than 2.
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
    """The figures of translations from images to targets, and those of the baselines and of real images by name."""
    assert dataset.train.targets is not None
    held_out = take_subset(dataset.test, _MOST_PAIRS)
    images, truth = held_out["image"], held_out["target"]
    distance, label_figures = _distance(dataset, truth), _label_figures(dataset, images, truth)

    def measured(made: np.ndarray) -> Figures:
        similarity = {measure.__name__: float(measure(made, truth).mean()) for measure in (l1, psnr, ssim)}
        return {**label_figures(made), **similarity, **distance(made)}

    others = {name: measured(make(images)) for name, make in baselines(dataset).items()}
    if real := distance(pick_subset(dataset.train.targets, len(truth))):
        others["real: training"] = real
    if (read := label_figures(truth)) and read["label_accuracy"] < 1:
        others["real: held-out"] = read
    return measured(translate(images)), others


def _label_figures(dataset: Dataset, images: np.ndarray, truth: np.ndarray) -> Callable[[np.ndarray], Figures]:
    """The function from translations of drawn scenes to how right their labels are; {} for other data.

    The labels of label maps are read by their colours, and those of pictures by a network trained on training pairs.
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
    """A reader of the labels in the targets, for scenes whose targets are pictures."""
    seen = take_subset(dataset.train, _MOST_READ)
    labels = read_labels(seen["image"], scenes.palette)
    return cached_label_reader(seen["target"], labels, len(scenes.palette))


def _distance(dataset: Dataset, truth: np.ndarray) -> Callable[[np.ndarray], Figures]:
    """The function from images to their Frechet distance from the true ones; {} if no network has features of them."""
    features = _features(dataset)
    if features is None:
        return lambda made: {}
    true_features = features(truth)
    return lambda made: {"frechet_distance": frechet_distance(features(made), true_features)}


def _features(dataset: Dataset) -> Callable[[np.ndarray], np.ndarray] | None:
    """The features of targets: those of a label reader if they are drawn pictures, and those of a classifier if all
    examples have labels of several classes. None for other data."""
    train, test = dataset.train, dataset.test
    assert train.targets is not None
    assert test.targets is not None
    if isinstance(dataset.origin, Scenes) and dataset.origin.labels_are == "images":
        return _label_reader(dataset, dataset.origin).features
    if train.labels is None or test.labels is None or len(dataset.classes) < 2 or min(train.labels) < 0:
        return None
    whole = Dataset(dataset.name, Split(train.targets, train.labels), Split(test.targets, test.labels), dataset.classes)
    return cached_classifier(whole).features
