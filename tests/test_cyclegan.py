"""CycleGAN: an update against PyTorch, its history, eight devices, and what it refuses."""

import subprocess
import sys
from functools import partial
from pathlib import Path

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from translating import agree_with_adam, batch_of, begun, perturbed

from gan_jax import history
from gan_jax.game import init_state, networks, train_step
from gan_jax.games.cyclegan import cyclegan
from gan_jax.games.pix2pix import pix2pix
from gan_jax.networks import patchgan, translation
from gan_jax.networks.layers import Conv
from gan_jax.networks.noise import Dropout
from gan_jax.networks.normalization import BatchNorm, plain_instance_norm

RATE, BETAS = 2e-4, (0.5, 0.999)
ADAM, SGD = optax.adam(RATE, *BETAS), optax.sgd(0.1)
SHAPE = (8, 8, 2)


class Noisy(nn.Module):
    """A generator of one layer, with noise and batch statistics."""

    channels: int = 2

    @nn.compact
    def __call__(self, images, train):
        return jnp.tanh(Conv(self.channels, 3, padding=1)(Dropout(0.5, train)(BatchNorm(train)(images))))


class Judge(nn.Module):
    """A discriminator of one layer, with batch statistics: logits (N, 4, 4)."""

    @nn.compact
    def __call__(self, images, train):
        return Conv(1, 4, stride=2, padding=1)(BatchNorm(train)(images))[..., 0]


def small_game(**options):
    options = {"history_size": 3} | options
    return cyclegan((Noisy(), Noisy()), (Judge(), Judge()), (SHAPE, SHAPE), SGD, SGD, **options)


def small_pix2pix():
    return pix2pix(Noisy(), Judge(), (SHAPE, SHAPE), SGD, SGD)


def test_an_update_is_that_of_pytorch(monkeypatch):
    """In the order of the authors' code: translate, move the generators, then the discriminators."""
    reference = pytest.importorskip("torch_translation", reason="PyTorch, the reference here, is not installed")
    import torch

    shape = (12, 12, 2)
    generators = translation.Generator(2, 2, 1), translation.Generator(2, 2, 1)
    judge = patchgan.Discriminator(2, 2, plain_instance_norm)
    game = cyclegan(generators, (judge, judge), (shape, shape), ADAM, ADAM, history_size=2)
    batch = batch_of(shape, shape)
    # Both histories are full. Of A the first image is swapped and the second not, of B the other way round.
    kept = {name: batch_of(shape, shape, seed=7)[key] for name, key in (("A", "image"), ("B", "target"))}
    start = perturbed(game)
    full = {f"history_{name}": history.History(kept[name], np.int32(2)) for name in "AB"}
    start = start.replace(memory=jax.tree.map(jnp.asarray, full))
    decisions = iter([([True, False], [1, 0]), ([False, True], [1, 0])])
    monkeypatch.setattr(history, "draw", lambda keys, size: tuple(map(jnp.asarray, next(decisions))))

    instance, mse, l1 = torch.nn.InstanceNorm2d, torch.nn.MSELoss(), torch.nn.L1Loss()
    g_ab, g_ba = (
        reference.load(reference.ResNet(1, 2, 2, 2), start.params["generator"][name]) for name in ("AtoB", "BtoA")
    )
    d_a, d_b = (
        reference.load(reference.PatchGAN(2, 2, 2, instance), start.params["discriminator"][name]) for name in "AB"
    )
    g_adam, d_adam = (
        torch.optim.Adam([*a.parameters(), *b.parameters()], RATE, BETAS, 1e-8) for a, b in ((g_ab, g_ba), (d_a, d_b))
    )
    real_a, real_b = reference.nchw(batch["image"]), reference.nchw(batch["target"])

    def says(judge, images, answer):
        logits = judge(images)
        return mse(logits, torch.full_like(logits, answer))

    fake_b, fake_a = g_ab(real_a), g_ba(real_b)
    losses = {
        "adversarial_B": says(d_b, fake_b, 1.0),
        "adversarial_A": says(d_a, fake_a, 1.0),
        "cycle_A": l1(g_ba(fake_b), real_a),
        "cycle_B": l1(g_ab(fake_a), real_b),
        "identity_B": l1(g_ab(real_b), real_b),
        "identity_A": l1(g_ba(real_a), real_a),
    }
    weights = {"adversarial": 1.0, "cycle": 10.0, "identity": 5.0}
    g_loss = sum(weights[name.split("_")[0]] * loss for name, loss in losses.items())
    g_loss.backward()
    g_adam.step()
    d_adam.zero_grad()
    shown_a = torch.stack([reference.nchw(kept["A"])[1], fake_a.detach()[1]])
    shown_b = torch.stack([fake_b.detach()[0], reference.nchw(kept["B"])[0]])
    d_loss = 0.5 * (says(d_a, real_a, 1.0) + says(d_a, shown_a, 0.0))
    d_loss = d_loss + 0.5 * (says(d_b, real_b, 1.0) + says(d_b, shown_b, 0.0))
    expected = {
        **losses,
        "generator_loss": g_loss,
        "discriminator_loss": d_loss,
        "D_A(a)": d_a(real_a).mean(),
        "D_A(F(b))": d_a(shown_a).mean(),
        "D_B(b)": d_b(real_b).mean(),
        "D_B(G(a))": d_b(shown_b).mean(),
    }
    expected = {name: value.item() for name, value in expected.items()}
    d_loss.backward()
    d_adam.step()

    state, metrics = jax.jit(partial(train_step, game))(start, batch)
    assert {name: float(metrics[name]) for name in expected} == pytest.approx(expected, rel=1e-4, abs=1e-6)
    for player, pair in (("generator", {"AtoB": g_ab, "BtoA": g_ba}), ("discriminator", {"A": d_a, "B": d_b})):
        parameters = {name: reference.ours(network) for name, network in pair.items()}
        gradients = {name: reference.ours(network, lambda tensor: tensor.grad) for name, network in pair.items()}
        agree_with_adam(start, state, player, parameters, gradients, RATE, BETAS[0])
    for name, new, old in (("A", (fake_a, 0), 1), ("B", (fake_b, 1), 0)):
        images = np.array(kept[name])
        images[old] = new[0].detach().movedim(1, -1)[new[1]]
        np.testing.assert_allclose(state.memory[f"history_{name}"].images, images, atol=1e-5)


def test_the_history_fills_with_what_is_generated_and_is_part_of_the_state():
    game, batch = small_game(), batch_of(SHAPE, SHAPE)
    step = jax.jit(partial(train_step, game))
    state = begun(game)
    assert {name: int(h.count) for name, h in state.memory.items()} == {"history_A": 0, "history_B": 0}
    counts, seen = [], []
    for _ in range(5):
        state, metrics = step(state, batch)
        counts.append(int(state.memory["history_A"].count))
        seen.append(np.array(state.memory["history_B"].images))
    assert counts == [2, 3, 3, 3, 3]
    assert np.abs(seen[0][:2]).min() > 0
    assert not seen[0][2].any()
    np.testing.assert_array_equal(seen[1][:2], seen[0][:2])
    # Full, it changes now and then; four coins a domain have fallen here.
    assert not np.array_equal(seen[4], seen[1])
    assert np.isfinite(float(metrics["generator_loss"]))


def test_each_network_keeps_its_own_statistics():
    game, batch = small_game(), batch_of(SHAPE, SHAPE)
    batch["target"] = batch["target"] + 3
    state = begun(game)
    state, _ = jax.jit(partial(train_step, game))(state, batch)
    statistics = {player: state.variables[player]["batch_stats"] for player in state.variables}
    means = {name: float(of["BatchNorm_0"]["mean"].mean()) for part in statistics.values() for name, of in part.items()}
    assert set(means) == {"AtoB", "BtoA", "A", "B"}
    assert means["BtoA"] > 0.2
    assert means["B"] > 0.1
    assert abs(means["A"]) < 0.1


def test_translates_both_ways():
    generators = Noisy(3), Noisy(1)
    game = cyclegan(
        generators, (Judge(), Judge()), ((8, 8, 1), (8, 8, 3)), SGD, SGD, identity_weight=None, history_size=2
    )
    state = begun(game)
    assert list(game.translate) == ["AtoB", "BtoA"]
    for direction, before, after in (("AtoB", 1, 3), ("BtoA", 3, 1)):
        images = jnp.asarray(batch_of((8, 8, before), SHAPE)["image"])
        translate = jax.jit(game.translate[direction])
        made = translate(networks(state), images, jax.random.key(0))
        assert made.shape == (2, 8, 8, after)
        np.testing.assert_allclose(translate(networks(state), images[:1], jax.random.key(0))[0], made[0], atol=1e-6)


def test_weights_may_be_a_members_own():
    batch, start = batch_of(SHAPE, SHAPE), begun(small_game())

    def played(cycle, identity):
        game = small_game(cycle_weight=cycle, identity_weight=identity)
        return train_step(game, start, batch)[1]["generator_loss"]

    together = jax.jit(jax.vmap(played))(jnp.array([1.0, 20.0]), jnp.array([0.0, 2.0]))
    np.testing.assert_allclose(together, [jax.jit(played)(1.0, 0.0), jax.jit(played)(20.0, 2.0)], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cycle_weight": -1.0}, "cycle_weight must be at least 0, not -1"),
        ({"identity_weight": -0.5}, "identity_weight must be at least 0, not -0.5"),
        ({"history_size": 0}, "history_size must be at least 1, not 0"),
    ],
)
def test_hyperparameters_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        small_game(**options)


def test_domains_of_two_shapes_have_no_identity_loss():
    shapes = (SHAPE, (8, 8, 3))
    with pytest.raises(ValueError, match=r"domains of one shape, not of \(8, 8, 2\) and \(8, 8, 3\)"):
        cyclegan((Noisy(3), Noisy(2)), (Judge(), Judge()), shapes, SGD, SGD)
    game = cyclegan((Noisy(2), Noisy(2)), (Judge(), Judge()), shapes, SGD, SGD, identity_weight=None)
    with pytest.raises(ValueError, match="makes images of 8x8x2 of 8x8x2, and targets are 8x8x3"):
        init_state(game, jax.random.key(0))


@pytest.fixture(scope="module")
def devices(tmp_path_factory):
    out = tmp_path_factory.mktemp("devices") / "out.npz"
    script = Path(__file__).with_name("translation_devices.py")
    done = subprocess.run([sys.executable, script, out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with np.load(out) as stored:
        return dict(stored)


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])
def test_eight_devices_play_the_game_that_one_plays(devices, name):
    one = {key.split("/")[2]: values for key, values in devices.items() if key.startswith(f"{name}/1/")}
    assert one
    for key, values in one.items():
        np.testing.assert_allclose(devices[f"{name}/8/{key}"], values, rtol=2e-5, atol=1e-5, err_msg=key)
    assert np.ptp(one["generator_loss"]) > 1e-3
    assert (name == "cyclegan") == ("history_A" in one)
