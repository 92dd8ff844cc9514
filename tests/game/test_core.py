"""The game on games small enough to work by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.game import Game, Outcome, Player, init_state, networks, train_step

BATCH = jnp.zeros(6)


def toy(init, players, memory=None):
    """A game without images: `init` gives every player's Flax variables."""
    return Game(
        players=tuple(players),
        init=lambda key: (init(key) if callable(init) else jax.tree.map(jnp.asarray, init), memory or {}),
        latents=lambda key, count: jax.random.normal(key, (count, 1)),
        sample=lambda networks, latents: latents,
    )


def bilinear(optimizer=None, **options):
    """max_y min_x x y, from x = 2, y = 3; y is updated first."""
    optimizer = optimizer or optax.sgd(0.1)

    def product(params, state, batch, key):
        return params["x"]["w"] * params["y"]["w"], Outcome({}, {})

    players = (Player("y", product, optimizer, ascend=True, **options), Player("x", product, optimizer, **options))
    return toy({"x": {"params": {"w": 2.0}}, "y": {"params": {"w": 3.0}}}, players)


def play(game, state, steps, batch=BATCH):
    step = jax.jit(lambda state: train_step(game, state, batch))
    history = []
    for _ in range(steps):
        state, metrics = step(state)
        history.append(metrics)
    return state, history


def assert_same_bits(a, b):
    def values(x):
        return jax.random.key_data(x) if jnp.issubdtype(x.dtype, jax.dtypes.prng_key) else x

    jax.tree.map(lambda x, y: np.testing.assert_array_equal(values(x), values(y)), a, b)


def test_one_player_ascends_then_the_other_descends_and_sees_the_update():
    game = bilinear()
    state, metrics = train_step(game, init_state(game, jax.random.key(0)), BATCH)
    y = 3 + 0.1 * 2
    x = 2 - 0.1 * y
    assert state.params["y"]["w"] == pytest.approx(y)
    assert state.params["x"]["w"] == pytest.approx(x)
    # What each descends, at the moment of its update: the ascending player's is the negated objective.
    assert metrics["y_loss"] == pytest.approx(-6)
    assert metrics["x_loss"] == pytest.approx(2 * y)
    assert state.step == 1


def test_ascending_with_adam_is_descending_the_negated_objective():
    adam = optax.adam(0.01, b1=0.5)
    game = bilinear(adam)
    state, _ = play(game, init_state(game, jax.random.key(0)), 3)
    x, y = jnp.float32(2), jnp.float32(3)
    x_state, y_state = adam.init(x), adam.init(y)
    for _ in range(3):
        update, y_state = adam.update(-x, y_state)
        y = y + update
        update, x_state = adam.update(y, x_state)
        x = x + update
    assert y > 3
    np.testing.assert_allclose(state.params["x"]["w"], x, rtol=1e-6)
    np.testing.assert_allclose(state.params["y"]["w"], y, rtol=1e-6)


def recorder(**updates):
    """Players that note in the memory what they were given: a decimal digit for every update."""

    def player(name, count):
        def objective(params, state, batch, key):
            variables = {"stats": {"updates": state.variables[name]["stats"]["updates"] + 1}}
            metrics = {f"{name}_batch": jnp.sum(batch), f"{name}_key": jax.random.uniform(key)}
            return params[name]["w"] * jnp.sum(batch), Outcome(
                variables, metrics, {"noted": state.memory["noted"] * 10 + jnp.sum(batch)}
            )

        return Player(name, objective, optax.sgd(1.0), updates_per_step=count)

    init = {name: {"params": {"w": 0.0}, "stats": {"updates": 0}} for name in updates}
    return toy(init, [player(*item) for item in updates.items()], memory={"noted": jnp.float32(0)})


def test_each_update_of_a_step_has_its_own_batch():
    game = recorder(a=3, b=1)
    assert game.batches_per_step == 3
    batch = jnp.array([1.0, 0, 0, 2, 0, 3])
    state, metrics = train_step(game, init_state(game, jax.random.key(0)), batch)
    assert state.memory["noted"] == 1231  # a: 1 + 0, then 0 + 2, then 0 + 3; b sees the first batch again
    assert state.params["a"]["w"] == -6
    assert state.params["b"]["w"] == -1
    assert metrics["a_batch"] == 3  # of the last update
    assert state.step == 1


def test_only_the_updated_players_variables_change():
    game = recorder(a=2, b=1)
    state, _ = play(game, init_state(game, jax.random.key(0)), 3)
    assert state.variables["a"]["stats"]["updates"] == 6
    assert state.variables["b"]["stats"]["updates"] == 3


def test_updates_of_one_step_share_the_key_and_steps_do_not():
    game = recorder(a=1, b=1, c=2)
    _, history = play(game, init_state(game, jax.random.key(0)), 3)
    for metrics in history:
        assert metrics["a_key"] == metrics["b_key"]
        assert metrics["c_key"] != metrics["a_key"]  # that of the second update
    assert len({float(metrics["a_key"]) for metrics in history}) == 3


def test_each_entry_of_the_memory_stays_where_no_player_replaces_it():
    def player(name, memory):
        return Player(
            name, lambda params, state, batch, key: (params[name]["w"], Outcome({}, {}, memory)), optax.sgd(1)
        )

    init = {"a": {"params": {"w": 0.0}}, "b": {"params": {"w": 0.0}}}
    cases = (({}, {}), (5.0, 6.0)), (({"p": 7.0}, {}), (7.0, 6.0)), (({"p": 7.0}, {"p": 8.0, "q": 9.0}), (8.0, 9.0))
    for memories, (p, q) in cases:
        game = toy(init, [player(*item) for item in zip("ab", memories, strict=True)], memory={"p": 5.0, "q": 6.0})
        state, _ = train_step(game, init_state(game, jax.random.key(0)), BATCH)
        assert state.memory == {"p": p, "q": q}


def test_the_norm_of_each_players_gradient_is_measured():
    _, metrics = train_step(bilinear(), init_state(bilinear(), jax.random.key(0)), BATCH)
    assert metrics["y_gradient_norm"] == pytest.approx(2)
    assert metrics["x_gradient_norm"] == pytest.approx(3.2)


def test_the_average_follows_parameters_and_variables_with_a_warm_up():
    def drift(params, state, batch, key):
        return -params["a"]["w"], Outcome({"stats": {"n": state.variables["a"]["stats"]["n"] + 1}}, {})

    game = toy({"a": {"params": {"w": 1.0}, "stats": {"n": 0.0}}}, [Player("a", drift, optax.sgd(2.0), ema=0.5)])
    state = init_state(game, jax.random.key(0))
    assert networks(state) == {"a": {"params": {"w": 1.0}, "stats": {"n": 0.0}}}
    w = average_w = 1.0
    n = average_n = 0.0
    for t in range(15):
        state, _ = train_step(game, state, BATCH)
        decay = min(0.5, (1 + t) / (10 + t))
        w, n = w + 2, n + 1
        average_w = decay * average_w + (1 - decay) * w
        average_n = decay * average_n + (1 - decay) * n
        assert state.params["a"]["w"] == w
        assert networks(state)["a"]["params"]["w"] == pytest.approx(average_w, rel=1e-6)
        assert networks(state)["a"]["stats"]["n"] == pytest.approx(average_n, rel=1e-6)


def test_networks_are_live_without_an_average():
    game = bilinear()
    state, _ = play(game, init_state(game, jax.random.key(0)), 2)
    assert not state.ema
    assert networks(state) == {name: {"params": state.params[name]} for name in "xy"}


def noisy(learning_rate):
    """A game whose start, data and latents are random."""

    def init(key):
        return {
            name: {"params": {"w": jax.random.normal(jax.random.fold_in(key, i), (3,))}} for i, name in enumerate("dg")
        }

    def value(params, state, batch, key):
        fake = params["g"]["w"] + jax.random.normal(key, (3,))
        return jnp.mean(jnp.tanh(jnp.mean(batch) + params["d"]["w"] * fake)), Outcome({}, {})

    adam = optax.adam(learning_rate, b1=0.5)
    return toy(init, [Player("d", value, adam, ascend=True, ema=0.9), Player("g", value, adam, ema=0.9)])


def test_resuming_from_a_saved_state_gives_the_same_bits():
    game = noisy(0.05)
    step = jax.jit(lambda state: train_step(game, state, jax.random.normal(jax.random.key(state.step), (4,)))[0])
    state = init_state(game, jax.random.key(3))
    straight = state
    for _ in range(9):
        straight = step(straight)
    for _ in range(4):
        state = step(state)
    saved = jax.device_get(state.replace(key=jax.random.key_data(state.key)))
    del state
    state = saved.replace(key=jax.random.wrap_key_data(saved.key))
    for _ in range(5):
        state = step(state)
    assert_same_bits(state, straight)


def test_a_population_over_hyperparameters_and_seeds_is_the_runs_one_by_one():
    def run(learning_rate, seed):
        game = noisy(learning_rate)
        state = init_state(game, jax.random.key(seed))
        state, metrics = jax.lax.scan(lambda state, _: train_step(game, state, BATCH), state, length=5)
        return state.params, metrics

    rates, seeds = jnp.array([0.001, 0.01, 0.1]), jnp.array([0, 1, 1])
    population = jax.vmap(run)(rates, seeds)
    alone = [run(rate, seed) for rate, seed in zip(rates, seeds, strict=True)]
    alone = jax.tree.map(lambda *runs: jnp.stack(runs), *alone)
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6), population, alone)
    weights = population[0]["g"]["w"]
    assert not np.allclose(weights[1], weights[2])  # one seed, two learning rates


def test_the_state_may_be_donated():
    game = noisy(0.05)
    state = init_state(game, jax.random.key(0))
    buffers = [x.unsafe_buffer_pointer() for x in jax.tree.leaves(state.replace(key=jax.random.key_data(state.key)))]
    assert len(set(buffers)) == len(buffers)
    kept, _ = jax.jit(lambda state: train_step(game, state, BATCH))(state)
    donated, _ = jax.jit(lambda state: train_step(game, state, BATCH), donate_argnums=0)(state)
    assert state.params["g"]["w"].is_deleted()
    assert_same_bits(donated, kept)
