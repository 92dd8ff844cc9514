"""A GAN of texts by a policy gradient: SeqGAN (Yu et al. 2017, arXiv 1609.05473), with a reward for each character.

A generator that draws characters passes no gradient. So it takes the discriminator's verdict as the reward of a policy,
and follows REINFORCE (Williams 1992). SeqGAN's discriminator judges whole texts, and rollouts of the generator estimate
what a character is worth. Here the discriminator judges every prefix of a text, as in ScratchGAN (de Masson d'Autume et
al. 2019, arXiv 1905.09922, section 3), so that no rollouts are needed.
"""

from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least, probability
from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Metrics, Outcome, Player, State, Tree
from gan_jax.networks.functional import forward
from gan_jax.networks.latents import Latent
from gan_jax.objectives import Objective
from gan_jax.recipes.likelihood import with_likelihood
from gan_jax.recipes.streams import Stream


def policy_gradient(
    generator: nn.Module,
    discriminator: nn.Module,
    objective: Objective,
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    latent: Latent,
    discount: float = 1.0,
    pretraining: int = 0,
    discriminator_updates: int = 1,
    ema: float | None = None,
) -> Game:
    """Builds the game of a generator as in `likelihood`, and a discriminator (texts, train) -> logits (N, L).

    The logit at a place is that of the text up to there. D ascends the objective's value. The reward r_t of character t
    is the logit of the text up to t. For an optimal classifier that is log p_data / p_G of this prefix, so that rewards
    are 0 where G is as it should be. (SeqGAN's reward is the probability, the logit's sigmoid.) G descends

        -E sum_t (R_t - b_t) log p(x_t | x_1 ... x_t-1),   R_t = sum_{s >= t} discount^(s - t) r_s,

    where x are exact samples, no gradient passes through R and b, and the baseline b_t is the mean of R_t over the
    other texts of the batch. With a discount of 1 its gradient is that of -E sum_t r_t, without bias. Places behind the
    end of a text have no choice to make, and their rewards, which judge the whole text, count for those before.

    Args:
      latent: the noise of one text, `latents.gumbel`.
      pretraining: the number of first steps in which G descends the negative log-likelihood of the batch in the place
        of its loss. D is trained all along.
      discriminator_updates: the number of updates of the discriminator in a training step, each on a separate batch.
      ema: decay of the moving average of the generator. Samples come from the average.

    Batches are {"image": (N, L, V) in [-1, 1]}, with N at least 2. Raises ValueError for a discount outside [0, 1] and
    for a negative number of steps.

    >>> from gan_jax.networks import text
    >>> from gan_jax.networks.latents import gumbel
    >>> modules, adam = (text.Generator(4), text.Discriminator(4, 2)), optax.adam(1e-3, b1=0.5)
    >>> seqgan = recipes.policy_gradient(*modules, objectives.non_saturating, adam, adam, latent=gumbel(6, 3))
    >>> def first_step():
    ...     state = game.init_state(seqgan, jax.random.key(0))
    ...     return game.train_step(seqgan, state, {"image": jnp.ones((4, 6, 3))})
    >>> sorted(jax.eval_shape(first_step)[1])
    ['D(G(z))', 'D(x)', 'discriminator_gradient_norm', 'discriminator_loss', 'generator_gradient_norm',
    'generator_loss']
    """
    probability("discount", discount)
    at_least(0, "pretraining", pretraining)
    functions = _PolicyGradient(generator, discriminator, objective, latent, discount, pretraining)
    game = Game(
        players=(
            Player(
                "discriminator",
                functions.discriminator_value,
                discriminator_optimizer,
                ascend=True,
                updates_per_step=discriminator_updates,
            ),
            Player("generator", functions.generator_loss, generator_optimizer, ema=ema),
        ),
        init=functions.init,
        latents=functions.latents,
        sample=functions.sample,
        measures=functions.measures,
    )
    return with_likelihood(game, generator)


def returns_to_go(rewards: jax.Array, discount: float | jax.Array) -> jax.Array:
    """R_t = sum_{s >= t} discount^(s - t) r_s of rewards r (N, L)."""

    def add(later: jax.Array, reward: jax.Array) -> tuple[jax.Array, jax.Array]:
        return (total := reward + discount * later), total

    return jax.lax.scan(add, jnp.zeros(len(rewards)), rewards.T, reverse=True)[1].T


@dataclass(frozen=True)
class _PolicyGradient:
    """The arguments of `policy_gradient`, and the pure functions of its `Game`."""

    generator: nn.Module
    discriminator: nn.Module
    objective: Objective
    latent: Latent
    discount: float
    pretraining: int

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the objective's value, which D ascends."""
        real, fake = batch["image"], self.written(params, state, batch, key)
        own, variables = params["discriminator"], state.variables["discriminator"]
        real_logits, variables = forward(self.discriminator, own, variables, real, key=Stream.REAL.fold_in(key))
        fake_logits, variables = forward(self.discriminator, own, variables, fake, key=Stream.FAKE.fold_in(key))
        output = self.objective.output
        metrics = {"D(x)": jnp.mean(output(real_logits)), "D(G(z))": jnp.mean(output(fake_logits))}
        return self.objective.value(real_logits, fake_logits), Outcome(variables, metrics)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the loss whose gradient is the policy gradient, or the negative log-likelihood in pretraining."""

        def log_probabilities(texts: jax.Array) -> jax.Array:
            own = params["generator"], state.variables["generator"]
            return forward(self.generator, *own, texts, given=True)[0]

        def reinforce() -> jax.Array:
            texts = self.written(params, state, batch, key)
            judge = params["discriminator"], state.variables["discriminator"]
            logits, _ = forward(self.discriminator, *judge, texts, key=Stream.FAKE.fold_in(key))
            returns = returns_to_go(logits, self.discount)
            others = (jnp.sum(returns, 0) - returns) / (len(returns) - 1)
            advantages = jax.lax.stop_gradient(returns - others)
            return -jnp.mean(jnp.sum(advantages * log_probabilities(texts), 1))

        def pretrain() -> jax.Array:
            return -jnp.mean(jnp.sum(log_probabilities(batch["image"]), 1))

        loss = jax.lax.cond(state.step < self.pretraining, pretrain, reinforce)
        return loss, Outcome(state.variables["generator"], {})

    def written(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> jax.Array:
        """Returns as many exact samples as the batch has texts, (N, L, V), through which no gradient passes."""
        own = {"params": params["generator"], **state.variables["generator"]}
        noise = self.latents(Stream.LATENTS.fold_in(key), len(batch["image"]))
        return jax.lax.stop_gradient(self.sample({"generator": own}, noise))

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the networks, and no memory."""
        generator_key, discriminator_key = jax.random.split(key)
        noise = self.latents(Stream.LATENTS.fold_in(key), 1)
        texts, generator = self.generator.init_with_output(generator_key, noise, train=True)
        discriminator = self.discriminator.init(discriminator_key, texts, train=True)
        return {"generator": generator, "discriminator": discriminator}, {}

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Draws noise (count, L, V)."""
        return jax.vmap(self.latent)(example_keys(key, count))

    def sample(self, networks: dict[str, Tree], latents: jax.Array) -> Any:
        """Writes texts in evaluation mode."""
        return self.generator.apply(networks["generator"], latents, train=False)

    def measures(self, networks: dict[str, Tree], batch: Tree, key: jax.Array) -> Metrics:
        """Measures the output of D for held-out and for generated texts in evaluation mode."""
        texts = self.sample(networks, self.latents(key, len(batch["image"])))
        judged: list[Any] = [
            self.discriminator.apply(networks["discriminator"], each, train=False) for each in (batch["image"], texts)
        ]
        held_out, fake = map(self.objective.output, judged)
        return {"D_held_out": jnp.mean(held_out), "D_fake": jnp.mean(fake)}
