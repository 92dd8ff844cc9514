"""What the figures of evaluations are called in tables, which way is better, and in which range they lie."""

import math
from typing import NamedTuple

_ARROWS = {"higher": "↑", "lower": "↓"}

_ANY, _SHARE, _DISTANCE = (-math.inf, math.inf), (0.0, 1.0), (0.0, math.inf)


class Figure(NamedTuple):
    """A figure of an evaluation.

    title: what it is called in tables.
    better: "higher" or "lower", or "" if neither is better.
    limits: the least and the greatest value that it can have.
    format: how it is written, as `format` takes it.
    """

    title: str
    better: str = ""
    limits: tuple[float, float] = _ANY
    format: str = ".4g"

    @property
    def row(self) -> str:
        """Its title with an arrow that says which way is better, for the rows of tables."""
        return f"{self.title} {_ARROWS[self.better]}" if self.better else self.title


FIGURES = {
    "frechet_distance": Figure("Frechet distance", "lower", _DISTANCE),
    "frechet_ratio": Figure("Frechet distance, times real", "lower", _DISTANCE, ".3g"),
    "intra_class_frechet_distance": Figure("Frechet distance within classes", "lower", _DISTANCE),
    "kernel_distance": Figure("kernel distance (KID)", "lower", format=".3g"),
    "kernel_distance_deviation": Figure("... its deviation over subsets", "", _DISTANCE, ".2g"),
    "inception_score": Figure("inception score", "higher", (1.0, math.inf), ".3f"),
    "inception_score_deviation": Figure("... its deviation over splits", "", _DISTANCE, ".2g"),
    "precision": Figure("precision", "higher", _SHARE, ".3f"),
    "recall": Figure("recall", "higher", _SHARE, ".3f"),
    "density": Figure("density", "higher", _DISTANCE, ".3f"),
    "coverage": Figure("coverage", "higher", _SHARE, ".3f"),
    "perceptual_path_length": Figure("perceptual path length", "lower", _DISTANCE),
    "classification_accuracy_score": Figure("classification accuracy score", "higher", _SHARE, ".3f"),
    "class_accuracy": Figure("share classified as their own class", "higher", _SHARE, ".3f"),
    "confidence": Figure("classifier's confidence", "", _SHARE, ".3f"),
    "nearest_training_distance": Figure("distance to nearest training image", "", _DISTANCE),
    "sliced_wasserstein": Figure("sliced Wasserstein distance", "lower", _DISTANCE),
    "modes_covered": Figure("modes covered", "higher", _DISTANCE, "g"),
    "high_quality": Figure("share within 3 deviations of a mode", "higher", _SHARE, ".1%"),
    "reverse_kl": Figure("reverse KL of the modes", "lower", _DISTANCE, ".3g"),
    "kl": Figure("KL from the real modes", "lower", _DISTANCE, ".3g"),
    "label_accuracy": Figure("pixels of the right label", "higher", _SHARE),
    "label_iou": Figure("mean IoU of the labels", "higher", _SHARE),
    "nearest_neighbor_accuracy": Figure("1-NN accuracy", "", _SHARE, ".3f"),
    "minimum_matching_distance": Figure("minimum matching distance", "lower", _SHARE, ".3f"),
    "nearest_training_iou": Figure("IoU with the nearest training shape", "", _SHARE, ".3f"),
    "whole": Figure("share of a shape that hangs together", "higher", _SHARE, ".3f"),
    "log_likelihood": Figure("log-likelihood of held-out images, in nats", "higher", format=".2f"),
    "elbo": Figure("evidence lower bound of it, in nats", "higher", format=".2f"),
    "bits_per_pixel": Figure("bits per pixel of held-out images", "lower", format=".3f"),
    "bits_per_character": Figure("bits per character of held-out texts", "lower", _DISTANCE, ".3f"),
    "ngram_distance": Figure("distance of 4 characters in a row", "lower", _SHARE, ".3f"),
    "distinct": Figure("share of different texts", "", _SHARE, ".3f"),
    "copied": Figure("share that are training texts", "", _SHARE, ".3f"),
    "valid": Figure("share that the language can make", "higher", _SHARE, ".3f"),
    "language_bits": Figure("bits per character by the language", "", _DISTANCE, ".3f"),
    "roc_auc": Figure("ROC AUC", "higher", _SHARE, ".3f"),
    "average_precision": Figure("average precision", "higher", _SHARE, ".3f"),
    "f1": Figure("F1 at the true number", "higher", _SHARE, ".3f"),
    "auc_judd": Figure("AUC-Judd", "higher", _SHARE, ".3f"),
    "shuffled_auc": Figure("shuffled AUC", "higher", _SHARE, ".3f"),
    "nss": Figure("NSS", "higher", format=".3f"),
    "correlation": Figure("CC", "higher", (-1.0, 1.0), ".3f"),
    "similarity": Figure("SIM", "higher", _SHARE, ".3f"),
    "saliency_kl": Figure("KL", "lower", _DISTANCE, ".3f"),
    "perceptual_distance": Figure("perceptual distance", "lower", _DISTANCE, ".3f"),
    "source_distance": Figure("perceptual distance from the source", "", _DISTANCE, ".3f"),
    "l1": Figure("L1", "lower", _DISTANCE),
    "psnr": Figure("PSNR in dB", "higher"),
    "ssim": Figure("SSIM", "higher", (-1.0, 1.0)),
}


def figure(name: str) -> Figure:
    """What is known of the figure of this name. One that is not listed has its name as its title, and no limits."""
    return FIGURES.get(name) or Figure(name.replace("_", " "))
