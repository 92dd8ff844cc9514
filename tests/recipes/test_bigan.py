"""BiGAN: a step of all players equals PyTorch's, pairs are joined and split, and the score is EGBAD's."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from support.translating import begun

from gan_jax.game import init_state, networks, train_step
from gan_jax.inference import make_scorer
from gan_jax.networks import dcgan, mlp
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.networks.pairs import PairDiscriminator, join_pairs, split_pairs
from gan_jax.objectives import hinge, non_saturating, wasserstein
from gan_jax.recipes import bigan
from gan_jax.recipes.streams import Stream
from gan_jax.regularizers import wgan_gp

RATE = 0.1
SGD = optax.sgd(RATE)
LATENTS, SIZE = 3, 5


def points_game(objective=non_saturating, **options):
    pair = mlp.Generator(SIZE, (8,)), mlp.Discriminator((8,), LATENTS)
    return bigan(*pair, mlp.Discriminator((8,)), objective, SGD, SGD, latent=normal(LATENTS), **options)


def images_game(**options):
    images = dcgan.Discriminator(2, 6, no_norm)
    pair = dcgan.Generator(8, 1, 2), dcgan.Discriminator(2, LATENTS)
    judge = PairDiscriminator(images, (8, 8, 1), hidden=8)
    return bigan(*pair, judge, non_saturating, SGD, SGD, latent=normal(LATENTS), **options)


def torch_mlp(params):
    """The two layers of an MLP, with gradients."""
    tensors = [
        torch.tensor(np.asarray(params["_Layers_0"][f"Dense_{i}"][name]), requires_grad=True)
        for i in range(2)
        for name in ("kernel", "bias")
    ]

    def call(x):
        kernel, bias, last, last_bias = tensors
        return torch.relu(x @ kernel + bias) @ last + last_bias

    return tensors, call


def softplus(x):
    return torch.nn.functional.softplus(x).mean()


LOSSES = {
    # The paper's, with every player its own: D's, G's and E's.
    "non_saturating": (
        non_saturating,
        lambda r, f: softplus(-r) + softplus(f),
        lambda f: softplus(-f),
        lambda r: softplus(r),
    ),
    "wasserstein": (wasserstein, lambda r, f: f.mean() - r.mean(), lambda f: -f.mean(), lambda r: r.mean()),
    "hinge": (
        hinge,
        lambda r, f: torch.relu(1 - r).mean() + torch.relu(1 + f).mean(),
        lambda f: -f.mean(),
        lambda r: r.mean(),
    ),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_step_of_all_players_is_that_of_pytorch(name):
    objective, judge_loss, generator_loss, encoder_loss = LOSSES[name]
    game = points_game(objective)
    state = jax.jit(lambda: init_state(game, jax.random.key(0)))()
    x = np.random.default_rng(0).normal(size=(6, SIZE)).astype(np.float32)
    key = jax.random.fold_in(jax.random.fold_in(state.key, 0), 0)
    z = torch.tensor(np.asarray(game.latents(Stream.LATENTS.fold_in(key), 6)))
    after, _ = jax.jit(partial(train_step, game))(state, {"image": jnp.asarray(x)})

    judge, discriminate = torch_mlp(state.params["discriminator"])
    decoder, generate = torch_mlp(state.params["generator"]["generator"])
    encoder, encode = torch_mlp(state.params["generator"]["encoder"])
    real = torch.tensor(x)

    def logits():
        pairs = torch.cat([real, encode(real)], 1), torch.cat([generate(z), z], 1)
        return tuple(discriminate(pair)[:, 0] for pair in pairs)

    def descend(loss, tensors):
        gradients = torch.autograd.grad(loss, tensors)
        with torch.no_grad():
            for tensor, gradient in zip(tensors, gradients, strict=True):
                tensor -= RATE * gradient

    descend(judge_loss(*logits()), judge)
    r, f = logits()
    descend(generator_loss(f) + encoder_loss(r), [*decoder, *encoder])
    moved = {
        "discriminator": (after.params["discriminator"], judge),
        "generator": (after.params["generator"]["generator"], decoder),
        "encoder": (after.params["generator"]["encoder"], encoder),
    }
    for params, tensors in moved.values():
        found = [params["_Layers_0"][f"Dense_{i}"][name] for i in range(2) for name in ("kernel", "bias")]
        for array, tensor in zip(found, tensors, strict=True):
            np.testing.assert_allclose(array, tensor.detach().numpy(), atol=2e-6)


def test_the_score_is_that_of_egbad():
    game = points_game(anomaly_weight=0.3)
    known, x = networks(begun(game)), np.random.default_rng(1).normal(size=(4, SIZE)).astype(np.float32)
    own = known["generator"]["params"]
    _, generate = torch_mlp(own["generator"])
    _, encode = torch_mlp(own["encoder"])
    (kernel, bias, *_), _ = torch_mlp(known["discriminator"]["params"])
    with torch.no_grad():
        real = torch.tensor(x)
        z = encode(real)
        made = generate(z)
        features = [torch.relu(torch.cat([each, z], 1) @ kernel + bias) for each in (real, made)]
        expected = 0.7 * (real - made).abs().sum(1) + 0.3 * (features[0] - features[1]).abs().sum(1)
    np.testing.assert_allclose(game.anomaly(known, jnp.asarray(x)), expected.numpy(), rtol=1e-5)
    np.testing.assert_allclose(make_scorer(game, known)(x, 0), expected.numpy(), rtol=1e-5)


def test_pairs_of_images_are_joined_and_split():
    images = jnp.asarray(np.random.default_rng(0).random((4, 2, 3, 2), np.float32))
    latents = jnp.arange(8.0).reshape(4, 2)
    pairs = join_pairs(images, latents)
    assert pairs.shape == (4, 14)
    for found, given in zip(split_pairs(pairs, (2, 3, 2)), (images, latents), strict=True):
        np.testing.assert_array_equal(found, given)


def test_a_discriminator_of_images_sees_both_parts():
    game = images_game()
    known = networks(begun(game))
    x = jnp.asarray(np.random.default_rng(0).normal(size=(3, 8, 8, 1)).astype(np.float32))
    features = game.features(known, x)
    assert features.shape == (3, 8)
    assert game.encode(known, x).shape == (3, LATENTS)
    assert game.anomaly(known, x).shape == (3,)
    judge = PairDiscriminator(dcgan.Discriminator(2, 6, no_norm), (8, 8, 1), hidden=8)
    z = game.encode(known, x)
    logits = judge.apply(known["discriminator"], join_pairs(x, z), train=False)
    for other in (join_pairs(x[::-1], z), join_pairs(x, z[::-1] + 1)):
        assert not np.allclose(judge.apply(known["discriminator"], other, train=False), logits)


def test_the_penalty_of_a_critic_is_that_of_pairs():
    """The interpolated gradient penalty takes the gradient in examples and latents."""
    game = points_game(wasserstein, regularizers=[wgan_gp()])
    state = begun(game)
    batch = {"image": jnp.asarray(np.random.default_rng(0).normal(size=(6, SIZE)).astype(np.float32))}
    _, metrics = jax.jit(partial(train_step, game))(state, batch)
    assert np.isfinite(metrics["discriminator_wgan_gp"])
    assert metrics["discriminator_wgan_gp"] > 0


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="anomaly_weight"):
        points_game(anomaly_weight=1.5)
    pair = mlp.Generator(SIZE, (8,)), mlp.Discriminator((8,), LATENTS + 1)
    game = bigan(*pair, mlp.Discriminator((8,)), non_saturating, SGD, SGD, latent=normal(LATENTS))
    with pytest.raises(ValueError, match=r"latents of shape \(4,\), and the game has \(3,\)"):
        init_state(game, jax.random.key(0))
