"""Every regularizer in the GAN game: what is paid and logged, also by eight devices."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.scripts import arrays_of
from support.small_games import regularized_game, some_regularizers

from gan_jax.game import init_state, train_step
from gan_jax.networks import dcgan, mlp
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.networks.ops import computing
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import feature_matching, orthogonal

pytestmark = pytest.mark.slow

NAMES = ("r1", "r2", "zero_centred", "wgan_gp", "dragan", "lecam", "consistency", "orthogonal")


@pytest.fixture(scope="module")
def batch():
    return {"image": jax.random.normal(jax.random.key(1), (16, 2))}


def steps(game, batch, count, **how):
    """The state after `count` steps, and the metrics of each."""

    def step(state):
        with computing(**how):
            return train_step(game, state, batch)

    state, step, history = init_state(game, jax.random.key(0)), jax.jit(step), []
    for _ in range(count):
        state, metrics = step(state)
        history.append(jax.tree.map(float, metrics))
    return state, history


def test_a_step_with_every_regularizer_is_finite_and_logs_each(batch):
    both = regularized_game(generator_charged=(feature_matching(), orthogonal(1.0)))
    state, history = steps(both, batch, 2)
    assert all(np.all(np.isfinite(x)) for x in jax.tree.leaves((state.params, state.memory)))
    for name in NAMES:
        assert history[0][f"discriminator_{name}"] > 0
    assert history[0]["generator_feature_matching"] > 0
    assert history[0]["generator_orthogonal"] > 0
    assert history[1]["discriminator_r1"] == history[0]["discriminator_r1"]  # it is lazy
    assert history[1]["discriminator_r2"] != history[0]["discriminator_r2"]
    assert float(state.memory["discriminator"][5]["total"]) == pytest.approx(1 - 0.99**2, rel=1e-4)


def test_each_player_pays_its_penalties(batch):
    _, (metrics,) = steps(regularized_game(generator_charged=(feature_matching(),)), batch, 1)
    # The discriminator's are of the first update, so the objective is that of the game without them.
    _, (plain,) = steps(regularized_game(charged=()), batch, 1)
    # R1 is paid in every second step, twice.
    paid = sum(metrics[f"discriminator_{name}"] for name in (*NAMES, "r1"))
    assert metrics["discriminator_loss"] == pytest.approx(plain["discriminator_loss"] + paid, rel=1e-5)
    _, (alone,) = steps(regularized_game(charged=(), generator_charged=(feature_matching(3.0),)), batch, 1)
    paid = alone["generator_feature_matching"]
    assert alone["generator_loss"] == pytest.approx(plain["generator_loss"] + paid, rel=1e-5)


def test_in_bfloat16_the_penalties_are_nearly_the_same(batch):
    _, (full,) = steps(regularized_game(generator_charged=(feature_matching(),)), batch, 1)
    state, (low,) = steps(regularized_game(generator_charged=(feature_matching(),)), batch, 1, dtype="bfloat16")
    assert {x.dtype for x in jax.tree.leaves((state.params, state.memory))} == {jnp.dtype("float32")}
    for name in full:
        assert low[name] == pytest.approx(full[name], rel=0.1, abs=0.01), name


def test_a_population_over_a_weight_is_its_runs_one_by_one(batch):
    def play(weight):
        game = regularized_game(some_regularizers(weight), (feature_matching(weight),))
        state = init_state(game, jax.random.key(0))
        return jax.lax.scan(lambda state, _: train_step(game, state, batch), state, length=2)[1]

    weights = jnp.array([0.1, 0.5])
    together = jax.jit(jax.vmap(play))(weights)
    alone = jax.jit(play)(weights[1])
    for name, values in together.items():
        np.testing.assert_allclose(values[1], alone[name], rtol=2e-4, atol=1e-5, err_msg=name)


def test_feature_matching_needs_features(batch):
    import flax.linen as nn

    class Bare(nn.Module):
        @nn.compact
        def __call__(self, x, train):
            return nn.Dense(1)(x)[:, 0]

    sgd = optax.sgd(0.1)
    played = gan(
        mlp.Generator(2, (8,)),
        Bare(),
        non_saturating,
        sgd,
        sgd,
        latent=normal(3),
        generator_regularizers=[feature_matching()],
    )
    with pytest.raises(ValueError, match="Bare has no features"):
        train_step(played, init_state(played, jax.random.key(0)), batch)


def test_a_critic_without_normalization_has_biases_and_no_statistics():
    images = jnp.zeros((2, 16, 16, 1))
    shapes = jax.eval_shape(
        lambda: dcgan.Discriminator(4, normalization=no_norm).init(jax.random.key(0), images, train=True)
    )
    assert set(shapes) == {"params"}
    assert {name: set(layer) for name, layer in shapes["params"].items()} == {
        f"Conv_{i}": {"kernel", "bias"} for i in range(3)
    }
    assert "batch_stats" in jax.eval_shape(lambda: dcgan.Discriminator(4).init(jax.random.key(0), images, train=True))


@pytest.fixture(scope="module")
def spread(tmp_path_factory):
    """What support/regularizer_devices.py saved."""
    return arrays_of("regularizer_devices", tmp_path_factory.mktemp("devices"))


def test_eight_devices_pay_what_one_pays(spread):
    names = {name.split("/", 2)[2] for name in spread if name.startswith("gan/")}
    assert {f"discriminator_{name}" for name in NAMES} | {"generator_feature_matching"} <= names
    for name in names:
        np.testing.assert_allclose(spread[f"gan/8/{name}"], spread[f"gan/1/{name}"], 1e-4, 1e-6, err_msg=name)


def test_eight_devices_reach_the_consensus_of_one(spread):
    names = {name.split("/", 2)[2] for name in spread if name.startswith("consensus/")}
    assert {"discriminator_gradient_norm", "generator_gradient_norm"} <= names
    for name in names:
        np.testing.assert_allclose(
            spread[f"consensus/8/{name}"], spread[f"consensus/1/{name}"], 1e-4, 1e-6, err_msg=name
        )


def test_the_balance_of_began_is_the_same_on_eight_devices(spread):
    names = {name.split("/", 2)[2] for name in spread if name.startswith("began/")}
    assert {"k", "convergence", "L(x)", "L(G(z))"} <= names
    assert spread["began/8/k"][-1] > 0
    for name in names:
        np.testing.assert_allclose(spread[f"began/8/{name}"], spread[f"began/1/{name}"], 1e-4, 1e-6, err_msg=name)
