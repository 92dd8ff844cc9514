"""How unlike two images look to a network: the distance of their feature maps, place by place."""

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.evaluation.features import check_images, efficientnet, efficientnet_stages

_BATCH = 32


def perceptual_distance(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The distance of each image from the true one in the feature maps of EfficientNet-lite0, (N,). Lower is better.

    The features at each place of each map are scaled to length 1. The distance is the mean over places of the squared
    difference, summed over the maps after the seven stages. It is 0 for equal images. This is LPIPS without its learned
    weights, in another network: its values are not those of LPIPS.

    Both arrays are uint8 (N, H, W, 1 or 3). Raises ValueError if N, H or W differ, and UsageError without the network.

    Source: Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric" (arXiv
    1801.03924), equation 1 with w = 1.
    """
    if images.shape[:3] != truth.shape[:3]:
        raise ValueError(f"images of shape {images.shape} cannot be compared with true ones of shape {truth.shape}")
    check_images(images)
    params = efficientnet().params
    found = []
    for start in range(0, len(images), _BATCH):
        # The last batch is padded with repeated images: with one shape for all, the program is compiled once.
        rows = np.arange(start, start + min(_BATCH, len(images))) % len(images)
        found.append(np.asarray(_distances(params, images[rows], truth[rows])))
    return np.concatenate(found)[: len(images)]


@jax.jit
def _distances(params, images: jax.Array, truth: jax.Array) -> jax.Array:
    ours, theirs = (map(_unit, efficientnet_stages(params, x)) for x in (images, truth))
    each = [jnp.mean(jnp.sum(jnp.square(a - b), -1), (1, 2)) for a, b in zip(ours, theirs, strict=True)]
    return jnp.sum(jnp.stack(each), 0)


def _unit(maps: jax.Array) -> jax.Array:
    return maps / jnp.maximum(jnp.linalg.norm(maps, axis=-1, keepdims=True), 1e-10)
