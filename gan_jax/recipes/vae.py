"""The variational autoencoder (Kingma and Welling 2013, arXiv 1312.6114): a baseline for games that make samples.

It is a game of one player, whose two networks descend the same bound. So it trains, resumes, scales and is evaluated
like any other game.
"""

from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Outcome, Player, State, Tree
from gan_jax.networks.functional import batch_statistics, forward
from gan_jax.networks.latents import Latent, normal
from gan_jax.recipes.evidence import Conditional, divergence, evidence_bound, importance_bound
from gan_jax.recipes.joined_networks import join, variables_of
from gan_jax.recipes.streams import Stream
from gan_jax.recipes.truncation import with_truncated_latents
from gan_jax.regularizers import cross_entropy

# The draws of the evidence lower bound, whose mean has no bias, and of the importance-weighted one, which grows with
# them. Burda et al. take 5,000 for the latter.
_ELBO_DRAWS, _LIKELIHOOD_DRAWS = 64, 5000


def vae(
    encoder: nn.Module,
    decoder: nn.Module,
    optimizer: optax.GradientTransformation,
    *,
    latent_size: int,
    beta: float = 1.0,
    ema: float | None = None,
) -> Game:
    """Builds the game of one player, "autoencoder", which descends the negative evidence lower bound.

    The bound is that of independent Bernoulli values: the cross-entropy of x with the reconstruction, summed over all
    values, plus `beta` times the divergence of q(z|x) from N(0, 1) (equation 10 of the paper; beta above 1 as in
    beta-VAE, Higgins et al. 2017). Metrics are both terms, in nats per example.

    The game's `elbo` is this bound with beta 1. Its `log_likelihood` is the importance-weighted bound of 5,000 draws
    (Burda et al. 2015, arXiv 1509.00519, equation 8), which is at most the log-likelihood on average. Both are of
    Bernoulli values: of binary images they bound the log probability. Of gray ones they are below the mean of that of
    binary images whose values are 1 with probability (x + 1) / 2, and are no probability of the gray values.

    Args:
      encoder: (examples, train) -> (N, 2 latent_size), the means and log variances of q(z|x).
      decoder: (latents (N, latent_size), train) -> examples in [-1, 1], whose values (x + 1) / 2 are probabilities. A
        sample is these probabilities.
      ema: decay of the moving average of both networks. Samples come from the average.

    Batches are {"image": (N, ...) in [-1, 1]}. Raises ValueError for a negative beta.

    >>> from gan_jax.networks import autoencoder
    >>> encoder, decoder = autoencoder.Encoder(2 * 3, 2), autoencoder.Decoder(8, 1, 2)
    >>> vae = recipes.vae(encoder, decoder, optax.adam(1e-3), latent_size=3)
    >>> def first_step():
    ...     state = game.init_state(vae, jax.random.key(0))
    ...     return game.train_step(vae, state, {"image": jnp.zeros((4, 8, 8, 1))})
    >>> sorted(jax.eval_shape(first_step)[1])
    ['autoencoder_gradient_norm', 'autoencoder_loss', 'kl', 'reconstruction']
    """
    at_least(0, "beta", beta)
    functions = _Vae(encoder, decoder, normal(latent_size), beta)
    game = Game(
        players=(Player("autoencoder", functions.loss, optimizer, ema=ema),),
        init=functions.init,
        latents=functions.latents,
        sample=functions.sample,
        log_likelihood=functions.log_likelihood,
        elbo=functions.elbo,
        statistics=functions.statistics,
    )
    return with_truncated_latents(game, functions)


@dataclass(frozen=True)
class _Vae:
    """The arguments of `vae`, and the pure functions of its `Game`."""

    encoder: nn.Module
    decoder: nn.Module
    latent: Latent
    beta: float

    def loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the negative evidence lower bound in nats per example."""
        own, variables, images = params["autoencoder"], state.variables["autoencoder"], batch["image"]
        noise = self.latents(Stream.LATENTS.fold_in(key), len(images))
        codes, encoder = forward(
            self.encoder, own["encoder"], variables_of(variables, "encoder"), images, key=Stream.REAL.fold_in(key)
        )
        mean, log_variance = jnp.split(codes, 2, -1)
        z = mean + jnp.exp(0.5 * log_variance) * noise
        made, decoder = forward(
            self.decoder, own["decoder"], variables_of(variables, "decoder"), z, key=Stream.GENERATOR.fold_in(key)
        )
        reconstruction = images[0].size * cross_entropy(images, made)
        kl = jnp.mean(divergence(mean, log_variance))
        metrics = {"reconstruction": reconstruction, "kl": kl}
        return reconstruction + self.beta * kl, Outcome(join({"encoder": encoder, "decoder": decoder}), metrics)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of both networks, joined as those of the player, and no memory."""
        encoder_key, decoder_key = jax.random.split(key)
        z = self.latents(Stream.LATENTS.fold_in(key), 1)
        images, decoder = self.decoder.init_with_output(decoder_key, z, train=True)
        encoder = self.encoder.init(encoder_key, images, train=True)
        return {"autoencoder": join({"encoder": encoder, "decoder": decoder})}, {}

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Draws latents (count, latent_size)."""
        return jax.vmap(self.latent)(example_keys(key, count))

    def sample(self, networks: dict[str, Tree], latents: jax.Array) -> Any:
        """Decodes latents in evaluation mode."""
        return self.decoder.apply(variables_of(networks["autoencoder"], "decoder"), latents, train=False)

    def statistics(self, networks: dict[str, Tree], latents: jax.Array, key: jax.Array) -> dict[str, Tree]:
        """Measures the statistics of batch normalization in the decoder for these latents, not in the encoder."""
        own = networks["autoencoder"]
        found = batch_statistics(self.decoder, variables_of(own, "decoder"), latents, key=key)
        return {"autoencoder": {**own["batch_stats"], "decoder": found}}

    def log_likelihood(self, networks: dict[str, Tree], examples: jax.Array, key: jax.Array) -> jax.Array:
        """The importance-weighted bound in nats, (N,)."""
        return importance_bound(*self.posterior(networks, examples), key, _LIKELIHOOD_DRAWS)

    def elbo(self, networks: dict[str, Tree], examples: jax.Array, key: jax.Array) -> jax.Array:
        """The evidence lower bound in nats, (N,)."""
        return evidence_bound(*self.posterior(networks, examples), key, _ELBO_DRAWS)

    def posterior(self, networks: dict[str, Tree], examples: jax.Array) -> tuple[jax.Array, jax.Array, Conditional]:
        """The means and log variances (N, L) of q(z|x), and the log probability of the examples given latents."""
        codes: Any = self.encoder.apply(variables_of(networks["autoencoder"], "encoder"), examples, train=False)
        mean, log_variance = jnp.split(codes.astype(jnp.float32), 2, -1)

        def conditional(latents: jax.Array) -> jax.Array:
            made = self.sample(networks, latents).astype(jnp.float32)
            return -examples[0].size * jax.vmap(cross_entropy)(examples, made)

        return mean, log_variance, conditional
