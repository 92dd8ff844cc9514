"""Distributions of the generator's latents.

Each distribution is a function that maps a PRNG key to the latents of one example, an array (size,), or (length, size)
for texts.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp

Latent = Callable[[jax.Array], jax.Array]


@dataclass(frozen=True)
class Normal:
    """The standard normal distribution of `size` numbers, truncated to [-threshold, threshold] if there is one."""

    size: int
    threshold: float | None = None

    def __call__(self, key: jax.Array) -> jax.Array:
        if self.threshold is None:
            return jax.random.normal(key, (self.size,))
        return jax.random.truncated_normal(key, -self.threshold, self.threshold, (self.size,))

    def truncated(self, threshold: float) -> "Normal":
        """This distribution, given that all numbers are at most `threshold` from 0: the truncation trick of BigGAN.

        (Brock et al. 2019, arXiv 1809.11096, section 3.1, where numbers beyond it are drawn again. This is the same
        distribution.) A key gives the numbers that it gives without a threshold, moved towards 0.

        Raises ValueError for a threshold that is not above 0, or not finite.
        """
        if not 0 < threshold < math.inf:
            raise ValueError(f"the threshold of truncated latents is a number above 0, not {threshold:g}")
        return replace(self, threshold=threshold)


def normal(size: int) -> Normal:
    """Returns the standard normal distribution of `size` numbers.

    >>> from gan_jax.networks.latents import normal
    >>> normal(100)(jax.random.key(0)).shape
    (100,)
    >>> bool(jnp.all(jnp.abs(normal(100).truncated(0.5)(jax.random.key(0))) <= 0.5))
    True
    """
    return Normal(size)


def uniform(size: int) -> Latent:
    """Returns the uniform distribution of `size` numbers in [-1, 1).

    It is the one of the original GAN (arXiv 1406.2661) and of DCGAN (arXiv 1511.06434, section 4).

    >>> from gan_jax.networks.latents import uniform
    >>> z = uniform(100)(jax.random.key(0))
    >>> z.shape, bool(jnp.all(jnp.abs(z) <= 1))
    ((100,), True)
    """
    return lambda key: jax.random.uniform(key, (size,), minval=-1)


def gumbel(length: int, size: int) -> Latent:
    """Returns the standard Gumbel distribution of (length, size) numbers.

    The largest of logits + noise is at a place that is distributed as the softmax of the logits says. So this noise,
    one number for each character that could stand at each place, is the randomness of a text.

    >>> from gan_jax.networks.latents import gumbel
    >>> logits = jnp.log(jnp.array([0.1, 0.9]))
    >>> characters = jnp.argmax(logits + gumbel(10_000, 2)(jax.random.key(0)), -1)
    >>> round(float(jnp.mean(characters)), 1)  # the share of character 1
    0.9
    """
    return lambda key: jax.random.gumbel(key, (length, size))


@dataclass(frozen=True)
class Codes:
    """The latent codes of InfoGAN (Chen et al. 2016, arXiv 1606.03657), which the latents contain in addition to noise.

    categories: the number of categories of each categorical code. A code is uniform over its categories, and one-hot
        in the latents.
    continuous: the number of continuous codes. Each is uniform in [-1, 1).

    Raises ValueError for a code of fewer than 2 categories, a negative number of codes, or no codes at all.
    """

    categories: tuple[int, ...] = ()
    continuous: int = 0

    def __post_init__(self) -> None:
        for size in self.categories:
            if size < 2:
                raise ValueError(f"a categorical code has at least 2 categories, not {size}")
        if self.continuous < 0:
            raise ValueError(f"the number of continuous codes must be at least 0, not {self.continuous}")
        if self.size == 0:
            raise ValueError("there are no codes: give categories, continuous codes or both")

    @property
    def size(self) -> int:
        """The number of entries that the codes occupy in a latent vector."""
        return sum(self.categories) + self.continuous

    @property
    def heads(self) -> dict[str, int]:
        """The sizes of the heads that predict the codes: logits of each category, and means of the continuous codes."""
        categorical = {f"category_{i}": size for i, size in enumerate(self.categories)}
        return categorical | ({"means": self.continuous} if self.continuous else {})

    def extract(self, latents: jax.Array) -> dict[str, jax.Array]:
        """Extracts the codes from latents (N, noise + size).

        Returns them by the names of the heads: one-hot codes (N, K), and continuous codes (N, C).
        """
        found, start = {}, latents.shape[-1] - self.size
        for name, size in self.heads.items():
            found[name] = latents[:, start : start + size]
            start += size
        return found


def with_codes(noise: Latent, codes: Codes) -> Latent:
    """Returns the distribution of latents [noise, one-hot categories, continuous codes].

    >>> from gan_jax.networks.latents import Codes, normal, with_codes
    >>> codes = Codes(categories=(10,), continuous=2)
    >>> z = with_codes(normal(62), codes)(jax.random.key(0))
    >>> z.shape, {name: code.shape for name, code in codes.extract(z[None]).items()}
    ((74,), {'category_0': (1, 10), 'means': (1, 2)})
    """

    def draw(key):
        noise_key, continuous_key, *keys = jax.random.split(key, 2 + len(codes.categories))
        drawn = [
            jax.nn.one_hot(jax.random.randint(key, (), 0, size), size)
            for key, size in zip(keys, codes.categories, strict=True)
        ]
        return jnp.concatenate([noise(noise_key), *drawn, uniform(codes.continuous)(continuous_key)])

    return draw
