"""Gradient penalties in games that augment: taken at the images before augmentation, and through it.

With the same draws that the discriminator's logits had.
"""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.small_games import Layer
from support.translating import begun

from gan_jax.augmentation import Augmentation
from gan_jax.common.parallel import example_keys
from gan_jax.game import train_step
from gan_jax.networks.latents import normal
from gan_jax.objectives import wasserstein
from gan_jax.recipes import began, cyclegan, gan, pix2pix
from gan_jax.recipes.streams import Stream, judge_keys
from gan_jax.regularizers import dragan, r1, r2, stateless, wgan_gp, zero_centred

RATE = 0.1
SGD = optax.sgd(RATE)
COUNT, DIMENSIONS, LATENTS = 6, 5, 3
POINTS = {"image": np.random.default_rng(0).normal(size=(COUNT, DIMENSIONS)).astype(np.float32)}

doubled = Augmentation(init=lambda: (), apply=lambda images, keys, memory, step: 2 * images)


def factors(keys):
    """A factor in [1/2, 2) for each key."""
    return jax.vmap(lambda key: jax.random.uniform(key, minval=0.5, maxval=2))(keys)


def stretch(images, keys, memory, step):
    return jnp.sin(factors(keys).reshape(-1, *[1] * (images.ndim - 1)) * images)


stretched = Augmentation(init=lambda: (), apply=stretch)


class Linear(nn.Module):
    """The logit <w, x>, with x all numbers of an image."""

    @nn.compact
    def __call__(self, images, train):
        return nn.Dense(1, use_bias=False)(images.reshape(len(images), -1))[:, 0]


class Curved(nn.Module):
    """A logit whose second derivatives are not zero."""

    @nn.compact
    def __call__(self, points, train):
        hidden = jnp.tanh(nn.Dense(7)(points))
        return nn.Dense(1)(hidden)[:, 0]


def points_game(discriminator, augmentation, regularizers, objective=wasserstein):
    options = {"latent": normal(LATENTS), "augmentation": augmentation, "regularizers": regularizers}
    return gan(Layer(DIMENSIONS), discriminator, objective, SGD, SGD, **options)


def first_metrics(game, batch):
    state = begun(game)
    _, metrics = jax.jit(lambda state: train_step(game, state, batch))(state)
    return state, jax.tree.map(float, metrics)


def test_of_a_linear_discriminator_every_penalty_is_that_of_twice_its_slope_where_images_are_doubled():
    penalties = [r1(3.0), r2(3.0), zero_centred(3.0), wgan_gp(), dragan()]
    state, metrics = first_metrics(points_game(Linear(), doubled, penalties), POINTS)
    slope = 2 * np.linalg.norm(state.params["discriminator"]["Dense_0"]["kernel"])
    assert abs(slope - 1) > 0.1
    expected = {
        "r1": 3 / 2 * slope**2,
        "r2": 3 / 2 * slope**2,
        "zero_centred": 3 * slope**2,
        "wgan_gp": 10 * (slope - 1) ** 2,
        "dragan": 10 * (slope - 1) ** 2,
    }
    assert {name: metrics[f"discriminator_{name}"] for name in expected} == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("penalty", [r1(3.0), r2(3.0)], ids=["r1", "r2"])
def test_the_draws_are_those_of_the_logits(penalty):
    """Of images of ones, each times what is drawn for it, s: logits s sum(w), and gradients s w."""

    class Ones(nn.Module):
        @nn.compact
        def __call__(self, latents, train):
            return jnp.ones((len(latents), DIMENSIONS)) + 0 * self.param("nothing", nn.initializers.zeros, ())

    def scaled(images, keys, memory, step):
        return images * jax.vmap(lambda key: jax.random.uniform(key, (1,)))(keys)

    def squares(view):
        return jnp.mean(jnp.square((view.real if penalty.name == "r1" else view.fake).output))

    augmentation = Augmentation(init=lambda: (), apply=scaled)
    options = {"latent": normal(LATENTS), "augmentation": augmentation}
    game = gan(
        Ones(), Linear(), wasserstein, SGD, SGD, regularizers=[penalty, stateless("squares", squares)], **options
    )
    state, metrics = first_metrics(game, {"image": np.ones((COUNT, DIMENSIONS), np.float32)})
    w = np.asarray(state.params["discriminator"]["Dense_0"]["kernel"], np.float64)
    mean_square = metrics["discriminator_squares"] / np.sum(w) ** 2
    assert 0 < mean_square < 1
    expected = 3 / 2 * np.sum(w**2) * mean_square
    assert metrics[f"discriminator_{penalty.name}"] == pytest.approx(expected, rel=1e-4)


PENALTIES = {
    "r1": r1(3.0),
    "r2": r2(3.0),
    "zero_centred": zero_centred(3.0),
    "wgan_gp": wgan_gp(),
    "dragan": dragan(),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_a_step_of_the_discriminator_agrees_with_pytorchs_double_backward(name):
    """With an augmentation that draws and bends: x becomes sin(s x), with s drawn for each example."""
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    game = points_game(Curved(), stretched, [PENALTIES[name]])
    state = begun(game)
    after, metrics = jax.jit(lambda state: train_step(game, state, POINTS))(state)

    def tensor(x):
        return torch.tensor(np.asarray(x, np.float64))

    key = jax.random.fold_in(jax.random.fold_in(state.key, 0), 0)
    layer = state.params["generator"]["Dense_0"]
    z = np.asarray(game.latents(Stream.LATENTS.fold_in(key), COUNT), np.float64)
    real = tensor(POINTS["image"])
    fake = tensor(np.tanh(z @ np.asarray(layer["kernel"], np.float64) + np.asarray(layer["bias"], np.float64)))
    own = judge_keys(key)
    real_factors, fake_factors = (
        tensor(factors(example_keys(k, COUNT)))[:, None] for k in (own.augment_real, own.augment_fake)
    )
    # The regularizer's own key is that of the first of them.
    drawing = example_keys(jax.random.fold_in(Stream.REGULARIZERS.fold_in(key), 0), COUNT)
    u = tensor(jax.vmap(jax.random.uniform)(drawing))[:, None]
    noise = tensor(jax.vmap(lambda k: jax.random.uniform(k, (DIMENSIONS,)))(drawing))

    leaves = [tensor(x).requires_grad_() for x in jax.tree.leaves(state.params["discriminator"])]
    bias, kernel, last_bias, last_kernel = leaves

    def logits(points, drawn):
        return ((torch.sin(drawn * points) @ kernel + bias).tanh() @ last_kernel + last_bias)[:, 0]

    def norms(points, drawn):
        points = points.clone().requires_grad_()
        (gradients,) = torch.autograd.grad(logits(points, drawn).sum(), points, create_graph=True)
        return gradients.norm(dim=1)

    penalties = {
        "r1": lambda: 1.5 * (norms(real, real_factors) ** 2).mean(),
        "r2": lambda: 1.5 * (norms(fake, fake_factors) ** 2).mean(),
        "zero_centred": lambda: 1.5 * (
            (norms(real, real_factors) ** 2).mean() + (norms(fake, fake_factors) ** 2).mean()
        ),
        "wgan_gp": lambda: 10 * ((norms(u * real + (1 - u) * fake, real_factors) - 1) ** 2).mean(),
        "dragan": lambda: 10 * (
            (norms(real + 0.5 * real.std(unbiased=False) * noise, real_factors) - 1) ** 2
        ).mean(),
    }  # fmt: skip
    penalty = penalties[name]()
    scores = logits(real, real_factors).mean(), logits(fake, fake_factors).mean()
    loss = scores[1] - scores[0] + penalty
    assert metrics["D(x)"] == pytest.approx(scores[0].item(), rel=1e-4)
    assert metrics["D(G(z))"] == pytest.approx(scores[1].item(), rel=1e-4)
    assert metrics[f"discriminator_{name}"] == pytest.approx(penalty.item(), rel=1e-4)
    assert metrics["discriminator_loss"] == pytest.approx(loss.item(), rel=1e-4)
    gradients = torch.autograd.grad(loss, leaves, allow_unused=True)
    for before, now, gradient in zip(leaves, jax.tree.leaves(after.params["discriminator"]), gradients, strict=True):
        expected = before.detach() - RATE * (0 if gradient is None else gradient)
        np.testing.assert_allclose(now, expected, rtol=1e-4, atol=1e-5)


class Same(nn.Module):
    """A generator that translates an image into itself, times a number."""

    @nn.compact
    def __call__(self, images, train):
        return self.param("factor", nn.initializers.ones, ()) * images


class Nothing(nn.Module):
    """An autoencoder that reconstructs zeros."""

    @nn.compact
    def __call__(self, images, train):
        return self.param("factor", nn.initializers.zeros, ()) * images


SIDE = (2, 2, 1)
PAIRS = {name: np.random.default_rng(i).uniform(-1, 1, (3, *SIDE)).astype(np.float32) for i, name in
         enumerate(("image", "target"))}  # fmt: skip


def test_of_pairs_the_gradient_is_in_the_target_alone():
    game = pix2pix(Same(), Linear(), (SIDE, SIDE), SGD, SGD, augmentation=doubled, regularizers=[r1(3.0), r2(3.0)])
    state, metrics = first_metrics(game, PAIRS)
    # The discriminator sees (2, 2, 2): source and target beside each other at every pixel.
    w = np.asarray(state.params["discriminator"]["Dense_0"]["kernel"]).reshape(2, 2, 2)[..., 1]
    for name in ("r1", "r2"):
        assert metrics[f"discriminator_{name}"] == pytest.approx(3 / 2 * np.sum((2 * w) ** 2), rel=1e-4)


def test_in_each_domain_the_gradient_is_that_of_its_own_discriminator():
    networks = (Same(), Same()), (Linear(), Linear())
    options = {"augmentation": doubled, "regularizers": [r1(3.0), r2(3.0)], "pool_size": 2}
    state, metrics = first_metrics(cyclegan(*networks, (SIDE, SIDE), SGD, SGD, **options), PAIRS)
    for domain in "AB":
        w = np.asarray(state.params["discriminator"][domain]["Dense_0"]["kernel"])
        for name in ("r1", "r2"):
            expected = 3 / 2 * np.sum((2 * w) ** 2)
            assert metrics[f"discriminator_{name}_{domain}"] == pytest.approx(expected, rel=1e-4)


def test_of_an_autoencoder_the_gradient_is_that_of_its_reconstruction_loss():
    options = {"latent": normal(LATENTS), "augmentation": doubled, "regularizers": [r1(3.0), r2(3.0)]}
    _, metrics = first_metrics(began(Layer(DIMENSIONS), Nothing(), SGD, SGD, **options), POINTS)
    # Of -mean |2 x| in each of its numbers: 2 / DIMENSIONS, up to the sign.
    for name in ("r1", "r2"):
        expected = 3 / 2 * DIMENSIONS * (2 / DIMENSIONS) ** 2
        assert metrics[f"discriminator_{name}"] == pytest.approx(expected, rel=1e-5)
