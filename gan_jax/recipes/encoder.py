"""An encoder beside a game: it learns which latents the generator makes an example from (f-AnoGAN)."""

from dataclasses import replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least
from gan_jax.game import Game, Outcome, Player, State, Tree, networks
from gan_jax.networks.functional import forward
from gan_jax.recipes.streams import Stream


def with_encoder(
    game: Game, encoder: nn.Module, optimizer: optax.GradientTransformation, *, feature_weight: float = 1.0
) -> Game:
    """Adds to a game the player "encoder", from examples (N, ...) to latents (N, L), which the others do not see.

    It descends |x - G(E(x))|^2 + `feature_weight` |f(x) - f(G(E(x)))|^2, both means over values, where f are the
    features of the discriminator ("izi_f"). G and f are those of `Game.sample` and `Game.features`: in evaluation mode,
    and averaged if the game averages them. Metrics are both terms. In the paper the encoder is trained after the game;
    here it follows the game while that is played, and the game is the same with and without it.

    `Game.anomaly` is f-AnoGAN's score: the mean squared difference between x and G(E(x)) plus that between their
    features.

    Source: Schlegl et al. 2019, "f-AnoGAN", Medical Image Analysis 54, equations 5, 7 and 8. Raises ValueError for a
    game without features or whose latents are no vectors, and for a negative weight.

    >>> from gan_jax.networks import mlp
    >>> from gan_jax.networks.latents import normal
    >>> modules, adam = (mlp.Generator(5, (4,)), mlp.Discriminator((4,))), optax.adam(2e-4, b1=0.5)
    >>> gan = recipes.gan(*modules, objectives.wasserstein, adam, adam, latent=normal(2))
    >>> both = recipes.with_encoder(gan, mlp.Generator(2, (4,)), adam)
    >>> [player.name for player in both.players]
    ['discriminator', 'generator', 'encoder']
    """
    at_least(0, "feature_weight", feature_weight)
    features = game.features
    if features is None or game.classes is not None:
        raise ValueError("an encoder needs an unconditional game whose discriminator has features")

    def objective(params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[jax.Array, Outcome]:
        others, images = jax.lax.stop_gradient(networks(state)), batch["image"]
        z, variables = forward(
            encoder, params["encoder"], state.variables["encoder"], images, key=Stream.ENCODE.fold_in(key)
        )
        made = game.sample(others, z)
        losses = {
            "encoder_residual": jnp.mean(jnp.square(images - made)),
            "encoder_feature_residual": jnp.mean(jnp.square(features(others, images) - features(others, made))),
        }
        loss = losses["encoder_residual"] + feature_weight * losses["encoder_feature_residual"]
        return loss, Outcome(variables, losses)

    def init(key: jax.Array) -> tuple[dict[str, Tree], dict[str, Tree]]:
        drawn, memory = game.init(key)
        encoder_key, latents_key = jax.random.split(Stream.ENCODE.fold_in(key))
        latents = game.latents(latents_key, 1)
        examples = game.sample(drawn, latents)
        z, variables = encoder.init_with_output(encoder_key, examples, train=True)
        if z.shape != latents.shape:
            raise ValueError(f"the encoder makes latents of shape {z.shape[1:]}, and the game has {latents.shape[1:]}")
        return {**drawn, "encoder": variables}, memory

    def encode(networks: dict[str, Tree], examples: jax.Array) -> Any:
        return encoder.apply(networks["encoder"], examples, train=False)

    def anomaly(networks: dict[str, Tree], examples: jax.Array) -> jax.Array:
        made = game.sample(networks, encode(networks, examples))
        differences = features(networks, examples) - features(networks, made)
        return _mean(jnp.square(examples - made)) + _mean(jnp.square(differences))

    players = (*game.players, Player("encoder", objective, optimizer))
    return replace(game, players=players, init=init, encode=encode, anomaly=anomaly)


def _mean(x: jax.Array) -> jax.Array:
    return jnp.mean(x.reshape(len(x), -1), 1)
