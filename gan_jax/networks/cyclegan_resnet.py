"""The residual generator of CycleGAN (Zhu et al., arXiv 1703.10593, appendix 7.2; Johnson et al., arXiv 1603.08155).

Layer for layer it is that of the authors' PyTorch code.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.image_sizes import check_sides
from gan_jax.networks.layers import Conv, ConvTranspose, Normalization, initializers, plain_instance_norm


class Generator(nn.Module):
    """Images (N, H, W, C) in [-1, 1] to images (N, H, W, channels) in (-1, 1).

    In the paper's names c7s1-64, d128, d256, R256 as often as there are `blocks` (6 at 128x128, 9 from 256x256 on),
    u128, u64, c7s1-3, for a `width` of 64. Borders are padded by reflection. H and W are multiples of 4 from 8 on.

    Raises ValueError for images of other sides.
    """

    channels: int
    width: int = 64
    blocks: int = 9
    normalization: Normalization = plain_instance_norm

    @property
    def stride(self) -> int:
        """What the sides of images are multiples of."""
        return 4

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        check_sides(images, self.stride, 8)
        norm, kernels = self.normalization.features, self.normalization.weights
        how = {"kernel_init": initializers.weights, "weights": kernels and partial(kernels, train)}
        inner = {"use_bias": self.normalization.conv_bias, **how}

        def normalized(x):
            return norm(train, initializers.scales)(x) if norm else x

        x = nn.relu(normalized(Conv(self.width, 7, padding=3, reflect=True, **inner)(images)))
        for features in (2 * self.width, 4 * self.width):
            x = nn.relu(normalized(Conv(features, 3, stride=2, padding=1, **inner)(x)))
        same = partial(Conv, 4 * self.width, 3, padding=1, reflect=True, **inner)
        for _ in range(self.blocks):
            y = nn.relu(normalized(same()(x)))
            x = x + normalized(same()(y))
        for features in (2 * self.width, self.width):
            x = nn.relu(normalized(ConvTranspose(features, 3, stride=2, padding=1, output_padding=1, **inner)(x)))
        return jnp.tanh(Conv(self.channels, 7, padding=3, reflect=True, **how)(x))
