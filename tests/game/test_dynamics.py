"""Dynamics on the game x y, where each can be worked by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.game import Game, Outcome, Player, consensus, extragradient, init_state, simultaneous, train_step

RATE = 0.1
START = np.array([2.0, 3.0])
BATCH = jnp.zeros(6)


def bilinear(dynamics, optimizer=None, updates=(1, 1)):
    """max_y min_x x y from `START`. Variables and memory count the evaluations; metrics say the batch."""
    optimizer = optimizer or optax.sgd(RATE)

    def player(name, ascend, updates):
        def product(params, state, batch, key):
            evaluated = {"stats": {"n": state.variables[name]["stats"]["n"] + 1}}
            metrics = {f"{name}_batch": jnp.sum(batch), f"{name}_key": jax.random.uniform(key)}
            memory = {name: state.memory[name] + 1, "last": jnp.float32(ascend)}
            return params["x"]["w"] * params["y"]["w"], Outcome(evaluated, metrics, memory)

        return Player(name, product, optimizer, ascend, updates)

    networks = {
        name: {"params": {"w": jnp.float32(w)}, "stats": {"n": jnp.int32(0)}}
        for name, w in zip("xy", START, strict=True)
    }
    memory = {"x": jnp.int32(0), "y": jnp.int32(0), "last": jnp.float32(-1)}
    return Game(
        players=(player("y", True, updates[1]), player("x", False, updates[0])),
        init=lambda key: (networks, memory),
        latents=lambda key, count: jnp.zeros((count, 1)),
        sample=lambda networks, latents: latents,
        dynamics=dynamics,
    )


def play(game, steps, batch=BATCH):
    """The position (x, y) before and after every step, and the last state and metrics."""

    def step(state, _):
        state, metrics = train_step(game, state, batch)
        return state, (state.params["x"]["w"], state.params["y"]["w"], metrics)

    state, (x, y, metrics) = jax.lax.scan(step, init_state(game, jax.random.key(0)), length=steps)
    return np.vstack([START, np.stack([x, y], 1)]), state, jax.tree.map(lambda m: m[-1], metrics)


def field(at):
    """What the players descend at (x, y)."""
    x, y = at
    return np.array([y, -x])


def test_alternating_updates_circle_the_equilibrium():
    path, _, _ = play(bilinear(None), 1000)
    x, y = path.T
    # Updates y + h x, then x - h y conserve this quadratic form, an ellipse.
    orbit = x**2 + y**2 + RATE * x * y
    np.testing.assert_allclose(orbit, orbit[0], rtol=1e-4)
    assert path.std() > 1


def test_simultaneous_updates_spiral_out_by_the_same_factor_every_step():
    path, _, metrics = play(bilinear(simultaneous), 100)
    np.testing.assert_allclose(path[1], START - RATE * field(START), rtol=1e-6)
    radii = np.hypot(*path.T)
    np.testing.assert_allclose(radii[1:] / radii[:-1], np.sqrt(1 + RATE**2), rtol=1e-6)
    x, y = path[-2]
    assert metrics["x_loss"] == pytest.approx(x * y, rel=1e-6)
    assert metrics["y_loss"] == pytest.approx(-x * y, rel=1e-6)


def test_extragradient_steps_along_the_gradient_ahead_and_converges():
    path, _, metrics = play(bilinear(extragradient), 1000)
    ahead = START - RATE * field(START)
    np.testing.assert_allclose(path[1], START - RATE * field(ahead), rtol=1e-6)
    radii = np.hypot(*path.T)
    np.testing.assert_allclose(radii[1:] / radii[:-1], np.sqrt(1 - RATE**2 + RATE**4), rtol=1e-5)
    assert radii[-1] < 0.01 * radii[0]
    x, y = path[-2] - RATE * field(path[-2])
    assert metrics["x_loss"] == pytest.approx(x * y, rel=1e-5)  # at the position ahead


def test_extragradient_with_adam_is_extra_adam():
    """Algorithm 4 of arXiv 1802.10551 in float64: moments and their corrections go over both updates."""
    rate, b1, b2, eps = 0.05, 0.5, 0.9, 1e-8
    path, _, _ = play(bilinear(extragradient, optax.adam(rate, b1, b2, eps)), 20)
    at, m, v = START, np.zeros(2), np.zeros(2)
    for t in range(20):
        position = at
        for t_half in (2 * t + 1, 2 * t + 2):
            g = field(position)
            m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
            position = at - rate * (m / (1 - b1**t_half)) / (np.sqrt(v / (1 - b2**t_half)) + eps)
        at = position
        np.testing.assert_allclose(path[t + 1], at, rtol=1e-5)


@pytest.mark.parametrize(("dynamics", "evaluations"), [(simultaneous, 1), (extragradient, 2), (consensus(0.5), 1)])
def test_variables_go_through_every_evaluation_and_memory_through_one(dynamics, evaluations):
    _, state, _ = play(bilinear(dynamics), 3)
    for name in "xy":
        assert state.variables[name]["stats"]["n"] == 3 * evaluations
        assert state.memory[name] == 3
    assert state.memory["last"] == 0  # of x, the last player


@pytest.mark.parametrize("dynamics", [simultaneous, extragradient])
def test_players_with_several_updates_make_them_side_by_side_each_on_its_own_batch(dynamics):
    batch = jnp.array([1.0, 0, 2, 0, 4, 0])
    path, state, metrics = play(bilinear(dynamics, updates=(1, 3)), 1, batch)
    x, y = play(bilinear(dynamics), 1)[0][1]
    # y's second and third update are alone: x stays, and where it does y's two gradients are one.
    np.testing.assert_allclose(path[1], [x, y + 2 * RATE * x], rtol=1e-6)
    assert metrics["y_batch"] == 4
    assert metrics["x_batch"] == 1
    assert metrics["x_key"] != metrics["y_key"]
    assert state.variables["x"]["stats"]["n"] * 3 == state.variables["y"]["stats"]["n"]


@pytest.mark.parametrize("dynamics", [simultaneous, extragradient, consensus(0.5)])
def test_players_share_the_key_of_their_updates(dynamics):
    _, _, metrics = play(bilinear(dynamics), 1)
    assert metrics["x_key"] == metrics["y_key"]


def test_consensus_descends_the_norm_of_the_field_too():
    weight = 3.0
    path, _, metrics = play(bilinear(consensus(weight)), 200)
    np.testing.assert_allclose(path[1], START - RATE * (field(START) + weight * START), rtol=1e-6)  # |v|^2 = x^2 + y^2
    assert np.hypot(*path[-1]) < 1e-6
    x, y = path[-2]
    assert metrics["x_loss"] == pytest.approx(x * y, abs=1e-12)
    plain, _, _ = play(bilinear(simultaneous), 5)
    np.testing.assert_allclose(play(bilinear(consensus(0.0)), 5)[0], plain, rtol=1e-6)
    with pytest.raises(ValueError, match="weight of consensus must be at least 0"):
        consensus(-1.0)


def test_optimistic_gradient_descent_is_its_formula_and_converges():
    path, _, _ = play(bilinear(simultaneous, optax.optimistic_gradient_descent(RATE)), 1000)
    at, last = START, field(START)
    for t in range(30):
        at, last = at - RATE * (2 * field(at) - last), field(at)
        np.testing.assert_allclose(path[t + 1], at, rtol=1e-5, atol=1e-6)
    assert np.hypot(*path[-1]) < 0.01 * np.hypot(*START)


@pytest.mark.parametrize("beta", [1.0, 5.0])
def test_optimistic_adam_is_its_formula(beta):
    """Algorithm 1 of arXiv 1711.00141 at beta = 1, but for the first step, which has no past here."""
    rate, b1, b2, eps = 0.02, 0.5, 0.9, 1e-8
    optimizer = optax.optimistic_adam_v2(rate, beta=beta, b1=b1, b2=b2, eps=eps, nesterov=False)
    path, _, _ = play(bilinear(simultaneous, optimizer), 30)
    at, m, v, last = START, np.zeros(2), np.zeros(2), None
    for t in range(1, 31):
        g = field(at)
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        ratio = (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
        at, last = at - rate * ((1 + beta) * ratio - beta * (ratio if last is None else last)), ratio
        np.testing.assert_allclose(path[t], at, rtol=1e-5, atol=1e-6)


def test_optimistic_adam_converges_where_adam_circles():
    options = {"b1": 0.5, "b2": 0.999}
    optimistic, adam = optax.optimistic_adam_v2(0.02, beta=5, nesterov=False, **options), optax.adam(0.02, **options)
    assert np.hypot(*play(bilinear(simultaneous, optimistic), 4000)[0][-1]) < 0.001
    path, _, _ = play(bilinear(simultaneous, adam), 4000)
    assert np.hypot(*path[1000:].T).min() > 1
