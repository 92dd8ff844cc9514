"""CUT (Park et al. 2020, arXiv 2007.15651): one-sided translation without pairs, by contrast of patches."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.augmentation import Augmentation, no_augmentation
from gan_jax.common.checks import at_least
from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Outcome, Player, State, Tree
from gan_jax.networks.functional import forward, forward_with_maps
from gan_jax.networks.patch_projection import PatchProjection, draw_places
from gan_jax.objectives import Objective
from gan_jax.recipes.joined_networks import join, variables_of
from gan_jax.recipes.judging import Judge, network_judge
from gan_jax.recipes.penalties import apply_regularizers, init_memory
from gan_jax.recipes.streams import Stream, judge_keys, regularizers_key
from gan_jax.recipes.translation import SQUARES, Shape, init_discriminator, init_generator, translator
from gan_jax.regularizers import Regularizer, View, logits, patch_nce


def cut(
    generator: nn.Module,
    discriminator: nn.Module,
    shapes: tuple[Shape, Shape],
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    objective: Objective = SQUARES,
    contrast_weight: float = 1.0,
    identity: bool = True,
    patches: int = 256,
    temperature: float = 0.07,
    regularizers: Sequence[Regularizer] = (),
    generator_regularizers: Sequence[Regularizer] = (),
    augmentation: Augmentation = no_augmentation,
    ema: float | None = None,
) -> Game:
    """Builds the game of a generator (images, train) -> images and a discriminator (images, train) -> logits.

    Batches are {"image": a (N, H, W, C), "target": b (N, H, W, C)} in [-1, 1], unpaired images of the domains A and
    B. The generator sows the feature maps of its encoder as "encoder" (see `functional.forward_with_maps`). A
    `PatchProjection`, trained with it, maps patches to unit vectors, and the generator descends (equation 6)

        loss(D(G(a))) + contrast_weight (NCE(G(a), a) + NCE(G(b), b)) / 2

    where NCE is `regularizers.patch_nce`, the mean over feature maps: a patch of G(a) is to be recognized by the patch
    of a at its place. Without `identity` the last term is left out and the other is not halved. D ascends half the
    objective's value, before the generator's update. There is no way back: the game translates "AtoB" only, with about
    half of the work of `cyclegan`.

    Metrics are D(b), D(G(a)), and the unweighted losses of G: `adversarial`, `nce` and `nce_identity`.

    Args:
      shapes: the shapes of an image of A and of an image of B, (height, width, channels).
      objective: the adversarial objective. The default is the least squares of the authors' code.
      contrast_weight: lambda. The paper has 1, and 10 without the identity (FastCUT).
      patches: the number of places in each feature map.
      regularizers, generator_regularizers, augmentation, ema: as in `pix2pix`.

    Raises ValueError for a negative weight, fewer than 2 patches, and domains of different shapes: the generator's
    encoder sees the images of both.

    >>> from gan_jax.networks import cyclegan_resnet, patchgan
    >>> modules = cyclegan_resnet.Generator(3, width=2, blocks=1), patchgan.Discriminator(2, layers=1)
    >>> shape, adam = (8, 8, 3), optax.adam(2e-4, b1=0.5)
    >>> cut = recipes.cut(*modules, (shape, shape), adam, adam, patches=8)
    >>> batch = {"image": jnp.zeros((4, 8, 8, 3)), "target": jnp.zeros((4, 8, 8, 3))}
    >>> def first_step():
    ...     state = game.init_state(cut, jax.random.key(0))
    ...     return game.train_step(cut, state, batch)
    >>> sorted(jax.eval_shape(first_step)[1])
    ['D(G(a))', 'D(b)', 'adversarial', 'discriminator_gradient_norm', 'discriminator_loss', 'generator_gradient_norm',
    'generator_loss', 'nce', 'nce_identity']
    """
    at_least(0, "contrast_weight", contrast_weight)
    at_least(2, "patches", patches)
    if tuple(shapes[0]) != tuple(shapes[1]):
        raise ValueError(f"one encoder sees both domains: they must have one shape, not {shapes[0]} and {shapes[1]}")
    functions = _Cut(
        generator=generator,
        discriminator=discriminator,
        projection=PatchProjection(),
        shapes=shapes,
        objective=objective,
        contrast_weight=contrast_weight,
        identity=identity,
        patches=patches,
        temperature=temperature,
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
        translate={"AtoB": translator(generator, lambda networks: variables_of(networks["generator"], "AtoB"))},
    )


@dataclass(frozen=True)
class _Cut:
    """The arguments of `cut`, and the pure functions of its `Game`."""

    generator: nn.Module
    discriminator: nn.Module
    projection: PatchProjection
    shapes: tuple[Shape, Shape]
    objective: Objective
    contrast_weight: float
    identity: bool
    patches: int
    temperature: float
    regularizers: tuple[Regularizer, ...]
    generator_regularizers: tuple[Regularizer, ...]
    augmentation: Augmentation

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the value that D ascends: half the objective's value, minus the penalties."""
        current = params["generator"]["AtoB"], variables_of(state.variables["generator"], "AtoB")
        fakes, _ = forward(self.generator, *current, batch["image"], key=Stream.GENERATOR.fold_in(key))
        view, variables = self.view("discriminator", params, state, batch, fakes, key)
        real_logits, fake_logits = logits(view.real.output), logits(view.fake.output)
        penalties = apply_regularizers("discriminator", self.regularizers, state.memory["discriminator"], view)
        augmentation = self.augmentation.update(
            state.memory["augmentation"], real_logits, len(view.real.images), state.step
        )
        metrics = {
            "D(b)": jnp.mean(self.objective.output(real_logits)),
            "D(G(a))": jnp.mean(self.objective.output(fake_logits)),
        }
        metrics = metrics | self.augmentation.metrics(augmentation) | penalties.metrics
        value = self.objective.value(real_logits, fake_logits) / 2 - penalties.total
        memory = {"discriminator": penalties.memory, "augmentation": augmentation}
        return value, Outcome(variables, metrics, memory)

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the loss that G and the projection descend."""
        variables = state.variables["generator"]
        own = variables_of(variables, "AtoB")

        def generate(images: jax.Array, own: Tree, stream: Stream) -> tuple[jax.Array, Tree, list[jax.Array]]:
            network = params["generator"]["AtoB"]
            return forward_with_maps(self.generator, network, own, images, name="encoder", key=stream.fold_in(key))

        def contrast(made: jax.Array, maps: list[jax.Array], own: Tree, stream: Stream, at: Stream) -> jax.Array:
            """The contrast between what is made and the maps of what it is made of."""
            places = draw_places(example_keys(at.fold_in(key), len(made)), maps, self.patches)
            _, _, made_maps = generate(made, own, stream)
            project = params["generator"]["projection"]
            vectors: Any = [self.projection.apply({"params": project}, each, places) for each in (made_maps, maps)]
            queries, keys = vectors
            each = [patch_nce(q, k, self.temperature) for q, k in zip(queries, keys, strict=True)]
            return jnp.mean(jnp.stack(each))

        fakes, own, maps = generate(batch["image"], own, Stream.GENERATOR)
        view, _ = self.view("generator", params, state, batch, fakes, key)
        penalties = apply_regularizers("generator", self.generator_regularizers, state.memory["generator"], view)
        losses = {
            "adversarial": self.objective.loss(logits(view.real.output), logits(view.fake.output)),
            "nce": contrast(fakes, maps, own, Stream.ENCODE, Stream.PLACES),
        }
        contrasts = losses["nce"]
        if self.identity:
            same, own, maps = generate(batch["target"], own, Stream.IDENTITY)
            losses["nce_identity"] = contrast(same, maps, own, Stream.ENCODE_IDENTITY, Stream.PLACES_IDENTITY)
            contrasts = (contrasts + losses["nce_identity"]) / 2
        loss = losses["adversarial"] + self.contrast_weight * contrasts + penalties.total
        after = join({"AtoB": own, "projection": variables_of(variables, "projection")})
        return loss, Outcome(after, losses | penalties.metrics, {"generator": penalties.memory})

    def view(
        self, player: str, params: Tree, state: State, batch: Tree, fakes: jax.Array, key: jax.Array
    ) -> tuple[View, Tree]:
        """Runs the discriminator for an update of `player`. Returns the view, and the updated variables."""
        variables = state.variables["discriminator"]
        judge = self.judge(params["discriminator"], state)
        real, fake, variables = judge(variables, batch["target"], fakes, judge_keys(key))
        own = params["generator"]["AtoB"] if player == "generator" else params[player]
        return View(batch, batch["image"], real, fake, own, state.step, regularizers_key(player, key)), variables

    def judge(self, params: Tree, state: State) -> Judge:
        """Returns the discriminator with these parameters."""
        memory = state.memory["augmentation"]

        def see(images: jax.Array, keys: jax.Array) -> jax.Array:
            return self.augmentation.apply(images, keys, memory, state.step)

        return network_judge(self.discriminator, params, see)

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the networks, and the initial memory."""
        generator_key, projection_key, discriminator_key, noise_key, places_key = jax.random.split(key, 5)
        source, target = self.shapes
        generator = init_generator(self.generator, generator_key, source, target)
        inputs: Any = dict(generator)
        params = inputs.pop("params")
        image = jnp.zeros((1, *source))
        _, _, maps = forward_with_maps(self.generator, params, inputs, image, name="encoder", key=noise_key)
        places = draw_places(example_keys(places_key, 1), maps, self.patches)
        networks = {
            "generator": join({"AtoB": generator, "projection": self.projection.init(projection_key, maps, places)}),
            "discriminator": init_discriminator(self.discriminator, discriminator_key, target),
        }
        memory = {
            "discriminator": init_memory(self.regularizers),
            "generator": init_memory(self.generator_regularizers),
            "augmentation": self.augmentation.init(),
        }
        return networks, memory
