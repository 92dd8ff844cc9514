"""Layers that draw, for each example from its own key: what they draw does not depend on the number of devices.

They draw from the stream "noise" in training alone; otherwise they are the identity.
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least, probability
from gan_jax.common.parallel import example_keys


class GaussianNoise(nn.Module):
    """x (N, ...) + stddev * standard normal noise: instance noise where x is an image.

    (Salimans et al., arXiv 1606.03498; Sønderby et al., arXiv 1610.04490, section 4; Arjovsky and Bottou,
    arXiv 1701.04862, section 3.)

    stddev: a number, or an optax schedule of it: a function of how many training passes there were. They are counted in
    the collection "passes". A discriminator passes twice in a move, over real and over generated examples, a generator
    once.

    Raises ValueError for a number below 0.
    """

    stddev: float | Callable[[jax.Array], jax.Array | float]
    train: bool

    @nn.compact
    def __call__(self, x: jax.Array) -> jax.Array:
        if callable(self.stddev):
            # Not an integer, since the average of a network's variables is one of them too.
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


class Dropout(nn.Module):
    """Each number of x (N, ...) is dropped with probability `rate`, and those kept are divided by 1 - rate.

    (Srivastava et al., JMLR 15, 2014.) Raises ValueError for a rate that is no probability.
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
