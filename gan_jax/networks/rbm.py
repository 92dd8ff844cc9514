"""The restricted Boltzmann machine (Smolensky 1986; Hinton 2010, "A practical guide to training RBMs")."""

import flax.linen as nn
import jax
import jax.numpy as jnp


class RestrictedBoltzmannMachine(nn.Module):
    """An energy of binary values v (N, visible), with `hidden` binary values h that are summed out.

    E(v, h) = -v W h - v b - h c. Calling it gives the free energy F(v) = -log sum_h exp(-E(v, h)) in nats, (N,). So
    p(v) is exp(-F(v)) up to a constant.
    """

    visible: int
    hidden: int

    def setup(self) -> None:
        self.weights = self.param("weights", nn.initializers.normal(0.01), (self.visible, self.hidden))
        self.visible_bias = self.param("visible_bias", nn.initializers.zeros, (self.visible,))
        self.hidden_bias = self.param("hidden_bias", nn.initializers.zeros, (self.hidden,))

    def __call__(self, values: jax.Array) -> jax.Array:
        return -values @ self.visible_bias - jnp.sum(jax.nn.softplus(values @ self.weights + self.hidden_bias), -1)

    def gibbs(self, values: jax.Array, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
        """A step of Gibbs sampling: h given v, then v given h. keys: (N,).

        Returns the new values, and the probabilities that they were drawn with, (N, visible) each.
        """
        pairs = jax.vmap(jax.random.split)(keys)
        hidden = _draw(pairs[:, 0], jax.nn.sigmoid(values @ self.weights + self.hidden_bias))
        probabilities = jax.nn.sigmoid(hidden @ self.weights.T + self.visible_bias)
        return _draw(pairs[:, 1], probabilities), probabilities


def _draw(keys: jax.Array, probabilities: jax.Array) -> jax.Array:
    return jax.vmap(jax.random.bernoulli)(keys, probabilities).astype(jnp.float32)
