"""Layers that add noise in training. Otherwise they are the identity, but for `PixelNoise`.

They draw from the PRNG stream "noise". Each example has its own key, so that the result does not depend on the number
of devices.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least, probability
from gan_jax.common.parallel import example_keys


class GaussianNoise(nn.Module):
    """Returns x (N, ...) + stddev * standard normal noise. This is instance noise if x is an image.

    (Salimans et al., arXiv 1606.03498; Sønderby et al., arXiv 1610.04490, section 4; Arjovsky and Bottou,
    arXiv 1701.04862, section 3.)

    stddev: a number, or an optax schedule, which is a function of the number of training passes so far. The collection
        "passes" counts them. In one update a discriminator makes two passes, over real and over generated examples, and
        a generator makes one.

    Raises ValueError for a negative number.
    """

    stddev: float | Callable[[jax.Array], jax.Array | float]
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        if callable(self.stddev):
            # The count is a float, since the moving average of a network averages its variables too.
            passes = self.variable("passes", "count", lambda: jnp.zeros((), jnp.float32))
            stddev = self.stddev(passes.value)
            if self.train and not self.is_initializing():
                passes.value = passes.value + 1
        else:
            at_least(0, "the stddev of noise", self.stddev)
            stddev = self.stddev
        if not self.train:
            return x
        keys = example_keys(self.make_rng("noise"), len(x))
        return x + (stddev * jax.vmap(lambda key: jax.random.normal(key, x.shape[1:]))(keys)).astype(x.dtype)


class PixelNoise(nn.Module):
    """Adds noise to images (N, H, W, C): one number for each pixel, times a strength that is learned and starts at 0.

    It is drawn anew in training. Otherwise it is there too, and the same for all images. (Karras et al. 2020, arXiv
    1912.04958, section 2.1, and FastGAN, Liu et al. 2021, arXiv 2101.04775.)
    """

    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        sides = x.shape[1:3]
        if self.train:
            keys = example_keys(self.make_rng("noise"), len(x))
            noise = jax.vmap(lambda key: jax.random.normal(key, sides))(keys)
        else:
            noise = jax.random.normal(jax.random.key(0), (1, *sides))
        strength = self.param("strength", nn.initializers.zeros, ())
        return x + (strength * noise)[..., None].astype(x.dtype)


class Dropout(nn.Module):
    """Sets each entry of x (N, ...) to 0 with probability `rate`, and divides the others by 1 - rate.

    (Srivastava et al., JMLR 15, 2014.) Raises ValueError for a rate outside [0, 1].
    """

    rate: float
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        probability("the rate of dropout", self.rate)
        if not self.train:
            return x
        keys = example_keys(self.make_rng("noise"), len(x))
        kept = jax.vmap(lambda key: jax.random.bernoulli(key, 1 - self.rate, x.shape[1:]))(keys)
        return jnp.where(kept, x / (1 - self.rate), 0).astype(x.dtype)
