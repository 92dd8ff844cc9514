"""How well anomalies are told from normal examples, beside methods that are no GANs."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.metrics import average_precision_score, roc_auc_score, roc_curve
from sklearn.neighbors import LocalOutlierFactor
from sklearn.svm import OneClassSVM

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset
from gan_jax.data.batching import pick
from gan_jax.data.dataset import Anomalies
from gan_jax.evaluation.options import Options
from gan_jax.evaluation.result import Evaluation, FigureTable
from gan_jax.evaluation.subsets import pick_subset
from gan_jax.inference import Scorer
from gan_jax.reporting import roc_curves

_MOST_TRAINING = 5000  # for the methods that compare with every training example
_NEIGHBORS, _OUTLIERS = 20, 0.05
_VARIANCE = 0.95

Score = Callable[[np.ndarray], np.ndarray]


def evaluate_anomalies(dataset: Dataset, origin: Anomalies, score: Scorer, seed: int, options: Options) -> Evaluation:
    """Scores all held-out examples, and compares the scores with which of them are anomalies.

    roc_auc and average_precision are scikit-learn's, and f1 is that of calling as many examples anomalies as there are.
    roc_auc_KIND are the areas with only the anomalies of this kind. "baselines" has the same figures of scikit-learn's
    isolation forest, one-class SVM (nu 0.05) and local outlier factor (20 neighbours), and of the squared error of a
    reconstruction by the principal components with 95% of the variance. They learn from the same normal examples, the
    SVM and the local outlier factor from 5,000 at most.

    "roc" pictures the ROC curves.

    Raises UsageError for another number of samples than all held-out examples, for features, and for held-out examples
    that are all normal or all anomalies.
    """
    if options.count is not None or options.features is not None:
        raise UsageError("anomalies are told apart among all held-out examples, and in no features")
    labels = dataset.test.labels
    assert labels is not None
    if not 0 < np.count_nonzero(labels) < len(labels):
        raise UsageError(f"the held-out examples of {dataset.name} must be both normal and anomalies")
    held_out = pick(dataset.test.images, np.arange(len(labels)))
    scores = {"game": score(held_out, seed)}
    scores |= {name: method(held_out) for name, method in _baselines(dataset, seed).items()}
    columns = {name: _figures(each, labels, dataset.classes, origin) for name, each in scores.items()}
    curves = {name: roc_curve(labels != 0, each)[:2] for name, each in scores.items()}
    anomalies = np.count_nonzero(labels)
    title = f"{anomalies:,} anomalies among {len(labels):,} held-out examples of {dataset.name}"
    titles = {f"roc_auc_{_key(kind)}": f"ROC AUC, {kind}" for kind in origin.kinds}
    return Evaluation(
        settings={"dataset": dataset.name, "count": len(labels), "anomalies": int(anomalies)},
        figures={**columns["game"], "baselines": {name: columns[name] for name in list(columns)[1:]}},
        measures=("roc_auc", "average_precision", "f1"),
        parts=(FigureTable(title, columns, titles=titles),),
        pictures={"roc": roc_curves(curves)},
    )


def f1_at_contamination(scores: np.ndarray, anomalous: np.ndarray) -> float:
    """F1 if as many examples are called anomalies as there are: those with the highest scores.

    It is then the precision and the recall as well. scores: (N,). anomalous: bool (N,).
    """
    called = np.argsort(-scores, kind="stable")[: np.count_nonzero(anomalous)]
    return float(anomalous[called].mean())


def _figures(scores: np.ndarray, labels: np.ndarray, classes: tuple[str, ...], origin: Anomalies) -> dict[str, float]:
    anomalous = labels != 0
    figures = {
        "roc_auc": float(roc_auc_score(anomalous, scores)),
        "average_precision": float(average_precision_score(anomalous, scores)),
        "f1": f1_at_contamination(scores, anomalous),
    }
    for kind, names in origin.kinds.items():
        mine = np.isin(labels, [classes.index(name) for name in names])
        if mine.any():
            kept = mine | ~anomalous
            figures[f"roc_auc_{_key(kind)}"] = float(roc_auc_score(mine[kept], scores[kept]))
    return figures


def _key(kind: str) -> str:
    return kind.replace(" ", "_")


def _baselines(dataset: Dataset, seed: int) -> Mapping[str, Score]:
    """Scores of held-out examples, higher for anomalies, by methods that have learned from training examples."""
    flat = _flat(pick(dataset.train.images, np.arange(len(dataset.train))))
    few = _flat(pick_subset(dataset.train.images, _MOST_TRAINING))
    fitted: dict[str, Any] = {
        "isolation forest": IsolationForest(random_state=seed).fit(flat),
        "one-class SVM": OneClassSVM(nu=_OUTLIERS).fit(few),
        "local outlier factor": LocalOutlierFactor(_NEIGHBORS, novelty=True).fit(few),
    }
    components = PCA(_VARIANCE, random_state=seed).fit(flat)

    def reconstruction_error(examples: np.ndarray) -> np.ndarray:
        x = _flat(examples)
        return np.square(x - components.inverse_transform(components.transform(x))).mean(1)

    scores: dict[str, Score] = {
        name: lambda examples, model=model: -model.score_samples(_flat(examples)) for name, model in fitted.items()
    }
    return {**scores, "reconstruction by PCA": reconstruction_error}


def _flat(examples: np.ndarray) -> np.ndarray:
    """Images in [0, 1] or points, as rows float32 (N, D)."""
    scale = 255 if examples.dtype == np.uint8 else 1
    return examples.reshape(len(examples), -1).astype(np.float32) / scale
