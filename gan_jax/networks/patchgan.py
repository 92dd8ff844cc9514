"""Discriminators that judge every patch of an image separately (Isola et al., arXiv 1611.07004, section 3.2.2).

They are convolutional and return a map of logits (N, h, w), where each logit sees one patch. They match the authors'
PyTorch code layer by layer.
"""

from functools import partial

import flax.linen as nn
import jax

from gan_jax.networks.layers import Conv, Normalization, batch_norm, initializers, leaky_relu
from gan_jax.networks.ops import blur_pool


class Discriminator(nn.Module):
    """PatchGAN: maps images (N, H, W, C) in [-1, 1] to logits (N, h, w) of being real.

    It has `layers` convolutions of stride 2, then two of stride 1, all with 4x4 kernels. So a logit sees 16x16 pixels
    with one layer, 34x34 with two, 70x70 with three and 286x286 with five (see `receptive_field`). At 256x256, three
    layers give a map of 30x30. The first convolution has `width` features, and each further one doubles them, up to
    8 `width`.

    With `antialias`, it is the discriminator of CUT (Park et al. 2020, arXiv 2007.15651, in its authors' code): each of
    the first convolutions has a stride of 1, and a blur before every second pixel is left out.

    Raises ValueError for fewer than one layer, and for images that are too small for the layers.
    """

    width: int = 64
    layers: int = 3
    normalization: Normalization = batch_norm
    antialias: bool = False

    @property
    def receptive_field(self) -> int:
        """The side of the patch that a logit sees."""
        side = 1 + 3 + 3
        for _ in range(self.layers):
            side = 2 * (side - 1) + (3 + 3 if self.antialias else 4)
        return side

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        if self.layers < 1:
            raise ValueError(f"a PatchGAN has at least 1 layer, not {self.layers}")
        # The last two layers each shrink the map by one pixel, and one pixel must be left.
        if min(images.shape[1:3]) < 3 * 2**self.layers:
            height, width = images.shape[1:3]
            raise ValueError(f"a PatchGAN of {self.layers} layers sees nothing of images as small as {height}x{width}")
        norm, kernels = self.normalization.features, self.normalization.weights
        layer = partial(
            Conv,
            kernel_size=4,
            padding=1,
            kernel_init=initializers.weights,
            weights=kernels and partial(kernels, train),
        )
        stride, halved = (1, blur_pool) if self.antialias else (2, lambda x: x)
        x = halved(leaky_relu(layer(self.width, stride=stride)(images)))
        for i in range(1, self.layers + 1):
            last = i == self.layers
            features = self.width * min(2**i, 8)
            x = layer(features, stride=1 if last else stride, use_bias=self.normalization.conv_bias)(x)
            x = leaky_relu(norm(train, initializers.scales)(x) if norm else x)
            x = x if last else halved(x)
        return layer(1)(x)[..., 0]


class PixelDiscriminator(nn.Module):
    """PixelGAN: maps images (N, H, W, C) in [-1, 1] to logits (N, H, W) of being real. A patch is a single pixel."""

    width: int = 64
    normalization: Normalization = batch_norm

    @property
    def receptive_field(self) -> int:
        """The side of the patch that a logit sees."""
        return 1

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        norm, kernels = self.normalization.features, self.normalization.weights
        layer = partial(
            Conv, kernel_size=1, kernel_init=initializers.weights, weights=kernels and partial(kernels, train)
        )
        x = leaky_relu(layer(self.width)(images))
        x = layer(2 * self.width, use_bias=self.normalization.conv_bias)(x)
        x = leaky_relu(norm(train, initializers.scales)(x) if norm else x)
        return layer(1, use_bias=self.normalization.conv_bias)(x)[..., 0]
