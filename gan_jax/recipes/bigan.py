"""The bidirectional GAN: an encoder learns with the generator, and the discriminator judges pairs of both."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.augmentation import Augmentation, no_augmentation
from gan_jax.common.checks import probability
from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Outcome, Player, State, Tree
from gan_jax.networks.functional import batch_statistics, evaluation_features, forward
from gan_jax.networks.latents import Latent
from gan_jax.networks.pairs import join_pairs, split_pairs
from gan_jax.objectives import Objective
from gan_jax.recipes.joined_networks import join, variables_of, with_variables
from gan_jax.recipes.judging import network_judge
from gan_jax.recipes.penalties import apply_regularizers, init_memory
from gan_jax.recipes.streams import Stream, judge_keys, regularizers_key
from gan_jax.recipes.truncation import with_truncated_latents
from gan_jax.regularizers import Regularizer, View, logits


def bigan(
    generator: nn.Module,
    encoder: nn.Module,
    discriminator: nn.Module,
    objective: Objective,
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    latent: Latent,
    regularizers: Sequence[Regularizer] = (),
    generator_regularizers: Sequence[Regularizer] = (),
    augmentation: Augmentation = no_augmentation,
    discriminator_updates: int = 1,
    ema: float | None = None,
    anomaly_weight: float = 0.1,
) -> Game:
    """Builds the game of a generator (latents, train) -> examples and an encoder (examples, train) -> latents against a
    discriminator of pairs.

    The discriminator takes pairs as rows (N, D + L), the values of an example and then its latents, and returns logits
    (N,). `networks.pairs` has one for images. Real pairs are (x, E(x)), and generated ones are (G(z), z). The
    discriminator ascends `objective.value`. The player "generator" holds both other networks, and descends

        objective.loss(r, f) + objective.loss(-f, -r)

    with the logits r of real and f of generated pairs. The second term is the encoder's: the same game with real and
    generated exchanged. It is the paper's for objectives in which an exchange changes the sign of logits, such as the
    non-saturating and the hinge objective and Wasserstein's; those of least squares with the targets 0 and 1 are not.
    At the equilibrium, E inverts G.

    Sources: Donahue et al. 2017 (arXiv 1605.09782), sections 3 and 3.4; Dumoulin et al. 2017, "ALI" (arXiv 1606.00704).
    `Game.anomaly` is the score of EGBAD (Zenati et al. 2018, arXiv 1802.06222, section 3), with w = `anomaly_weight`:

        (1 - w) |x - G(E(x))| + w |f(x, E(x)) - f(G(E(x)), E(x))|

    where f are the discriminator's last features, and the norms are sums over all values. The default is the authors'.

    The other arguments are those of `gan`. The augmentation is of the examples in pairs, and `ema` averages the
    generator and the encoder. Raises ValueError for an anomaly_weight outside [0, 1], and if the encoder makes other
    latents than the generator takes.

    >>> from gan_jax.networks import mlp
    >>> from gan_jax.networks.latents import normal
    >>> modules = mlp.Generator(5, (4,)), mlp.Generator(2, (4,)), mlp.Discriminator((4,))  # G, E and D
    >>> adam = optax.adam(2e-4, b1=0.5)
    >>> bigan = recipes.bigan(*modules, objectives.non_saturating, adam, adam, latent=normal(2))
    >>> def latents(points):
    ...     return bigan.encode(game.networks(game.init_state(bigan, jax.random.key(0))), points)
    >>> jax.eval_shape(latents, jnp.zeros((8, 5))).shape
    (8, 2)
    """
    probability("anomaly_weight", anomaly_weight)
    functions = _BiGan(
        generator,
        encoder,
        discriminator,
        objective,
        latent,
        tuple(regularizers),
        tuple(generator_regularizers),
        augmentation,
        anomaly_weight,
    )
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
        features=functions.features,
        encode=functions.encode,
        anomaly=functions.anomaly,
        statistics=functions.statistics,
    )
    return with_truncated_latents(game, functions)


@dataclass(frozen=True)
class _BiGan:
    """The arguments of `bigan`, and the pure functions of its `Game`."""

    generator: nn.Module
    encoder: nn.Module
    discriminator: nn.Module
    objective: Objective
    latent: Latent
    regularizers: tuple[Regularizer, ...]
    generator_regularizers: tuple[Regularizer, ...]
    augmentation: Augmentation
    anomaly_weight: float

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the value that D ascends: the objective's value minus the penalties."""
        view, variables = self.view("discriminator", params, state, batch, key)
        real, fake = logits(view.real.output), logits(view.fake.output)
        penalties = apply_regularizers("discriminator", self.regularizers, state.memory["discriminator"], view)
        augmentation = self.augmentation.update(state.memory["augmentation"], real, len(view.real.images), state.step)
        outputs = {
            "D(x, E(x))": jnp.mean(self.objective.output(real)),
            "D(G(z), z)": jnp.mean(self.objective.output(fake)),
        }
        metrics = outputs | self.augmentation.metrics(augmentation) | penalties.metrics
        memory = {"discriminator": penalties.memory, "augmentation": augmentation}
        return self.objective.value(real, fake) - penalties.total, Outcome(variables["discriminator"], metrics, memory)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the loss that G and E descend: the objective's loss, both ways, plus the penalties."""
        view, variables = self.view("generator", params, state, batch, key)
        real, fake = logits(view.real.output), logits(view.fake.output)
        penalties = apply_regularizers("generator", self.generator_regularizers, state.memory["generator"], view)
        loss = self.objective.loss(real, fake) + self.objective.loss(-fake, -real) + penalties.total
        return loss, Outcome(variables["generator"], penalties.metrics, {"generator": penalties.memory})

    def view(self, player: str, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[View, Tree]:
        """Runs all networks for an update of `player`. Returns the view, and the updated variables of each player."""
        x, own, variables = batch["image"], params["generator"], state.variables
        z = self._draw(Stream.LATENTS.fold_in(key), len(x))
        made, generated = forward(
            self.generator,
            own["generator"],
            variables_of(variables["generator"], "generator"),
            z,
            key=Stream.GENERATOR.fold_in(key),
        )
        found, encoded = forward(
            self.encoder,
            own["encoder"],
            variables_of(variables["generator"], "encoder"),
            x,
            key=Stream.ENCODE.fold_in(key),
        )
        joined = with_variables(variables["generator"], "generator", generated)
        joined = with_variables(joined, "encoder", encoded)
        judge = network_judge(self.discriminator, params["discriminator"], self._see(state, x.shape[1:]))
        pairs = join_pairs(x, found), join_pairs(made, z)
        real, fake, judged = judge(variables["discriminator"], *pairs, judge_keys(key))
        own_key = regularizers_key(player, key)
        view = View(batch, z, real, fake, params=params[player], step=state.step, key=own_key)
        return view, {"generator": joined, "discriminator": judged}

    def _see(self, state: State, shape: tuple[int, ...]) -> Any:
        """Augments the examples, of this shape, in pairs."""
        memory = state.memory["augmentation"]

        def see(pairs: jax.Array, keys: jax.Array) -> jax.Array:
            examples, latents = split_pairs(pairs, shape)
            return join_pairs(self.augmentation.apply(examples, keys, memory, state.step), latents)

        return see

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the networks, and the initial memory."""
        generator_key, encoder_key, discriminator_key = jax.random.split(key, 3)
        z = self._draw(Stream.LATENTS.fold_in(key), 1)
        x, generator = self.generator.init_with_output(generator_key, z, train=True)
        found, encoder = self.encoder.init_with_output(encoder_key, x, train=True)
        if found.shape != z.shape:
            raise ValueError(f"the encoder makes latents of shape {found.shape[1:]}, and the game has {z.shape[1:]}")
        networks = {
            "generator": join({"generator": generator, "encoder": encoder}),
            "discriminator": self.discriminator.init(discriminator_key, join_pairs(x, z), train=True),
        }
        memory = {
            "discriminator": init_memory(self.regularizers),
            "generator": init_memory(self.generator_regularizers),
            "augmentation": self.augmentation.init(),
        }
        return networks, memory

    def latents(self, key: jax.Array, count: int) -> jax.Array:
        """Draws the input of `sample`: latents (count, L)."""
        return self._draw(key, count)

    def sample(self, networks: dict[str, Tree], latents: jax.Array) -> Any:
        """Generates examples from latents in evaluation mode."""
        return self.generator.apply(variables_of(networks["generator"], "generator"), latents, train=False)

    def statistics(self, networks: dict[str, Tree], latents: jax.Array, key: jax.Array) -> dict[str, Tree]:
        """Measures the statistics of batch normalization in G for these latents. Those of the encoder stay."""
        own = networks["generator"]
        found = batch_statistics(self.generator, variables_of(own, "generator"), latents, key=key)
        return {"generator": {**own["batch_stats"], "generator": found}}

    def encode(self, networks: dict[str, Tree], examples: jax.Array) -> Any:
        """Finds the latents (N, L) of examples in evaluation mode."""
        return self.encoder.apply(variables_of(networks["generator"], "encoder"), examples, train=False)

    def features(self, networks: dict[str, Tree], examples: jax.Array) -> jax.Array:
        """Returns the last hidden features (N, F) of D for the pairs of examples and their latents."""
        return self._features(networks, examples, self.encode(networks, examples))

    def anomaly(self, networks: dict[str, Tree], examples: jax.Array) -> jax.Array:
        """Returns the scores (N,) of EGBAD."""
        z = self.encode(networks, examples)
        made = self.sample(networks, z)
        features = self._features(networks, examples, z) - self._features(networks, made, z)
        residuals = jnp.abs(examples - made).reshape(len(examples), -1)
        weight = self.anomaly_weight
        return (1 - weight) * jnp.sum(residuals, 1) + weight * jnp.sum(jnp.abs(features), 1)

    def _features(self, networks: dict[str, Tree], examples: jax.Array, latents: Any) -> jax.Array:
        return evaluation_features(self.discriminator, networks["discriminator"], join_pairs(examples, latents))

    def _draw(self, key: jax.Array, count: int) -> jax.Array:
        return jax.vmap(self.latent)(example_keys(key, count))
