"""Whole training steps of AC-GAN, InfoGAN and the semi-supervised GAN, against PyTorch."""

import jax
import numpy as np
import optax
import pytest

from gan_jax.game import init_state, train_step
from gan_jax.networks import mlp
from gan_jax.networks.latents import Codes, normal, with_codes
from gan_jax.networks.layers import ClassLogits, ConcatGenerator, Heads
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.recipes.streams import Stream
from gan_jax.regularizers import classify_fake, classify_real, mutual_information

COUNT, CLASSES, RATE = 6, 3, 0.1
CODES = Codes((CLASSES,), 1)
RNG = np.random.default_rng(0)
BATCH = {
    "image": RNG.normal(size=(COUNT, 2)).astype(np.float32),
    "label": np.array([0, 2, -1, 1, -1, 2], np.int32),
}
LABELLED = {**BATCH, "label": np.array([0, 2, 1, 1, 0, 2], np.int32)}


def play(discriminator, generator=None, latent=None, **options):
    sgd = optax.sgd(RATE)
    generator, latent = generator or mlp.Generator(2, (5,)), latent or normal(4)
    return gan(generator, discriminator, non_saturating, sgd, sgd, latent=latent, **options)


def acgan():
    return play(
        Heads(mlp.Discriminator((5,), outputs=1 + CLASSES), {"classes": CLASSES}),
        ConcatGenerator(mlp.Generator(2, (5,)), CLASSES),
        classes=CLASSES,
        judge_labels=False,
        regularizers=[classify_real(0.5), classify_fake(0.5)],
        generator_regularizers=[classify_fake(0.5)],
    )


def infogan():
    information = mutual_information(CODES, 0.5, 0.2)
    return play(
        Heads(mlp.Discriminator((5,), outputs=1 + CODES.size), CODES.heads),
        latent=with_codes(normal(4), CODES),
        regularizers=[information],
        generator_regularizers=[information],
    )


def semi_supervised():
    return play(ClassLogits(mlp.Discriminator((5,), outputs=CLASSES)), regularizers=[classify_real(0.5)])


def losses(name, torch, batch, z):
    """The method's three parts as functions of the discriminator's raw outputs.

    logits(y): of being real. on_real(y), on_fake(y): what D and, on fakes, G pay too.
    """
    functional, labels = torch.nn.functional, torch.tensor(batch["label"]).long()

    def nothing(y):
        return torch.zeros(())

    if name == "acgan":
        return lambda y: y[:, 0], *[lambda y: 0.5 * functional.cross_entropy(y[:, 1:], labels)] * 2
    if name == "semi_supervised":
        return (
            lambda y: torch.logsumexp(y, 1),
            lambda y: 0.5 * functional.cross_entropy(y, labels, ignore_index=-1),
            nothing,
        )
    category, continuous = torch.tensor(z[:, 4:7]).argmax(1), torch.tensor(z[:, 7])
    gaussian = torch.distributions.Normal

    def uninformed(y):
        categorical = functional.cross_entropy(y[:, 1:4], category) - np.log(CLASSES)
        return 0.5 * categorical - 0.2 * (gaussian(y[:, 4], 1.0).log_prob(continuous).mean() + np.log(2))

    return lambda y: y[:, 0], nothing, uninformed


@pytest.mark.parametrize("method", [acgan, infogan, semi_supervised])
def test_a_step_agrees_with_pytorch(method):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    game, batch = method(), LABELLED if method is acgan else BATCH
    state = jax.jit(lambda: init_state(game, jax.random.key(1)))()
    after, metrics = jax.jit(lambda state: train_step(game, state, batch))(state)

    leaves = {
        name: [torch.tensor(np.array(leaf), requires_grad=True) for leaf in jax.tree.leaves(state.params[name])]
        for name in ("discriminator", "generator")
    }

    def network(name, x):
        bias, kernel, last_bias, last_kernel = leaves[name]
        return torch.relu(x @ kernel + bias) @ last_kernel + last_bias

    def update(name, loss):
        gradients = torch.autograd.grad(loss, leaves[name])
        leaves[name] = [
            (leaf - RATE * g).detach().requires_grad_() for leaf, g in zip(leaves[name], gradients, strict=True)
        ]

    key = jax.random.fold_in(jax.random.fold_in(state.key, 0), 0)
    drawn = game.latents(Stream.LATENTS.fold_in(key), COUNT)
    z = np.asarray(drawn[0] if method is acgan else drawn)
    told = np.concatenate([z, np.eye(CLASSES)[batch["label"]]], 1, dtype=np.float32) if method is acgan else z
    logits, on_real, on_fake = losses(method.__name__, torch, batch, z)
    bce, ones = torch.nn.functional.binary_cross_entropy_with_logits, torch.ones(COUNT)

    real = network("discriminator", torch.tensor(batch["image"]))
    fake = network("discriminator", network("generator", torch.tensor(told)).detach())
    discriminator_loss = bce(logits(real), ones) + bce(logits(fake), 0 * ones) + on_real(real) + on_fake(fake)
    update("discriminator", discriminator_loss)
    fake = network("discriminator", network("generator", torch.tensor(told)))
    generator_loss = bce(logits(fake), ones) + on_fake(fake)
    update("generator", generator_loss)

    assert metrics["discriminator_loss"] == pytest.approx(discriminator_loss.item(), rel=1e-5)
    assert metrics["generator_loss"] == pytest.approx(generator_loss.item(), rel=1e-5)
    for name, expected in leaves.items():
        before, moved = (jax.tree.leaves(x.params[name]) for x in (state, after))
        for old, new, reference in zip(before, moved, expected, strict=True):
            assert np.abs(new - old).max() > 1e-4
            np.testing.assert_allclose(new, reference.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_penalties_are_logged_by_player():
    game = acgan()
    state = jax.eval_shape(lambda: init_state(game, jax.random.key(1)))
    metrics = jax.eval_shape(lambda state: train_step(game, state, LABELLED), state)[1]
    assert {name for name in metrics if "classify" in name} == {
        "discriminator_classify_real",
        "discriminator_classify_fake",
        "generator_classify_fake",
    }
