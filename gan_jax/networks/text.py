"""Networks of texts: a recurrent generator, whose probabilities are known exactly, and a discriminator of prefixes.

A text is (L, V) in [-1, 1]: one-hot codes of L characters, times 2 minus 1. Character 0 ends a text, and all that
follow it are 0 too (see `data.texts`).
"""

from collections.abc import Callable

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.networks.layers import Dense, leaky_relu

# (logits (N, V), what is given for this character) -> codes (N, V) of the character, on the simplex
Choose = Callable[[jax.Array, jax.Array], jax.Array]


class GRU(nn.Module):
    """A gated recurrent unit (Cho et al. 2014, arXiv 1406.1078, with the reset gate behind the product as in PyTorch).

    Maps inputs (N, C) and a state (N, features) to the next state.
    """

    features: int

    @nn.compact
    def __call__(self, x: jax.Array, state: jax.Array) -> jax.Array:
        own = jnp.split(Dense(3 * self.features)(x), 3, -1)
        old = jnp.split(Dense(3 * self.features, kernel_init=nn.initializers.orthogonal())(state), 3, -1)
        reset, keep = (jax.nn.sigmoid(a + b) for a, b in zip(own[:2], old[:2], strict=True))
        return (1 - keep) * jnp.tanh(own[2] + reset * old[2]) + keep * state


class Generator(nn.Module):
    """An autoregressive model of texts that is also the generator of a GAN.

    It maps Gumbel noise g (N, L, V) (`latents.gumbel`) to texts (N, L, V). With l the logits of the next character:

    - in evaluation mode, the next character is the argmax of l + g: an exact sample of softmax(l) (the Gumbel-max
      trick), and the text an exact sample of the model;
    - in training mode it is softmax((l + g) / temperature), through which gradients pass (Jang et al. 2016, arXiv
      1611.01144; Maddison et al. 2016, arXiv 1611.00712). If `straight_through`, the value is the argmax still, and
      only the gradient is that of the softmax.

    A text that has ended stays ended: the probability of a further end is then 1.

    width: features of the recurrent unit.
    """

    width: int = 128
    temperature: float = 1.0
    straight_through: bool = True

    @nn.compact
    def __call__(self, inputs: jax.Array, train: bool, given: bool = False) -> jax.Array:
        """Writes texts (N, L, V) of noise.

        If `given`, inputs are texts, and the output is the log probability of each of their characters, given those
        before it: (N, L), in nats. The sum of these is the log probability of the text up to its end or, if it has
        none, of its L characters.
        """

        def choose(logits: jax.Array, noise: jax.Array) -> jax.Array:
            noisy = logits + noise
            hard = jax.nn.one_hot(jnp.argmax(noisy, -1), noisy.shape[-1])
            if not train:
                return hard
            soft = jax.nn.softmax(noisy / self.temperature)
            return soft + jax.lax.stop_gradient(hard - soft) if self.straight_through else soft

        if not given:
            return 2 * self._write(inputs, choose)[0] - 1
        codes, logits = self._write((inputs + 1) / 2, lambda logits, codes: codes)
        log_probabilities = jnp.sum(jax.nn.log_softmax(logits) * codes, -1)
        return log_probabilities * _going_on(codes)

    def _write(self, given: jax.Array, choose: Choose) -> tuple[jax.Array, jax.Array]:
        """Codes and logits (N, L, V) of all characters. `given` (N, L, V): what `choose` takes for each."""
        count, _, size = given.shape
        unit, head = GRU(self.width), Dense(size)

        def write(_: nn.Module, carry: tuple[jax.Array, jax.Array], given: jax.Array):
            state, before = carry
            state = unit(before, state)
            logits = head(state).astype(jnp.float32)
            ended = before[:, :1]
            codes = ended * jax.nn.one_hot(0, size) + (1 - ended) * choose(logits, given)
            return (state.astype(jnp.float32), codes), (codes, logits)

        scan = nn.scan(write, variable_broadcast="params", split_rngs={"params": False}, in_axes=1, out_axes=1)
        start = jnp.zeros((count, self.width)), jnp.zeros((count, size))
        return scan(self, start, given.astype(jnp.float32))[1]


class Discriminator(nn.Module):
    """Maps texts (N, L, V) to logits (N, L) of being real, one for each prefix of a text.

    Layers of convolutions over places that are 1, 3, 9, ... apart see no character behind their own. So the logit at a
    place judges the text up to there. Four layers see 81 characters.

    width: features of each layer.
    """

    width: int = 64
    layers: int = 4

    @nn.compact
    def __call__(self, texts: jax.Array, train: bool) -> jax.Array:
        x = texts
        for i in range(self.layers):
            x = leaky_relu(Dense(self.width)(_taps(x, 3**i)))
        self.sow("intermediates", "features", x.reshape(len(x), -1))
        return Dense(1)(x)[..., 0]


def lengths(texts: jax.Array) -> jax.Array:
    """The number of characters (N,) of texts (N, L, V), with their end if they have one."""
    return jnp.sum(_going_on((texts + 1) / 2), 1)


def _going_on(codes: jax.Array) -> jax.Array:
    """1 at the characters of a text and at its end, and 0 behind, (N, L), of one-hot codes (N, L, V)."""
    return jnp.cumprod(1 - jnp.pad(codes[:, :-1, 0], ((0, 0), (1, 0))), 1)


def _taps(x: jax.Array, distance: int) -> jax.Array:
    """Joins each place of x (N, L, C) with those 1 and 2 times `distance` before it: (N, L, 3 C). Zeros come before."""
    shifted = [jnp.pad(x, ((0, 0), (i * distance, 0), (0, 0)))[:, : x.shape[1]] for i in range(3)]
    return jnp.concatenate(shifted, -1)
