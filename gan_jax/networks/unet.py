"""The U-Net generator of pix2pix (Isola et al., arXiv 1611.07004, section 3.2.1 and appendix 6.1.1).

Layer for layer it is that of the authors' PyTorch code. There the layer that makes one pixel is not normalized, which
the paper's errata ask for (at a batch size of 1 it would be zeroed), and the first layer after it has no dropout.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.image_sizes import check_sides
from gan_jax.networks.layers import Conv, ConvTranspose, Dropout, Normalization, batch_norm, initializers, leaky_relu


class Generator(nn.Module):
    """Images (N, H, W, C) in [-1, 1] to images (N, H, W, channels) in (-1, 1).

    log2(resolution) convolutions of stride 2 lead from images of the resolution to a single pixel, and as many
    transposed ones back, each of which but the first also sees what the convolution at its side made. There are `width`
    features beside the images, doubled by each halving of the sides up to 8 `width`. H and W are multiples of the
    resolution: of images of a multiple k of it, k by k pixels are left in the middle.

    The noise is `dropout`, in training, in the log2(resolution) - 5 layers that come after the first transposed one:
    three at 256x256, two at 128x128, one at 64x64 and none below.

    Raises ValueError for a resolution that is no power of two from 8 on, and for images of other sides.
    """

    resolution: int
    channels: int
    width: int = 64
    dropout: float = 0.5
    normalization: Normalization = batch_norm

    @property
    def stride(self) -> int:
        """What the sides of images are multiples of."""
        return self.resolution

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        depth = _depth(self.resolution)
        check_sides(images, self.stride, self.stride)
        norm, kernels = self.normalization.features, self.normalization.weights
        how = {"kernel_size": 4, "stride": 2, "padding": 1, "kernel_init": initializers.weights}
        how["weights"] = kernels and partial(kernels, train)
        down = partial(Conv, use_bias=self.normalization.conv_bias, **how)
        up = partial(ConvTranspose, **how)

        def normalized(x):
            return norm(train, initializers.scales)(x) if norm else x

        features = [self.width * min(2**i, 8) for i in range(depth)]
        x, skips = images, []
        for i in range(depth):
            x = down(features[i])(leaky_relu(x) if i else x)
            if 0 < i < depth - 1:
                x = normalized(x)
            skips.append(x)
        x = skips.pop()
        for i in range(depth - 1):
            x = normalized(up(skips[-1].shape[-1], use_bias=self.normalization.conv_bias)(nn.relu(x)))
            if 0 < i <= depth - 5:
                x = Dropout(self.dropout, train)(x)
            x = jnp.concatenate([skips.pop(), x], -1)
        return jnp.tanh(up(self.channels)(nn.relu(x)))


def _depth(resolution: int) -> int:
    depth = resolution.bit_length() - 1
    if resolution < 8 or resolution != 2**depth:
        raise ValueError(f"a U-Net's resolution, over its bottleneck's, is a power of two from 8 on, not {resolution}")
    return depth
