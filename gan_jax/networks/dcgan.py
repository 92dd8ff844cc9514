"""The DCGAN networks (Radford, Metz and Chintala, arXiv 1511.06434), for images from 8x8 pixels on.

They follow the architecture guidelines of section 3: strided convolutions instead of pooling, batch normalization in
both networks except in the generator's output layer and the discriminator's input layer, no fully connected hidden
layers, ReLU in the generator with a tanh output, and LeakyReLU in the discriminator. Weights are drawn from N(0, 0.02)
(section 4). As in the authors' code, the scales of batch normalization are drawn from N(1, 0.02), and a convolution
has no bias if batch normalization follows it.

Kernels are 4x4 rather than the paper's 5x5. A transposed convolution leaves no checkerboard artifacts if its stride
divides its kernel size (Odena, Dumoulin and Olah, "Deconvolution and checkerboard artifacts", 2016).

The paper's images of 64x64 come from maps of 4x4, by four strides of 2. In general the smaller side of the smallest map
is 4 to 7. So images of 48x48 come from maps of 6x6, and those of 64x96 from 4x6. Images below 16 have two strides as
well, so those of 8x8 come from maps of 2x2.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.data import Resolution
from gan_jax.networks.image_sizes import Scales, scales, size_of
from gan_jax.networks.layers import BatchNorm, Conv, ConvTranspose, Normalization, batch_norm, initializers, leaky_relu

# The smallest maps of 128x128 images have so many times the features of the largest. Further strides do not double
# them. If they did, the generator of 1024x1024 with a width of 64 would have 700 million weights.
_MOST_FEATURES = 16


def feature_maps(resolution: Resolution) -> Scales:
    """Returns the size of the smallest feature map, and how often its sides double up to those of the images.

    Raises ValueError for sides below 8, or that the strides do not divide. The sides must be multiples of 4 if the
    smaller one is below 32, of 8 if it is below 64, of 16 if it is below 128, and so on.
    """
    return scales("DCGAN", resolution, lambda smaller: max(2, smaller.bit_length() - 3))


class Generator(nn.Module):
    """Maps latents (N, latent_size) to images (N, height, width, channels) in (-1, 1).

    `resolution` is the side of square images, or (height, width). `width` is the number of features before the output
    layer. The number doubles each time the sides halve, up to 16 `width`.

    Raises ValueError as `feature_maps` does.
    """

    resolution: Resolution
    channels: int
    width: int = 64

    @nn.compact
    def __call__(self, latents: jax.Array, train: bool) -> jax.Array:
        height, width, doublings = feature_maps(self.resolution)
        features = [self.width * min(2**i, _MOST_FEATURES) for i in reversed(range(doublings))]
        layer = partial(ConvTranspose, use_bias=False, kernel_init=initializers.weights)
        norm = partial(BatchNorm, train=train, scale_init=initializers.scales)

        # It projects the latents to the smallest map.
        x = layer(features[0], kernel_size=(height, width))(latents[:, None, None, :])
        x = nn.relu(norm()(x))
        for count in features[1:]:
            x = layer(count, kernel_size=4, stride=2, padding=1)(x)
            x = nn.relu(norm()(x))
        x = layer(self.channels, kernel_size=4, stride=2, padding=1, use_bias=True)(x)
        return jnp.tanh(x)


class Discriminator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to logits (N,) of being real.

    `width` is the number of features after the input layer. The number doubles each time the sides halve, up to
    16 `width`. With several `outputs`, for other heads (see `layers.heads`), the result is (N, outputs).
    `normalization` is batch normalization by default, as in the paper. Normalization of features skips the input and
    output layers. Normalization of weights applies to all layers.

    Raises ValueError as `feature_maps` does.
    """

    width: int = 64
    outputs: int = 1
    normalization: Normalization = batch_norm

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        height, width, halvings = feature_maps(size_of(images))
        norm, kernels = self.normalization.features, self.normalization.weights
        layer = partial(Conv, kernel_init=initializers.weights, weights=kernels and partial(kernels, train))

        x = leaky_relu(layer(self.width, kernel_size=4, stride=2, padding=1)(images))
        for i in range(1, halvings):
            features = self.width * min(2**i, _MOST_FEATURES)
            x = layer(features, kernel_size=4, stride=2, padding=1, use_bias=self.normalization.conv_bias)(x)
            x = leaky_relu(norm(train, initializers.scales)(x) if norm else x)
        self.sow("intermediates", "features", x)
        y = layer(self.outputs, kernel_size=(height, width))(x)[:, 0, 0]
        return y[:, 0] if self.outputs == 1 else y
