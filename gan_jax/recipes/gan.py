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
from gan_jax.networks.functional import features, forward
from gan_jax.networks.latents import Latent, normal
from gan_jax.objectives import Objective
from gan_jax.recipes.judging import Judge
from gan_jax.recipes.penalties import pay, start_memory
from gan_jax.recipes.streams import Stream, judge_keys
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
    ema: float | None = None,
    dynamics: Dynamics = alternating,
) -> Game:
    """The game of a generator (latents, train) -> images and a discriminator (images, train) -> logits (N,).

    Batches are {"image": (N, H, W, C) in [-1, 1], ...}, or {"image": (N, D)} for points. The discriminator sees real
    and generated images as separate batches, each with its own batch statistics. It may return a dict that has other
    heads beside its "logits", for regularizers to use.

    For an objective with a classifier, accuracies are logged: `accuracy_real`, the share of its last batch's real
    images that D takes for real, and, as the game's measures, `accuracy_held_out`, that share of held-out real images,
    and `accuracy_fake`, the share of generated images that D takes for generated, both with the statistics of
    evaluation. A discriminator that knows its training examples by heart has a high `accuracy_real` and a low
    `accuracy_held_out`. For a critic the measure is `logits_gap_held_out`, the mean logit of held-out images less that
    of generated ones, to be compared with D(x) - D(G(z)).

    Args:
      latent: the distribution of one example's latents; 100 standard normal numbers unless given.
      classes: makes the game conditional: the networks are (latents, labels, train) and (images, labels, train), with
        labels int32 (N,) below `classes`; generated images get the labels of the batch. Samples go through the classes.
      judge_labels: whether the discriminator of a conditional game is told the labels too.
      regularizers, generator_regularizers: what the discriminator and the generator pay beside the objective.
      augmentation: of what the discriminator sees.
      flip_labels: the probability with which a real and a generated example trade places in the discriminator's
        objective (Chintala et al., "How to train a GAN?", 2016).
      discriminator_updates: updates of the discriminator in a training step, each on a batch of its own.
      ema: decay of the average of the generator that samples come from.
      dynamics: how the players take turns.

    Raises ValueError for hyperparameters that no game can have.
    """
    if classes is not None and classes < 2:
        raise ValueError("a conditional game needs labels of at least two classes, and the data have none")
    if flip_labels is not None:
        probability("flip_labels", flip_labels)
    own = _Gan(
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
    )
    return Game(
        players=(
            Player(
                "discriminator",
                own.discriminator_value,
                discriminator_optimizer,
                ascend=True,
                updates_per_step=discriminator_updates,
            ),
            Player("generator", own.generator_loss, generator_optimizer, ema=ema),
        ),
        init=own.init,
        latents=own.latents,
        sample=own.sample,
        classes=classes,
        dynamics=dynamics,
        measures=own.measures,
    )


@dataclass(frozen=True)
class _Gan:
    """The arguments of `gan`, and the pure functions that its `Game` is made of."""

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

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """What D ascends: the objective's value, less its penalties."""
        view, variables = self.view("discriminator", params, state, batch, key)
        real_logits, fake_logits = logits(view.real.output), logits(view.fake.output)
        paid = pay("discriminator", self.regularizers, state.memory["discriminator"], view)
        augmentation = self.augmentation.update(state.memory["augmentation"], real_logits, state.step)
        metrics = self._outputs(real_logits, fake_logits) | self.augmentation.metrics(augmentation) | paid.metrics
        if self.flip_labels is not None:
            keys = example_keys(Stream.FLIP_LABELS.of(key), len(real_logits))
            real_logits, fake_logits = _flipped(real_logits, fake_logits, self.flip_labels, keys)
        value = self.objective.value(real_logits, fake_logits) - paid.total
        memory = {"discriminator": paid.memory, "augmentation": augmentation}
        return value, Outcome(variables["discriminator"], metrics, memory)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """What G descends: the objective's loss, and its penalties."""
        view, variables = self.view("generator", params, state, batch, key)
        paid = pay("generator", self.generator_regularizers, state.memory["generator"], view)
        loss = self.objective.loss(logits(view.real.output), logits(view.fake.output)) + paid.total
        return loss, Outcome(variables["generator"], paid.metrics, {"generator": paid.memory})

    def view(self, player: str, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[View, Tree]:
        """What both networks do in an update of `player`, and each network's variables afterwards."""
        count, labels = len(batch["image"]), self._labels(batch)
        z = self._draw(key, count)
        made = params["generator"], state.variables["generator"]
        fake, generator_variables = forward(self.generator, *made, z, *labels, key=Stream.GENERATOR.of(key))
        judge, variables = self.judge(params["discriminator"], state, labels), state.variables["discriminator"]
        real, fake, variables = judge(variables, batch["image"], fake, judge_keys(key))
        regularizers_key = Stream.REGULARIZERS.of(key)
        view = View(batch, z, real, fake, params=params[player], step=state.step, key=regularizers_key)
        return view, {"generator": generator_variables, "discriminator": variables}

    def judge(self, params: Tree, state: State, labels: tuple[jax.Array, ...]) -> Judge:
        """The discriminator with these parameters, which is told `labels` if it is told any."""
        module, memory = self.discriminator, state.memory["augmentation"]
        known = labels if self.judge_labels else ()
        return Judge(
            see=lambda images, keys: self.augmentation.apply(images, keys, memory, state.step),
            forward=lambda variables, seen, key: forward(module, params, variables, seen, *known, key=key),
            features=lambda variables, seen, key: features(module, params, variables, seen, *known, key=key),
        )

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """The networks' first variables, and the memory."""
        generator_key, discriminator_key = jax.random.split(key)
        labels = () if self.classes is None else (jnp.zeros(1, jnp.int32),)
        known = labels if self.judge_labels else ()
        image, made = self.generator.init_with_output(generator_key, self._draw(key, 1), *labels, train=True)
        networks = {
            "generator": made,
            "discriminator": self.discriminator.init(discriminator_key, image, *known, train=True),
        }
        memory = {
            "discriminator": start_memory(self.regularizers),
            "generator": start_memory(self.generator_regularizers),
            "augmentation": self.augmentation.init(),
        }
        return networks, memory

    def latents(self, key: jax.Array, count: int) -> Tree:
        """What `sample` takes: latents (count, L), or beside them, in a conditional game, labels (count,)."""
        z = self._draw(key, count)
        return z if self.classes is None else (z, jnp.arange(count) % self.classes)

    def sample(self, networks: dict[str, Tree], latents: Tree) -> Any:
        """Images of latents, with the statistics of evaluation."""
        inputs = (latents,) if self.classes is None else latents
        return self.generator.apply(networks["generator"], *inputs, train=False)

    def measures(self, networks: dict[str, Tree], batch: Tree, key: jax.Array) -> Metrics:
        """What D makes of held-out and of generated images, with the statistics of evaluation."""
        labels = self._labels(batch)
        known = labels if self.judge_labels else ()

        def judge(images: Any) -> jax.Array:
            return logits(self.discriminator.apply(networks["discriminator"], images, *known, train=False))

        z = self._draw(key, len(batch["image"]))
        held_out = judge(batch["image"])
        fake = judge(self.generator.apply(networks["generator"], z, *labels, train=False))
        if not self.objective.is_classifier:
            return {"logits_gap_held_out": jnp.mean(held_out) - jnp.mean(fake)}
        # A logit above 0 says real.
        return {"accuracy_held_out": jnp.mean(held_out > 0), "accuracy_fake": jnp.mean(fake < 0)}

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
    flip = jax.vmap(lambda key: jax.random.bernoulli(key, probability))(keys)
    return jnp.where(flip, fake, real), jnp.where(flip, real, fake)
