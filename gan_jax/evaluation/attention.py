"""How well maps of attention say where people looked, beside baselines that see no network, and other people."""

from collections.abc import Sequence

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset
from gan_jax.data.batching import pick
from gan_jax.data.dataset import Fixations
from gan_jax.data.fixation_maps import density, gray
from gan_jax.evaluation.metrics import saliency
from gan_jax.evaluation.options import Options
from gan_jax.evaluation.result import Evaluation, FigureTable
from gan_jax.evaluation.spectral_residual import spectral_residual
from gan_jax.inference import Translator
from gan_jax.reporting import column_grid, overlay

Figures = dict[str, float]

# Maps of 8 bits are compared, so half a gray level is added to all: no pixel is impossible then.
_HALF_LEVEL = 0.5 / 255

_SHOWN = 6


def evaluate_attention(dataset: Dataset, people: Fixations, translate: Translator, options: Options) -> Evaluation:
    """Compares the maps that `translate` makes of held-out pictures with where people looked in them.

    The figures are the means over pictures of those of `metrics.saliency`. "baselines" has the same figures of:

    - "centre": the mean of all training maps, which is the same for every picture;
    - "spectral residual": of the picture alone, without training;
    - "half of the people": the map of every second person, compared with the fixations of the others. People do not
      say more about each other than this, and a map of more people says more.

    Raises UsageError for targets that are no maps of one channel, for another number of samples than all held-out
    pictures, and for features, which these measures do not have.
    """
    if options.count is not None or options.features is not None:
        raise UsageError("maps of attention are compared over all held-out pictures, and in no features")
    assert dataset.train.targets is not None
    assert dataset.test.targets is not None
    pictures, maps = (pick(side, np.arange(len(dataset.test))) for side in (dataset.test.images, dataset.test.targets))
    made = translate(pictures)
    if made.shape != maps.shape:
        raise UsageError(f"the run makes images of shape {made.shape[1:]}, and maps of attention are {maps.shape[1:]}")
    centre = pick(dataset.train.targets, np.arange(len(dataset.train))).mean(0)[..., 0]
    plain = [spectral_residual(picture) for picture in pictures]
    columns = {
        "predicted": _compare(list(made[..., 0]), people.held_out, people.deviation),
        "centre": _compare([centre] * len(made), people.held_out, people.deviation),
        "spectral residual": _compare([gray(each)[..., 0] for each in plain], people.held_out, people.deviation),
        "half of the people": _halves(people, maps.shape[1:3]),
    }
    title = f"Maps of attention for {len(made)} held-out pictures of {dataset.name}"
    shown = np.linspace(0, len(made) - 1, min(len(made), _SHOWN)).round().astype(int)
    residuals = np.stack([gray(plain[i]) for i in shown])
    sides = (pictures[shown], *(overlay(pictures[shown], side) for side in (residuals, made[shown], maps[shown])))
    return Evaluation(
        settings={"dataset": dataset.name, "count": len(made), "deviation": people.deviation},
        figures={**columns["predicted"], "baselines": {name: columns[name] for name in list(columns)[1:]}},
        measures=tuple(columns["predicted"]),
        parts=(FigureTable(title, columns, "Means over pictures. Half of the people are judged by the other half."),),
        pictures={"attention": column_grid(sides)},
    )


def _compare(maps: Sequence[np.ndarray], seen: Sequence[np.ndarray], deviation: float) -> Figures:
    """The mean figures of maps (H, W) in gray levels, and the fixations (K, 3) in the same pictures."""
    pixels = [np.floor(each[:, 1:]).astype(int) for each in seen]
    each = [
        _figures(
            of_picture / 255 + _HALF_LEVEL,
            pixels[i],
            np.concatenate([*pixels[:i], *pixels[i + 1 :]]),
            density(seen[i][:, 1:], of_picture.shape[0], of_picture.shape[1], deviation),
        )
        for i, of_picture in enumerate(maps)
    ]
    return {name: float(np.mean([figures[name] for figures in each])) for name in each[0]}


def _figures(values: np.ndarray, fixations: np.ndarray, others: np.ndarray, true: np.ndarray) -> Figures:
    return {
        "auc_judd": saliency.auc_judd(values, fixations),
        "shuffled_auc": saliency.shuffled_auc(values, fixations, others),
        "nss": saliency.normalized_scanpath_saliency(values, fixations),
        "correlation": saliency.correlation(values, true),
        "similarity": saliency.similarity(values, true),
        "saliency_kl": saliency.kl_divergence(values, true),
    }


def _halves(people: Fixations, size: tuple[int, int]) -> Figures:
    """The mean figures of the map of one half of the people for the other half, both ways.

    A half that did not look at a picture at all has no say about it.
    """
    both = []
    for half in (0, 1):
        pairs = [(each[each[:, 0] % 2 == half], each[each[:, 0] % 2 != half]) for each in people.held_out]
        pairs = [(ours, theirs) for ours, theirs in pairs if len(ours) and len(theirs)]
        maps = [gray(density(ours[:, 1:], *size, people.deviation))[..., 0] for ours, _ in pairs]
        both.append(_compare(maps, [theirs for _, theirs in pairs], people.deviation))
    return {name: (both[0][name] + both[1][name]) / 2 for name in both[0]}
