"""What a direction changes and keeps, worked by hand."""

import numpy as np
import pytest

from gan_jax.evaluation.metrics import kept_where_changed

STRENGTHS = np.array([-1.0, 0.0, 1.0, 2.0])


def test_the_share_kept_is_where_half_have_changed():
    # Five samples, of which the last has the attribute from the start, and so does not count.
    has = np.array([[0, 0, 1, 1], [0, 0, 0, 1], [1, 0, 0, 1], [0, 0, 0, 0], [1, 1, 1, 1]], bool)
    classes = np.array([[9, 3, 3, 3], [9, 4, 4, 5], [9, 5, 5, 5], [9, 6, 0, 0], [0, 0, 1, 1]])
    found = kept_where_changed(has, classes, STRENGTHS)
    # 1 of 4 at strength 1, 3 of 4 at strength 2: half of them midway, where 3/4 and 2/4 of the classes are kept.
    assert found == {"changed": 0.75, "half": pytest.approx(1.5), "kept": pytest.approx(0.625)}


def test_a_direction_that_changes_too_few_has_no_half():
    has = np.zeros((3, 4), bool)
    has[0, 3] = True
    found = kept_where_changed(has, np.zeros((3, 4), int), STRENGTHS)
    assert found["changed"] == pytest.approx(1 / 3)
    assert np.isnan(found["half"])
    assert np.isnan(found["kept"])


def test_what_cannot_be_measured_is_refused():
    with pytest.raises(ValueError, match="must be 0"):
        kept_where_changed(np.zeros((2, 2), bool), np.zeros((2, 2), int), np.array([1.0, 2.0]))
    with pytest.raises(ValueError, match="every sample has the attribute"):
        kept_where_changed(np.ones((2, 4), bool), np.zeros((2, 4), int), STRENGTHS)
