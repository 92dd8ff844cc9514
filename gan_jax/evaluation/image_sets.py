"""How good a set of images is compared with a real one, whatever made them."""

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data import Images
from gan_jax.evaluation import measures
from gan_jax.evaluation.closest import closest_pairs
from gan_jax.evaluation.features import Features, check_images
from gan_jax.evaluation.looked_at import look_at
from gan_jax.evaluation.measures import Reference
from gan_jax.evaluation.metrics import nearest
from gan_jax.evaluation.options import Watch, unwatched
from gan_jax.evaluation.result import REAL, SAMPLES, Evaluation, FigureTable, flat
from gan_jax.evaluation.subsets import Subset, subset

_MEASURES = ("frechet_distance", "kernel_distance", "precision", "recall", "density", "coverage")


def compare_images(
    real: Images,
    fake: Images,
    features: Features,
    *,
    held_out: Images | None = None,
    count: int | None = None,
    watch: Watch = unwatched,
) -> Evaluation:
    """Compares images with real ones by all measures of `measures`, and real ones with real ones for reference.

    real, fake: uint8 (N, H, W, C) and (M, H, W, C) with C 1 or 3.
    features: what they are compared in, such as `features.efficientnet()`.
    held_out: other real images, which are compared with `real` for reference. Without them, a random half of `real` is
        compared with the other half. The figures depend on the numbers of images, so these say less.
    count: at most so many images of each are used, a random choice, or all by default.

    The figures of the real images end in `_real`. Raises UsageError for fewer than 6 images of a set, and for arrays
    that are no images: another type than uint8, or another shape.
    """
    sets = {"real": real, "fake": fake} | ({} if held_out is None else {"held-out": held_out})
    for name, images in sets.items():
        check_images(images)
        if len(images) < measures.FEWEST:
            raise UsageError(f"evaluation needs at least {measures.FEWEST} {name} images, not {len(images)}")
    seen = {
        name: look_at(features, Subset(images, subset(len(images), count or len(images))), watch, f"{name} images")
        for name, images in sets.items()
    }
    whole = Reference(seen["real"])
    columns = {"fake": measures.compare(seen["fake"], whole)}
    if held_out is not None:
        heading = f"real: {len(seen['held-out'])} held-out"
        columns[heading] = measures.compare(seen["held-out"], whole)
    elif len(real) >= 2 * measures.FEWEST:
        first, second = _halves(len(seen["real"]))
        heading = f"real: {len(first)} against {len(second)}"
        columns[heading] = measures.compare(seen["real"].some(first), Reference(seen["real"].some(second)))
    distances, closest = nearest(seen["fake"].seen.features, whole.features)
    columns["fake"]["nearest_real_distance"] = float(distances.mean())
    figures = flat(dict(zip((SAMPLES, REAL), columns.values(), strict=False)))
    title = f"{len(seen['fake'])} images against {len(seen['real'])} real ones"
    return Evaluation(
        settings={
            "fake_count": len(seen["fake"]),
            "real_count": len(seen["real"]),
            "held_out_count": None if held_out is None else len(seen["held-out"]),
            **measures.settings(features, real.shape[1:]),
        },
        figures=figures,
        measures=[name for name in _MEASURES if name in figures],
        parts=(FigureTable(title, columns, f"Features: {features.description}"),),
        pictures={"closest": closest_pairs(seen["fake"].images, seen["real"].images, distances, closest)},
    )


def _halves(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Two random halves of the indices below `count`."""
    first = subset(count, count // 2)
    return first, np.setdiff1d(np.arange(count), first)
