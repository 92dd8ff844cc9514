"""BEGAN (Berthelot, Schumm and Metz 2017, arXiv 1703.10717): the discriminator is an autoencoder.

It learns to reconstruct real images well and generated ones badly, the generator to make images that it reconstructs
well. A controller weighs the two tasks of the discriminator against each other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.augmentation import Augmentation, no_augmentation
from gan_jax.common.checks import at_least, probability
from gan_jax.common.parallel import example_keys, mean_over_devices
from gan_jax.game import Game, Metrics, Outcome, Player, State, Tree
from gan_jax.networks.functional import features, forward
from gan_jax.networks.latents import Latent
from gan_jax.recipes.judging import Judge
from gan_jax.recipes.penalties import pay, start_memory
from gan_jax.recipes.streams import Stream, judge_keys
from gan_jax.regularizers import Regularizer, View, logits


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
    regularizers: Sequence[Regularizer] = (),
    generator_regularizers: Sequence[Regularizer] = (),
    augmentation: Augmentation = no_augmentation,
    ema: float | None = None,
) -> Game:
    """The game of a generator (latents, train) -> images and a discriminator (images, train) -> reconstructions.

    D descends L(x) - k L(G(z)) and G descends L(G(z)), with L the `reconstruction_loss`. k starts at 0 and follows
    `controlled` by the losses of D's update, averaged over devices; G's update sees the same z. Logged are L(x),
    L(G(z)), k and the `convergence`. Samples are clipped to [-1, 1].

    To regularizers and to the augmentation, D is the critic whose logits (N,) are -L(v) of every image v alone: high
    where it reconstructs well, as it does real images.

    Args:
      latent: the distribution of one example's latents.
      gamma: the diversity ratio E[L(G(z))] / E[L(x)] that is aimed at, in [0, 1]. Lower: sharper and less diverse.
      k_rate: lambda_k, the controller's gain.
      regularizers, generator_regularizers: what the discriminator and the generator pay beside their losses.
      augmentation: of what the discriminator sees, and then reconstructs.
      ema: decay of the average of the generator that samples come from.

    Raises ValueError for a gamma outside [0, 1] or a negative k_rate.
    """
    probability("gamma, the diversity ratio", gamma)
    at_least(0, "k_rate", k_rate)
    own = _Began(
        generator=generator,
        discriminator=discriminator,
        latent=latent,
        gamma=gamma,
        k_rate=k_rate,
        regularizers=tuple(regularizers),
        generator_regularizers=tuple(generator_regularizers),
        augmentation=augmentation,
    )
    return Game(
        players=(
            Player("discriminator", own.discriminator_loss, discriminator_optimizer),
            Player("generator", own.generator_loss, generator_optimizer, ema=ema),
        ),
        init=own.init,
        latents=own.latents,
        sample=own.sample,
    )


@dataclass(frozen=True)
class _Began:
    """The arguments of `began`, and the pure functions that its `Game` is made of."""

    generator: nn.Module
    discriminator: nn.Module
    latent: Latent
    gamma: float
    k_rate: float
    regularizers: tuple[Regularizer, ...]
    generator_regularizers: tuple[Regularizer, ...]
    augmentation: Augmentation

    def discriminator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        view, variables = self.view("discriminator", params, state, batch, key)
        real, fake = view.real.output["loss"], view.fake.output["loss"]
        k = state.memory["k"]
        mean_real, mean_fake = mean_over_devices((real, fake))
        metrics: Metrics = {
            "L(x)": real,
            "L(G(z))": fake,
            "k": k,
            "convergence": convergence(mean_real, mean_fake, self.gamma),
        }
        after = jax.lax.stop_gradient(controlled(k, mean_real, mean_fake, self.gamma, self.k_rate))
        paid = pay("discriminator", self.regularizers, state.memory["discriminator"], view)
        augmentation = self.augmentation.update(state.memory["augmentation"], logits(view.real.output), state.step)
        memory = {"k": after, "discriminator": paid.memory, "augmentation": augmentation}
        metrics = metrics | self.augmentation.metrics(augmentation) | paid.metrics
        return real - k * fake + paid.total, Outcome(variables["discriminator"], metrics, memory)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        view, variables = self.view("generator", params, state, batch, key)
        paid = pay("generator", self.generator_regularizers, state.memory["generator"], view)
        loss = view.fake.output["loss"] + paid.total
        return loss, Outcome(variables["generator"], paid.metrics, {"generator": paid.memory})

    def view(self, player: str, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[View, Tree]:
        """What both networks do in an update of `player`, and each network's variables afterwards."""
        z = self.latents(key, len(batch["image"]))
        made = params["generator"], state.variables["generator"]
        fakes, generator_variables = forward(self.generator, *made, z, key=Stream.GENERATOR.of(key))
        judge, variables = self.judge(params["discriminator"], state), state.variables["discriminator"]
        real, fake, variables = judge(variables, batch["image"], fakes, judge_keys(key))
        regularizers_key = Stream.REGULARIZERS.of(key)
        view = View(batch, z, real, fake, params=params[player], step=state.step, key=regularizers_key)
        return view, {"generator": generator_variables, "discriminator": variables}

    def judge(self, params: Tree, state: State) -> Judge:
        """The discriminator with these parameters: {"loss": L of the batch, "logits": -L of each image}."""
        module, memory = self.discriminator, state.memory["augmentation"]

        def reconstruct(variables: Tree, images: jax.Array, key: jax.Array) -> tuple[Tree, Tree]:
            reconstructions, variables = forward(module, params, variables, images, key=key)
            each = -jax.vmap(reconstruction_loss)(images, reconstructions)
            return {"loss": reconstruction_loss(images, reconstructions), "logits": each}, variables

        return Judge(
            see=lambda images, keys: self.augmentation.apply(images, keys, memory, state.step),
            forward=reconstruct,
            features=lambda variables, seen, key: features(module, params, variables, seen, key=key),
        )

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """The networks' first variables, and the memory."""
        generator_key, discriminator_key = jax.random.split(key)
        image, made = self.generator.init_with_output(generator_key, self.latents(key, 1), train=True)
        networks = {"generator": made, "discriminator": self.discriminator.init(discriminator_key, image, train=True)}
        memory = {
            "k": jnp.zeros(()),
            "discriminator": start_memory(self.regularizers),
            "generator": start_memory(self.generator_regularizers),
            "augmentation": self.augmentation.init(),
        }
        return networks, memory

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Latents (count, L)."""
        return jax.vmap(self.latent)(example_keys(key, count))

    def sample(self, networks: dict[str, Tree], latents: jax.Array) -> jax.Array:
        """Images of latents, with the statistics of evaluation."""
        images: Any = self.generator.apply(networks["generator"], latents, train=False)
        return jnp.clip(images, -1, 1)
