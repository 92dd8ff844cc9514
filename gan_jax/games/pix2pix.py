"""pix2pix (Isola et al. 2017, arXiv 1611.07004): a conditional GAN of images, with an L1 distance to the target."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.checks import at_least
from gan_jax.game import Game, Outcome, Player
from gan_jax.games.translating import Shape, init_discriminator, init_generator, l1, translator
from gan_jax.networks.functional import forward
from gan_jax.objectives import Objective, non_saturating

# Values of a move's key.
_GENERATOR, _REAL, _FAKE = range(3)


def pix2pix(
    generator: nn.Module,
    discriminator: nn.Module,
    shapes: tuple[Shape, Shape],
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    objective: Objective = non_saturating,
    l1_weight: float = 100.0,
) -> Game:
    """The game of a generator (images, train) -> images and a discriminator (images, train) -> logits.

    Batches are {"image": sources x (N, H, W, C), "target": y (N, H, W, C')}, in [-1, 1], the i-th target that of the
    i-th source. D sees x and y, or x and G(x), side by side on the axis of channels: C + C' of them. Its logits are
    (N,), or maps (N, h, w). It moves first, and ascends half the objective's value, "which slows down the rate at which
    D learns relative to G" (section 3.3). G then descends, against the D that has moved, the objective's loss +
    `l1_weight` |y - G(x)| (equation 4). The noise is the generator's own.

    Logged are D(x,y), D(x,G(x)), and G's two losses, `adversarial` and, unweighted, `l1`. It translates "AtoB" as
    `translating.translator` says: by the statistics of each image alone. Batch normalization fits that where it was
    trained with batches of one image, as in the paper. For larger ones use `normalization.plain_instance_norm`, which
    is the same for one image and does not depend on the batch.

    Args:
      shapes: of a source and of a target, (height, width, channels).

    Raises ValueError for a negative l1_weight.
    """
    at_least(0, "l1_weight", l1_weight)

    def generate(params, state, batch, key):
        made = params["generator"], state.variables["generator"]
        return forward(generator, *made, batch["image"], key=jax.random.fold_in(key, _GENERATOR))

    def judge(params, state, batch, fakes, key):
        """D's logits of the targets and of the fakes, and its variables afterwards."""
        judge, variables = params["discriminator"], state.variables["discriminator"]
        found = []
        for images, stream in ((batch["target"], _REAL), (fakes, _FAKE)):
            pair = jnp.concatenate([batch["image"], images], -1)
            logits, variables = forward(discriminator, judge, variables, pair, key=jax.random.fold_in(key, stream))
            found.append(logits)
        return *found, variables

    def discriminator_value(params, state, batch, key):
        fakes, _ = generate(params, state, batch, key)
        real_logits, fake_logits, variables = judge(params, state, batch, fakes, key)
        metrics = {
            "D(x,y)": jnp.mean(objective.output(real_logits)),
            "D(x,G(x))": jnp.mean(objective.output(fake_logits)),
        }
        return objective.value(real_logits, fake_logits) / 2, Outcome(variables, metrics)

    def generator_loss(params, state, batch, key):
        fakes, variables = generate(params, state, batch, key)
        real_logits, fake_logits, _ = judge(params, state, batch, fakes, key)
        losses = {"adversarial": objective.loss(real_logits, fake_logits), "l1": l1(batch["target"], fakes)}
        return losses["adversarial"] + l1_weight * losses["l1"], Outcome(variables, losses)

    def start(key):
        generator_key, discriminator_key = jax.random.split(key)
        networks = {
            "generator": init_generator(generator, generator_key, *shapes),
            "discriminator": init_discriminator(discriminator, discriminator_key, *shapes),
        }
        return networks, {}

    return Game(
        players=(
            Player("discriminator", discriminator_value, discriminator_optimizer, ascend=True),
            Player("generator", generator_loss, generator_optimizer),
        ),
        init=start,
        translate={"AtoB": translator(generator, lambda networks: networks["generator"])},
    )


def l1_regression(generator: nn.Module, shapes: tuple[Shape, Shape], optimizer: optax.GradientTransformation) -> Game:
    """The generator of `pix2pix` alone, descending |y - G(x)|: the paper's comparison (section 4.2, "L1").

    A game of one player. Batches, `shapes` and translation are those of `pix2pix`; logged is the loss.
    """

    def loss(params, state, batch, key):
        made = params["generator"], state.variables["generator"]
        fakes, variables = forward(generator, *made, batch["image"], key=jax.random.fold_in(key, _GENERATOR))
        return l1(batch["target"], fakes), Outcome(variables, {})

    return Game(
        players=(Player("generator", loss, optimizer),),
        init=lambda key: ({"generator": init_generator(generator, key, *shapes)}, {}),
        translate={"AtoB": translator(generator, lambda networks: networks["generator"])},
    )
