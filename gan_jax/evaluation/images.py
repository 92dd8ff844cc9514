"""How good images are, compared with real ones.

None of the figures here means much alone. A Frechet distance depends on the features and is biased by the number of
images; precision and recall depend on both too. So each figure is computed twice, with the same features and the same
number of images: once for samples against held-out images, and once for real training images in place of the samples.
The second value is what samples as good as real images would reach.

The real values are a yardstick, not a bound. Where the splits have equal shares of the classes, all training images
together match the held-out ones slightly better than independent draws could: on `digits`, a perfect generator is
estimated to reach 1.2 times the real Frechet distance. A generator that copies its training images reaches 1.0 times
it; the distance to the nearest training image reveals the copying. With a classifier trained from another seed, the
ratio of the same samples' distance to the real one changes by tens of per cent, and at the extremes by a factor of 2:
compare runs with the cached classifier, as `evaluate_images` does.
"""

from dataclasses import replace
from typing import Any

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Images
from gan_jax.evaluation import measures
from gan_jax.evaluation.by_class import judge_classes
from gan_jax.evaluation.closest import closest_pairs
from gan_jax.evaluation.features import Features, has_labels, usual_features
from gan_jax.evaluation.looked_at import look_at, look_at_splits
from gan_jax.evaluation.measures import Reference
from gan_jax.evaluation.metrics import nearest
from gan_jax.evaluation.options import Options
from gan_jax.evaluation.result import HELD_OUT, REAL, SAMPLES, Evaluation, FigureTable, flat
from gan_jax.evaluation.sampler import Labels, Sampler
from gan_jax.evaluation.subsets import subset

# As many real images are looked at, or as many as there are samples if these are more.
_MOST_IMAGES = 10_000

_MEASURES = ("frechet_ratio", "kernel_distance", "precision", "recall", "density", "coverage", "class_accuracy")

# The headings of real images by what they are.
_COLUMNS = {"training": REAL, "held-out": HELD_OUT}


def evaluate_images(
    dataset: Dataset, sample: Sampler, seed: int, options: Options, labels: Labels | None = None
) -> Evaluation:
    """Evaluates `sample(count, seed)`, uint8 (count, H, W, C).

    labels: gives the classes that these samples are of, `labels(count, seed)`. None if they have none.

    By default the count is the number of training images, up to 10,000. Networks come from the cache, or are trained
    now. Raises UsageError, if possible before anything is trained or sampled, for too few samples, training or held-out
    images, for features that cannot be had, and for samples of another shape or type.
    """
    features, count = prepare(dataset, options)
    samples = sample(count, seed)
    _check(dataset, samples)
    own = labels(count, seed) if labels and has_labels(dataset) else None

    made = look_at(features, samples, options.watch, labels=own)
    most = max(count, _MOST_IMAGES)
    real = look_at_splits(features, dataset, most, options.watch)
    (other,) = real.keys() - {options.against}
    others = real[other].some(subset(len(real[other]), count))
    # Where samples have no classes, nothing is compared class by class.
    whole = real[options.against]
    reference = Reference(whole if own is not None else replace(whole, labels=None))

    columns: dict[str, dict[str, Any]] = {SAMPLES: {}, REAL: {}, HELD_OUT: {}}
    columns[_COLUMNS[other]] |= measures.compare(others, reference)
    found = measures.compare(made, reference)
    columns[SAMPLES] |= _ratio(found, columns[_COLUMNS[other]], len(others) == count) | found
    train, held_out = (real[name].seen.features for name in ("training", "held-out"))
    distances, closest = nearest(made.seen.features, train)
    columns[SAMPLES]["nearest_training_distance"] = float(distances.mean())
    columns[HELD_OUT]["nearest_training_distance"] = float(nearest(held_out, train)[0].mean())
    classes = None
    if own is not None or features.of_dataset:
        classes = judge_classes(dataset, features, made, real["training"], real["held-out"], options.watch)
        for name, of_classes in classes.columns.items():
            columns[name] |= of_classes
    against = f"{len(reference.images)} {options.against} images"
    title = f"{count} samples, and {len(others)} {other} images, against {against}"
    table = FigureTable(title, columns, f"Features: {features.description}")
    figures = {**flat(columns), **(classes.figures if classes else {})}
    return Evaluation(
        settings={
            "dataset": dataset.name,
            "count": count,
            "against": options.against,
            "reference_count": len(reference.images),
            "real_count": len(others),
            **measures.settings(features, dataset.image_shape),
        },
        figures=figures,
        measures=[name for name in _MEASURES if figures.get(name) is not None],
        parts=(table, *(classes.parts if classes else ())),
        pictures={"closest": closest_pairs(samples, real["training"].images, distances, closest)},
    )


def prepare(dataset: Dataset, options: Options) -> tuple[Features, int]:
    """The features in which images are compared, and the number of samples.

    Raises UsageError for features that cannot be had, and for too few samples, training or held-out images.
    """
    count = options.count or min(len(dataset.train), _MOST_IMAGES)
    sizes = {"samples": count, "training images": len(dataset.train), "held-out images": len(dataset.test)}
    for name, size in sizes.items():
        if size < measures.FEWEST:
            raise UsageError(f"evaluation needs at least {measures.FEWEST} {name}, not {size}")
    return (options.features or usual_features)(dataset), count


def _check(dataset: Dataset, samples: Images) -> None:
    dtype = getattr(samples, "dtype", np.dtype(np.uint8))
    if dtype != np.uint8 or samples.shape[1:] != dataset.image_shape:
        raise UsageError(
            f"samples are {dtype} of shape {samples.shape}, but {dataset.name!r} calls for uint8 of shape "
            f"(N, {', '.join(map(str, dataset.image_shape))})"
        )


def _ratio(of_samples: measures.Figures, of_real: measures.Figures, same_count: bool) -> measures.Figures:
    """The Frechet distance of samples over that of as many real images, on whose number it depends.

    It is left out for other numbers of images, and where that of real images is 0.
    """
    real = of_real["frechet_distance"]
    return {"frechet_ratio": of_samples["frechet_distance"] / real} if same_count and real else {}
