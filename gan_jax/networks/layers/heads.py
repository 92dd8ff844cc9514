"""Wrappers that give a discriminator further outputs besides the logit of being real.

They wrap a discriminator with several `outputs` and return {"logits": (N,), other heads (N, K)}. Recipes pass this
dictionary to regularizers as `View.real.output` and `View.fake.output`.
"""

from collections.abc import Mapping

import flax.linen as nn
import jax


class Heads(nn.Module):
    """Names the outputs of `network`. The first output is "logits" (N,). The heads follow, each (N, size).

    heads: the size of each head. With {"classes": 10}, `network` must have 1 + 10 outputs.

    Raises ValueError if `network` has another number of outputs, or if a head has size 0.
    """

    network: nn.Module
    heads: Mapping[str, int]

    @nn.compact
    def __call__(self, examples: jax.Array, *labels: jax.Array, train: bool) -> dict[str, jax.Array]:
        for name, size in self.heads.items():
            if size < 1:
                raise ValueError(f"the head {name!r} must have at least 1 output, not {size}")
        y = _outputs(self.network(examples, *labels, train=train))
        needed = 1 + sum(self.heads.values())
        if y.shape[1] != needed:
            sizes = " + ".join(f"{size} ({name})" for name, size in self.heads.items())
            raise ValueError(f"the discriminator has {y.shape[1]} outputs, and its heads need {needed}: 1 + {sizes}")
        found, start = {"logits": y[:, 0]}, 1
        for name, size in self.heads.items():
            found[name] = y[:, start : start + size]
            start += size
        return found


class ClassLogits(nn.Module):
    """Uses a classifier of K classes as a discriminator. The outputs l (N, K) of `network` are the class logits.

    Returns {"logits": log sum_k exp l_k, "classes": l}. This is a classifier of K + 1 classes. The last class is that
    of generated examples, and its logit is fixed to 0. With Z(x) = sum_k exp l_k(x), the probability that x is real is
    D(x) = Z / (Z + 1), the sigmoid of log Z (Salimans et al. 2016, arXiv 1606.03498, section 5).

    Raises ValueError if `network` has fewer than two outputs.
    """

    network: nn.Module

    @nn.compact
    def __call__(self, examples: jax.Array, *labels: jax.Array, train: bool) -> dict[str, jax.Array]:
        y = _outputs(self.network(examples, *labels, train=train)).astype("float32")
        if y.shape[1] < 2:
            raise ValueError(
                f"class logits need labels of at least two classes, and the discriminator has {y.shape[1]}"
            )
        return {"logits": jax.nn.logsumexp(y, axis=1), "classes": y}


def _outputs(y: jax.Array) -> jax.Array:
    """Reshapes the output of a network to (N, outputs). A network with a single output returns (N,)."""
    return y[:, None] if y.ndim == 1 else y
