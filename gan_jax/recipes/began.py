"""BEGAN (Berthelot, Schumm and Metz 2017, arXiv 1703.10717): the discriminator is an autoencoder.

The discriminator learns to reconstruct real images well and generated images badly. The generator learns to make images
that the discriminator reconstructs well. A controller balances the two tasks of the discriminator.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.augmentation import Augmentation, no_augmentation
from gan_jax.common.checks import at_least, probability
from gan_jax.common.parallel import example_keys, mean_over_devices
from gan_jax.game import Game, Metrics, Outcome, Player, State, Tree
from gan_jax.networks.functional import batch_statistics, forward
from gan_jax.networks.latents import Latent
from gan_jax.recipes.judging import Judge, network_judge
from gan_jax.recipes.penalties import apply_regularizers, init_memory
from gan_jax.recipes.streams import Stream, judge_keys, regularizers_key
from gan_jax.recipes.truncation import with_truncated_latents
from gan_jax.regularizers import Regularizer, View, logits


def reconstruction_loss(images: jax.Array, reconstructions: jax.Array) -> jax.Array:
    """L(v) = |v - D(v)|, the mean over all values of all images (arXiv 1703.10717, section 3.1, with eta = 1)."""
    return jnp.mean(jnp.abs(images - reconstructions))


def controlled(k: jax.Array, real: jax.Array, fake: jax.Array, gamma: float, rate: float) -> jax.Array:
    """k_(t+1) = k_t + rate (gamma L(x) - L(G(z))), clipped to [0, 1] (arXiv 1703.10717, section 3.4)."""
    return jnp.clip(k + rate * (gamma * real - fake), 0, 1)


def convergence(real: jax.Array, fake: jax.Array, gamma: float) -> jax.Array:
    """M = L(x) + |gamma L(x) - L(G(z))|, a measure of convergence that falls (arXiv 1703.10717, section 3.4.1)."""
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
    """Builds the game of a generator (latents, train) -> images and a discriminator (images, train) -> reconstructions.

    D descends L(x) - k L(G(z)) and G descends L(G(z)), where L is the `reconstruction_loss`. k starts at 0, and each
    update of D changes it by `controlled`, with losses averaged over devices. G's update uses the same z. The metrics
    are L(x), L(G(z)), k and the `convergence`. Samples are clipped to [-1, 1].

    Regularizers and the augmentation see D as a critic whose logits (N,) are -L(v) for each image v. They are high for
    well reconstructed images, such as real ones. ADA does nothing here: its measure of overfitting is the sign of the
    logits, and these are never above 0.

    Args:
      latent: the distribution of the latents of one example.
      gamma: the target of the diversity ratio E[L(G(z))] / E[L(x)], in [0, 1]. Lower values give sharper and less
        diverse images.
      k_rate: lambda_k, the gain of the controller.
      regularizers, generator_regularizers: penalties that are added to the losses of the discriminator and generator.
      augmentation: augmentation of the images that the discriminator sees, and then reconstructs.
      ema: decay of the moving average of the generator. Samples come from the average.

    Raises ValueError for a gamma outside [0, 1] or a negative k_rate.

    >>> from gan_jax.networks import autoencoder
    >>> from gan_jax.networks.latents import uniform
    >>> modules, adam = (autoencoder.Decoder(8, 1, 2), autoencoder.Autoencoder(3, 2)), optax.adam(1e-4, b1=0.5)
    >>> began = recipes.began(*modules, adam, adam, latent=uniform(3), gamma=0.7)
    >>> def first_step():
    ...     state = game.init_state(began, jax.random.key(0))
    ...     return game.train_step(began, state, {"image": jnp.zeros((4, 8, 8, 1))})
    >>> sorted(jax.eval_shape(first_step)[1])
    ['L(G(z))', 'L(x)', 'convergence', 'discriminator_gradient_norm', 'discriminator_loss', 'generator_gradient_norm',
    'generator_loss', 'k']
    """
    probability("gamma, the diversity ratio", gamma)
    at_least(0, "k_rate", k_rate)
    functions = _Began(
        generator=generator,
        discriminator=discriminator,
        latent=latent,
        gamma=gamma,
        k_rate=k_rate,
        regularizers=tuple(regularizers),
        generator_regularizers=tuple(generator_regularizers),
        augmentation=augmentation,
    )
    game = Game(
        players=(
            Player("discriminator", functions.discriminator_loss, discriminator_optimizer),
            Player("generator", functions.generator_loss, generator_optimizer, ema=ema),
        ),
        init=functions.init,
        latents=functions.latents,
        sample=functions.sample,
        statistics=functions.statistics,
    )
    return with_truncated_latents(game, functions)


@dataclass(frozen=True)
class _Began:
    """The arguments of `began`, and the pure functions of its `Game`."""

    generator: nn.Module
    discriminator: nn.Module
    latent: Latent
    gamma: float
    k_rate: float
    regularizers: tuple[Regularizer, ...]
    generator_regularizers: tuple[Regularizer, ...]
    augmentation: Augmentation

    def discriminator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the loss that D descends, L(x) - k L(G(z)) and its penalties, and updates k."""
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
        next_k = jax.lax.stop_gradient(controlled(k, mean_real, mean_fake, self.gamma, self.k_rate))
        penalties = apply_regularizers("discriminator", self.regularizers, state.memory["discriminator"], view)
        augmentation = self.augmentation.update(
            state.memory["augmentation"], logits(view.real.output), len(view.real.images), state.step
        )
        memory = {"k": next_k, "discriminator": penalties.memory, "augmentation": augmentation}
        metrics = metrics | self.augmentation.metrics(augmentation) | penalties.metrics
        return real - k * fake + penalties.total, Outcome(variables["discriminator"], metrics, memory)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the loss that G descends, L(G(z)) and its penalties."""
        view, variables = self.view("generator", params, state, batch, key)
        penalties = apply_regularizers("generator", self.generator_regularizers, state.memory["generator"], view)
        loss = view.fake.output["loss"] + penalties.total
        return loss, Outcome(variables["generator"], penalties.metrics, {"generator": penalties.memory})

    def view(self, player: str, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[View, Tree]:
        """Runs both networks for an update of `player`. Returns the view, and the updated variables of each network."""
        z = self.latents(Stream.LATENTS.fold_in(key), len(batch["image"]))
        current = params["generator"], state.variables["generator"]
        fakes, generator_variables = forward(self.generator, *current, z, key=Stream.GENERATOR.fold_in(key))
        judge, variables = self.judge(params["discriminator"], state), state.variables["discriminator"]
        real, fake, variables = judge(variables, batch["image"], fakes, judge_keys(key))
        own_key = regularizers_key(player, key)
        view = View(batch, z, real, fake, params=params[player], step=state.step, key=own_key)
        return view, {"generator": generator_variables, "discriminator": variables}

    def judge(self, params: Tree, state: State) -> Judge:
        """Returns the discriminator with these parameters. It outputs {"loss": L of the batch, "logits": -L (N,)}."""
        memory = state.memory["augmentation"]

        def see(images: jax.Array, keys: jax.Array) -> jax.Array:
            return self.augmentation.apply(images, keys, memory, state.step)

        autoencoder = network_judge(self.discriminator, params, see)

        def compare(variables: Tree, images: jax.Array, key: jax.Array) -> tuple[Tree, Tree]:
            reconstructions, variables = autoencoder.forward(variables, images, key)
            scores = -jax.vmap(reconstruction_loss)(images, reconstructions)
            return {"loss": reconstruction_loss(images, reconstructions), "logits": scores}, variables

        return replace(autoencoder, forward=compare)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the networks, and the initial memory."""
        generator_key, discriminator_key = jax.random.split(key)
        z = self.latents(Stream.LATENTS.fold_in(key), 1)
        image, generator = self.generator.init_with_output(generator_key, z, train=True)
        discriminator = self.discriminator.init(discriminator_key, image, train=True)
        networks = {"generator": generator, "discriminator": discriminator}
        memory = {
            "k": jnp.zeros(()),
            "discriminator": init_memory(self.regularizers),
            "generator": init_memory(self.generator_regularizers),
            "augmentation": self.augmentation.init(),
        }
        return networks, memory

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Draws latents (count, L)."""
        return jax.vmap(self.latent)(example_keys(key, count))

    def sample(self, networks: dict[str, Tree], latents: jax.Array) -> jax.Array:
        """Generates images from latents in evaluation mode."""
        images: Any = self.generator.apply(networks["generator"], latents, train=False)
        return jnp.clip(images, -1, 1)

    def statistics(self, networks: dict[str, Tree], latents: jax.Array, key: jax.Array) -> dict[str, Tree]:
        """Measures the statistics of batch normalization in G for these latents."""
        return {"generator": batch_statistics(self.generator, networks["generator"], latents, key=key)}
