import numpy as np

from gan_jax.data import Split
from gan_jax.evaluation.subsets import pick_subset, subset, take_subset


def test_a_subset_of_a_sorted_dataset_holds_every_class():
    labels = np.repeat(np.arange(10), 100)
    chosen = subset(1000, 200)
    assert len(np.unique(chosen)) == 200
    assert np.bincount(labels[chosen], minlength=10).min() > 5
    np.testing.assert_array_equal(chosen, subset(1000, 200))
    np.testing.assert_array_equal(subset(5, 10), np.arange(5))


def test_examples_of_a_subset_stay_together():
    images = np.arange(50, dtype=np.uint8).reshape(50, 1, 1, 1)
    examples = take_subset(Split(images, np.arange(50, dtype=np.int32), 255 - images), 20)
    assert examples["image"].shape == (20, 1, 1, 1)
    np.testing.assert_array_equal(examples["image"].ravel(), examples["label"])
    np.testing.assert_array_equal(examples["target"], 255 - examples["image"])
    np.testing.assert_array_equal(pick_subset(images, 20), examples["image"])
