"""pix2pix (Isola et al. 2017, arXiv 1611.07004): a GAN conditioned on images, with an L1 loss between G(x) and y."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.augmentation import Augmentation, no_augmentation
from gan_jax.common.checks import at_least
from gan_jax.game import Game, Outcome, Player, State, Tree
from gan_jax.networks.functional import forward
from gan_jax.objectives import Objective, non_saturating
from gan_jax.recipes.judging import Judge, network_judge
from gan_jax.recipes.penalties import apply_regularizers, init_memory
from gan_jax.recipes.streams import Stream, judge_keys, regularizers_key
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
    """Builds the game of a generator (images, train) -> images and a discriminator (images, train) -> logits.

    Batches are {"image": sources x (N, H, W, C), "target": targets y (N, H, W, C')} in [-1, 1], where the i-th source
    and the i-th target are a pair. D sees x and y, or x and G(x), concatenated to C + C' channels. Its logits are (N,),
    or maps (N, h, w). D is updated first, and ascends half the objective's value, "which slows down the rate at which D
    learns relative to G" (section 3.3). Then G descends the objective's loss + `l1_weight` |y - G(x)| against the
    updated D (equation 4). Random noise comes from layers of the generator, such as dropout.

    The metrics are D(x,y), D(x,G(x)), and the two losses of G, `adversarial` and the unweighted `l1`. The game
    translates in the direction "AtoB" with the statistics of each single image (see `translation.translator`). This
    suits batch normalization that was trained on batches of one image, as in the paper. For larger batches use
    `plain_instance_norm`, which is the same for one image and does not depend on the batch.

    Args:
      shapes: the shapes of a source and of a target, (height, width, channels).
      regularizers, generator_regularizers: penalties of the discriminator and the generator, which are not halved. They
        see the targets y and G(x) as images. Gradient penalties differentiate with respect to these, with x fixed.
      augmentation: augmentation of the images that the discriminator sees, with the same random draws for x and y.
      ema: decay of the moving average of the generator. The average translates.

    Raises ValueError for a negative l1_weight.

    >>> from gan_jax.networks import patchgan, unet
    >>> shapes, adam = ((8, 8, 3), (8, 8, 1)), optax.adam(2e-4, b1=0.5)  # of sources and of targets
    >>> pix2pix = recipes.pix2pix(unet.Generator(8, 1, 2), patchgan.Discriminator(2, layers=1), shapes, adam, adam)
    >>> batch = {"image": jnp.zeros((4, 8, 8, 3)), "target": jnp.zeros((4, 8, 8, 1))}
    >>> def first_step():
    ...     state = game.init_state(pix2pix, jax.random.key(0))
    ...     return game.train_step(pix2pix, state, batch)
    >>> sorted(jax.eval_shape(first_step)[1])
    ['D(x,G(x))', 'D(x,y)', 'adversarial', 'discriminator_gradient_norm', 'discriminator_loss',
    'generator_gradient_norm', 'generator_loss', 'l1']
    """
    at_least(0, "l1_weight", l1_weight)
    functions = _Pix2pix(
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
            Player("discriminator", functions.discriminator_value, discriminator_optimizer, ascend=True),
            Player("generator", functions.generator_loss, generator_optimizer, ema=ema),
        ),
        init=functions.init,
        translate={"AtoB": translator(generator, lambda networks: networks["generator"])},
    )


@dataclass(frozen=True)
class _Pix2pix:
    """The arguments of `pix2pix`, and the pure functions of its `Game`."""

    generator: nn.Module
    discriminator: nn.Module
    shapes: tuple[Shape, Shape]
    objective: Objective
    l1_weight: float
    regularizers: tuple[Regularizer, ...]
    generator_regularizers: tuple[Regularizer, ...]
    augmentation: Augmentation

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the value that D ascends: half the objective's value, minus the penalties."""
        view, variables = self.view("discriminator", params, state, batch, key)
        real_logits, fake_logits = logits(view.real.output), logits(view.fake.output)
        penalties = apply_regularizers("discriminator", self.regularizers, state.memory["discriminator"], view)
        augmentation = self.augmentation.update(
            state.memory["augmentation"], real_logits, len(view.real.images), state.step
        )
        metrics = {
            "D(x,y)": jnp.mean(self.objective.output(real_logits)),
            "D(x,G(x))": jnp.mean(self.objective.output(fake_logits)),
        }
        metrics = metrics | self.augmentation.metrics(augmentation) | penalties.metrics
        value = self.objective.value(real_logits, fake_logits) / 2 - penalties.total
        memory = {"discriminator": penalties.memory, "augmentation": augmentation}
        return value, Outcome(variables["discriminator"], metrics, memory)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the loss that G descends: the objective's loss, the weighted L1 loss, and the penalties."""
        view, variables = self.view("generator", params, state, batch, key)
        penalties = apply_regularizers("generator", self.generator_regularizers, state.memory["generator"], view)
        losses = {
            "adversarial": self.objective.loss(logits(view.real.output), logits(view.fake.output)),
            "l1": l1(batch["target"], view.fake.images),
        }
        loss = losses["adversarial"] + self.l1_weight * losses["l1"] + penalties.total
        return loss, Outcome(variables["generator"], losses | penalties.metrics, {"generator": penalties.memory})

    def view(self, player: str, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[View, Tree]:
        """Runs both networks for an update of `player`. Returns the view, and the updated variables of each network."""
        current = params["generator"], state.variables["generator"]
        fakes, generator_variables = forward(
            self.generator, *current, batch["image"], key=Stream.GENERATOR.fold_in(key)
        )
        judge, variables = self.judge(params["discriminator"], state, batch["image"]), state.variables["discriminator"]
        real, fake, variables = judge(variables, batch["target"], fakes, judge_keys(key))
        own_key = regularizers_key(player, key)
        view = View(batch, batch["image"], real, fake, params=params[player], step=state.step, key=own_key)
        return view, {"generator": generator_variables, "discriminator": variables}

    def judge(self, params: Tree, state: State, sources: jax.Array) -> Judge:
        """Returns the discriminator with these parameters. It sees targets or fakes together with their `sources`."""
        memory = state.memory["augmentation"]

        def pair(images: jax.Array, keys: jax.Array) -> jax.Array:
            sides = (self.augmentation.apply(side, keys, memory, state.step) for side in (sources, images))
            return jnp.concatenate(list(sides), -1)

        return network_judge(self.discriminator, params, pair)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the networks, and the initial memory."""
        generator_key, discriminator_key = jax.random.split(key)
        networks = {
            "generator": init_generator(self.generator, generator_key, *self.shapes),
            "discriminator": init_discriminator(self.discriminator, discriminator_key, *self.shapes),
        }
        memory = {
            "discriminator": init_memory(self.regularizers),
            "generator": init_memory(self.generator_regularizers),
            "augmentation": self.augmentation.init(),
        }
        return networks, memory


def regression(
    generator: nn.Module,
    shapes: tuple[Shape, Shape],
    optimizer: optax.GradientTransformation,
    *,
    distance: Callable[[jax.Array, jax.Array], jax.Array] = l1,
    ema: float | None = None,
) -> Game:
    """Builds a game with only the generator of `pix2pix`, which descends distance(y, G(x)), and no discriminator.

    Batches, `shapes`, `ema` and translation are those of `pix2pix`. The metric is the loss.

    distance: targets and what G makes of the sources, both (N, H, W, C') in [-1, 1], -> a scalar. The default is
        |y - G(x)| (section 4.2 of the paper, "L1").

    >>> from gan_jax.networks import unet
    >>> shapes, adam = ((8, 8, 3), (8, 8, 1)), optax.adam(2e-4, b1=0.5)  # of sources and of targets
    >>> regression = recipes.regression(unet.Generator(8, 1, 2), shapes, adam)
    >>> def translations(sources):
    ...     trained = game.networks(game.init_state(regression, jax.random.key(0)))
    ...     return regression.translate["AtoB"](trained, sources, jax.random.key(1))
    >>> jax.eval_shape(translations, jnp.zeros((4, 8, 8, 3))).shape
    (4, 8, 8, 1)
    """

    def loss(params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[jax.Array, Outcome]:
        current = params["generator"], state.variables["generator"]
        fakes, variables = forward(generator, *current, batch["image"], key=Stream.GENERATOR.fold_in(key))
        return distance(batch["target"], fakes), Outcome(variables, {})

    return Game(
        players=(Player("generator", loss, optimizer, ema=ema),),
        init=lambda key: ({"generator": init_generator(generator, key, *shapes)}, {}),
        translate={"AtoB": translator(generator, lambda networks: networks["generator"])},
    )
