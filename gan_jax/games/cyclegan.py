"""CycleGAN (Zhu et al. 2017, arXiv 1703.10593): translation both ways between two sets of images without pairs."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax import history
from gan_jax.checks import at_least
from gan_jax.game import Game, Outcome, Player, Tree
from gan_jax.games.translating import Shape, init_discriminator, init_generator, l1, translator
from gan_jax.networks.functional import forward
from gan_jax.objectives import Objective, least_squares, scaled
from gan_jax.parallel import example_keys
from gan_jax.rounds import simultaneous

# As in the paper, which has no halves before the squares (section 3.3): they count beside the cycle's weight.
_SQUARES = scaled(least_squares(), 2.0)

# Values of a move's key, each for the first and the second network.
_TRANSLATE, _CYCLE, _IDENTITY, _REAL, _FAKE, _HISTORY = range(0, 12, 2)

# (the generator, the opposite one, the domain that it translates, the domain that it translates to)
_DIRECTIONS = (("AtoB", "BtoA", "A", "B"), ("BtoA", "AtoB", "B", "A"))
_DOMAINS = ("A", "B")
_JUDGED = {"A": ("D_A(a)", "D_A(F(b))"), "B": ("D_B(b)", "D_B(G(a))")}  # as they are logged


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
    history_size: int = 50,
) -> Game:
    """The game of two generators (images, train) -> images and two discriminators (images, train) -> logits.

    Batches are {"image": a (N, H, W, C_A), "target": b (N, H, W, C_B)} in [-1, 1], images of the domains A and B that
    have nothing to do with each other. The generators are one player, "generator", with the parameters
    {"AtoB": ..., "BtoA": ...}; the discriminators are another, "discriminator", with {"A": ..., "B": ...}. With the
    paper's letters, G for AtoB and F for BtoA, the generators descend (equation 3, and section 5.2 for the last term)

        loss(D_B(G(a))) + loss(D_A(F(b))) + cycle_weight (|F(G(a)) - a| + |G(F(b)) - b|)
        + cycle_weight identity_weight (|G(b) - b| + |F(a) - a|)

    with the objective's loss and |.| the mean over all numbers. The discriminators ascend half the sum of its values in
    A and in B, in which the generated images are those that a `history` shows. As in the authors' code they judge what
    the generators made before they moved, so the players move simultaneously. Logged are D's outputs and the losses,
    unweighted, each by the domain of the images that are judged or compared.

    Args:
      generators: AtoB and BtoA. discriminators: of A and of B.
      shapes: of an image of A and of one of B, (height, width, channels).
      objective: the paper's least squares unless given.
      identity_weight: in units of cycle_weight; None for no such loss.
      history_size: how many generated images of each domain are kept.

    Raises ValueError for negative weights, a history of no images, and an identity loss between domains of two shapes.
    """
    at_least(0, "cycle_weight", cycle_weight)
    at_least(1, "history_size", history_size)
    if identity_weight is not None:
        at_least(0, "identity_weight", identity_weight)
        if tuple(shapes[0]) != tuple(shapes[1]):
            raise ValueError(
                f"an identity loss needs domains of one shape, not of {shapes[0]} and {shapes[1]}: set it to None"
            )
    generates = dict(zip(("AtoB", "BtoA"), generators, strict=True))
    judges = dict(zip(_DOMAINS, discriminators, strict=True))

    def generate(params, variables, direction, images, key):
        found, after = forward(
            generates[direction], params["generator"][direction], _of(variables, direction), images, key=key
        )
        return found, _with(variables, direction, after)

    def translations(params, state, batch, key):
        """The images of both domains, what becomes of them by the domain they are translated to, and variables."""
        real, fakes, variables = {"A": batch["image"], "B": batch["target"]}, {}, state.variables["generator"]
        for i, (direction, _, source, target) in enumerate(_DIRECTIONS):
            stream = jax.random.fold_in(key, _TRANSLATE + i)
            fakes[target], variables = generate(params, variables, direction, real[source], stream)
        return real, fakes, variables

    def judge(params, variables, i, real, fakes, key):
        """The logits of real images and fakes of the i-th domain, and the discriminators' variables afterwards."""
        name, found = _DOMAINS[i], []
        for images, stream in ((real[name], _REAL), (fakes[name], _FAKE)):
            logits, after = forward(
                judges[name],
                params["discriminator"][name],
                _of(variables, name),
                images,
                key=jax.random.fold_in(key, stream + i),
            )
            variables = _with(variables, name, after)
            found.append(logits)
        return *found, variables

    def generator_loss(params, state, batch, key):
        real, fakes, variables = translations(params, state, batch, key)
        losses = {}
        for i, domain in enumerate(_DOMAINS):
            real_logits, fake_logits, _ = judge(params, state.variables["discriminator"], i, real, fakes, key)
            losses[f"adversarial_{domain}"] = objective.loss(real_logits, fake_logits)
        for i, (_, back, source, target) in enumerate(_DIRECTIONS):
            stream = jax.random.fold_in(key, _CYCLE + i)
            again, variables = generate(params, variables, back, fakes[target], stream)
            losses[f"cycle_{source}"] = l1(again, real[source])
        if identity_weight is not None:
            for i, (direction, _, _, target) in enumerate(_DIRECTIONS):
                stream = jax.random.fold_in(key, _IDENTITY + i)
                same, variables = generate(params, variables, direction, real[target], stream)
                losses[f"identity_{target}"] = l1(same, real[target])
        total = losses["adversarial_A"] + losses["adversarial_B"]
        total = total + cycle_weight * (losses["cycle_A"] + losses["cycle_B"])
        if identity_weight is not None:
            total = total + cycle_weight * identity_weight * (losses["identity_A"] + losses["identity_B"])
        return total, Outcome(variables, losses)

    def discriminator_value(params, state, batch, key):
        real, fakes, _ = translations(params, state, batch, key)
        value, variables, metrics, memory = jnp.zeros(()), state.variables["discriminator"], {}, {}
        for i, domain in enumerate(_DOMAINS):
            name, keys = f"history_{domain}", example_keys(jax.random.fold_in(key, _HISTORY + i), len(fakes[domain]))
            fakes[domain], memory[name] = history.show_over_devices(state.memory[name], fakes[domain], keys)
            real_logits, fake_logits, variables = judge(params, variables, i, real, fakes, key)
            value = value + objective.value(real_logits, fake_logits) / 2
            metrics[_JUDGED[domain][0]] = jnp.mean(objective.output(real_logits))
            metrics[_JUDGED[domain][1]] = jnp.mean(objective.output(fake_logits))
        return value, Outcome(variables, metrics, memory)

    def init(key):
        keys, (a, b) = jax.random.split(key, 4), shapes
        networks = {
            "generator": _joined(
                {
                    "AtoB": init_generator(generates["AtoB"], keys[0], a, b),
                    "BtoA": init_generator(generates["BtoA"], keys[1], b, a),
                }
            ),
            "discriminator": _joined(
                {"A": init_discriminator(judges["A"], keys[2], a), "B": init_discriminator(judges["B"], keys[3], b)}
            ),
        }
        return networks, {"history_A": history.empty(history_size, a), "history_B": history.empty(history_size, b)}

    def translates(direction):
        return translator(generates[direction], lambda networks: _of(networks["generator"], direction))

    return Game(
        players=(
            Player("generator", generator_loss, generator_optimizer),
            Player("discriminator", discriminator_value, discriminator_optimizer, ascend=True),
        ),
        init=init,
        round=simultaneous,
        translate={direction: translates(direction) for direction in generates},
    )


def _joined(networks: dict[str, Tree]) -> Tree:
    """The Flax variables of several networks as those of one: {collection: {name: ...}}."""
    collections = {collection for variables in networks.values() for collection in variables}
    return {
        collection: {name: variables[collection] for name, variables in networks.items() if collection in variables}
        for collection in sorted(collections)
    }


def _of(joined: Tree, name: str) -> Tree:
    """Those of one of them."""
    return {collection: parts[name] for collection, parts in joined.items() if name in parts}


def _with(joined: Tree, name: str, variables: Tree) -> Tree:
    """`joined` with other variables of one of them."""
    return {
        collection: {**parts, name: variables[collection]} if collection in variables else parts
        for collection, parts in joined.items()
    }
