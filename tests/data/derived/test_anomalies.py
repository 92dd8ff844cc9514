"""One class of a dataset as an anomaly."""

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import load


def test_the_anomaly_is_in_the_held_out_images_alone():
    base, dataset = load("digits", resolution=8), load("anomalies:3:digits", resolution=8)
    assert dataset.classes == ("normal", "3")
    assert len(dataset.train) == np.count_nonzero(base.train.labels != 3)
    np.testing.assert_array_equal(dataset.train.images, base.train.images[base.train.labels != 3])
    assert not dataset.train.labels.any()
    np.testing.assert_array_equal(dataset.test.images, base.test.images)
    np.testing.assert_array_equal(dataset.test.labels == 1, base.test.labels == 3)


def test_other_classes_and_data_without_labels_are_refused():
    with pytest.raises(UsageError, match="'digits' has no class 'ten'; it has 0, 1"):
        load("anomalies:ten:digits", resolution=8)
    with pytest.raises(UsageError, match="'swissroll' have no labels"):
        load("anomalies:0:swissroll", resolution=8)
    with pytest.raises(UsageError, match="unknown dataset"):
        load("anomalies:0", resolution=8)
