"""Images of which one class is an anomaly: the training images are those of the other classes."""

from dataclasses import replace

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.batching import pick
from gan_jax.data.dataset import Anomalies, Dataset, Split

NORMAL = "normal"


def anomalies(name: str, base: Dataset) -> Dataset:
    """The training images of `base` that are not of the class `name`, and all its held-out images.

    The classes are "normal" and `name`. Raises UsageError for a base without labels, or without this class.
    """
    whole = f"anomalies:{name}:{base.name}"
    if base.train.labels is None or base.test.labels is None:
        raise UsageError(f"{whole}: the images of {base.name!r} have no labels, and one class is to be the anomaly")
    if name not in base.classes:
        raise UsageError(f"{whole}: {base.name!r} has no class {name!r}; it has {', '.join(base.classes)}")
    anomaly = base.classes.index(name)
    kept = np.flatnonzero(base.train.labels != anomaly)
    train = Split(pick(base.train.images, kept), np.zeros(len(kept), np.int32))
    test = replace(base.test, labels=(base.test.labels == anomaly).astype(np.int32))
    if len(set(test.labels.tolist())) < 2 or not len(kept):  # pyright: ignore[reportOptionalMemberAccess]
        raise UsageError(f"{whole}: the held-out images must be both of {name!r} and of other classes")
    return Dataset(whole, train, test, (NORMAL, name), Anomalies({}))
