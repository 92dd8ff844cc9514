"""The evaluation of volumes, with samplers whose figures are known."""

import numpy as np
import pytest

from gan_jax.data import load
from gan_jax.data.sources import shapes
from gan_jax.evaluation import evaluate_sampler


@pytest.fixture(scope="module")
def furniture():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "TRAIN_COUNT", 60)
        patch.setattr(shapes, "TEST_COUNT", 30)
        return load("shapes", resolution=16)


def test_other_real_shapes_are_as_good_as_training_shapes(furniture):
    others = np.stack([shapes.draw(1000 + i, 16) for i in range(30)])
    found = evaluate_sampler(furniture, lambda count, seed: others[:count], 0)
    figures = found.figures
    assert found.settings["count"] == 30
    assert figures["nearest_neighbor_accuracy"] == pytest.approx(0.5, abs=0.2)
    for name in ("coverage", "minimum_matching_distance"):
        assert figures[name] == pytest.approx(figures[f"{name}_real"], abs=0.15)
    # At 16 voxels a side, thin parts can break.
    assert min(figures["whole"], figures["whole_real"]) > 0.95
    assert 0.4 < figures["nearest_training_iou"] < 0.95
    assert found.pictures["shapes"].shape[2] == 3


def test_copies_one_shape_and_noise_are_seen(furniture):
    copies = evaluate_sampler(furniture, lambda count, seed: furniture.train.images[:count], 0).figures
    assert copies["nearest_training_iou"] == 1
    one = evaluate_sampler(furniture, lambda count, seed: furniture.train.images[:1].repeat(count, 0), 0).figures
    assert one["coverage"] == pytest.approx(1 / 30)
    noise = (np.random.default_rng(0).random((30, 16, 16, 16, 1)) < 0.1).astype(np.uint8) * 255
    found = evaluate_sampler(furniture, lambda count, seed: noise[:count], 0).figures
    assert found["whole"] < 0.9
    assert found["minimum_matching_distance"] > 0.8
    nothing = evaluate_sampler(furniture, lambda count, seed: np.zeros_like(noise[:count]), 0).figures
    assert nothing["whole"] == 0
