"""What a classifier learns from samples: the classification accuracy score of a conditional game."""

import numpy as np

from gan_jax.data import Dataset, Split
from gan_jax.evaluation.features import cached_classifier, check_labels, train_classifier
from gan_jax.evaluation.features.classifier import MOST_IMAGES
from gan_jax.evaluation.sampler import Labels, Sampler


def accuracy_score(dataset: Dataset, sample: Sampler, labels: Labels, seed: int) -> tuple[float, float]:
    """The share of held-out images that a classifier gets right which is trained on samples of their classes alone.

    sample, labels: give samples and their classes, see `sampler`. There are as many samples as training images, up to
        50,000.

    Returns the score, and the accuracy of the same network after the same training on as many training images. A game
    that misses a part of a class, or that blurs classes, scores less. It sees what Frechet distances and inception
    scores miss.

    Source: Ravuri and Vinyals 2019, "Classification accuracy score for conditional generative models" (arXiv
    1905.10887). They train a ResNet-50; here it is the small `features.classifier_network`.

    Raises UsageError for a dataset without labels.
    """
    check_labels(dataset)
    count = min(len(dataset.train), MOST_IMAGES)
    made = Split(sample(count, seed), labels(count, seed).astype(np.int32))
    trained = train_classifier(Dataset(dataset.name, made, dataset.test, dataset.classes))
    real = cached_classifier(dataset)
    return trained.accuracy, real.accuracy
