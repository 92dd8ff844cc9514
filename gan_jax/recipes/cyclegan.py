"""CycleGAN (Zhu et al. 2017, arXiv 1703.10593): translation in both directions between two sets of unpaired images."""

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
from gan_jax.networks.functional import forward
from gan_jax.objectives import Objective
from gan_jax.recipes import image_pool
from gan_jax.recipes.joined_networks import join, variables_of, with_variables
from gan_jax.recipes.judging import Judge, JudgeKeys, network_judge
from gan_jax.recipes.penalties import apply_regularizers, init_memory
from gan_jax.recipes.translation import SQUARES, Shape, init_discriminator, init_generator, l1, translator
from gan_jax.regularizers import Regularizer, View, logits


class Stream(IntEnum):
    """The streams of random numbers in an update. Each has two keys, one for each network or domain."""

    TRANSLATE = 0
    CYCLE = 2
    IDENTITY = 4
    REAL = 6
    FAKE = 8
    POOL = 10
    REEVALUATE_REAL = 12
    AUGMENT_REAL = 14
    AUGMENT_FAKE = 16
    REGULARIZERS = 18
    REEVALUATE_FAKE = 20
    GENERATOR_REGULARIZERS = 22

    def fold_in(self, key: jax.Array, i: int) -> jax.Array:
        """Returns the key of this stream for network or domain i (0 or 1), for an update with the key `key`."""
        return jax.random.fold_in(key, self + i)


class Way(NamedTuple):
    """A direction of translation: its generator, the opposite generator, and its source and target domains."""

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
    objective: Objective = SQUARES,
    cycle_weight: float = 10.0,
    identity_weight: float | None = 0.5,
    pool_size: int = 50,
    regularizers: Sequence[Regularizer] = (),
    generator_regularizers: Sequence[Regularizer] = (),
    augmentation: Augmentation = no_augmentation,
    ema: float | None = None,
) -> Game:
    """Builds the game of two generators (images, train) -> images and two discriminators (images, train) -> logits.

    Batches are {"image": a (N, H, W, C_A), "target": b (N, H, W, C_B)} in [-1, 1], unpaired images of the domains A and
    B. The generators are one player, "generator", with the parameters {"AtoB": ..., "BtoA": ...}. The discriminators
    are another player, "discriminator", with the parameters {"A": ..., "B": ...}. In the notation of the paper, G is
    AtoB and F is BtoA. The generators descend (equation 3, and section 5.2 for the last term)

        loss(D_B(G(a))) + loss(D_A(F(b))) + cycle_weight (|F(G(a)) - a| + |G(F(b)) - b|)
        + cycle_weight identity_weight (|G(b) - b| + |F(a) - a|)

    where loss is the objective's, and |.| is the mean over all values. The discriminators ascend half the sum of the
    objective's values in A and in B. There the generated images are those that an `image_pool` shows. As in the
    authors' code, the discriminators judge images that the generators made before their update, so both players are
    updated simultaneously. The metrics are D's outputs and the unweighted losses, named by the domain of the images
    that are judged or compared.

    Args:
      generators: the networks AtoB and BtoA.
      discriminators: the networks for A and for B.
      shapes: the shapes of an image of A and of an image of B, (height, width, channels).
      objective: the adversarial objective. The default is the paper's least squares.
      identity_weight: the weight of the identity loss in units of cycle_weight, or None for no such loss.
      pool_size: the number of generated images that are kept for each domain. With 0, the discriminators see the new
        ones alone.
      regularizers, generator_regularizers: penalties of the discriminators and the generators in each domain. In an
        update of the discriminators they see the generated images that the pool shows.
      augmentation: augmentation of the images that the discriminators see, with a separate memory for each domain.
      ema: decay of the moving average of the generators. The averages translate.

    Raises ValueError for negative weights, a pool_size below 0, and an identity loss if the domains differ in shape.

    >>> from gan_jax.networks import cyclegan_resnet, patchgan
    >>> generator, discriminator = cyclegan_resnet.Generator(3, width=2, blocks=1), patchgan.Discriminator(2, layers=1)
    >>> modules, shape, adam = ((generator,) * 2, (discriminator,) * 2), (8, 8, 3), optax.adam(2e-4, b1=0.5)
    >>> cyclegan = recipes.cyclegan(*modules, (shape, shape), adam, adam, identity_weight=None)
    >>> batch = {"image": jnp.zeros((4, 8, 8, 3)), "target": jnp.zeros((4, 8, 8, 3))}
    >>> def first_step():
    ...     state = game.init_state(cyclegan, jax.random.key(0))
    ...     return game.train_step(cyclegan, state, batch)
    >>> sorted(jax.eval_shape(first_step)[1])
    ['D_A(F(b))', 'D_A(a)', 'D_B(G(a))', 'D_B(b)', 'adversarial_A', 'adversarial_B', 'cycle_A', 'cycle_B',
    'discriminator_gradient_norm', 'discriminator_loss', 'generator_gradient_norm', 'generator_loss']
    """
    at_least(0, "cycle_weight", cycle_weight)
    at_least(0, "pool_size", pool_size)
    if identity_weight is not None:
        at_least(0, "identity_weight", identity_weight)
        if tuple(shapes[0]) != tuple(shapes[1]):
            raise ValueError(
                f"an identity loss needs domains of one shape, not of {shapes[0]} and {shapes[1]}: set it to None"
            )
    functions = _CycleGan(
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

    def translate(way: str):
        return translator(functions.generators[way], lambda networks: variables_of(networks["generator"], way))

    return Game(
        players=(
            Player("generator", functions.generator_loss, generator_optimizer, ema=ema),
            Player("discriminator", functions.discriminator_value, discriminator_optimizer, ascend=True),
        ),
        init=functions.init,
        dynamics=simultaneous,
        translate={way: translate(way) for way in functions.generators},
    )


@dataclass(frozen=True)
class _CycleGan:
    """The arguments of `cyclegan`, with networks by their names, and the pure functions of its `Game`."""

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
        """Returns the loss that both generators descend together."""
        real, fakes, variables = self.translations(params, state, batch, key)
        losses, penalties, total = {}, {}, jnp.zeros(())
        for i, domain in enumerate(DOMAINS):
            view, _ = self.view(i, params, state, batch, real, fakes, key)
            losses[f"adversarial_{domain}"] = self.objective.loss(logits(view.real.output), logits(view.fake.output))
            own_key = Stream.GENERATOR_REGULARIZERS.fold_in(key, i)
            view = view._replace(params=params["generator"][_way_to(domain).name], key=own_key)
            memory = state.memory["generator"][domain]
            suffix = f"_{domain}"
            penalties[domain] = apply_regularizers("generator", self.generator_regularizers, memory, view, suffix)
        for i, way in enumerate(WAYS):
            stream = Stream.CYCLE.fold_in(key, i)
            reconstructed, variables = self.generate(params, variables, way.back, fakes[way.target], stream)
            losses[f"cycle_{way.source}"] = l1(reconstructed, real[way.source])
        if self.identity_weight is not None:
            for i, way in enumerate(WAYS):
                stream = Stream.IDENTITY.fold_in(key, i)
                same, variables = self.generate(params, variables, way.name, real[way.target], stream)
                losses[f"identity_{way.target}"] = l1(same, real[way.target])
        total = losses["adversarial_A"] + losses["adversarial_B"]
        total = total + self.cycle_weight * (losses["cycle_A"] + losses["cycle_B"])
        if self.identity_weight is not None:
            total = total + self.cycle_weight * self.identity_weight * (losses["identity_A"] + losses["identity_B"])
        metrics = losses | penalties["A"].metrics | penalties["B"].metrics
        memory = {"generator": {domain: penalties[domain].memory for domain in DOMAINS}}
        return total + penalties["A"].total + penalties["B"].total, Outcome(variables, metrics, memory)

    def discriminator_value(self, params: Tree, state: State, batch: Tree, key: jax.Array) -> tuple[Any, Outcome]:
        """Returns the value that both discriminators ascend together."""
        real, fakes, _ = self.translations(params, state, batch, key)
        value, variables, metrics, further_metrics = jnp.zeros(()), state.variables["discriminator"], {}, {}
        memory: dict[str, Tree] = {"discriminator": {}, "augmentation": {}}
        for i, domain in enumerate(DOMAINS):
            if self.pool_size:
                pool, keys = f"pool_{domain}", example_keys(Stream.POOL.fold_in(key, i), len(fakes[domain]))
                fakes[domain], memory[pool] = image_pool.show_over_devices(state.memory[pool], fakes[domain], keys)
            view, after = self.view(i, params, state, batch, real, fakes, key)
            variables = with_variables(variables, domain, after)
            real_logits, fake_logits = logits(view.real.output), logits(view.fake.output)
            penalties = apply_regularizers(
                "discriminator", self.regularizers, state.memory["discriminator"][domain], view, f"_{domain}"
            )
            augmentation = self.augmentation.update(
                state.memory["augmentation"][domain], real_logits, len(view.real.images), state.step
            )
            value = value + self.objective.value(real_logits, fake_logits) / 2 - penalties.total
            memory["discriminator"][domain], memory["augmentation"][domain] = penalties.memory, augmentation
            metrics[_LOGGED[domain][0]] = jnp.mean(self.objective.output(real_logits))
            metrics[_LOGGED[domain][1]] = jnp.mean(self.objective.output(fake_logits))
            measured = self.augmentation.metrics(augmentation)
            further_metrics |= {f"{name}_{domain}": x for name, x in measured.items()} | penalties.metrics
        return value, Outcome(variables, metrics | further_metrics, memory)

    def view(
        self, i: int, params: Tree, state: State, batch: Tree, real: dict, fakes: dict, key: jax.Array
    ) -> tuple[View, Tree]:
        """Runs the discriminator of the i-th domain. Returns the view, and the discriminator's updated variables."""
        domain = DOMAINS[i]
        keys = JudgeKeys(*(Stream[name.upper()].fold_in(key, i) for name in JudgeKeys._fields))
        own_params = params["discriminator"][domain]
        variables = variables_of(state.variables["discriminator"], domain)
        judge = self.judge(domain, own_params, state)
        real_judged, fake_judged, updated = judge(variables, real[domain], fakes[domain], keys)
        sources, regularizers_key = real[_way_to(domain).source], Stream.REGULARIZERS.fold_in(key, i)
        return View(batch, sources, real_judged, fake_judged, own_params, state.step, regularizers_key), updated

    def judge(self, domain: str, params: Tree, state: State) -> Judge:
        """Returns the discriminator of a domain with the parameters `params` of this network."""
        memory = state.memory["augmentation"][domain]

        def see(images: jax.Array, keys: jax.Array) -> jax.Array:
            return self.augmentation.apply(images, keys, memory, state.step)

        return network_judge(self.discriminators[domain], params, see)

    def generate(
        self, params: Tree, variables: Tree, way: str, images: jax.Array, key: jax.Array
    ) -> tuple[jax.Array, Tree]:
        """Returns the translations of images, and the updated variables of both generators."""
        current = params["generator"][way], variables_of(variables, way)
        translations, updated = forward(self.generators[way], *current, images, key=key)
        return translations, with_variables(variables, way, updated)

    def translations(
        self, params: Tree, state: State, batch: Tree, key: jax.Array
    ) -> tuple[dict[str, jax.Array], dict[str, jax.Array], Tree]:
        """Returns the images of both domains, their translations by target domain, and the updated variables."""
        real, fakes, variables = {"A": batch["image"], "B": batch["target"]}, {}, state.variables["generator"]
        for i, way in enumerate(WAYS):
            stream = Stream.TRANSLATE.fold_in(key, i)
            fakes[way.target], variables = self.generate(params, variables, way.name, real[way.source], stream)
        return real, fakes, variables

    def init(self, key: jax.Array) -> tuple[Tree, Tree]:
        """Returns the initial variables of the networks, and the initial memory."""
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
            "discriminator": {domain: init_memory(self.regularizers) for domain in DOMAINS},
            "generator": {domain: init_memory(self.generator_regularizers) for domain in DOMAINS},
            "augmentation": {domain: self.augmentation.init() for domain in DOMAINS},
        }
        if self.pool_size:
            memory |= {f"pool_{name}": image_pool.empty(self.pool_size, shape) for name, shape in (("A", a), ("B", b))}
        return {"generator": join(generators), "discriminator": join(discriminators)}, memory


def _way_to(domain: str) -> Way:
    """Returns the direction whose target is `domain`."""
    return next(way for way in WAYS if way.target == domain)
