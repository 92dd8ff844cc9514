"""The U-Net generator of pix2pix (Isola et al., arXiv 1611.07004, section 3.2.1 and appendix 6.1.1).

It matches the authors' PyTorch code layer by layer. As there, the innermost layer, whose output is a single pixel, is
not normalized: at a batch size of 1, normalization would set it to zero (the paper's errata). The first layer after it
has no dropout.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.image_sizes import check_image_size
from gan_jax.networks.layers import Conv, ConvTranspose, Dropout, Normalization, batch_norm, initializers, leaky_relu


class Generator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to images (N, H, W, channels) in (-1, 1).

    log2(resolution) convolutions of stride 2 reduce images of the resolution to a single pixel. As many transposed
    convolutions lead back. Each of them except the first also takes the output of the convolution at its own size, by a
    skip connection. The first convolution has `width` features, and each halving of the sides doubles them, up to
    8 `width`. H and W must be multiples of the resolution. If they are k times it, the bottleneck has k by k pixels.

    The noise is `dropout` in training, in the log2(resolution) - 5 layers after the first transposed convolution: three
    layers at 256x256, two at 128x128, one at 64x64 and none below.

    Raises ValueError if the resolution is not a power of two of at least 8, and for images of other sizes.
    """

    resolution: int
    channels: int
    width: int = 64
    dropout: float = 0.5
    normalization: Normalization = batch_norm

    @property
    def stride(self) -> int:
        """The sides of images must be multiples of this number."""
        return self.resolution

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        depth = _depth(self.resolution)
        check_image_size(images, self.stride, self.stride)
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
        near = sorted({2 ** max(3, depth), 2 ** max(3, depth + 1)})
        raise ValueError(
            f"a U-Net's resolution, over its bottleneck's, is a power of two from 8 on, not {resolution}: "
            f"{' or '.join(map(str, near))} would do"
        )
    return depth
