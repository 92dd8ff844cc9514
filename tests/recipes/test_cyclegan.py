"""CycleGAN: an update against PyTorch, its image pools, eight devices, and what it refuses."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.scripts import arrays_of
from support.small_games import SGD, SHAPE, Noisy, Patches, small_cyclegan
from support.translating import agree_with_adam, batch_of, begun, perturbed

from gan_jax.game import init_state, networks, train_step
from gan_jax.networks import cyclegan_resnet, patchgan
from gan_jax.networks.layers import plain_instance_norm
from gan_jax.recipes import cyclegan, image_pool

pytestmark = pytest.mark.slow

RATE, BETAS = 2e-4, (0.5, 0.999)
ADAM = optax.adam(RATE, *BETAS)


def test_an_update_is_that_of_pytorch(monkeypatch):
    """In the order of the authors' code: translate, update the generators, then the discriminators."""
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_translation as reference

    shape = (12, 12, 2)
    generators = cyclegan_resnet.Generator(2, 2, 1), cyclegan_resnet.Generator(2, 2, 1)
    judge = patchgan.Discriminator(2, 2, plain_instance_norm)
    game = cyclegan(generators, (judge, judge), (shape, shape), ADAM, ADAM, pool_size=2)
    batch = batch_of(shape, shape)
    # Both pools are full. Of A the first image is swapped and the second not, of B the other way round.
    kept = {name: batch_of(shape, shape, seed=7)[key] for name, key in (("A", "image"), ("B", "target"))}
    start = perturbed(game)
    full = {f"pool_{name}": image_pool.ImagePool(kept[name], np.int32(2)) for name in "AB"}
    start = start.replace(memory=start.memory | jax.tree.map(jnp.asarray, full))
    decisions = iter([([True, False], [1, 0]), ([False, True], [1, 0])])
    monkeypatch.setattr(image_pool, "draw", lambda keys, size: tuple(map(jnp.asarray, next(decisions))))

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
        np.testing.assert_allclose(state.memory[f"pool_{name}"].images, images, atol=1e-5)


def test_the_pool_fills_with_what_is_generated_and_is_part_of_the_state():
    game, batch = small_cyclegan(), batch_of(SHAPE, SHAPE)
    step = jax.jit(partial(train_step, game))
    state = begun(game)
    assert {name: int(state.memory[name].count) for name in ("pool_A", "pool_B")} == {"pool_A": 0, "pool_B": 0}
    counts, seen = [], []
    for _ in range(5):
        state, metrics = step(state, batch)
        counts.append(int(state.memory["pool_A"].count))
        seen.append(np.array(state.memory["pool_B"].images))
    assert counts == [2, 3, 3, 3, 3]
    assert np.abs(seen[0][:2]).min() > 0
    assert not seen[0][2].any()
    np.testing.assert_array_equal(seen[1][:2], seen[0][:2])
    # Full, it changes now and then; four coins a domain have fallen here.
    assert not np.array_equal(seen[4], seen[1])
    assert np.isfinite(float(metrics["generator_loss"]))


def test_each_network_keeps_its_own_statistics():
    game, batch = small_cyclegan(), batch_of(SHAPE, SHAPE)
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
        generators, (Patches(), Patches()), ((8, 8, 1), (8, 8, 3)), SGD, SGD, identity_weight=None, pool_size=2
    )
    state = begun(game)
    assert list(game.translate) == ["AtoB", "BtoA"]
    for direction, before, after in (("AtoB", 1, 3), ("BtoA", 3, 1)):
        images = jnp.asarray(batch_of((8, 8, before), SHAPE)["image"])
        translate = jax.jit(game.translate[direction])
        made = translate(networks(state), images, jax.random.key(0))
        assert made.shape == (2, 8, 8, after)
        np.testing.assert_allclose(translate(networks(state), images[:1], jax.random.key(0))[0], made[0], atol=1e-6)


def test_without_a_pool_the_discriminators_see_the_new_images():
    batch = batch_of(SHAPE, SHAPE)
    # A pool that is not full shows the new images too.
    games = small_cyclegan(pool_size=0), small_cyclegan(pool_size=2 * len(batch["image"]))
    states = [jax.jit(partial(train_step, game))(begun(game), batch)[0] for game in games]
    jax.tree.map(partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-7), *(state.params for state in states))
    assert not any(name.startswith("pool") for name in states[0].memory)


def test_weights_may_be_a_members_own():
    batch, start = batch_of(SHAPE, SHAPE), begun(small_cyclegan())

    def played(cycle, identity):
        game = small_cyclegan(cycle_weight=cycle, identity_weight=identity)
        return train_step(game, start, batch)[1]["generator_loss"]

    together = jax.jit(jax.vmap(played))(jnp.array([1.0, 20.0]), jnp.array([0.0, 2.0]))
    np.testing.assert_allclose(together, [jax.jit(played)(1.0, 0.0), jax.jit(played)(20.0, 2.0)], rtol=1e-5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"cycle_weight": -1.0}, "cycle_weight must be at least 0, not -1"),
        ({"identity_weight": -0.5}, "identity_weight must be at least 0, not -0.5"),
        ({"pool_size": -1}, "pool_size must be at least 0, not -1"),
    ],
)
def test_hyperparameters_are_checked(options, message):
    with pytest.raises(ValueError, match=message):
        small_cyclegan(**options)


def test_domains_of_two_shapes_have_no_identity_loss():
    shapes = (SHAPE, (8, 8, 3))
    with pytest.raises(ValueError, match=r"domains of one shape, not of \(8, 8, 2\) and \(8, 8, 3\)"):
        cyclegan((Noisy(3), Noisy(2)), (Patches(), Patches()), shapes, SGD, SGD)
    game = cyclegan((Noisy(2), Noisy(2)), (Patches(), Patches()), shapes, SGD, SGD, identity_weight=None)
    with pytest.raises(ValueError, match="makes images of 8x8x2 of 8x8x2, and targets are 8x8x3"):
        init_state(game, jax.random.key(0))


@pytest.fixture(scope="module")
def devices(tmp_path_factory):
    return arrays_of("translation_devices", tmp_path_factory.mktemp("devices"))


@pytest.mark.parametrize("name", ["pix2pix", "cyclegan"])
def test_eight_devices_train_the_game_that_one_trains(devices, name):
    one = {key.split("/")[2]: values for key, values in devices.items() if key.startswith(f"{name}/1/")}
    assert one
    for key, values in one.items():
        np.testing.assert_allclose(devices[f"{name}/8/{key}"], values, rtol=2e-5, atol=1e-5, err_msg=key)
    assert np.ptp(one["generator_loss"]) > 1e-3
    assert (name == "cyclegan") == ("pool_A" in one)
