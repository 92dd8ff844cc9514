"""pix2pix (Isola et al. 2017, arXiv 1611.07004): a conditional GAN of images, with an L1 distance to the target."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.augmentation import Augmentation, no_augmentation
from gan_jax.common.checks import at_least
from gan_jax.game import Game, Outcome, Player, State, Tree
from gan_jax.networks.functional import features, forward
from gan_jax.objectives import Objective, non_saturating
from gan_jax.recipes.judging import Judge
from gan_jax.recipes.penalties import pay, start_memory
from gan_jax.recipes.streams import Stream, judge_keys
from gan_jax.recipes.translation import Shape, init_discriminator, init_generator, l1, translator
from gan_jax.regularizers import Regularizer, View, logits


def pix2pix(
    generator: nn.Module,
    discriminator: nn.Module,
    shapes: tuple[Shape, Shape],
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    objective: Objective = non_saturating,
    l1_weight: float = 100.0,
    regularizers: Sequence[Regularizer] = (),
    generator_regularizers: Sequence[Regularizer] = (),
    augmentation: Augmentation = no_augmentation,
    ema: float | None = None,
) -> Game:
    """The game of a generator (images, train) -> images and a discriminator (images, train) -> logits.

    Batches are {"image": sources x (N, H, W, C), "target": y (N, H, W, C')}, in [-1, 1], the i-th target that of the
    i-th source. D sees x and y, or x and G(x), side by side on the axis of channels: C + C' of them. Its logits are
    (N,), or maps (N, h, w). It is updated first, and ascends half the objective's value, "which slows down the rate at
    which D learns relative to G" (section 3.3). G then descends, against the D that has been updated, the objective's
    loss + `l1_weight` |y - G(x)| (equation 4). The noise is the generator's own.

    Logged are D(x,y), D(x,G(x)), and G's two losses, `adversarial` and, unweighted, `l1`. It translates "AtoB" as
    `translation.translator` says: by the statistics of each image alone. Batch normalization fits that where it was
    trained with batches of one image, as in the paper. For larger ones use `normalization.plain_instance_norm`, which
    is the same for one image and does not depend on the batch.

    Args:
      shapes: of a source and of a target, (height, width, channels).
      regularizers, generator_regularizers: what the discriminator and the generator pay beside this, not halved. The
        images that they see are targets y and G(x); gradient penalties are taken at these, with x held fixed.
      augmentation: of what the discriminator sees; x and y alike, by the same draws.
      ema: decay of the average of the generator that translates.

    Raises ValueError for a negative l1_weight.
    """
    at_least(0, "l1_weight", l1_weight)
    own = _Pix2pix(
        generator=generator,
        discriminator=discriminator,
        shapes=shapes,
        objective=objective,
        l1_weight=l1_weight,
        regularizers=tuple(regularizers),
        generator_regularizers=tuple(generator_regularizers),
        augmentation=augmentation,
    )
    return Game(
        players=(
            Player("discriminator", own.discriminator_value, discriminator_optimizer, ascend=True),
            Player("generator", own.generator_loss, generator_optimizer, ema=ema),
        ),
        init=own.init,
        translate={"AtoB": translator(generator, lambda networks: networks["generator"])},
    )


@dataclass(frozen=True)
class _Pix2pix:
    """The arguments of `pix2pix`, and the pure functions that its `Game` is made of."""

    generator: nn.Module
    discriminator: nn.Module
    shapes: tuple[Shape, Shape]
    objective: Objective
    l1_weight: float
    regularizers: tuple[Regularizer, ...]
    generator_regularizers: tuple[Regularizer, ...]
    augmentation: Augmentation

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """What D ascends: half the objective's value, less its penalties."""
        view, variables = self.view("discriminator", params, state, batch, key)
        real_logits, fake_logits = logits(view.real.output), logits(view.fake.output)
        paid = pay("discriminator", self.regularizers, state.memory["discriminator"], view)
        augmentation = self.augmentation.update(state.memory["augmentation"], real_logits, state.step)
        metrics = {
            "D(x,y)": jnp.mean(self.objective.output(real_logits)),
            "D(x,G(x))": jnp.mean(self.objective.output(fake_logits)),
        }
        metrics = metrics | self.augmentation.metrics(augmentation) | paid.metrics
        value = self.objective.value(real_logits, fake_logits) / 2 - paid.total
        memory = {"discriminator": paid.memory, "augmentation": augmentation}
        return value, Outcome(variables["discriminator"], metrics, memory)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """What G descends: the objective's loss, the weighted L1 distance, and its penalties."""
        view, variables = self.view("generator", params, state, batch, key)
        paid = pay("generator", self.generator_regularizers, state.memory["generator"], view)
        losses = {
            "adversarial": self.objective.loss(logits(view.real.output), logits(view.fake.output)),
            "l1": l1(batch["target"], view.fake.images),
        }
        loss = losses["adversarial"] + self.l1_weight * losses["l1"] + paid.total
        return loss, Outcome(variables["generator"], losses | paid.metrics, {"generator": paid.memory})

    def view(self, player: str, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[View, Tree]:
        """What both networks do in an update of `player`, and each network's variables afterwards."""
        made = params["generator"], state.variables["generator"]
        fakes, generator_variables = forward(self.generator, *made, batch["image"], key=Stream.GENERATOR.of(key))
        judge, variables = self.judge(params["discriminator"], state, batch["image"]), state.variables["discriminator"]
        real, fake, variables = judge(variables, batch["target"], fakes, judge_keys(key))
        regularizers_key = Stream.REGULARIZERS.of(key)
        view = View(batch, batch["image"], real, fake, params=params[player], step=state.step, key=regularizers_key)
        return view, {"generator": generator_variables, "discriminator": variables}

    def judge(self, params: Tree, state: State, sources: jax.Array) -> Judge:
        """The discriminator with these parameters, which sees targets or fakes beside their `sources`."""
        module, memory = self.discriminator, state.memory["augmentation"]

        def pair(images: jax.Array, keys: jax.Array) -> jax.Array:
            sides = (self.augmentation.apply(side, keys, memory, state.step) for side in (sources, images))
            return jnp.concatenate(list(sides), -1)

        return Judge(
            see=pair,
            forward=lambda variables, seen, key: forward(module, params, variables, seen, key=key),
            features=lambda variables, seen, key: features(module, params, variables, seen, key=key),
        )

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """The networks' first variables, and the memory."""
        generator_key, discriminator_key = jax.random.split(key)
        networks = {
            "generator": init_generator(self.generator, generator_key, *self.shapes),
            "discriminator": init_discriminator(self.discriminator, discriminator_key, *self.shapes),
        }
        memory = {
            "discriminator": start_memory(self.regularizers),
            "generator": start_memory(self.generator_regularizers),
            "augmentation": self.augmentation.init(),
        }
        return networks, memory


def l1_regression(
    generator: nn.Module,
    shapes: tuple[Shape, Shape],
    optimizer: optax.GradientTransformation,
    *,
    ema: float | None = None,
) -> Game:
    """The generator of `pix2pix` alone, descending |y - G(x)|: the paper's comparison (section 4.2, "L1").

    A game of one player. Batches, `shapes`, `ema` and translation are those of `pix2pix`; logged is the loss.
    """

    def loss(params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[jax.Array, Outcome]:
        made = params["generator"], state.variables["generator"]
        fakes, variables = forward(generator, *made, batch["image"], key=Stream.GENERATOR.of(key))
        return l1(batch["target"], fakes), Outcome(variables, {})

    return Game(
        players=(Player("generator", loss, optimizer, ema=ema),),
        init=lambda key: ({"generator": init_generator(generator, key, *shapes)}, {}),
        translate={"AtoB": translator(generator, lambda networks: networks["generator"])},
    )
