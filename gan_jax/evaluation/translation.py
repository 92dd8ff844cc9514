"""How good translations are, compared with the true ones where these are known, beside untrained baselines."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split
from gan_jax.data.dataset import Scenes
from gan_jax.data.derived.directions import reverse
from gan_jax.evaluation.features import EFFICIENTNET, LabelReader, cached_label_reader, extract, usual_features
from gan_jax.evaluation.metrics import frechet_distance, l1, mean_iou, pixel_accuracy, psnr, read_labels, ssim
from gan_jax.evaluation.options import USUAL, Options
from gan_jax.evaluation.perceptual import perceptual_distance
from gan_jax.evaluation.result import Evaluation, FigureTable
from gan_jax.evaluation.subsets import pick_subset, take_subset
from gan_jax.evaluation.untrained import baselines
from gan_jax.inference import Translator

Figures = dict[str, float]

_MOST_PAIRS = 2000
_MOST_READ = 4000  # training pairs for the label reader


class _Eyes(NamedTuple):
    """What translations are compared in: a function from images uint8 (N, H, W, C) to features (M, d), and its name."""

    see: Callable[[np.ndarray], np.ndarray]
    name: str
    version: str
    description: str


def evaluate_translation(
    dataset: Dataset, translators: Mapping[str, Translator], options: Options = USUAL
) -> Evaluation:
    """Compares translations of held-out examples with the true ones, or with the other domain where these are unknown.

    translators: by direction, "AtoB" from images to targets and "BtoA" from targets to images.

    l1, psnr and ssim are the means over images of those of `metrics.similarity`. Drawn scenes have label_accuracy and
    label_iou as well. The labels of a translated label map are read by its colours, and those of a translated picture
    by a `LabelReader`: they say whether the picture shows what its label map says. frechet_distance is the distance to
    the true images, set against set, in the features that the options choose. By default these are, for pictures of
    drawn scenes, those of a `LabelReader`, patch by patch, and otherwise what `usual_features` has for the targets. If
    they are those of EfficientNet-lite0, there is the mean of the `perceptual_distance`, pair by pair, as well.

    The figures of the direction BtoA end in `_BtoA`. "baselines" has, by direction and by name, the same figures of the
    `baselines`, and figures that real images reach: the Frechet distance of training targets, "real: training", and
    the label figures of held-out pictures, "real: held-out".

    Where the usual features cannot be had, there is no Frechet distance, and the report says why.

    Unpaired held-out images have no true translations. There is the Frechet distance to the held-out targets alone and,
    in EfficientNet-lite0, source_distance: the mean perceptual distance of a translation from what it was made of.

    By default, at most 2,000 images of each side are used. Raises UsageError for a dataset without targets or with
    fewer than 2 held-out ones, for features that are chosen and cannot be had, and for unpaired images if there are no
    features.
    """
    check_translation(dataset, options)
    most = options.count or _MOST_PAIRS
    settings: dict[str, Any] = {"dataset": dataset.name, "count": min(len(dataset.test), most)}
    named, others, tables = {}, {}, []
    for direction, translate in translators.items():
        way, ending = (dataset, "") if direction == "AtoB" else (reverse(dataset), f"_{direction}")
        eyes, caption = None, None
        try:
            if eyes := _eyes(way, options):
                caption = f"Features of the Frechet distance: {eyes.description}"
                settings |= {f"features{ending}": eyes.name, f"features_version{ending}": eyes.version}
        except UsageError as error:
            if options.features is not None or not dataset.test.paired:
                raise
            caption = f"There is no Frechet distance: {error}"
        figures, others[direction] = _evaluate(way, translate, eyes, most)
        named |= {f"{name}{ending}": x for name, x in figures.items()}
        title = f"{settings['count']} held-out images of {dataset.name}, translated {direction}"
        columns = {"translated": figures, **others[direction]}
        tables.append(FigureTable(title, columns, caption))
    return Evaluation(settings, {**named, "baselines": others}, list(named), tables)


def check_translation(dataset: Dataset, options: Options = USUAL) -> None:
    """Raises UsageError if translations of `dataset` cannot be evaluated, as `evaluate_translation` says."""
    if dataset.test.targets is None:
        raise UsageError(f"evaluation compares translations with targets, and {dataset.name!r} has none")
    fewest = min(len(dataset.test), len(dataset.test.targets))
    if fewest < 2:
        sides = "pairs" if dataset.test.paired else "images of each side"
        raise UsageError(f"evaluation needs at least 2 held-out {sides}, and {dataset.name!r} has {fewest}")
    if not dataset.test.paired:
        _eyes(dataset, options)


def _evaluate(
    dataset: Dataset, translate: Translator, eyes: _Eyes | None, most: int
) -> tuple[Figures, dict[str, Figures]]:
    """The figures of translations from images to targets, and those of the baselines and of real images by name."""
    assert dataset.train.targets is not None
    assert dataset.test.targets is not None
    # Of pairs, these are the same ones.
    images, truth = pick_subset(dataset.test.images, most), pick_subset(dataset.test.targets, most)
    label_figures = _label_figures(dataset, images, truth)
    true_features = eyes and eyes.see(truth)

    def distance(made: np.ndarray) -> Figures:
        if eyes is None or true_features is None:
            return {}
        return {"frechet_distance": frechet_distance(eyes.see(made), true_features)}

    perceptual = eyes is not None and eyes.name == EFFICIENTNET

    def measured(made: np.ndarray) -> Figures:
        if not dataset.test.paired:
            change = {"source_distance": float(perceptual_distance(made, images).mean())} if perceptual else {}
            return {**distance(made), **change}
        measures = (l1, psnr, ssim, perceptual_distance) if perceptual else (l1, psnr, ssim)
        similarity = {measure.__name__: float(measure(made, truth).mean()) for measure in measures}
        return {**label_figures(made), **similarity, **distance(made)}

    others = {
        name: measured(make(images))
        for name, make in baselines(dataset).items()
        if dataset.test.paired or name == "source"  # the other ones guess the true target
    }
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


def _eyes(dataset: Dataset, options: Options) -> _Eyes | None:
    """Those that the options choose for the targets, or else those of a label reader if targets are drawn pictures.

    None for label maps: a network of pictures sees little in them, and their labels can be read.
    """
    train, test = dataset.train, dataset.test
    assert train.targets is not None
    assert test.targets is not None
    if options.features is None and isinstance(dataset.origin, Scenes):
        if dataset.origin.labels_are == "targets":
            return None
        reader = _label_reader(dataset, dataset.origin)
        return _Eyes(reader.features, "label reader", reader.version, "a reader of labels, patch by patch")
    whole = Dataset(dataset.name, Split(train.targets, train.labels), Split(test.targets, test.labels), dataset.classes)
    found = (options.features or usual_features)(whole)
    return _Eyes(lambda images: extract(found, images).features, found.name, found.version, found.description)
