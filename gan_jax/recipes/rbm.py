"""The restricted Boltzmann machine, a baseline that needs a Markov chain, as a game of one player."""

import math
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax

from gan_jax.common.checks import at_least
from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Outcome, Player, State, Tree
from gan_jax.networks.rbm import RestrictedBoltzmannMachine
from gan_jax.recipes.streams import Stream


def rbm(
    network: RestrictedBoltzmannMachine,
    shape: tuple[int, ...],
    optimizer: optax.GradientTransformation,
    *,
    chains: int = 100,
    chain_steps: int = 1,
    sample_steps: int = 500,
) -> Game:
    """Builds the game of one player, "machine", by persistent contrastive divergence (Tieleman 2008).

    The loss is the mean free energy of the data less that of `chains` Markov chains, which go on by `chain_steps` steps
    of Gibbs sampling in each update and lie in the memory of the game. Its gradient is that of the negative
    log-likelihood if the chains are samples of the model. Examples are drawn anew in each update: (x + 1) / 2 are the
    probabilities of ones.

    A sample is what a new chain has come to after `sample_steps` steps: the probabilities that its last values were
    drawn with. Metrics are the loss, and the free energy of the data.

    Args:
      shape: of an example. Its size is `network.visible`.

    Batches are {"image": (N, *shape) in [-1, 1]}. Raises ValueError for another size, and for numbers below 1.

    >>> from gan_jax.networks.rbm import RestrictedBoltzmannMachine
    >>> machine = recipes.rbm(RestrictedBoltzmannMachine(visible=64, hidden=5), (8, 8, 1), optax.sgd(0.1), chains=10)
    >>> def first_step():
    ...     state = game.init_state(machine, jax.random.key(0))
    ...     return game.train_step(machine, state, {"image": jnp.zeros((4, 8, 8, 1))})
    >>> sorted(jax.eval_shape(first_step)[1])
    ['free_energy', 'machine_gradient_norm', 'machine_loss']
    """
    for name, number in (("chains", chains), ("chain_steps", chain_steps), ("sample_steps", sample_steps)):
        at_least(1, name, number)
    size = math.prod(shape)
    if size != network.visible:
        raise ValueError(f"an example has {size} values, and the machine {network.visible}")
    functions = _Rbm(network, tuple(shape), chains, chain_steps, sample_steps)
    return Game(
        players=(Player("machine", functions.loss, optimizer),),
        init=functions.init,
        latents=functions.latents,
        sample=functions.sample,
    )


@dataclass(frozen=True)
class _Rbm:
    """The arguments of `rbm`, and the pure functions of its `Game`."""

    network: RestrictedBoltzmannMachine
    shape: tuple[int, ...]
    chains: int
    chain_steps: int
    sample_steps: int

    def loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the free energy of the data less that of the chains."""
        images = batch["image"]
        keys = example_keys(Stream.REAL.fold_in(key), len(images))
        intensities = (images.reshape(len(images), -1) + 1) / 2
        values = jax.vmap(jax.random.bernoulli)(keys, intensities).astype(jnp.float32)
        # All devices have the same chains and draw alike.
        keys = jax.random.split(Stream.GENERATOR.fold_in(key), self.chains)
        own = jax.lax.stop_gradient(params["machine"])
        chains, _ = self.run(own, state.memory["chains"], keys, self.chain_steps)
        data, model = (jnp.mean(self.energy(params["machine"], each)) for each in (values, chains))
        return data - model, Outcome({}, {"free_energy": data}, {"chains": chains})

    def energy(self, params: Tree, values: jax.Array) -> Any:
        return self.network.apply({"params": params}, values)

    def run(self, params: Tree, values: jax.Array, keys: jax.Array, steps: int) -> tuple[jax.Array, jax.Array]:
        """Chains (N, visible) after `steps` steps, and the probabilities of their last values."""

        def step(i: jax.Array, carry: tuple[jax.Array, jax.Array]) -> Any:
            now = jax.vmap(lambda key: jax.random.fold_in(key, i))(keys)
            return self.network.apply({"params": params}, carry[0], now, method="gibbs")

        return jax.lax.fori_loop(0, steps, step, (values, values))

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables, and chains that start at random."""
        network_key, chains_key = jax.random.split(key)
        chains = jax.random.bernoulli(chains_key, 0.5, (self.chains, self.network.visible)).astype(jnp.float32)
        return {"machine": dict(self.network.init(network_key, chains))}, {"chains": chains}

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Draws where chains start, and all that they will draw: uniform numbers (count, visible)."""
        return jax.vmap(lambda key: jax.random.uniform(key, (self.network.visible,)))(example_keys(key, count))

    def sample(self, networks: dict[str, Tree], latents: jax.Array) -> jax.Array:
        """Runs a chain for each of the latents, and returns its last probabilities as images in [-1, 1]."""
        # The first two numbers, bit by bit, are the key of a chain.
        keys = jax.random.wrap_key_data(jax.lax.bitcast_convert_type(latents[:, :2].astype(jnp.float32), jnp.uint32))
        starts = (latents < 0.5).astype(jnp.float32)
        _, probabilities = self.run(networks["machine"]["params"], starts, keys, self.sample_steps)
        return 2 * probabilities.reshape(len(latents), *self.shape) - 1
