"""The residual generator of CycleGAN (Zhu et al., arXiv 1703.10593, appendix 7.2; Johnson et al., arXiv 1603.08155).

It matches the authors' PyTorch code layer by layer.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.image_sizes import check_image_size
from gan_jax.networks.layers import Conv, ConvTranspose, Dropout, Normalization, initializers, plain_instance_norm
from gan_jax.networks.ops import blur_pool, upsample_bilinear

_CONTRASTED = (0, 4)  # blocks


class Generator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to images (N, H, W, channels) in (-1, 1).

    For a `width` of 64, the layers are, in the paper's notation: c7s1-64, d128, d256, then R256 `blocks` times (the
    paper uses 6 at 128x128, and 9 for 256x256 and above), u128, u64, c7s1-3. Borders are padded by reflection.
    `dropout` is its rate inside the blocks in training. The paper has none, and the authors' code offers 0.5.

    With `antialias`, it is the generator of CUT (Park et al. 2020, arXiv 2007.15651, in its authors' code): a blur
    before each step down to half the size, and bilinear steps up in the place of transposed convolutions.

    It sows as "encoder" the feature maps whose patches CUT compares (appendix C.2 there): the images, both downsampling
    convolutions, and the first and the fifth block.

    H and W must be multiples of 4 and at least 8. Raises ValueError for other sizes.
    """

    channels: int
    width: int = 64
    blocks: int = 9
    normalization: Normalization = plain_instance_norm
    dropout: float = 0.0
    antialias: bool = False

    @property
    def stride(self) -> int:
        """The sides of images must be multiples of this number."""
        return 4

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        check_image_size(images, self.stride, 8)
        norm, kernels = self.normalization.features, self.normalization.weights
        how = {"kernel_init": initializers.weights, "weights": kernels and partial(kernels, train)}
        inner = {"use_bias": self.normalization.conv_bias, **how}

        def normalized(x):
            return norm(train, initializers.scales)(x) if norm else x

        self.sow("intermediates", "encoder", images)
        x = nn.relu(normalized(Conv(self.width, 7, padding=3, reflect=True, **inner)(images)))
        for features in (2 * self.width, 4 * self.width):
            x = Conv(features, 3, stride=1 if self.antialias else 2, padding=1, **inner)(x)
            self.sow("intermediates", "encoder", x)
            x = nn.relu(normalized(x))
            x = blur_pool(x) if self.antialias else x
        same = partial(Conv, 4 * self.width, 3, padding=1, reflect=True, **inner)
        for block in range(self.blocks):
            y = nn.relu(normalized(same()(x)))
            if self.dropout:
                y = Dropout(self.dropout, train)(y)
            x = x + normalized(same()(y))
            if block in _CONTRASTED:
                self.sow("intermediates", "encoder", x)
        for features in (2 * self.width, self.width):
            if self.antialias:
                x = Conv(features, 3, padding=1, **inner)(upsample_bilinear(x))
            else:
                x = ConvTranspose(features, 3, stride=2, padding=1, output_padding=1, **inner)(x)
            x = nn.relu(normalized(x))
        return jnp.tanh(Conv(self.channels, 7, padding=3, reflect=True, **how)(x))
