import re

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.game import Game, Outcome, Player, clip_weights, gradient, init_state, train_step, unroll
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import minimax
from gan_jax.recipes import gan

RATE = 0.1
X, Y, DATA = 2.0, 3.0, 0.7


def quadratic(optimizer=None):
    """max_y min_x of V = x y - y^2 / 2 + x d, with d the mean of the batch. y and the memory count y's updates."""

    def value(params, batch):
        x, y = params["x"]["w"], params["y"]["w"]
        return x * y - y**2 / 2 + x * jnp.mean(batch)

    def climb(params, state, batch, key):
        updates = state.variables["y"]["stats"]["updates"] + 1
        return value(params, batch), Outcome(
            {"stats": {"updates": updates}}, {}, {"updates": state.memory["updates"] + 1}
        )

    def descend(params, state, batch, key):
        seen = {"updates_seen": state.variables["y"]["stats"]["updates"], "memory_seen": state.memory["updates"]}
        return value(params, batch), Outcome({"stats": {"own": 1.0}}, seen)

    networks = {
        "x": {"params": {"w": jnp.float32(X)}, "stats": {"own": 0.0}},
        "y": {"params": {"w": jnp.float32(Y)}, "stats": {"updates": 0.0}},
    }
    players = Player("y", climb, optimizer or optax.sgd(RATE), ascend=True), Player("x", descend, optax.sgd(RATE))
    return Game(
        players=players,
        init=lambda key: (jax.tree.map(jnp.asarray, networks), {"updates": jnp.float32(0)}),
        latents=lambda key, count: jnp.zeros((count, 1)),
        sample=lambda networks, latents: latents,
    )


BATCH = jnp.full(4, DATA)


def gradient_of(game, name="x"):
    (player,) = (player for player in game.players if player.name == name)
    gradients, outcome = gradient(player, init_state(game, jax.random.key(0)), BATCH, jax.random.key(1))
    return gradients, outcome


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_the_gradient_runs_through_the_opponents_answers(steps):
    gradients, outcome = gradient_of(unroll(quadratic(), "x", "y", steps))
    # An update of y is y + h (x - y): after k of them y_k = x + (1 - h)^k (y - x), whose slope in x is 1 - (1 - h)^k.
    y = X + (1 - RATE) ** steps * (Y - X)
    slope = 1 - (1 - RATE) ** steps
    assert gradients["w"] == pytest.approx(y + DATA + slope * (X - y), rel=1e-5)
    assert outcome.metrics["x_loss"] == pytest.approx(X * y - y**2 / 2 + X * DATA, rel=1e-5)


def test_unrolled_for_long_the_player_descends_what_is_left_when_the_opponent_has_answered_best():
    # max_y V = x^2 / 2 + x d.
    gradients, outcome = gradient_of(unroll(quadratic(), "x", "y", 200))
    assert gradients["w"] == pytest.approx(X + DATA, rel=1e-5)
    assert outcome.metrics["x_loss"] == pytest.approx(X**2 / 2 + X * DATA, rel=1e-5)


def test_zero_steps_are_the_game_itself():
    game = quadratic()
    assert unroll(game, "x", "y", 0) is game


def test_answers_are_imagined_and_the_player_keeps_its_own_outcome():
    game = unroll(quadratic(), "x", "y", 3)
    state, metrics = train_step(game, init_state(game, jax.random.key(0)), BATCH)
    plain, _ = train_step(quadratic(), init_state(quadratic(), jax.random.key(0)), BATCH)
    assert state.params["y"]["w"] == plain.params["y"]["w"] == pytest.approx(Y + RATE * (X - Y))
    assert state.variables["y"]["stats"]["updates"] == 1  # its own; the imagined ones leave no trace
    assert state.memory["updates"] == 1
    assert state.variables["x"]["stats"]["own"] == 1
    assert metrics["updates_seen"] == 4
    assert metrics["memory_seen"] == 1


def test_the_opponents_gradient_is_that_of_the_plain_game():
    gradients, _ = gradient_of(unroll(quadratic(), "x", "y", 3), "y")
    assert gradients["w"] == pytest.approx(Y - X)


def test_the_gradient_through_adams_updates_is_the_slope_that_differences_show():
    """Of the loss after 3 of Adam's updates, in float64 NumPy, from an Adam that has made one before."""
    rate, b1, b2, eps, eps_root = 0.1, 0.5, 0.9, 1e-8, 1e-8

    def loss(x, y, m, v, t):
        for _ in range(3):
            t += 1
            g = -(x - y)
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
            y = y - rate * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t) + eps_root) + eps)
        return x * y - y**2 / 2 + x * DATA

    game = unroll(quadratic(optax.adam(rate, b1, b2, eps, eps_root)), "x", "y", 3)
    state, _ = train_step(game, init_state(game, jax.random.key(0)), BATCH)
    gradients, _ = gradient(game.players[1], state, BATCH, jax.random.key(1))
    adam = state.opt_state["y"][0]
    at = [float(a) for a in (state.params["y"]["w"], adam.mu["w"], adam.nu["w"])]
    x, h = float(state.params["x"]["w"]), 1e-5
    assert gradients["w"] == pytest.approx((loss(x + h, *at, 1) - loss(x - h, *at, 1)) / (2 * h), rel=1e-5)


def networks_game(optimizer):
    networks = mlp.Generator(2, (8,)), mlp.Discriminator((8,))
    return gan(*networks, minimax, optax.sgd(0.1), optimizer, latent=normal(3))


@pytest.mark.parametrize("optimizer", [optax.sgd(0.5), optax.adam(1e-2, b1=0.5, eps_root=1e-8)], ids=["sgd", "adam"])
def test_the_gradient_of_networks_is_the_slope_that_differences_show_from_the_first_step_on(optimizer):
    game = unroll(networks_game(optimizer), "generator", "discriminator", 3)
    state = jax.jit(lambda: init_state(game, jax.random.key(0)))()
    batch, key = {"image": jax.random.normal(jax.random.key(2), (16, 2))}, jax.random.key(3)
    _, generator = game.players

    @jax.jit
    def loss_and_gradient(own):
        position = state.replace(params={**state.params, "generator": own})
        gradients, outcome = gradient(generator, position, batch, key)
        return outcome.metrics["generator_loss"], gradients

    own = state.params["generator"]
    _, gradients = loss_and_gradient(own)
    norm = float(optax.tree.norm(gradients))
    ahead, behind = (
        loss_and_gradient(jax.tree.map(lambda p, g, h=h: p + h / norm * g, own, gradients))[0] for h in (1e-3, -1e-3)
    )
    assert (ahead - behind) / 2e-3 == pytest.approx(norm, rel=5e-3)


def test_adam_whose_derivative_would_be_nan_is_refused():
    with pytest.raises(ValueError, match=r"'discriminator', which is unrolled, has no derivative .* eps_root above 0"):
        unroll(networks_game(optax.adam(1e-2)), "generator", "discriminator", 1)
    for optimizer in (optax.sgd(0.1, momentum=0.9), optax.rmsprop(0.1), optax.chain(optax.sgd(0.1), clip_weights(1))):
        unroll(networks_game(optimizer), "generator", "discriminator", 1)


def test_the_opponents_hyperparameters_may_be_traced():
    def slope(rate):
        game = unroll(quadratic(optax.adam(rate, eps_root=1e-8)), "x", "y", 2)
        return gradient_of(game)[0]["w"]

    rates = jnp.array([0.01, 0.1])
    slopes = jax.jit(jax.vmap(slope))(rates)
    np.testing.assert_allclose(slopes, [slope(0.01), slope(0.1)], rtol=1e-5)
    assert slopes[0] != slopes[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("x", "y", -1), "the steps that a game is unrolled must be at least 0, not -1"),
        (("x", "z", 1), "no player 'z' to unroll; there are y, x"),
        (("x", "x", 1), "'x' cannot be unrolled against itself"),
    ],
)
def test_what_cannot_be_unrolled_is_refused(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        unroll(quadratic(), *arguments)
