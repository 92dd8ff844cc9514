"""The evaluation of anomaly scores, with scores whose figures are known."""

import numpy as np
import pytest
from sklearn.metrics import f1_score

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split
from gan_jax.data.dataset import Anomalies
from gan_jax.evaluation import Options
from gan_jax.evaluation.anomalies import evaluate_anomalies, f1_at_contamination

USUAL = Options()


def points(anomalies=20):
    """Normal points on a line, and two kinds of anomaly off it, one of which is far away."""
    rng = np.random.default_rng(0)
    line = rng.uniform(-1, 1, (300, 1)) * [1, 1, 0] + rng.normal(0, 0.01, (300, 3))
    beside, away = (rng.uniform(-1, 1, (anomalies // 2, 1)) * [1, 1, 0] + [0, 0, x] for x in (0.3, 9))
    labels = np.array([0] * 100 + [1] * len(beside) + [2] * len(away), np.int32)
    held_out = np.concatenate([line[200:], beside, away]).astype(np.float32)
    train = Split(line[:200].astype(np.float32), np.zeros(200, np.int32))
    origin = Anomalies({"far away": ("away",), "near": ("beside",), "none": ()})
    return Dataset("points", train, Split(held_out, labels), ("normal", "beside", "away"), origin)


def evaluate(dataset, score, options=USUAL):
    return evaluate_anomalies(dataset, dataset.origin, score, 0, options)


def test_perfect_and_reversed_scores():
    dataset = points()
    right = evaluate(dataset, lambda x, seed: (dataset.test.labels > 0).astype(float)).figures
    assert {right[name] for name in ("roc_auc", "average_precision", "f1", "roc_auc_near", "roc_auc_far_away")} == {1}
    assert "roc_auc_none" not in right
    wrong = evaluate(dataset, lambda x, seed: -(dataset.test.labels > 0).astype(float)).figures
    assert (wrong["roc_auc"], wrong["f1"]) == (0, 0)


def test_a_kind_is_judged_without_the_others_and_baselines_find_what_they_can():
    dataset = points()
    figures = evaluate(dataset, lambda x, seed: (np.abs(x[:, 2]) > 1).astype(float)).figures
    assert (figures["roc_auc_far_away"], figures["roc_auc_near"], figures["roc_auc"]) == (1, 0.5, 0.75)
    assert figures["baselines"].keys() == {
        "isolation forest",
        "one-class SVM",
        "local outlier factor",
        "reconstruction by PCA",
    }
    for name, baseline in figures["baselines"].items():
        assert baseline["roc_auc_far_away"] > 0.95, name
    assert figures["baselines"]["reconstruction by PCA"]["roc_auc_near"] == 1


def test_the_curves_are_drawn():
    dataset = points()
    pictures = [evaluate(dataset, lambda x, seed, i=i: x[:, i]).pictures["roc"] for i in (0, 2)]
    assert pictures[0].shape == (420, 480, 3)
    assert (pictures[0] != pictures[1]).any()


def test_f1_is_that_of_scikit_learn_at_the_true_number():
    rng = np.random.default_rng(0)
    anomalous, scores = rng.random(200) < 0.3, rng.normal(size=200)
    threshold = np.sort(scores)[-np.count_nonzero(anomalous)]
    assert f1_at_contamination(scores, anomalous) == pytest.approx(f1_score(anomalous, scores >= threshold))


def test_what_cannot_be_evaluated_is_refused():
    def score(x, seed):
        return np.zeros(len(x))

    with pytest.raises(UsageError, match="among all held-out examples"):
        evaluate(points(), score, Options(count=5))
    with pytest.raises(UsageError, match="must be both normal and anomalies"):
        evaluate(points(0), score)
