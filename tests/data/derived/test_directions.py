"""Translation in the other direction, and without pairs."""

import numpy as np
import pytest
from PIL import Image

from gan_jax.common.errors import UsageError
from gan_jax.data import load


def write(path, *values, size=(8, 8), mode="RGB"):
    """A picture of uniform gray parts side by side, one for each value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [np.full((size[1], size[0], 3), value, np.uint8) for value in values]
    Image.fromarray(np.concatenate(parts, 1)).convert(mode).save(path)


def values(images):
    return [int(images[i][0, 0, 0]) for i in range(len(images))]


def both(split):
    return values(split.images), values(split.targets)


def test_reversed_and_shuffled_pairs(tmp_path):
    for i in range(12):
        write(tmp_path / f"{i:02}.png", i, 100 + i)
    plain = load(f"pairs:{tmp_path}", resolution=8)
    turned = load(f"reverse:pairs:{tmp_path}", resolution=8)
    assert both(turned.train) == both(plain.train)[::-1]
    assert both(turned.test) == both(plain.test)[::-1]
    torn = load(f"shuffled:pairs:{tmp_path}", resolution=8)
    assert (torn.train.paired, torn.test.paired, torn.info.paired) == (False, True, False)
    assert both(torn.test) == both(plain.test)
    assert sorted(both(torn.train)[1]) == sorted(both(plain.train)[1])
    for spec, message in (
        ("reverse:digits", "'digits' has images without targets"),
        ("shuffled:digits", "'digits' has no pairs"),
        (f"shuffled:shuffled:pairs:{tmp_path}", "has no pairs"),
    ):
        with pytest.raises(UsageError, match=message):
            load(spec, resolution=8)
