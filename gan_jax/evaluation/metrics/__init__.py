"""Measures on arrays of features, points, images and labels. Each names the paper that it is from.

`frechet`, `precision_recall` and `neighbors` compare sets of features, `wasserstein` sets of points, `similarity`
images, and `label_maps` label maps. `modes` says which modes of the data samples cover. `accuracy` measures the class
head of a discriminator.
"""

from gan_jax.evaluation.metrics.accuracy import class_accuracy, class_probabilities
from gan_jax.evaluation.metrics.frechet import frechet_distance
from gan_jax.evaluation.metrics.label_maps import mean_iou, pixel_accuracy, read_labels
from gan_jax.evaluation.metrics.modes import label_coverage, mixture_coverage
from gan_jax.evaluation.metrics.neighbors import nearest_distances
from gan_jax.evaluation.metrics.precision_recall import precision_recall
from gan_jax.evaluation.metrics.similarity import l1, psnr, ssim
from gan_jax.evaluation.metrics.wasserstein import sliced_wasserstein_distance
