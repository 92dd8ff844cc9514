"""The contrastive loss of patches: a patch should be nearer to the patch at its own place than to those elsewhere."""

import jax
import jax.numpy as jnp


def patch_nce(queries: jax.Array, keys: jax.Array, temperature: float = 0.07) -> jax.Array:
    """The mean cross-entropy of finding, among the keys of its image, the one at a query's own place, ().

    queries, keys: unit vectors (N, P, F) of P places in each of N images. The logits are their products divided by
    `temperature`. No gradient goes to the keys.

    Source: Park et al. 2020 (arXiv 2007.15651), equations 3 and 4. As in the authors' code, the keys are constants.

    >>> patches = jnp.eye(4)[None]  # 4 places of an image, all different
    >>> abs(round(float(regularizers.patch_nce(patches, patches)), 4))
    0.0
    >>> same = jnp.ones((1, 4, 1))  # 4 places that look alike
    >>> round(float(regularizers.patch_nce(same, same)), 4)  # log 4
    1.3863
    """
    logits = jnp.einsum("npf,nqf->npq", queries, jax.lax.stop_gradient(keys)) / temperature
    return -jnp.mean(jnp.diagonal(jax.nn.log_softmax(logits), axis1=1, axis2=2))
