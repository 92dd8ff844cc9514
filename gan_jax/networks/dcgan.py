"""The DCGAN networks (Radford, Metz and Chintala, arXiv 1511.06434), at any power-of-two resolution from 8 to 128.

They follow the architecture guidelines of section 3: strided convolutions instead of pooling, batch normalization in
both networks except in the generator's output layer and the discriminator's input layer, no fully connected hidden
layers, ReLU in the generator with a tanh output, and LeakyReLU in the discriminator. Weights are drawn from N(0, 0.02)
(section 4). As in the authors' code, the scales of batch normalization are drawn from N(1, 0.02), and a convolution
has no bias if batch normalization follows it.

Kernels are 4x4 rather than the paper's 5x5. A transposed convolution leaves no checkerboard artifacts if its stride
divides its kernel size (Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts", 2016).
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import BatchNorm, Conv, ConvTranspose, Normalization, batch_norm, initializers, leaky_relu


def base_side(resolution: int) -> int:
    """Returns the side of the smallest feature map: 4 as in the paper, or 2 for 8x8 images, to leave two strides.

    Raises ValueError unless the resolution is a power of two from 8 to 128.
    """
    if resolution not in (8, 16, 32, 64, 128):
        raise ValueError(f"DCGAN is built for a resolution of 8, 16, 32, 64 or 128, not {resolution}")
    return min(4, resolution // 4)


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, resolution, resolution, channels) in (-1, 1).

    `width` is the number of features before the output layer. The number doubles each time the side halves.
    """

    resolution: int
    channels: int
    width: int = 64

    @nn.compact
    def __call__(self, latents: jax.Array, train: bool) -> jax.Array:
        side = base_side(self.resolution)
        features = self.width * self.resolution // (2 * side)
        layer = partial(ConvTranspose, use_bias=False, kernel_init=initializers.weights)
        norm = partial(BatchNorm, train=train, scale_init=initializers.scales)

        x = layer(features, kernel_size=side)(latents[:, None, None, :])  # projects the latents to side x side
        x = nn.relu(norm()(x))
        while features > self.width:
            features //= 2
            x = layer(features, kernel_size=4, stride=2, padding=1)(x)
            x = nn.relu(norm()(x))
        x = layer(self.channels, kernel_size=4, stride=2, padding=1, use_bias=True)(x)
        return jnp.tanh(x)


class Discriminator(nn.Module):
    """Maps images (N, resolution, resolution, channels) in [-1, 1] to logits (N,) of being real.

    `width` is the number of features after the input layer. The number doubles each time the side halves. With several
    `outputs`, for other heads (see `layers.heads`), the result is (N, outputs). `normalization` is batch normalization
    by default, as in the paper. Normalization of features skips the input and output layers. Normalization of weights
    applies to all layers.
    """

    width: int = 64
    outputs: int = 1
    normalization: Normalization = batch_norm

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        side = base_side(images.shape[1])
        norm, kernels = self.normalization.features, self.normalization.weights
        layer = partial(Conv, kernel_init=initializers.weights, weights=kernels and partial(kernels, train))

        x = leaky_relu(layer(self.width, kernel_size=4, stride=2, padding=1)(images))
        features = self.width
        while x.shape[1] > side:
            features *= 2
            x = layer(features, kernel_size=4, stride=2, padding=1, use_bias=self.normalization.conv_bias)(x)
            x = leaky_relu(norm(train, initializers.scales)(x) if norm else x)
        self.sow("intermediates", "features", x)
        y = layer(self.outputs, kernel_size=side)(x)[:, 0, 0]
        return y[:, 0] if self.outputs == 1 else y
