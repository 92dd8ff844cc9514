"""Maximum likelihood for autoregressive models: a game of one player, and the likelihood of any game of theirs.

The generator is a module like `networks.text.Generator` or `networks.pixelcnn.Generator`: (latents, train) -> texts
(N, L, V) or images (N, H, W, C) in [-1, 1], and (examples, train, given=True) -> the log probability of each character
(N, L), or of each pixel (N, H, W).
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
from gan_jax.recipes.streams import Stream


def likelihood(
    generator: nn.Module, optimizer: optax.GradientTransformation, *, latent: Latent, ema: float | None = None
) -> Game:
    """Builds the game of one player, "generator", that descends the negative log-likelihood of the batch.

    The loss is in nats per example. The metric is `bits_per_character`, which counts the end of a text as a character,
    or for images `bits_per_pixel`.

    Args:
      latent: the noise of one example, `latents.gumbel`, from which samples are drawn.
      ema: decay of the moving average of the generator. Samples come from the average.

    Batches are {"image": (N, ...) in [-1, 1]}.

    >>> from gan_jax.networks import text
    >>> from gan_jax.networks.latents import gumbel
    >>> writer = recipes.likelihood(text.Generator(4), optax.adam(1e-3), latent=gumbel(6, 3))  # 6 characters of 3
    >>> def first_step():
    ...     state = game.init_state(writer, jax.random.key(0))
    ...     return game.train_step(writer, state, {"image": jnp.ones((4, 6, 3))})
    >>> sorted(jax.eval_shape(first_step)[1])
    ['bits_per_character', 'generator_gradient_norm', 'generator_loss']
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
    """`game`, whose player "generator" is an autoregressive model, with the log-likelihood that it gives to examples.

    A further measure of the game is `bits_per_character_held_out`, or `bits_per_pixel_held_out`.

    >>> from gan_jax.networks import text
    >>> from gan_jax.networks.latents import gumbel
    >>> generator, discriminator, sgd = text.Generator(4), text.Discriminator(4, 2), optax.sgd(0.1)
    >>> gan = recipes.gan(generator, discriminator, objectives.hinge, sgd, sgd, latent=gumbel(6, 3))
    >>> scored = recipes.with_likelihood(gan, generator)
    >>> gan.log_likelihood is None, scored.log_likelihood is None
    (True, False)
    """

    def log_likelihood(networks: dict[str, Tree], examples: jax.Array, key: jax.Array) -> jax.Array:
        del key  # it is exact
        log_probabilities: Any = generator.apply(networks["generator"], examples, train=False, given=True)
        return _whole(log_probabilities)

    def measures(networks: dict[str, Tree], batch: Tree, key: jax.Array) -> Metrics:
        others = game.measures(networks, batch, key) if game.measures else {}
        found = bits(log_likelihood(networks, batch["image"], key), batch["image"])
        return {**others, **{f"{name}_held_out": x for name, x in found.items()}}

    return dataclasses.replace(game, log_likelihood=log_likelihood, measures=measures)


def bits(log_likelihoods: jax.Array, examples: jax.Array) -> Metrics:
    """`bits_per_character`, with the ends, of texts (N, L, V), or `bits_per_pixel` of images (N, H, W, C).

    log_likelihoods: (N,), in nats.
    """
    total = -jnp.sum(log_likelihoods) / jnp.log(2.0)
    if examples.ndim == 3:
        return {"bits_per_character": total / jnp.sum(lengths(examples))}
    count, height, width, _ = examples.shape
    return {"bits_per_pixel": total / (count * height * width)}


def _whole(log_probabilities: jax.Array) -> jax.Array:
    """The log probabilities (N,) of examples, by those of their parts (N, ...)."""
    return jnp.sum(log_probabilities.reshape(len(log_probabilities), -1), 1)


@dataclass(frozen=True)
class _Likelihood:
    """The arguments of `likelihood`, and the pure functions of its `Game`."""

    generator: nn.Module
    latent: Latent

    def loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the negative log-likelihood in nats per example."""
        examples = batch["image"]
        own = params["generator"], state.variables["generator"]
        log_probabilities, variables = forward(self.generator, *own, examples, given=True)
        log_likelihoods = _whole(log_probabilities)
        return -jnp.mean(log_likelihoods), Outcome(variables, bits(log_likelihoods, examples))

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the generator, and no memory."""
        noise = self.latents(Stream.LATENTS.fold_in(key), 1)
        return {"generator": self.generator.init(key, noise, train=True)}, {}

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Draws noise (count, ...)."""
        return jax.vmap(self.latent)(example_keys(key, count))

    def sample(self, networks: dict[str, Tree], latents: jax.Array) -> Any:
        """Makes examples in evaluation mode."""
        return self.generator.apply(networks["generator"], latents, train=False)
