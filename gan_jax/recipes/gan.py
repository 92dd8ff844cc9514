"""The GAN game of Goodfellow et al. (arXiv 1406.2661): a discriminator ascends, a generator descends."""

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
from gan_jax.game import Dynamics, Game, Metrics, Outcome, Player, State, Tree, alternating
from gan_jax.networks.functional import batch_statistics, evaluation_features, forward
from gan_jax.networks.latents import Latent, normal
from gan_jax.objectives import Objective
from gan_jax.recipes.judging import Judge, network_judge
from gan_jax.recipes.penalties import apply_regularizers, init_memory
from gan_jax.recipes.streams import Stream, judge_keys, regularizers_key
from gan_jax.recipes.truncation import with_truncated_latents, with_truncated_styles
from gan_jax.regularizers import Regularizer, View, logits

_LATENT = normal(100)


def gan(
    generator: nn.Module,
    discriminator: nn.Module,
    objective: Objective,
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    latent: Latent = _LATENT,
    classes: int | None = None,
    judge_labels: bool = True,
    regularizers: Sequence[Regularizer] = (),
    generator_regularizers: Sequence[Regularizer] = (),
    augmentation: Augmentation = no_augmentation,
    flip_labels: float | None = None,
    discriminator_updates: int = 1,
    fresh_latents: bool = False,
    ema: float | None = None,
    dynamics: Dynamics = alternating,
) -> Game:
    """Builds the game of a generator (latents, train) -> images and a discriminator (images, train) -> logits (N,).

    Batches are {"image": (N, H, W, C) in [-1, 1], ...}, or {"image": (N, D)} for points. The discriminator sees real
    and generated images in separate batches with separate batch statistics. It may return a dict with "logits" and
    other heads, which regularizers can use.

    If the objective is a classifier's, accuracies are logged. `accuracy_real` is the share of real images in the last
    batch that D classifies as real. The game's measures are `accuracy_held_out`, the same share of held-out real
    images, and `accuracy_fake`, the share of generated images that D classifies as generated. Both are computed in
    evaluation mode. A discriminator that has memorized its training examples has a high `accuracy_real` and a low
    `accuracy_held_out`. For a critic the measure is `logits_gap_held_out`, the mean logit of held-out images minus that
    of generated images. Compare it with D(x) - D(G(z)).

    Args:
      latent: the distribution of the latents of one example. The default is 100 standard normal numbers.
      classes: the number of classes of a conditional game, or None. In a conditional game the networks are called as
        (latents, labels, train) and (images, labels, train), with labels int32 (N,) below `classes`. Generated images
        have the labels of the batch, and samples cycle through the classes. So every example needs its label:
        `training.train` refuses data with hidden ones.
      judge_labels: whether the discriminator of a conditional game takes the labels too.
      regularizers, generator_regularizers: penalties that are added to the discriminator's and generator's objectives.
      augmentation: augmentation of the images that the discriminator sees.
      flip_labels: the probability of exchanging a real and a generated example in the discriminator's objective
        (Chintala et al., "How to train a GAN?", 2016).
      discriminator_updates: the number of updates of the discriminator in a training step, each on a separate batch.
      fresh_latents: whether G's update draws latents and augmentations of its own, as in algorithm 1 of the 2014 paper.
        By default they are those of D's first update in the step, and so the images are generated once, which saves
        about a tenth of a step. D has just learned from these images, so G's loss is a few percent higher than on fresh
        ones. The quality over 16 seeds was the same (experiments/README.md, "The latents of both players"). Labels are
        those of the batch in any case.
      ema: decay of the moving average of the generator. Samples come from the average.
      dynamics: how the players take turns.

    Raises ValueError for fewer than two classes, and for a flip_labels outside [0, 1].

    >>> from gan_jax.networks import dcgan
    >>> adam = optax.adam(2e-4, b1=0.5)
    >>> gan = recipes.gan(dcgan.Generator(8, 1, 2), dcgan.Discriminator(2), objectives.non_saturating, adam, adam)
    >>> def first_step():
    ...     state = game.init_state(gan, jax.random.key(0))
    ...     return game.train_step(gan, state, {"image": jnp.zeros((4, 8, 8, 1))})
    >>> sorted(jax.eval_shape(first_step)[1])
    ['D(G(z))', 'D(x)', 'accuracy_real', 'discriminator_gradient_norm', 'discriminator_loss', 'generator_gradient_norm',
    'generator_loss']
    """
    if classes is not None and classes < 2:
        raise ValueError("a conditional game needs labels of at least two classes, and the data have none")
    if flip_labels is not None:
        probability("flip_labels", flip_labels)
    functions = _Gan(
        generator=generator,
        discriminator=discriminator,
        objective=objective,
        latent=latent,
        classes=classes,
        judge_labels=judge_labels,
        regularizers=tuple(regularizers),
        generator_regularizers=tuple(generator_regularizers),
        augmentation=augmentation,
        flip_labels=flip_labels,
        fresh_latents=fresh_latents,
    )

    has_styles = hasattr(generator, "synthesize")
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
        classes=classes,
        dynamics=dynamics,
        measures=functions.measures,
        features=functions.features if classes is None else None,
        statistics=functions.statistics,
        styles=functions.styles if has_styles else None,
        from_styles=functions.from_styles if has_styles else None,
    )
    truncated = with_truncated_styles if hasattr(generator, "truncation") else with_truncated_latents
    return truncated(game, functions)


@dataclass(frozen=True)
class _Gan:
    """The arguments of `gan`, and the pure functions of its `Game`."""

    generator: nn.Module
    discriminator: nn.Module
    objective: Objective
    latent: Latent
    classes: int | None
    judge_labels: bool
    regularizers: tuple[Regularizer, ...]
    generator_regularizers: tuple[Regularizer, ...]
    augmentation: Augmentation
    flip_labels: float | None
    fresh_latents: bool

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the value that D ascends: the objective's value minus the penalties."""
        view, variables = self.view("discriminator", params, state, batch, key)
        real_logits, fake_logits = logits(view.real.output), logits(view.fake.output)
        penalties = apply_regularizers("discriminator", self.regularizers, state.memory["discriminator"], view)
        augmentation = self.augmentation.update(
            state.memory["augmentation"], real_logits, len(view.real.images), state.step
        )
        metrics = self._outputs(real_logits, fake_logits) | self.augmentation.metrics(augmentation) | penalties.metrics
        if self.flip_labels is not None:
            keys = example_keys(Stream.FLIP_LABELS.fold_in(key), len(real_logits))
            real_logits, fake_logits = _flipped(real_logits, fake_logits, self.flip_labels, keys)
        value = self.objective.value(real_logits, fake_logits) - penalties.total
        memory = {"discriminator": penalties.memory, "augmentation": augmentation}
        return value, Outcome(variables["discriminator"], metrics, memory)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the loss that G descends: the objective's loss plus the penalties."""
        key = Stream.FRESH.fold_in(key) if self.fresh_latents else key
        view, variables = self.view("generator", params, state, batch, key)
        penalties = apply_regularizers("generator", self.generator_regularizers, state.memory["generator"], view)
        loss = self.objective.loss(logits(view.real.output), logits(view.fake.output)) + penalties.total
        return loss, Outcome(variables["generator"], penalties.metrics, {"generator": penalties.memory})

    def view(self, player: str, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[View, Tree]:
        """Runs both networks for an update of `player`. Returns the view, and the updated variables of each network."""
        count, labels = len(batch["image"]), self._labels(batch)
        z = self._draw(Stream.LATENTS.fold_in(key), count)
        current = params["generator"], state.variables["generator"]
        fake, generator_variables = forward(self.generator, *current, z, *labels, key=Stream.GENERATOR.fold_in(key))
        judge, variables = self.judge(params["discriminator"], state, labels), state.variables["discriminator"]
        real, fake, variables = judge(variables, batch["image"], fake, judge_keys(key))
        own_key = regularizers_key(player, key)
        view = View(batch, z, real, fake, params=params[player], step=state.step, key=own_key)
        return view, {"generator": generator_variables, "discriminator": variables}

    def judge(self, params: Tree, state: State, labels: tuple[jax.Array, ...]) -> Judge:
        """Returns the discriminator with these parameters. It takes `labels` if `judge_labels` is set."""
        memory = state.memory["augmentation"]

        def see(images: jax.Array, keys: jax.Array) -> jax.Array:
            return self.augmentation.apply(images, keys, memory, state.step)

        return network_judge(self.discriminator, params, see, *(labels if self.judge_labels else ()))

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the networks, and the initial memory."""
        generator_key, discriminator_key = jax.random.split(key)
        labels = () if self.classes is None else (jnp.zeros(1, jnp.int32),)
        known = labels if self.judge_labels else ()
        z = self._draw(Stream.LATENTS.fold_in(key), 1)
        image, generator = self.generator.init_with_output(generator_key, z, *labels, train=True)
        networks = {
            "generator": generator,
            "discriminator": self.discriminator.init(discriminator_key, image, *known, train=True),
        }
        memory = {
            "discriminator": init_memory(self.regularizers),
            "generator": init_memory(self.generator_regularizers),
            "augmentation": self.augmentation.init(),
        }
        return networks, memory

    def latents(self, key: jax.Array, count: int) -> Tree:
        """Draws the input of `sample`: latents (count, L), or in a conditional game (latents, labels (count,))."""
        z = self._draw(key, count)
        return z if self.classes is None else (z, jnp.arange(count) % self.classes)

    def sample(self, networks: dict[str, Tree], latents: Tree) -> Any:
        """Generates images from latents in evaluation mode."""
        inputs = (latents,) if self.classes is None else latents
        return self.generator.apply(networks["generator"], *inputs, train=False)

    def statistics(self, networks: dict[str, Tree], latents: Tree, key: jax.Array) -> dict[str, Tree]:
        """Measures the statistics of batch normalization in G for these latents."""
        inputs = (latents,) if self.classes is None else latents
        return {"generator": batch_statistics(self.generator, networks["generator"], *inputs, key=key)}

    def styles(self, networks: dict[str, Tree], latents: Tree) -> Any:
        """Returns the styles (N, layers, W) of latents in evaluation mode."""
        inputs = (latents,) if self.classes is None else latents
        return self.generator.apply(networks["generator"], *inputs, train=False, method="styles")

    def from_styles(self, networks: dict[str, Tree], ws: jax.Array) -> Any:
        """Generates images from styles (N, layers, W) in evaluation mode."""
        return self.generator.apply(networks["generator"], ws, train=False, method="synthesize")

    def measures(self, networks: dict[str, Tree], batch: Tree, key: jax.Array) -> Metrics:
        """Measures the output of D for held-out and for generated images in evaluation mode."""
        labels = self._labels(batch)
        known = labels if self.judge_labels else ()

        def judge(images: Any) -> jax.Array:
            return logits(self.discriminator.apply(networks["discriminator"], images, *known, train=False))

        z = self._draw(key, len(batch["image"]))
        held_out = judge(batch["image"])
        fake = judge(self.generator.apply(networks["generator"], z, *labels, train=False))
        if not self.objective.is_classifier:
            return {"logits_gap_held_out": jnp.mean(held_out) - jnp.mean(fake)}
        # A logit above 0 means real.
        return {"accuracy_held_out": jnp.mean(held_out > 0), "accuracy_fake": jnp.mean(fake < 0)}

    def features(self, networks: dict[str, Tree], examples: jax.Array) -> jax.Array:
        """Returns the last hidden features (N, F) of D in evaluation mode. Raises ValueError if D sows none."""
        return evaluation_features(self.discriminator, networks["discriminator"], examples)

    def _draw(self, key: jax.Array, count: int) -> jax.Array:
        return jax.vmap(self.latent)(example_keys(key, count))

    def _labels(self, batch: Tree) -> tuple[jax.Array, ...]:
        return () if self.classes is None else (batch["label"],)

    def _outputs(self, real_logits: jax.Array, fake_logits: jax.Array) -> Metrics:
        outputs: Metrics = {
            "D(x)": jnp.mean(self.objective.output(real_logits)),
            "D(G(z))": jnp.mean(self.objective.output(fake_logits)),
        }
        return outputs | ({"accuracy_real": jnp.mean(real_logits > 0)} if self.objective.is_classifier else {})


def _flipped(real: jax.Array, fake: jax.Array, probability: float, keys: jax.Array) -> tuple[jax.Array, jax.Array]:
    """Exchanges each real example with its generated one with a probability."""
    flip = jax.vmap(lambda key: jax.random.bernoulli(key, probability))(keys)
    return jnp.where(flip, fake, real), jnp.where(flip, real, fake)
