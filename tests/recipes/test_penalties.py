"""What recipes share: paying penalties, judging batches, and networks that are joined as one player."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.regularizing import batches, view

from gan_jax.common.parallel import example_keys
from gan_jax.recipes.joined_networks import join, variables_of, with_variables
from gan_jax.recipes.judging import Judge, JudgeKeys
from gan_jax.recipes.penalties import apply_regularizers, init_memory
from gan_jax.recipes.streams import Stream, judge_keys
from gan_jax.regularizers import Regularizer, every, lecam, stateless

# Penalties


def counting(name, start):
    """Charges how often it was applied, from `start` on, and logs ten times that."""
    return Regularizer(
        name,
        init=lambda: jnp.float32(start),
        apply=lambda view, memory: (memory + 1, memory + 1),
        logged=lambda penalty, memory: 10 * penalty,
    )


def seen(key=0, step=0):
    return view(lambda x: x[:, 0], *batches(), key=key, step=step)


def test_a_player_pays_the_sum_and_each_penalty_keeps_its_memory():
    regularizers = [counting("a", 1), stateless("mean", lambda view: jnp.mean(view.real.images)), counting("b", 5)]
    memory = init_memory(regularizers)
    assert memory == (1, (), 5)
    mean = float(jnp.mean(seen().real.images))
    for t in (1, 2):
        paid = apply_regularizers("critic", regularizers, memory, seen())
        memory = paid.memory
        assert paid.total == pytest.approx((1 + t) + mean + (5 + t))
        assert jax.tree.map(float, memory) == (1 + t, (), 5 + t)
        expected = {"critic_a": 10 * (1 + t), "critic_mean": mean, "critic_b": 10 * (5 + t)}
        assert jax.tree.map(float, paid.metrics) == pytest.approx(expected, rel=1e-6)


def test_each_penalty_draws_from_a_key_of_its_own():
    drawing = [stateless(name, lambda view: jax.random.uniform(view.key)) for name in "abc"]
    paid, again, other = (
        apply_regularizers("d", drawing, init_memory(drawing), seen(key)).metrics for key in (0, 0, 1)
    )
    assert len({float(value) for value in (*paid.values(), *other.values())}) == 6
    assert paid == again
    # And whichever penalties follow, the first draws what it draws alone.
    assert apply_regularizers("d", drawing[:1], ((),), seen()).metrics["d_a"] == paid["d_a"]


def test_without_penalties_nothing_is_paid():
    paid = apply_regularizers("generator", (), init_memory(()), seen())
    assert (float(paid.total), paid.memory, paid.metrics) == (0, (), {})


def test_networks_of_one_player_are_told_apart_by_the_suffix():
    paid = apply_regularizers("discriminator", [lecam(1.0)], init_memory([lecam(1.0)]), seen(), "_A")
    assert set(paid.metrics) == {"discriminator_lecam_A"}


def test_a_lazy_penalty_is_logged_from_its_memory():
    lazy = [every(2, counting("a", 0))]
    paid, logged, memory = [], [], init_memory(lazy)
    for step in range(4):
        total, memory, metrics = apply_regularizers("d", lazy, memory, seen(step=step))
        paid.append(float(total))
        logged.append(float(metrics["d_a"]))
    assert paid == [2 * 1, 0, 2 * 2, 0]
    assert logged == [10, 10, 20, 20]


def test_a_memory_of_other_penalties_is_refused():
    with pytest.raises(ValueError, match="zip"):
        apply_regularizers("d", [lecam(1.0)], (), seen())


# Judging


def judge():
    """The discriminator x -> n sum(x) + u, after n batches, with u drawn by its layers; images are shifted."""

    def see(images, keys):
        return images + jax.vmap(jax.random.uniform)(keys)[:, None]

    def forward(n, seen, key):
        return n * jnp.sum(seen, 1) + jax.random.uniform(key), n + 1

    def features(n, seen, key):
        return n * seen + jax.random.uniform(key)

    return Judge(see, forward, features)


KEYS = JudgeKeys(*jax.random.split(jax.random.key(0), 6))


def shifted(images, key):
    return images + np.asarray(jax.vmap(jax.random.uniform)(example_keys(key, len(images))))[:, None]


def test_both_batches_are_judged_one_after_the_other_each_with_its_own_draws():
    real, fake = batches()
    real_judged, fake_judged, after = judge()(2.0, real, fake, KEYS)
    assert after == 4
    np.testing.assert_array_equal(real_judged.images, real)
    np.testing.assert_array_equal(fake_judged.images, fake)
    expected = 2 * shifted(real, KEYS.augment_real).sum(1) + jax.random.uniform(KEYS.real)
    np.testing.assert_allclose(real_judged.output, expected, rtol=1e-5)
    expected = 3 * shifted(fake, KEYS.augment_fake).sum(1) + jax.random.uniform(KEYS.fake)
    np.testing.assert_allclose(fake_judged.output, expected, rtol=1e-5)


def test_images_that_are_judged_again_are_augmented_as_their_batch_was():
    real, fake = batches()
    real_judged, fake_judged, _ = judge()(2.0, real, fake, KEYS)
    other = real - 3
    for judged, key, again in (
        (real_judged, KEYS.augment_real, KEYS.reevaluate_real),
        (fake_judged, KEYS.augment_fake, KEYS.reevaluate_fake),
    ):
        noise = jax.random.uniform(again)
        # With the variables after both batches, which stay: twice the same.
        for _ in range(2):
            expected = 4 * shifted(other, key).sum(1) + noise
            np.testing.assert_allclose(judged.discriminate(other), expected, rtol=1e-5, atol=1e-5)
            np.testing.assert_allclose(judged.features(other), 4 * shifted(other, key) + noise, rtol=1e-5, atol=1e-5)
        slopes = jax.grad(lambda x, judged=judged: jnp.sum(judged.discriminate(x)))(other)
        np.testing.assert_array_equal(slopes, np.full(other.shape, 4))


def test_the_streams_of_an_update_are_apart():
    def words(keys):
        return {tuple(np.asarray(jax.random.key_data(key)).tolist()) for key in keys}

    key = jax.random.key(3)
    streams = words(stream.fold_in(key) for stream in Stream)
    assert len(streams | words([key])) == len(Stream) + 1
    assert words(judge_keys(key)) < streams
    assert len(words(judge_keys(key))) == 6


# Joined networks

PLAIN = {"params": {"w": 1}}
NORMALIZED = {"params": {"w": 2, "scale": 3}, "batch_stats": {"mean": 4}}


def test_networks_are_joined_by_their_names_and_taken_apart_again():
    joined = join({"A": PLAIN, "B": NORMALIZED})
    assert joined == {
        "params": {"A": {"w": 1}, "B": {"w": 2, "scale": 3}},
        "batch_stats": {"B": {"mean": 4}},
    }
    assert variables_of(joined, "A") == PLAIN
    assert variables_of(joined, "B") == NORMALIZED
    assert variables_of(joined, "C") == {}
    assert join({}) == {}


def test_the_variables_of_one_network_are_replaced_and_the_others_stay():
    joined = join({"A": NORMALIZED, "B": NORMALIZED})
    after = with_variables(joined, "A", {"batch_stats": {"mean": 5}})
    assert variables_of(after, "A") == {"params": {"w": 2, "scale": 3}, "batch_stats": {"mean": 5}}
    assert variables_of(after, "B") == NORMALIZED
    assert variables_of(joined, "A") == NORMALIZED  # nothing is changed in place
    assert with_variables(joined, "A", {}) == joined
