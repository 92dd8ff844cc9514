"""Distributions of the generator's latents.

Each is a function from a PRNG key to the latents of one example, an array (size,).
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax
import jax.numpy as jnp

Latent = Callable[[jax.Array], jax.Array]


def normal(size: int) -> Latent:
    """Standard normal."""
    return lambda key: jax.random.normal(key, (size,))


def uniform(size: int) -> Latent:
    """Uniform in [-1, 1), as in the GAN of 2014 (arXiv 1406.2661) and DCGAN (arXiv 1511.06434, section 4)."""
    return lambda key: jax.random.uniform(key, (size,), minval=-1)


@dataclass(frozen=True)
class Codes:
    """Latents that mean something, beside the noise: the latent codes of InfoGAN (Chen et al. 2016, arXiv 1606.03657).

    categories: sizes of the categorical codes, each uniform over its categories and one-hot in the latents.
    continuous: how many codes are uniform in [-1, 1).

    Raises ValueError for sizes that no code can have.
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
        """Numbers that the codes take in a vector of latents."""
        return sum(self.categories) + self.continuous

    @property
    def heads(self) -> dict[str, int]:
        """A discriminator's heads that guess the codes: the categories' logits, and the means of the continuous."""
        categorical = {f"category_{i}": size for i, size in enumerate(self.categories)}
        return categorical | ({"means": self.continuous} if self.continuous else {})

    def of(self, latents: jax.Array) -> dict[str, jax.Array]:
        """The codes in latents (N, noise + size) by the names of the heads: one-hot (N, K), and continuous (N, C)."""
        found, start = {}, latents.shape[-1] - self.size
        for name, size in self.heads.items():
            found[name] = latents[:, start : start + size]
            start += size
        return found


def with_codes(noise: Latent, codes: Codes) -> Latent:
    """[noise, one-hot categories, continuous codes]: latents of which `codes` are drawn beside the `noise`."""

    def draw(key):
        noise_key, continuous_key, *keys = jax.random.split(key, 2 + len(codes.categories))
        drawn = [
            jax.nn.one_hot(jax.random.randint(key, (), 0, size), size)
            for key, size in zip(keys, codes.categories, strict=True)
        ]
        return jnp.concatenate([noise(noise_key), *drawn, uniform(codes.continuous)(continuous_key)])

    return draw
