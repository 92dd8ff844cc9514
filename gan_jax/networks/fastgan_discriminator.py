"""The discriminator of FastGAN (Liu et al. 2021, arXiv 2101.04775, and the authors' code).

Beside its logits it makes real images again from its own feature maps, by small decoders. So the maps must keep what an
image shows, and few images are harder to learn by heart. See `regularizers.reconstruct_real`.
"""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common.parallel import example_keys
from gan_jax.data import Resolution
from gan_jax.networks.fastgan import Excitation, gated
from gan_jax.networks.image_sizes import Scales, scales, size_of
from gan_jax.networks.layers import BatchNorm, Conv, SpectralNorm, UpConv, leaky_relu
from gan_jax.networks.ops import downsample, pooled

# Blocks of two branches. Larger images are halved before them, with few features.
_BLOCKS = 5
# A map is scaled by the one that is so many halvings before it.
_SKIP = 3
# Halvings of the small image, and doublings of a decoder, at most.
_HALVINGS_OF_SMALL = 4
# Features of a decoder's maps, as multiples of the width.
_DECODED = (2, 1, 1, 0.5)


def feature_maps(resolution: Resolution) -> Scales:
    """The size of the last feature map, whose smaller side is 8 to 15, and how often it doubles to the images'.

    Raises ValueError for sides below 32 or above 1024, and for those that cannot be halved down to such a map.
    """
    found = scales("FastGAN's discriminator", resolution, lambda smaller: smaller.bit_length() - 4)
    if not 2 <= found.doublings <= _BLOCKS + 2:
        high, wide = (side << found.doublings for side in found[:2])
        raise ValueError(f"FastGAN's discriminator takes images from 32x32 to 1024x1024, not of {high}x{wide}")
    return found


class Discriminator(nn.Module):
    """Maps images (N, H, W, C) in [-1, 1] to a dict of "logits" (N, L) of being real, and two heads of images.

    The logits are those of patches of the image, and of a copy of half its side, but of at most 128 pixels.
    "reconstructions" (N, 3, h, w, C) are images of the copy's size, made from the last map, from the last map of the
    copy, and from a quarter of the last map but one. In training, the quarter is drawn for each image from the stream
    "noise". "originals" (N, 3, h, w, C) are what they should be: the copy twice, and that quarter of the image.

    `width` is the number of features of maps of 64x64. Smaller maps have twice as many for each halving. From 256x256
    on, the numbers of layers and features are the authors' (with a width of 64). Smaller images pass fewer layers. The
    copy has the means of pixels, where the authors take single pixels, since their generator makes a small image too.
    The features of the decoders are those of the authors with a width of 64, and they follow the width.

    Raises ValueError as `feature_maps` does.
    """

    width: int = 64

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> dict[str, jax.Array]:
        high, wide, halvings = feature_maps(size_of(images))
        weights = partial(SpectralNorm, train)
        conv = partial(Conv, use_bias=False, weights=weights)
        features = [int(8 * self.width / 2**i) for i in range(halvings + 1)]  # from the last map back

        blocks = min(halvings, _BLOCKS)
        x = images if halvings > blocks else leaky_relu(conv(features[blocks], 3, padding=1)(images))
        for i in reversed(range(blocks, halvings)):
            x = _Down(features[i], train, normalized=i < halvings - 1)(x)
        maps = [x]
        for i in reversed(range(blocks)):
            x = _TwoBranches(features[i], train)(x)
            if len(maps) >= _SKIP:
                x = Excitation((4, 4), weights)(maps[-_SKIP], x)
            maps.append(x)
        self.sow("intermediates", "features", x)
        judged = leaky_relu(BatchNorm(train)(conv(2 * features[0], 1)(x)))

        times = min(halvings - 1, _HALVINGS_OF_SMALL)
        sides = high << times, wide << times
        y = copy = pooled(images, sides)
        for i in reversed(range(1, times + 1)):
            y = _Down(features[i], train, normalized=i < times)(y)

        places = self._places(len(images), train)
        sources = [x, y, _quarter(maps[-2], places)]
        decoded = [int(multiple * self.width) for multiple in _DECODED[:times]]
        made = [_Decoder(decoded, images.shape[-1], train)(source) for source in sources]
        return {
            "logits": jnp.concatenate([conv(1, 4)(z).reshape(len(z), -1) for z in (judged, y)], 1),
            "reconstructions": jnp.stack(made, 1),
            "originals": jnp.stack([copy, copy, pooled(_quarter(images, places), sides)], 1),
        }

    def _places(self, count: int, train: bool) -> jax.Array:
        """Whether the quarter of each image lies below and to the right, (N, 2)."""
        if not train:
            return jnp.zeros((count, 2), bool)
        keys = example_keys(self.make_rng("noise"), count)
        return jax.vmap(lambda key: jax.random.bernoulli(key, shape=(2,)))(keys)


def _quarter(x: jax.Array, places: jax.Array) -> jax.Array:
    # Both halves and a choice, as indices would make the sums of gradients depend on their order.
    for axis in (1, 2):
        first, second = jnp.split(x, 2, axis)
        x = jnp.where(places[:, axis - 1, None, None, None], second, first)
    return x


class _Down(nn.Module):
    """Half the sides, by one convolution."""

    features: int
    train: bool
    normalized: bool = True

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        weights = partial(SpectralNorm, self.train)
        x = Conv(self.features, 4, stride=2, padding=1, use_bias=False, weights=weights)(x)
        return leaky_relu(BatchNorm(self.train)(x) if self.normalized else x)


class _TwoBranches(nn.Module):
    """Half the sides: the mean of a branch of two convolutions and one of pooling and a convolution of 1x1."""

    features: int
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        conv = partial(Conv, self.features, use_bias=False, weights=partial(SpectralNorm, self.train))
        y = _Down(self.features, self.train)(x)
        y = leaky_relu(BatchNorm(self.train)(conv(3, padding=1)(y)))
        return (y + leaky_relu(BatchNorm(self.train)(conv(1)(downsample(x))))) / 2


class _Decoder(nn.Module):
    """Maps features to images in [-1, 1], and doubles the sides for each of `features`."""

    features: list[int]
    channels: int
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        weights = partial(SpectralNorm, self.train)
        for count in self.features:
            x = UpConv(2 * count, 3, use_bias=False, weights=weights)(x)
            x = gated(BatchNorm(self.train)(x))
        return jnp.tanh(Conv(self.channels, 3, padding=1, use_bias=False, weights=weights)(x))
