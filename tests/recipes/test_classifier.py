"""The classifier of labelled images alone, against a softmax regression by hand."""

from functools import partial

import flax.linen as nn
import jax
import numpy as np
import optax

from gan_jax.game import init_state, train_step
from gan_jax.recipes import classifier


class Linear(nn.Module):
    @nn.compact
    def __call__(self, images, train):
        return {"classes": nn.Dense(3)(images.reshape(len(images), -1)), "logits": None}


RNG = np.random.default_rng(0)
BATCH = {"image": RNG.normal(size=(6, 2, 2, 1)).astype(np.float32), "label": np.array([0, 1, 2, 2, 1, 0], np.int32)}


def stepped(game):
    start = init_state(game, jax.random.key(0))
    end, metrics = jax.jit(partial(train_step, game))(start, BATCH)
    return (state.params["discriminator"]["Dense_0"] for state in (start, end)), metrics


def by_hand(params, images, targets, rate):
    x = images.reshape(len(images), -1)
    logits = x @ params["kernel"] + params["bias"]
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    error = (p - targets) / len(x)
    return params["kernel"] - rate * x.T @ error, -np.mean(np.sum(targets * np.log(p), 1))


def test_a_step_is_that_of_softmax_regression():
    (before, after), metrics = stepped(classifier(Linear(), optax.sgd(0.1), (2, 2, 1)))
    kernel, loss = by_hand(before, BATCH["image"], np.eye(3)[BATCH["label"]], 0.1)
    np.testing.assert_allclose(after["kernel"], kernel, atol=1e-6)
    np.testing.assert_allclose(metrics["discriminator_loss"], loss, rtol=1e-5)


def test_it_sees_what_it_is_told_to():
    def see(images, targets, keys):
        assert keys.shape == (6,)
        return 2 * images, targets[::-1]

    (before, after), _ = stepped(classifier(Linear(), optax.sgd(0.1), (2, 2, 1), see))
    kernel, _ = by_hand(before, 2 * BATCH["image"], np.eye(3)[BATCH["label"]][::-1], 0.1)
    np.testing.assert_allclose(after["kernel"], kernel, atol=1e-6)
