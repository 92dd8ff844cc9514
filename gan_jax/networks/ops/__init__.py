"""Array operations with fast lowerings for each backend and shape, and the precision in which networks compute."""

from gan_jax.networks.ops.convolution import conv, conv_transpose
from gan_jax.networks.ops.grouped import grouped_conv
from gan_jax.networks.ops.precision import cast, computing
from gan_jax.networks.ops.resizing import (
    blur_pool,
    downsample,
    downsample_smooth,
    pooled,
    upsample,
    upsample_bilinear,
    upsample_smooth,
)
