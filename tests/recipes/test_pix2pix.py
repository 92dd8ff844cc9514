"""pix2pix: an update against PyTorch, what it translates, and what it refuses."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.translating import agree_with_adam, batch_of, begun, perturbed

from gan_jax.common.parallel import example_keys
from gan_jax.game import init_state, networks, train_step
from gan_jax.networks import patchgan, unet
from gan_jax.networks.layers import Conv, Dropout
from gan_jax.objectives import hinge
from gan_jax.recipes import pix2pix, regression
from gan_jax.regularizers import cross_entropy, target_cross_entropy

pytestmark = pytest.mark.slow

RATE, BETAS = 2e-4, (0.5, 0.999)
ADAM = optax.adam(RATE, *BETAS)
SHAPES = ((32, 32, 3), (32, 32, 1))


def unet_game(**options):
    # At 32x32 it has no dropout.
    return pix2pix(unet.Generator(32, 1, 3), patchgan.Discriminator(3), SHAPES, ADAM, ADAM, **options)


class Noisy(nn.Module):
    """A generator of one layer, with noise."""

    channels: int = 1

    @nn.compact
    def __call__(self, images, train):
        return jnp.tanh(Conv(self.channels, 3, padding=1)(Dropout(0.5, train)(images)))


def small_game(build=pix2pix, **options):
    if build is regression:
        return build(Noisy(), ((8, 8, 3), (8, 8, 1)), optax.sgd(0.1), **options)
    judge = patchgan.PixelDiscriminator(2)
    return build(Noisy(), judge, ((8, 8, 3), (8, 8, 1)), optax.sgd(0.1), optax.sgd(0.1), **options)


def test_an_update_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_translation as reference

    game, batch = unet_game(), batch_of(*SHAPES)
    start = perturbed(game)
    g = reference.load(reference.UNet(5, 3, 1, 3), start.params["generator"])
    d = reference.load(reference.PatchGAN(3, 4, 3), start.params["discriminator"])
    optimizers = {net: torch.optim.Adam(net.parameters(), RATE, BETAS, 1e-8) for net in (g, d)}
    x, y = reference.nchw(batch["image"]), reference.nchw(batch["target"])
    bce = torch.nn.BCEWithLogitsLoss()

    fake = g(x)
    real_logits, fake_logits = d(torch.cat([x, y], 1)), d(torch.cat([x, fake.detach()], 1))
    d_loss = (bce(fake_logits, torch.zeros_like(fake_logits)) + bce(real_logits, torch.ones_like(real_logits))) * 0.5
    d_loss.backward()
    d_gradients = reference.ours(d, lambda tensor: tensor.grad)
    optimizers[d].step()
    judged = d(torch.cat([x, fake], 1))
    adversarial, distance = bce(judged, torch.ones_like(judged)), torch.nn.functional.l1_loss(fake, y)
    (adversarial + 100 * distance).backward()
    optimizers[g].step()

    state, metrics = jax.jit(partial(train_step, game))(start, batch)
    expected = {
        "discriminator_loss": d_loss,
        "generator_loss": adversarial + 100 * distance,
        "adversarial": adversarial,
        "l1": distance,
        "D(x,y)": real_logits.sigmoid().mean(),
        "D(x,G(x))": fake_logits.sigmoid().mean(),
    }
    assert {name: float(metrics[name]) for name in expected} == pytest.approx(
        {name: value.item() for name, value in expected.items()}, rel=1e-4
    )
    gradients = {"discriminator": d_gradients, "generator": reference.ours(g, lambda tensor: tensor.grad)}
    for name, network in (("discriminator", d), ("generator", g)):
        agree_with_adam(start, state, name, reference.ours(network), gradients[name], RATE, BETAS[0])


def test_regression_descends_the_distance_alone():
    game, batch = small_game(regression), batch_of((8, 8, 3), (8, 8, 1))
    start = begun(game)
    state, metrics = jax.jit(partial(train_step, game))(start, batch)
    assert set(metrics) == {"generator_loss", "generator_gradient_norm"}
    # The generator's loss of pix2pix with the same noise, without what D says.
    (player,), key = game.players, jax.random.fold_in(jax.random.fold_in(start.key, 0), 0)
    both = begun(small_game())
    both = both.replace(params=both.params | start.params)
    _, outcome = small_game().players[1].objective(both.params, both, batch, key)
    assert metrics["generator_loss"] == pytest.approx(float(outcome.metrics["l1"]), rel=1e-5)
    again, _ = player.objective(state.params, state, batch, key)
    assert again < metrics["generator_loss"]


def test_regression_takes_another_distance():
    game, batch = small_game(regression, distance=cross_entropy), batch_of((8, 8, 3), (8, 8, 1))
    start = begun(game)
    loss, _ = game.players[0].objective(start.params, start, batch, jax.random.key(1))
    # The same as the penalty of pix2pix, whose own loss has no L1 then.
    both = small_game(l1_weight=0.0, generator_regularizers=[target_cross_entropy(3.0)])
    state = begun(both)
    state = state.replace(params=state.params | start.params)
    total, outcome = both.players[1].objective(state.params, state, batch, jax.random.key(1))
    assert outcome.metrics["generator_cross_entropy"] == pytest.approx(3 * float(loss), rel=1e-5)
    assert total == pytest.approx(float(outcome.metrics["adversarial"] + 3 * loss), rel=1e-5)


def test_the_loss_is_the_weighted_sum_and_half_the_value_is_climbed():
    batch = batch_of((8, 8, 3), (8, 8, 1))
    game = small_game(objective=hinge, l1_weight=7.0)
    state = begun(game)
    discriminator, generator = game.players
    loss, outcome = generator.objective(state.params, state, batch, jax.random.key(1))
    assert loss == pytest.approx(float(outcome.metrics["adversarial"] + 7 * outcome.metrics["l1"]), rel=1e-6)
    value, outcome = discriminator.objective(state.params, state, batch, jax.random.key(1))
    assert discriminator.ascend
    assert -2 <= float(value) <= 0
    # Near its start D says nearly 0 everywhere: half of -(1 + 1).
    assert value == pytest.approx(-1, abs=0.3)


def test_the_noise_of_both_players_updates_is_the_same_and_changes_from_step_to_step():
    seen = []

    def intercept(call, args, kwargs, context):
        y = call(*args, **kwargs)
        if isinstance(context.module, Dropout):
            seen.append(np.asarray(y) == 0)
        return y

    game, batch = small_game(), batch_of((8, 8, 3), (8, 8, 1))
    state = begun(game)
    for step in range(2):
        key = jax.random.fold_in(jax.random.fold_in(state.key, step), 0)
        for player in game.players:
            with nn.intercept_methods(intercept):
                player.objective(state.params, state, batch, key)
    np.testing.assert_array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])


@pytest.mark.parametrize("build", [pix2pix, regression])
def test_translates_each_image_alone_with_noise_of_its_key(build):
    game, images = small_game(build), jnp.asarray(batch_of((8, 8, 3), (8, 8, 1), count=3)["image"])
    state = begun(game)
    (translate,) = game.translate.values()
    assert list(game.translate) == ["AtoB"]
    key = jax.random.key(4)
    translate = jax.jit(translate)
    made = translate(networks(state), images, key)
    assert made.shape == (3, 8, 8, 1)
    np.testing.assert_array_equal(translate(networks(state), images, key), made)
    np.testing.assert_allclose(translate(networks(state), images[:2], key), made[:2], atol=1e-6)
    assert not np.allclose(translate(networks(state), images, jax.random.key(5)), made)
    # The second image's noise is that of the key of the second place.
    own = {"params": state.params["generator"]}
    rngs = {"noise": example_keys(key, 3)[1]}
    np.testing.assert_allclose(Noisy().apply(own, images[1:2], train=True, rngs=rngs)[0], made[1], atol=1e-6)


def test_a_u_net_normalizes_by_the_statistics_of_the_image_that_it_translates():
    game = unet_game()
    state, images = perturbed(game), jnp.asarray(batch_of(*SHAPES)["image"])
    translate = jax.jit(game.translate["AtoB"])
    alone = translate(networks(state), images[:1], jax.random.key(0))
    beside = translate(networks(state), images, jax.random.key(0))
    np.testing.assert_allclose(beside[0], alone[0], atol=1e-5)
    assert not np.allclose(beside[1], beside[0], atol=1e-2)
    with pytest.raises(ValueError, match="multiples of 32, not 48x48"):
        game.translate["AtoB"](networks(state), jnp.zeros((1, 48, 48, 3)), jax.random.key(0))


def test_the_weight_may_be_a_members_own():
    batch = batch_of((8, 8, 3), (8, 8, 1))

    start = begun(small_game())

    def played(weight):
        return train_step(small_game(l1_weight=weight), start, batch)[1]["generator_loss"]

    together = jax.jit(jax.vmap(played))(jnp.array([1.0, 50.0]))
    np.testing.assert_allclose(together, [jax.jit(played)(1.0), jax.jit(played)(50.0)], rtol=1e-5)


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="l1_weight must be at least 0, not -1"):
        small_game(l1_weight=-1.0)
    judge = patchgan.PixelDiscriminator(2)
    game = pix2pix(Noisy(3), judge, ((8, 8, 3), (8, 8, 1)), ADAM, ADAM)
    with pytest.raises(ValueError, match="makes images of 8x8x3 of 8x8x3, and targets are 8x8x1"):
        init_state(game, jax.random.key(0))
