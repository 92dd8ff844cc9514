"""The GAN game of Goodfellow et al. (arXiv 1406.2661): a discriminator ascends, a generator descends."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.game import Game, Outcome, Player
from gan_jax.networks.functional import forward
from gan_jax.objectives import Objective
from gan_jax.parallel import example_keys


def gan(
    generator: nn.Module,
    discriminator: nn.Module,
    objective: Objective,
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    latent_size: int = 100,
    discriminator_steps: int = 1,
    ema: float | None = None,
) -> Game:
    """The game of a generator (latents, train) -> images and a discriminator (images, train) -> logits (N,).

    Batches are {"image": (N, H, W, C) in [-1, 1], ...}; latents are standard normal (N, latent_size). The
    discriminator sees real and generated images as separate batches, each with its own batch statistics.
    With `ema`, samples come from an exponential moving average of the generator.
    """

    def latents(key, count):
        return jax.vmap(lambda key: jax.random.normal(key, (latent_size,)))(example_keys(key, count))

    def play(params, state, batch, key):
        """Both players' view of a move: the logits, and each network's variables afterwards."""
        z = latents(key, len(batch["image"]))
        fake, generator_variables = forward(generator, params["generator"], state.variables["generator"], z)
        judge = params["discriminator"]
        real_logits, variables = forward(discriminator, judge, state.variables["discriminator"], batch["image"])
        fake_logits, variables = forward(discriminator, judge, variables, fake)
        return real_logits, fake_logits, {"generator": generator_variables, "discriminator": variables}

    def discriminator_value(params, state, batch, key):
        real_logits, fake_logits, variables = play(params, state, batch, key)
        metrics = {"D(x)": jnp.mean(nn.sigmoid(real_logits)), "D(G(z))": jnp.mean(nn.sigmoid(fake_logits))}
        return objective.value(real_logits, fake_logits), Outcome(variables["discriminator"], metrics)

    def generator_loss(params, state, batch, key):
        real_logits, fake_logits, variables = play(params, state, batch, key)
        return objective.loss(real_logits, fake_logits), Outcome(variables["generator"], {})

    def init(key):
        generator_key, discriminator_key = jax.random.split(key)
        z = jnp.zeros((1, latent_size))
        image, generator_variables = generator.init_with_output(generator_key, z, train=True)
        return {
            "generator": generator_variables,
            "discriminator": discriminator.init(discriminator_key, image, train=True),
        }, ()

    def sample(networks, latents) -> Any:
        return generator.apply(networks["generator"], latents, train=False)

    return Game(
        players=(
            Player("discriminator", discriminator_value, discriminator_optimizer, True, discriminator_steps),
            Player("generator", generator_loss, generator_optimizer, ema=ema),
        ),
        init=init,
        latents=latents,
        sample=sample,
    )
