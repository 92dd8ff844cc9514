"""What every recipe takes: regularizers of both players, an augmentation, and an average of the generator."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.small_games import SGD, Noisy, Patches
from support.translating import batch_of, begun, perturbed

from gan_jax.augmentation import ada, brightness, diff_augment, translation
from gan_jax.common.parallel import AXIS
from gan_jax.game import Game, init_state, networks, population_step, stack_values, train_step
from gan_jax.networks import autoencoder, cyclegan_resnet, dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.networks.ops import computing
from gan_jax.networks.pairs import PairDiscriminator
from gan_jax.objectives import non_saturating
from gan_jax.recipes import began, bigan, cut, cyclegan, gan, pix2pix, regression
from gan_jax.recipes.streams import Stream
from gan_jax.regularizers import consistency, dragan, every, lecam, orthogonal, r1, stateless, wgan_gp

pytestmark = pytest.mark.slow

COLOR, GRAY = (8, 8, 3), (8, 8, 1)


class Recipe(NamedTuple):
    """build: (**options) -> a small game of it. suffixes: of what is logged by its discriminators, each."""

    build: Callable[..., Game]
    suffixes: tuple[str, ...] = ("",)


RECIPES = {
    "gan": Recipe(
        partial(
            gan,
            dcgan.Generator(8, 1, 2),
            dcgan.Discriminator(2, normalization=no_norm),
            non_saturating,
            SGD,
            SGD,
            latent=normal(4),
        )
    ),
    "bigan": Recipe(
        partial(
            bigan,
            dcgan.Generator(8, 1, 2),
            dcgan.Discriminator(2, 4),
            PairDiscriminator(dcgan.Discriminator(2, 6, no_norm), GRAY, hidden=5),
            non_saturating,
            SGD,
            SGD,
            latent=normal(4),
        )
    ),
    "began": Recipe(
        partial(began, autoencoder.Decoder(8, 1, 2), autoencoder.Autoencoder(3, 2), SGD, SGD, latent=normal(4))
    ),
    "pix2pix": Recipe(partial(pix2pix, Noisy(1), Patches(), (COLOR, GRAY), SGD, SGD)),
    "cut": Recipe(partial(cut, cyclegan_resnet.Generator(3, 2, 1), Patches(), (COLOR, COLOR), SGD, SGD, patches=8)),
    "cyclegan": Recipe(
        partial(
            cyclegan,
            (Noisy(1), Noisy(3)),
            (Patches(), Patches()),
            (COLOR, GRAY),
            SGD,
            SGD,
            identity_weight=None,
            pool_size=3,
        ),
        suffixes=("_A", "_B"),
    ),
}


def batch(name):
    """Images of GRAY, or pairs of COLOR and GRAY. CUT has one shape for both."""
    if name in ("gan", "bigan", "began"):
        return {"image": batch_of(GRAY, GRAY, count=4)["image"]}
    return batch_of(COLOR, COLOR if name == "cut" else GRAY, 4)


def negated(image, key, p):
    """An augmentation that compiles fast."""
    return jnp.where(jax.random.bernoulli(key, p), -image, image)


# Every real image has a sign above this target, so that p rises at every step, by an eighth for a batch of 4.
rising = ada(negated, target=-1, interval=1, images=32)
size = stateless("size", lambda view: jnp.mean(jnp.square(view.fake.images)))
decay = stateless("decay", lambda view: sum(jnp.sum(jnp.square(x)) for x in jax.tree.leaves(view.params)))
latents_seen = stateless("latents", lambda view: jnp.mean(jnp.square(view.latents)))


def shapes(tree):
    return jax.tree.map(lambda x: (x.shape, x.dtype), tree)


@pytest.mark.parametrize("augmentation", [ada(), diff_augment(brightness, translation)], ids=["ada", "diffaugment"])
@pytest.mark.parametrize("name", RECIPES)
def test_traces_with_everything_on_devices_in_bfloat16_and_with_remat(name, augmentation):
    """Traced only, which is quick: the next state is like the one before, in shapes and in types."""
    game = RECIPES[name].build(
        regularizers=[
            *(every(4, r1(1.0)), lecam(0.1), wgan_gp(), dragan()),
            *(consistency(lambda images, keys: images[:, ::-1]), orthogonal(1e-3)),
        ],
        generator_regularizers=[orthogonal(1e-3), every(2, size)],
        augmentation=augmentation,
        ema=0.9,
    )
    state = jax.eval_shape(lambda: init_state(game, jax.random.key(0)))

    def step(state, batch):
        with computing("bfloat16", remat=True):
            return train_step(game, state, batch)

    traced = jax.make_jaxpr(step, axis_env=[(AXIS, 2)], return_shape=True)
    _, (after, metrics) = traced(state, batch(name))
    assert shapes(after) == shapes(state)
    assert all(value.shape == () for value in metrics.values())


@pytest.mark.parametrize("name", RECIPES)
def test_trains_with_everything_and_makes_images_by_the_average(name):
    recipe = RECIPES[name]
    game = recipe.build(
        regularizers=[every(2, r1(0.1)), lecam(0.1)],
        generator_regularizers=[decay, size],
        augmentation=rising,
        ema=0.9,
    )
    start = state = begun(game)
    step = jax.jit(lambda state: train_step(game, state, batch(name)))
    # The logits of BEGAN's autoencoder, -L(v), are all below 0: ADA finds no overfitting.
    stride = 0 if name == "began" else 1 / 8
    for t in range(2):
        state, metrics = step(state)
        for suffix in recipe.suffixes:
            assert metrics[f"augmentation_p{suffix}"] == pytest.approx((t + 1) * stride)
    penalties = {"discriminator_r1", "discriminator_lecam", "generator_decay", "generator_size"}
    measured = penalties | {"augmentation_p", "sign(D(x))"}
    logged = {f"{measure}{suffix}" for measure in measured for suffix in recipe.suffixes}
    assert set(metrics) == logged | plain_metrics(name)
    assert all(np.isfinite(value) for value in metrics.values())
    assert all(metrics[f"{penalty}{suffix}"] > 0 for penalty in penalties for suffix in recipe.suffixes)
    for player in ("discriminator", "generator"):
        changed = jax.tree.map(lambda a, b: np.any(a != b), start.params[player], state.params[player])
        assert any(jax.tree.leaves(changed))

    live = {player: {"params": state.params[player], **state.variables[player]} for player in state.params}
    averaged = live | {"generator": state.ema["generator"]}
    for make in ways(game):
        made = make(networks(state))
        np.testing.assert_array_equal(made, make(averaged))
        assert np.abs(made - make(live)).max() > 1e-6


@pytest.mark.parametrize("name", RECIPES)
def test_members_of_a_population_play_as_they_would_alone(name):
    """With seeds, hyperparameters and batches of their own, for two steps: what they keep and what they log."""

    def build(values):
        return RECIPES[name].build(
            regularizers=[lecam(values["weight"])],
            generator_regularizers=[size],
            augmentation=rising,
            ema=values["ema"],
        )

    choices = [{"weight": 0.1, "ema": 0.5}, {"weight": 0.2, "ema": 0.9}]
    states = [perturbed(build(own), seed) for seed, own in enumerate(choices)]
    batches = [batch(name), jax.tree.map(lambda x: x[::-1] / 2, batch(name))]
    values = {key: stack_values([own[key] for own in choices]) for key in choices[0]}

    def two_steps(step, state, batch):
        state, _ = step(state, batch)
        return step(state, batch)

    together = partial(jax.jit(partial(population_step, build)), values)
    found = two_steps(together, *(jax.tree.map(lambda *x: jnp.stack(x), *each) for each in (states, batches)))
    step = jax.jit(lambda values, state, batch: train_step(build(values), state, batch))
    for i, (own, state, images) in enumerate(zip(choices, states, batches, strict=True)):
        alone = two_steps(partial(step, own), state, images)

        def same(path, x, y, i=i):
            x, y = (jax.random.key_data(k) if jnp.issubdtype(k.dtype, jax.dtypes.prng_key) else k for k in (x[i], y))
            where = jax.tree_util.keystr(path)
            assert np.all(np.isfinite(y)), where
            np.testing.assert_allclose(x, y, rtol=0, atol=3e-5 * max(np.abs(y).max(), 0.1), err_msg=where)

        jax.tree_util.tree_map_with_path(same, found, alone)


def plain_metrics(name):
    """The names of what a game of the recipe logs without options."""
    game = RECIPES[name].build()
    state = jax.eval_shape(lambda: init_state(game, jax.random.key(0)))
    return set(jax.eval_shape(lambda state: train_step(game, state, batch(name)), state)[1])


def ways(game):
    """What the game makes of networks: samples, or translations in each direction."""
    if not game.translate:
        latents = game.latents(jax.random.key(1), 3)
        return [lambda networks: game.sample(networks, latents)]
    images = {"AtoB": batch_of(COLOR, GRAY)["image"], "BtoA": batch_of(COLOR, GRAY)["target"]}
    return [
        lambda networks, way=way, translate=translate: translate(networks, images[way], jax.random.key(1))
        for way, translate in game.translate.items()
    ]


@pytest.mark.parametrize("name", RECIPES)
def test_each_player_pays_what_is_logged(name):
    """Beside its objective as it is without penalties, in full, and for every domain."""
    recipe = RECIPES[name]
    plain, game = recipe.build(), recipe.build(regularizers=[r1(0.1), lecam(0.1)], generator_regularizers=[size])
    expected = {"discriminator": ("r1", "lecam"), "generator": ("size",)}
    for without, player in zip(plain.players, game.players, strict=True):

        @jax.jit
        def evaluated(key, without=without, player=player):
            states = [init_state(played, key) for played in (plain, game)]
            given = [(state.params, state, batch(name), key) for state in states]
            return without.objective(*given[0])[0], player.objective(*given[1])

        value, (paid_value, outcome) = evaluated(jax.random.key(2))
        charged = [outcome.metrics[f"{player.name}_{r}{s}"] for r in expected[player.name] for s in recipe.suffixes]
        assert all(x > 0 for x in charged)
        difference = value - paid_value if player.ascend else paid_value - value
        assert difference == pytest.approx(float(sum(charged)), rel=1e-3, abs=1e-5)


@pytest.mark.parametrize("name", RECIPES)
def test_what_the_generator_is_given_is_in_the_view(name):
    game = RECIPES[name].build(generator_regularizers=[latents_seen])
    state = begun(game)
    generator = next(player for player in game.players if player.name == "generator")
    key = jax.random.key(2)
    _, outcome = jax.jit(lambda state: generator.objective(state.params, state, batch(name), key))(state)
    if name in ("gan", "bigan", "began"):
        given = {"": game.latents(Stream.LATENTS.fold_in(key), 4)}
    elif name in ("pix2pix", "cut"):
        given = {"": batch(name)["image"]}
    else:
        given = {"_A": batch(name)["target"], "_B": batch(name)["image"]}
    for suffix, latents in given.items():
        assert outcome.metrics[f"generator_latents{suffix}"] == pytest.approx(np.mean(np.square(latents)), rel=1e-5)


def test_the_discriminators_of_cyclegan_have_memories_of_their_own():
    game = RECIPES["cyclegan"].build(augmentation=ada(negated, target=0.5, interval=1, images=32))
    state = begun(game)
    # Discriminators that are sure of real images of B, and take those of A for generated: p rises for B alone.
    bias = {"A": -50.0, "B": 50.0}
    sure = {
        domain: {**own, "Conv_0": {**own["Conv_0"], "bias": own["Conv_0"]["bias"] + bias[domain]}}
        for domain, own in state.params["discriminator"].items()
    }
    state = state.replace(params={**state.params, "discriminator": sure})
    state, metrics = jax.jit(lambda state: train_step(game, state, batch("cyclegan")))(state)
    assert (float(metrics["augmentation_p_A"]), float(metrics["augmentation_p_B"])) == (0, 1 / 8)
    assert {domain: float(own["p"]) for domain, own in state.memory["augmentation"].items()} == {"A": 0, "B": 1 / 8}


def test_conditional_games_say_how_many_classes_they_have():
    build = RECIPES["gan"].build
    assert build(classes=3).classes == 3
    assert build(classes=10, judge_labels=False).classes == 10
    assert [recipe.build().classes for recipe in RECIPES.values()] == [None] * len(RECIPES)
    assert regression(Noisy(1), (COLOR, GRAY), SGD).classes is None
