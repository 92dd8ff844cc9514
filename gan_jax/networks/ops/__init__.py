"""Operations on arrays, lowered by backend and shape to what runs fast, and the precision they compute in."""

from gan_jax.networks.ops.convolution import conv, conv_transpose
from gan_jax.networks.ops.precision import cast, computing
from gan_jax.networks.ops.resizing import doubled, halved

__all__ = ["cast", "computing", "conv", "conv_transpose", "doubled", "halved"]
