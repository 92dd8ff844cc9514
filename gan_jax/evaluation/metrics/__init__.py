"""Measures on arrays of features, points, images and labels. Each names the paper that it is from.

`frechet` (of the `moments`), `kernel` and `manifolds` (by `neighbors`) compare sets of features, and `inception_score`
looks at the logits of one. `wasserstein` compares sets of points, `similarity` images, `label_maps` label maps,
`saliency` maps of attention, `shape_sets` sets of shapes, and `texts` texts. `modes` says which modes of the data
samples cover, and `edits` what a direction in the latent space changes. `accuracy` measures the class head of a
discriminator.
"""

from gan_jax.evaluation.metrics.accuracy import class_accuracy, class_probabilities
from gan_jax.evaluation.metrics.edits import kept_where_changed
from gan_jax.evaluation.metrics.frechet import (
    frechet_distance,
    frechet_distance_of_moments,
    intra_class_frechet_distance,
)
from gan_jax.evaluation.metrics.inception_score import inception_score
from gan_jax.evaluation.metrics.kernel import kernel_distance
from gan_jax.evaluation.metrics.label_maps import mean_iou, pixel_accuracy, read_labels
from gan_jax.evaluation.metrics.manifolds import (
    Neighborhoods,
    density_coverage,
    manifold_measures,
    precision_recall,
)
from gan_jax.evaluation.metrics.modes import label_coverage, mixture_coverage
from gan_jax.evaluation.metrics.moments import Moments, moments_of, stream_moments
from gan_jax.evaluation.metrics.neighbors import nearest
from gan_jax.evaluation.metrics.similarity import l1, psnr, ssim
from gan_jax.evaluation.metrics.wasserstein import sliced_wasserstein_distance
