"""CycleGAN (Zhu et al. 2017, arXiv 1703.10593): translation both ways between two sets of images without pairs."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.augmentation import Augmentation, no_augmentation
from gan_jax.common.checks import at_least
from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Outcome, Player, State, Tree, simultaneous
from gan_jax.networks.functional import features, forward
from gan_jax.objectives import Objective, least_squares, scaled
from gan_jax.recipes import image_pool
from gan_jax.recipes.joined_networks import join, variables_of, with_variables
from gan_jax.recipes.judging import Judge, JudgeKeys
from gan_jax.recipes.penalties import pay, start_memory
from gan_jax.recipes.translation import Shape, init_discriminator, init_generator, l1, translator
from gan_jax.regularizers import Regularizer, View, logits

# As in the paper, which has no halves before the squares (section 3.3): they count beside the cycle's weight.
_SQUARES = scaled(least_squares(), 2.0)


class Stream(IntEnum):
    """The streams of random numbers of an update, each for the first and for the second network or domain."""

    TRANSLATE = 0
    CYCLE = 2
    IDENTITY = 4
    REAL = 6
    FAKE = 8
    POOL = 10
    AGAIN = 12
    AUGMENT_REAL = 14
    AUGMENT_FAKE = 16
    REGULARIZERS = 18

    def of(self, key: jax.Array, i: int) -> jax.Array:
        """The key of this stream for the network or domain i (0 or 1), of an update with the key `key`."""
        return jax.random.fold_in(key, self + i)


class Way(NamedTuple):
    """A direction of translation: the generator, the opposite one, and the domains that it leads from and to."""

    name: str
    back: str
    source: str
    target: str


WAYS = (Way("AtoB", "BtoA", "A", "B"), Way("BtoA", "AtoB", "B", "A"))
DOMAINS = ("A", "B")
_LOGGED = {"A": ("D_A(a)", "D_A(F(b))"), "B": ("D_B(b)", "D_B(G(a))")}


def cyclegan(
    generators: tuple[nn.Module, nn.Module],
    discriminators: tuple[nn.Module, nn.Module],
    shapes: tuple[Shape, Shape],
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    objective: Objective = _SQUARES,
    cycle_weight: float = 10.0,
    identity_weight: float | None = 0.5,
    pool_size: int = 50,
    regularizers: Sequence[Regularizer] = (),
    generator_regularizers: Sequence[Regularizer] = (),
    augmentation: Augmentation = no_augmentation,
    ema: float | None = None,
) -> Game:
    """The game of two generators (images, train) -> images and two discriminators (images, train) -> logits.

    Batches are {"image": a (N, H, W, C_A), "target": b (N, H, W, C_B)} in [-1, 1], images of the domains A and B that
    have nothing to do with each other. The generators are one player, "generator", with the parameters
    {"AtoB": ..., "BtoA": ...}; the discriminators are another, "discriminator", with {"A": ..., "B": ...}. With the
    paper's letters, G for AtoB and F for BtoA, the generators descend (equation 3, and section 5.2 for the last term)

        loss(D_B(G(a))) + loss(D_A(F(b))) + cycle_weight (|F(G(a)) - a| + |G(F(b)) - b|)
        + cycle_weight identity_weight (|G(b) - b| + |F(a) - a|)

    with the objective's loss and |.| the mean over all numbers. The discriminators ascend half the sum of its values in
    A and in B, in which the generated images are those that an `image_pool` shows. As in the authors' code they judge
    what the generators made before they were updated, so the players are updated simultaneously. Logged are D's outputs
    and the losses, unweighted, each by the domain of the images that are judged or compared.

    Args:
      generators: AtoB and BtoA. discriminators: of A and of B.
      shapes: of an image of A and of one of B, (height, width, channels).
      objective: the paper's least squares unless given.
      identity_weight: in units of cycle_weight; None for no such loss.
      pool_size: how many generated images of each domain are kept.
      regularizers, generator_regularizers: what the discriminators and the generators pay beside this, in each domain.
        In an update of the discriminators they see the generated images that the pool shows.
      augmentation: of what the discriminators see; its memory is kept for each domain alone.
      ema: decay of the average of the generators that translate.

    Raises ValueError for negative weights, a pool of no images, and an identity loss between domains of two shapes.
    """
    at_least(0, "cycle_weight", cycle_weight)
    at_least(1, "pool_size", pool_size)
    if identity_weight is not None:
        at_least(0, "identity_weight", identity_weight)
        if tuple(shapes[0]) != tuple(shapes[1]):
            raise ValueError(
                f"an identity loss needs domains of one shape, not of {shapes[0]} and {shapes[1]}: set it to None"
            )
    own = _CycleGan(
        generators=dict(zip(("AtoB", "BtoA"), generators, strict=True)),
        discriminators=dict(zip(DOMAINS, discriminators, strict=True)),
        shapes=shapes,
        objective=objective,
        cycle_weight=cycle_weight,
        identity_weight=identity_weight,
        pool_size=pool_size,
        regularizers=tuple(regularizers),
        generator_regularizers=tuple(generator_regularizers),
        augmentation=augmentation,
    )

    def translates(way: str):
        return translator(own.generators[way], lambda networks: variables_of(networks["generator"], way))

    return Game(
        players=(
            Player("generator", own.generator_loss, generator_optimizer, ema=ema),
            Player("discriminator", own.discriminator_value, discriminator_optimizer, ascend=True),
        ),
        init=own.init,
        dynamics=simultaneous,
        translate={way: translates(way) for way in own.generators},
    )


@dataclass(frozen=True)
class _CycleGan:
    """The arguments of `cyclegan`, networks by their names, and the pure functions that its `Game` is made of."""

    generators: dict[str, nn.Module]
    discriminators: dict[str, nn.Module]
    shapes: tuple[Shape, Shape]
    objective: Objective
    cycle_weight: float
    identity_weight: float | None
    pool_size: int
    regularizers: tuple[Regularizer, ...]
    generator_regularizers: tuple[Regularizer, ...]
    augmentation: Augmentation

    def generator_loss(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """What both generators descend together."""
        real, fakes, variables = self.translations(params, state, batch, key)
        losses, paid, total = {}, {}, jnp.zeros(())
        for i, domain in enumerate(DOMAINS):
            view, _ = self.view(i, params, state, batch, real, fakes, key)
            losses[f"adversarial_{domain}"] = self.objective.loss(logits(view.real.output), logits(view.fake.output))
            view = view._replace(params=params["generator"][_to(domain).name])
            memory = state.memory["generator"][domain]
            paid[domain] = pay("generator", self.generator_regularizers, memory, view, f"_{domain}")
        for i, way in enumerate(WAYS):
            stream = Stream.CYCLE.of(key, i)
            again, variables = self.generate(params, variables, way.back, fakes[way.target], stream)
            losses[f"cycle_{way.source}"] = l1(again, real[way.source])
        if self.identity_weight is not None:
            for i, way in enumerate(WAYS):
                stream = Stream.IDENTITY.of(key, i)
                same, variables = self.generate(params, variables, way.name, real[way.target], stream)
                losses[f"identity_{way.target}"] = l1(same, real[way.target])
        total = losses["adversarial_A"] + losses["adversarial_B"]
        total = total + self.cycle_weight * (losses["cycle_A"] + losses["cycle_B"])
        if self.identity_weight is not None:
            total = total + self.cycle_weight * self.identity_weight * (losses["identity_A"] + losses["identity_B"])
        metrics = losses | paid["A"].metrics | paid["B"].metrics
        memory = {"generator": {domain: paid[domain].memory for domain in DOMAINS}}
        return total + paid["A"].total + paid["B"].total, Outcome(variables, metrics, memory)

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """What both discriminators ascend together."""
        real, fakes, _ = self.translations(params, state, batch, key)
        value, variables, metrics, penalties = jnp.zeros(()), state.variables["discriminator"], {}, {}
        memory: dict[str, Tree] = {"discriminator": {}, "augmentation": {}}
        for i, domain in enumerate(DOMAINS):
            pool, keys = f"pool_{domain}", example_keys(Stream.POOL.of(key, i), len(fakes[domain]))
            fakes[domain], memory[pool] = image_pool.show_over_devices(state.memory[pool], fakes[domain], keys)
            view, after = self.view(i, params, state, batch, real, fakes, key)
            variables = with_variables(variables, domain, after)
            real_logits, fake_logits = logits(view.real.output), logits(view.fake.output)
            paid = pay("discriminator", self.regularizers, state.memory["discriminator"][domain], view, f"_{domain}")
            augmentation = self.augmentation.update(state.memory["augmentation"][domain], real_logits, state.step)
            value = value + self.objective.value(real_logits, fake_logits) / 2 - paid.total
            memory["discriminator"][domain], memory["augmentation"][domain] = paid.memory, augmentation
            metrics[_LOGGED[domain][0]] = jnp.mean(self.objective.output(real_logits))
            metrics[_LOGGED[domain][1]] = jnp.mean(self.objective.output(fake_logits))
            measured = self.augmentation.metrics(augmentation)
            penalties |= {f"{name}_{domain}": x for name, x in measured.items()} | paid.metrics
        return value, Outcome(variables, metrics | penalties, memory)

    def view(
        self, i: int, params: Tree, state: State, batch: Tree, real: dict, fakes: dict, key: jax.Array
    ) -> tuple[View, Tree]:
        """What the discriminator of the i-th domain makes of it, and its own variables afterwards."""
        domain = DOMAINS[i]
        streams = (Stream.REAL, Stream.FAKE, Stream.AGAIN, Stream.AUGMENT_REAL, Stream.AUGMENT_FAKE)
        keys = JudgeKeys(*(stream.of(key, i) for stream in streams))
        own = params["discriminator"][domain]
        variables = variables_of(state.variables["discriminator"], domain)
        real_judged, fake_judged, after = self.judge(domain, own, state)(variables, real[domain], fakes[domain], keys)
        sources, regularizers_key = real[_to(domain).source], Stream.REGULARIZERS.of(key, i)
        return View(batch, sources, real_judged, fake_judged, own, state.step, regularizers_key), after

    def judge(self, domain: str, params: Tree, state: State) -> Judge:
        """The discriminator of a domain with these parameters of its own."""
        module, memory = self.discriminators[domain], state.memory["augmentation"][domain]
        return Judge(
            see=lambda images, keys: self.augmentation.apply(images, keys, memory, state.step),
            forward=lambda variables, seen, key: forward(module, params, variables, seen, key=key),
            features=lambda variables, seen, key: features(module, params, variables, seen, key=key),
        )

    def generate(
        self, params: Tree, variables: Tree, way: str, images: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, Tree]:
        """The translations of images, and both generators' variables afterwards."""
        own = params["generator"][way], variables_of(variables, way)
        found, after = forward(self.generators[way], *own, images, key=key)
        return found, with_variables(variables, way, after)

    def translations(
        self, params: Tree, state: State, batch: Tree, key: jax.Array
    ) -> tuple[dict[str, jax.Array], dict[str, jax.Array], Tree]:
        """The images of both domains, their translations by the domain they lead to, and variables afterwards."""
        real, fakes, variables = {"A": batch["image"], "B": batch["target"]}, {}, state.variables["generator"]
        for i, way in enumerate(WAYS):
            stream = Stream.TRANSLATE.of(key, i)
            fakes[way.target], variables = self.generate(params, variables, way.name, real[way.source], stream)
        return real, fakes, variables

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """The networks' first variables, and the memory."""
        keys, (a, b) = jax.random.split(key, 4), self.shapes
        generators = {
            "AtoB": init_generator(self.generators["AtoB"], keys[0], a, b),
            "BtoA": init_generator(self.generators["BtoA"], keys[1], b, a),
        }
        discriminators = {
            "A": init_discriminator(self.discriminators["A"], keys[2], a),
            "B": init_discriminator(self.discriminators["B"], keys[3], b),
        }
        memory = {
            "pool_A": image_pool.empty(self.pool_size, a),
            "pool_B": image_pool.empty(self.pool_size, b),
            "discriminator": {domain: start_memory(self.regularizers) for domain in DOMAINS},
            "generator": {domain: start_memory(self.generator_regularizers) for domain in DOMAINS},
            "augmentation": {domain: self.augmentation.init() for domain in DOMAINS},
        }
        return {"generator": join(generators), "discriminator": join(discriminators)}, memory


def _to(domain: str) -> Way:
    """The way that leads to a domain."""
    return next(way for way in WAYS if way.target == domain)
