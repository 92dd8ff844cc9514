"""How good volumes are: what they cover of held-out shapes, how they are told apart, and whether they are copies."""

from functools import partial
from typing import Any

import numpy as np
from scipy.ndimage import label

from gan_jax.data import Dataset
from gan_jax.data.batching import pick
from gan_jax.evaluation.metrics import shape_sets
from gan_jax.evaluation.options import Options
from gan_jax.evaluation.result import HELD_OUT, REAL, SAMPLES, Evaluation, FigureTable, flat
from gan_jax.evaluation.sampler import Sampler
from gan_jax.evaluation.subsets import pick_subset
from gan_jax.reporting import grid, render

_COUNT = 500
_PAIRS = 10
_HALF = 127.5

# Voxels that touch in a corner belong together.
_TOUCHING = np.ones((3, 3, 3), bool)


def evaluate_volumes(dataset: Dataset, sample: Sampler, seed: int, options: Options) -> Evaluation:
    """Compares `sample(count, seed)`, volumes, with as many held-out ones, and training volumes with these.

    `count` is the number of held-out volumes by default, and at most 500. The distance between shapes is 1 - IoU of
    their voxels at half of the range. The figures are those of `metrics.shape_sets`; the mean IoU with the nearest
    training volume, which is 1 for copies; and the mean share of a shape that hangs together.

    "shapes" pictures the samples that are nearest to a training volume, above that volume.
    """
    count = min(options.count or _COUNT, len(dataset.test), len(dataset.train))
    train = _solid(pick(dataset.train.images, np.arange(len(dataset.train))))
    held_out = _solid(pick_subset(dataset.test.images, count))
    within = shape_sets.iou_distances(held_out, held_out)
    volumes = pick(sample(count, seed), np.arange(count))
    made = _solid(volumes)
    to_train = shape_sets.iou_distances(made, train)
    real = _solid(pick_subset(dataset.train.images, count))

    compare = partial(_compare, held_out=held_out, within=within)
    columns = {SAMPLES: compare(made), REAL: compare(real), HELD_OUT: {"whole": _whole(held_out)}}
    columns[SAMPLES]["nearest_training_iou"] = float(1 - to_train.min(1).mean())
    columns[HELD_OUT]["nearest_training_iou"] = float(1 - shape_sets.iou_distances(held_out, train).min(1).mean())
    nearest = np.argsort(to_train.min(1), kind="stable")[:_PAIRS]
    rows = volumes[nearest], pick(dataset.train.images, to_train.argmin(1)[nearest])
    title = f"{count} samples, and as many real ones, against held-out volumes of {dataset.name}"
    return Evaluation(
        settings={"dataset": dataset.name, "count": count},
        figures=flat(columns),
        measures=("nearest_neighbor_accuracy", "coverage", "minimum_matching_distance"),
        parts=(FigureTable(title, columns, "The nearest neighbour is of the same set as often as not: 0.5 is best."),),
        pictures={"shapes": grid(render(np.concatenate(rows)), len(nearest))},
    )


def _compare(shapes: np.ndarray, held_out: np.ndarray, within: np.ndarray) -> dict[str, float]:
    between = shape_sets.iou_distances(shapes, held_out)
    own = shape_sets.iou_distances(shapes, shapes)
    return {
        "nearest_neighbor_accuracy": shape_sets.nearest_neighbor_accuracy(own, between, within),
        "coverage": shape_sets.coverage(between),
        "minimum_matching_distance": shape_sets.minimum_matching_distance(between),
        "whole": _whole(shapes),
    }


def _solid(volumes: np.ndarray) -> np.ndarray:
    """Volumes uint8 (N, D, H, W, 1) as shapes, bool (N, D, H, W)."""
    return volumes[..., 0] > _HALF


def _whole(shapes: np.ndarray) -> float:
    """The mean share of the voxels of a shape that are in its largest connected part. It is 0 for an empty shape."""
    shares = []
    for shape in shapes:
        parts: Any = label(shape, _TOUCHING)
        sizes = np.bincount(parts[0].ravel())[1:]
        shares.append(sizes.max() / sizes.sum() if len(sizes) else 0.0)
    return float(np.mean(shares))
