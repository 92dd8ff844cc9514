"""BEGAN (Berthelot, Schumm and Metz 2017, arXiv 1703.10717): the discriminator is an autoencoder.

It learns to reconstruct real images well and generated ones badly, the generator to make images that it reconstructs
well. A controller weighs the two tasks of the discriminator against each other.
"""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.checks import at_least, probability
from gan_jax.game import Game, Metrics, Outcome, Player
from gan_jax.latents import Latent
from gan_jax.networks.functional import forward
from gan_jax.parallel import example_keys, mean_over_devices

# Values of a move's key for what is drawn beside the latents.
_GENERATOR, _REAL, _FAKE = range(3)


def reconstruction_loss(images: jax.Array, reconstructions: jax.Array) -> jax.Array:
    """L(v) = |v - D(v)|, the mean over the numbers of all images (arXiv 1703.10717, section 3.1, with eta = 1)."""
    return jnp.mean(jnp.abs(images - reconstructions))


def controlled(k: jax.Array, real: jax.Array, fake: jax.Array, gamma: float, rate: float) -> jax.Array:
    """k_(t+1) = k_t + rate (gamma L(x) - L(G(z))), kept in [0, 1] (arXiv 1703.10717, section 3.4)."""
    return jnp.clip(k + rate * (gamma * real - fake), 0, 1)


def convergence(real: jax.Array, fake: jax.Array, gamma: float) -> jax.Array:
    """M = L(x) + |gamma L(x) - L(G(z))|, which falls as the game converges (arXiv 1703.10717, section 3.4.1)."""
    return real + jnp.abs(gamma * real - fake)


def began(
    generator: nn.Module,
    discriminator: nn.Module,
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    latent: Latent,
    gamma: float = 0.5,
    k_rate: float = 1e-3,
    ema: float | None = None,
) -> Game:
    """The game of a generator (latents, train) -> images and a discriminator (images, train) -> reconstructions.

    D descends L(x) - k L(G(z)) and G descends L(G(z)), with L the `reconstruction_loss`. k starts at 0 and follows
    `controlled` by the losses of D's move, averaged over devices; G's move sees the same z. Logged are L(x), L(G(z)),
    k and the `convergence`. Samples are clipped to [-1, 1].

    Args:
      latent: the distribution of one example's latents.
      gamma: the diversity ratio E[L(G(z))] / E[L(x)] that is aimed at, in [0, 1]. Lower: sharper and less diverse.
      k_rate: lambda_k, the controller's gain.
      ema: decay of the average of the generator that samples come from.

    Raises ValueError for a gamma outside [0, 1] or a negative k_rate.
    """
    probability("gamma, the diversity ratio", gamma)
    at_least(0, "k_rate", k_rate)

    def latents(key, count):
        return jax.vmap(latent)(example_keys(key, count))

    def generate(params, state, batch, key):
        key, z = jax.random.fold_in(key, _GENERATOR), latents(key, len(batch["image"]))
        return forward(generator, params["generator"], state.variables["generator"], z, key=key)

    def judge(params, variables, images, key):
        """L(images), and D's variables afterwards."""
        reconstructions, variables = forward(discriminator, params["discriminator"], variables, images, key=key)
        return reconstruction_loss(images, reconstructions), variables

    def discriminator_loss(params, state, batch, key):
        fakes, _ = generate(params, state, batch, key)
        variables = state.variables["discriminator"]
        real, variables = judge(params, variables, batch["image"], jax.random.fold_in(key, _REAL))
        fake, variables = judge(params, variables, fakes, jax.random.fold_in(key, _FAKE))
        k = state.memory["k"]
        mean_real, mean_fake = mean_over_devices((real, fake))
        metrics: Metrics = {
            "L(x)": real,
            "L(G(z))": fake,
            "k": k,
            "convergence": convergence(mean_real, mean_fake, gamma),
        }
        after = jax.lax.stop_gradient(controlled(k, mean_real, mean_fake, gamma, k_rate))
        return real - k * fake, Outcome(variables, metrics, {"k": after})

    def generator_loss(params, state, batch, key):
        fakes, variables = generate(params, state, batch, key)
        loss, _ = judge(params, state.variables["discriminator"], fakes, jax.random.fold_in(key, _FAKE))
        return loss, Outcome(variables, {})

    def init(key):
        generator_key, discriminator_key = jax.random.split(key)
        image, generator_variables = generator.init_with_output(generator_key, latents(key, 1), train=True)
        discriminator_variables = discriminator.init(discriminator_key, image, train=True)
        return {"generator": generator_variables, "discriminator": discriminator_variables}, {"k": jnp.zeros(())}

    def sample(networks, latents):
        images: Any = generator.apply(networks["generator"], latents, train=False)
        return jnp.clip(images, -1, 1)

    return Game(
        players=(
            Player("discriminator", discriminator_loss, discriminator_optimizer),
            Player("generator", generator_loss, generator_optimizer, ema=ema),
        ),
        init=init,
        latents=latents,
        sample=sample,
    )
