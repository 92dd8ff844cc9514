"""Lazy regularizers in games: what is paid in every so many steps, and logged at each of them."""

import jax
import numpy as np
import pytest
from support.small_games import SHAPE, regularized_game, small_cyclegan
from support.translating import batch_of, begun

from gan_jax.game import train_step
from gan_jax.regularizers import every, lecam, r1

INTERVAL = 4
POINTS = {"image": np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)}


def history(game, batch, count):
    """The state before each of some steps, and the metrics of each."""
    state, step, rows = begun(game), jax.jit(lambda state: train_step(game, state, batch)), []
    for _ in range(count):
        after, metrics = step(state)
        rows.append((state, jax.tree.map(float, metrics)))
        state = after
    return rows


@pytest.mark.parametrize("regularizer", [r1(2.0), lecam(2.0)], ids=["r1", "lecam"])
def test_the_last_penalty_that_was_applied_is_logged_at_every_step_in_its_own_strength(regularizer):
    name = f"discriminator_{regularizer.name}"
    rows = history(regularized_game([every(INTERVAL, regularizer)]), POINTS, 2 * INTERVAL + 1)
    logged = [metrics[name] for _, metrics in rows]
    assert logged[1:INTERVAL] == logged[:1] * (INTERVAL - 1)
    assert logged[INTERVAL + 1 : -1] == logged[INTERVAL : INTERVAL + 1] * (INTERVAL - 1)
    assert len(set(logged)) == 3
    # Its own strength is what it logs where it is not lazy: at the first step nothing has been trained yet.
    ((_, eager),) = history(regularized_game([regularizer]), POINTS, 1)
    assert logged[0] == pytest.approx(eager[name], rel=1e-5)
    assert logged[0] > 1e-3


def test_in_between_nothing_is_paid():
    """The discriminator's loss less that of the game without regularizers, from the same state."""
    plain = regularized_game([])
    rows = history(regularized_game([every(INTERVAL, r1(2.0))]), POINTS, INTERVAL + 2)
    memory = begun(plain).memory
    step = jax.jit(lambda state: train_step(plain, state, POINTS)[1]["discriminator_loss"])
    paid = [metrics["discriminator_loss"] - step(state.replace(memory=memory)) for state, metrics in rows]
    full = [INTERVAL * metrics["discriminator_r1"] for _, metrics in rows]
    np.testing.assert_allclose(paid, [full[0], 0, 0, 0, full[INTERVAL], 0], rtol=1e-4, atol=1e-6)
    assert full[0] > 1e-3


@pytest.mark.slow
def test_each_domain_of_cyclegan_logs_its_own_last_penalty():
    game = small_cyclegan(regularizers=[every(INTERVAL, r1(2.0))])
    rows = [metrics for _, metrics in history(game, batch_of(SHAPE, SHAPE), INTERVAL + 1)]
    for domain in "AB":
        logged = [metrics[f"discriminator_r1_{domain}"] for metrics in rows]
        assert logged[0] == logged[1] == logged[2] == logged[3]
        assert logged[3] != logged[4]
        assert logged[0] > 0
    assert rows[0]["discriminator_r1_A"] != rows[0]["discriminator_r1_B"]


def test_what_the_regularizer_logs_instead_of_its_penalty_is_logged_lazily_too():
    """As one within another: the inner one's last penalty."""
    rows = history(regularized_game([every(2, every(1, r1(2.0)))]), POINTS, 3)
    ((_, eager),) = history(regularized_game([r1(2.0)]), POINTS, 1)
    logged = [metrics["discriminator_r1"] for _, metrics in rows]
    assert logged[0] == logged[1] == pytest.approx(eager["discriminator_r1"], rel=1e-5)
    assert logged[2] != logged[1]
