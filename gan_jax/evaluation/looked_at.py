"""Images together with what features see in them. Real images are looked at once, and then come from the cache."""

from dataclasses import dataclass

import numpy as np

from gan_jax.data import Dataset, Images, fingerprint
from gan_jax.data.cache import cached
from gan_jax.evaluation.features import Features, Seen, extract
from gan_jax.evaluation.options import Watch
from gan_jax.evaluation.subsets import Subset, subset

_SPLITS = {"training": "train", "held-out": "test"}


@dataclass(frozen=True)
class LookedAt:
    """Images uint8 (N, H, W, C), what features see in them, and their classes, int (N,), or None if they have none."""

    images: Images
    seen: Seen
    labels: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.images)

    def some(self, rows: np.ndarray) -> "LookedAt":
        """Those at `rows`."""
        seen = Seen(*(None if x is None else x[rows] for x in self.seen))
        return LookedAt(Subset(self.images, rows), seen, None if self.labels is None else self.labels[rows])


def look_at(
    features: Features, images: Images, watch: Watch, what: str = "samples", labels: np.ndarray | None = None
) -> LookedAt:
    """Lets `features` see images. `what` they are is shown beside the progress."""
    with watch(what, len(images)) as advance:
        return LookedAt(images, extract(features, images, advance), labels)


def look_at_splits(features: Features, dataset: Dataset, most: int, watch: Watch) -> dict[str, LookedAt]:
    """At most `most` of the "training" and of the "held-out" images, by these names, and the same ones each time.

    What is seen is cached.
    """
    hashes, looked = fingerprint(dataset), {}
    for name, split in (("training", dataset.train), ("held-out", dataset.test)):
        rows = subset(len(split), most)
        images = Subset(split.images, rows)

        def build(name: str = name, images: Images = images) -> dict[str, np.ndarray]:
            seen = look_at(features, images, watch, f"{name} images").seen
            return {part: x for part, x in seen._asdict().items() if x is not None}

        identity = features.version, split.images.shape, len(rows), hashes[_SPLITS[name]]
        found = cached(f"features/{features.name}", identity, build)
        looked[name] = LookedAt(images, Seen(**found), None if split.labels is None else split.labels[rows])
    return looked
