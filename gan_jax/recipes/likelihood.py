"""Maximum likelihood for autoregressive models of texts: a game of one player, and the likelihood of any game of texts.

The generator is a module like `networks.text.Generator`: (latents, train) -> texts (N, L, V) in [-1, 1], and
(texts, train, given=True) -> the log probability of each character (N, L).
"""

import dataclasses
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Metrics, Outcome, Player, State, Tree
from gan_jax.networks.functional import forward
from gan_jax.networks.latents import Latent
from gan_jax.networks.text import lengths


def likelihood(
    generator: nn.Module, optimizer: optax.GradientTransformation, *, latent: Latent, ema: float | None = None
) -> Game:
    """Builds the game of one player, "generator", that descends the negative log-likelihood of the batch.

    The loss is in nats per text. The metric `bits_per_character` counts the end of a text as a character.

    Args:
      latent: the noise of one text, `latents.gumbel`, from which samples are drawn.
      ema: decay of the moving average of the generator. Samples come from the average.

    Batches are {"image": (N, L, V) in [-1, 1]}.
    """
    functions = _Likelihood(generator, latent)
    game = Game(
        players=(Player("generator", functions.loss, optimizer, ema=ema),),
        init=functions.init,
        latents=functions.latents,
        sample=functions.sample,
    )
    return with_likelihood(game, generator)


def with_likelihood(game: Game, generator: nn.Module) -> Game:
    """`game`, whose player "generator" is an autoregressive model, with the log-likelihood that it gives to texts.

    A further measure of the game is `bits_per_character_held_out`.
    """

    def log_likelihood(networks: dict[str, Tree], texts: jax.Array) -> jax.Array:
        log_probabilities: Any = generator.apply(networks["generator"], texts, train=False, given=True)
        return jnp.sum(log_probabilities, 1)

    def measures(networks: dict[str, Tree], batch: Tree, key: jax.Array) -> Metrics:
        others = game.measures(networks, batch, key) if game.measures else {}
        bits = bits_per_character(log_likelihood(networks, batch["image"]), batch["image"])
        return {**others, "bits_per_character_held_out": bits}

    return dataclasses.replace(game, log_likelihood=log_likelihood, measures=measures)


def bits_per_character(log_likelihoods: jax.Array, texts: jax.Array) -> jax.Array:
    """The bits per character, with the ends, of texts (N, L, V) of these log-likelihoods (N,) in nats."""
    return -jnp.sum(log_likelihoods) / jnp.log(2.0) / jnp.sum(lengths(texts))


@dataclass(frozen=True)
class _Likelihood:
    """The arguments of `likelihood`, and the pure functions of its `Game`."""

    generator: nn.Module
    latent: Latent

    def loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the negative log-likelihood in nats per text."""
        texts = batch["image"]
        own = params["generator"], state.variables["generator"]
        log_probabilities, variables = forward(self.generator, *own, texts, given=True)
        log_likelihoods = jnp.sum(log_probabilities, 1)
        metrics = {"bits_per_character": bits_per_character(log_likelihoods, texts)}
        return -jnp.mean(log_likelihoods), Outcome(variables, metrics)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the generator, and no memory."""
        return {"generator": self.generator.init(key, self.latents(key, 1), train=True)}, {}

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Draws noise (count, L, V)."""
        return jax.vmap(self.latent)(example_keys(key, count))

    def sample(self, networks: dict[str, Tree], latents: jax.Array) -> Any:
        """Writes texts in evaluation mode."""
        return self.generator.apply(networks["generator"], latents, train=False)
