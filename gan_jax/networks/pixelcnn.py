"""PixelCNN (van den Oord et al. 2016, arXiv 1601.06759, section 3): images whose probabilities are known exactly."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import Conv


class Generator(nn.Module):
    """An autoregressive model of gray images: each pixel depends on those above it and to its left.

    It maps Gumbel noise (N, H W, levels) (`latents.gumbel`) to images (N, H, W, 1) in [-1, 1], pixel by pixel, row by
    row. The level of a pixel is the argmax of its logits + noise, so that an image is an exact sample of the model.

    The layers are those of the paper's table 1: a masked 7x7 convolution (mask A), `blocks` residual blocks of masked
    convolutions (1x1, 3x3 with mask B, 1x1), and two layers of 1x1. Masks of this kind leave a blind spot: pixels above
    to the right that no layer sees.

    size: height and width of images. levels: the number of gray values, evenly from -1 to 1. width: half of the
    features of a block's input.
    """

    size: tuple[int, int]
    levels: int = 256
    width: int = 32
    blocks: int = 5

    @nn.compact
    def __call__(self, inputs: jax.Array, train: bool, given: bool = False) -> jax.Array:
        """Draws images of noise.

        If `given`, inputs are images, whose values are rounded to the levels, and the output is the log probability of
        each of their pixels, given those before it: (N, H, W), in nats.
        """
        del train
        layers = _Layers(self.levels, self.width, self.blocks, name="layers")
        if given:
            levels = jnp.rint((inputs[..., 0] + 1) / 2 * (self.levels - 1)).astype(jnp.int32)
            logits = layers(inputs)
            return jnp.take_along_axis(jax.nn.log_softmax(logits), levels[..., None], -1)[..., 0]
        height, width = self.size
        images = jnp.zeros((len(inputs), height, width, 1))
        layers(images[:1])  # which makes the parameters; the loop below is one of pure functions
        params, pure = self.variables["params"]["layers"], layers.clone(parent=None, name=None)

        def draw(place: jax.Array, images: jax.Array) -> jax.Array:
            row, column = place // width, place % width
            logits: Any = pure.apply({"params": params}, images)
            level = jnp.argmax(logits[:, row, column] + inputs[:, place], -1)
            return images.at[:, row, column, 0].set(2 * level / (self.levels - 1) - 1)

        return jax.lax.fori_loop(0, height * width, draw, images)


class _Layers(nn.Module):
    """Maps images (N, H, W, 1) to the logits of each pixel, (N, H, W, levels)."""

    levels: int
    width: int
    blocks: int

    @nn.compact
    def __call__(self, images: jax.Array) -> jax.Array:
        x = Conv(2 * self.width, 7, padding=3, weights=lambda: _Mask(own=False))(images)
        for _ in range(self.blocks):
            y = Conv(self.width, 1)(nn.relu(x))
            y = Conv(self.width, 3, padding=1, weights=lambda: _Mask(own=True))(nn.relu(y))
            x = x + Conv(2 * self.width, 1)(nn.relu(y))
        x = Conv(2 * self.width, 1)(nn.relu(x))
        return Conv(self.levels, 1)(nn.relu(x)).astype(jnp.float32)


class _Mask(nn.Module):
    """Takes from a kernel (k, k, C, features) what lies below its middle or, in the same row, to the right of it.

    own: whether the pixel in the middle stays (mask B) or not (mask A).
    """

    own: bool

    @nn.compact
    def __call__(self, kernel: jax.Array, axis: int) -> jax.Array:
        side = kernel.shape[0]
        seen = side * side // 2 + self.own  # the places up to the middle, row by row
        mask = (jnp.arange(side * side) < seen).reshape(side, side, 1, 1)
        return kernel * mask
