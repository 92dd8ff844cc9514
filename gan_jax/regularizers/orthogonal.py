"""Orthogonal regularization of a player's kernels."""

import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least
from gan_jax.networks.layers import ConvTranspose
from gan_jax.regularizers.base import Regularizer, View, stateless


def orthogonal(weight: float) -> Regularizer:
    """weight times the sum of |W^T W * (1 - I)|_F^2 over the player's kernels W, where * is elementwise.

    This is the relaxed form of BigGAN, which penalizes the overlap of filters but not their norms (Brock et al. 2019,
    arXiv 1809.11096, equation 3, where the weight is 1e-4). W is a parameter named "kernel", reshaped to a matrix whose
    columns are the filters of a convolution or a dense layer, one for each output feature. They are the last axis, but
    for a `ConvTranspose`, where they are the last but one. It is known by the name that Flax gives it, ConvTranspose_0
    and so on. Embeddings have another name than "kernel", so they are exempt, as in the authors' code.

    Raises ValueError for a negative weight.

    >>> params = {"Dense_0": {"kernel": jnp.array([[1.0, 0.5], [0.0, 2.0]]), "bias": jnp.ones(2)}}
    >>> view = regularizers.View({}, None, None, None, params, step=0, key=None)
    >>> float(regularizers.orthogonal(1.0).apply(view, ())[0])  # the filters have the product 0.5, which counts twice
    0.5
    """
    at_least(0, "the weight of orthogonal", weight)

    def penalty(view: View) -> jax.Array:
        total = jnp.zeros(())
        for path, leaf in jax.tree_util.tree_leaves_with_path(view.params):
            if path[-1] == jax.tree_util.DictKey("kernel"):
                kernel = jnp.moveaxis(leaf, -2, -1) if _is_transposed(path) else leaf
                w = kernel.reshape(-1, kernel.shape[-1])
                total += jnp.sum(jnp.square((w.T @ w) * (1 - jnp.eye(w.shape[1]))))
        return weight * total

    return stateless("orthogonal", penalty)


def _is_transposed(path: tuple) -> bool:
    """Whether a kernel at this path of the parameters is that of a `ConvTranspose`."""
    return len(path) > 1 and str(path[-2].key).rpartition("_")[0] == ConvTranspose.__name__
