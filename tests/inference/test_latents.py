"""Latents of seeds, on walks, and as arrays."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.parallel import example_keys
from gan_jax.game import Game
from gan_jax.inference import draw_latents, first_latents, labels_of, latent_array, latent_count, slerp, walk_latents
from gan_jax.inference.latents import latents_from_arrays


def normal(key, count):
    return jax.vmap(lambda key: jax.random.normal(key, (6,)))(example_keys(key, count))


GAME = Game((), lambda key: ({}, {}), latents=normal)
CONDITIONAL = Game((), lambda key: ({}, {}), latents=lambda k, n: (normal(k, n), jnp.arange(n) % 3), classes=3)


def assert_same(a, b):
    jax.tree.map(np.testing.assert_array_equal, a, b)


@pytest.mark.parametrize("game", [GAME, CONDITIONAL])
def test_the_latents_of_seeds_are_the_first_ones_of_each(game):
    seeds = [7, 0, 2**32 - 1]
    several = first_latents(game, seeds)
    assert latent_count(several) == 3
    for i, seed in enumerate(seeds):
        assert_same(
            jax.tree.map(lambda x, i=i: x[i], several), jax.tree.map(lambda x: x[0], draw_latents(game, 5, seed))
        )
    assert len(np.unique(latent_array(game, several), axis=0)) == 3


@pytest.mark.parametrize("game", [GAME, CONDITIONAL])
def test_latents_become_arrays_and_come_back(game):
    drawn = draw_latents(game, 8, seed=1)
    array, labels = latent_array(game, drawn), labels_of(game, drawn)
    assert array.shape == (8, 6)
    assert (labels is None) == (game is GAME)
    assert_same(latents_from_arrays(game, array, labels), drawn)
    # Without labels they have the classes that the game draws.
    assert_same(latents_from_arrays(game, array.astype(np.float64), None), drawn)


Z = np.zeros((4, 6), np.float32)


@pytest.mark.parametrize(
    ("game", "latents", "labels", "words"),
    [
        (GAME, Z[:, :5], None, r"float32 of shape \(4, 5\), and the run takes numbers of shape \(N, 6\)"),
        (GAME, Z[0, 0], None, r"shape \(\)"),
        (GAME, Z[:0], None, r"shape \(0, 6\)"),
        (GAME, Z.astype(str), None, "<U"),
        (GAME, Z + np.nan, None, "not finite"),
        (GAME, Z, np.arange(4), "not conditional"),
        (CONDITIONAL, Z, np.arange(3), r"labels are int64 of shape \(3,\), not integers of shape \(4,\)"),
        (CONDITIONAL, Z, np.arange(4) / 2, "labels are float64"),
        (CONDITIONAL, Z, np.arange(4), "labels are 0 to 3, and the run has the classes 0 to 2"),
        (CONDITIONAL, Z, np.arange(4) - 2, "labels are -2 to 1"),
    ],
)
def test_arrays_that_do_not_suit_the_game(game, latents, labels, words):
    with pytest.raises(ValueError, match=words):
        latents_from_arrays(game, latents, labels)


def test_latents_of_several_arrays_are_not_one():
    game = dataclasses.replace(GAME, latents=lambda key, count: {"a": normal(key, count), "b": normal(key, count)})
    with pytest.raises(ValueError, match="2 arrays"):
        latent_array(game, draw_latents(game, 2, 0))
    with pytest.raises(ValueError, match="2 arrays"):
        latents_from_arrays(game, Z, None)


def test_walks_between_parallel_latents_are_straight():
    ends = jnp.array([[1.0, 2], [1, 2], [1, 0], [3, 0], [0, 0], [2, 2]])
    walks = np.asarray(walk_latents(ends, 3)).reshape(3, 3, 2)
    np.testing.assert_allclose(walks, [[[1, 2]] * 3, [[1, 0], [2, 0], [3, 0]], [[0, 0], [1, 1], [2, 2]]], atol=1e-6)


def test_walks_of_one_number_are_straight():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 1000, 1)).astype(np.float32)
    for t in (0.0, 0.3, 0.5, 1.0):
        np.testing.assert_allclose(slerp(a, b, t), (1 - t) * a + t * b, atol=1e-6)


def test_walks_between_opposite_latents_are_straight_and_those_beside_them_are_round():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(200, 8)).astype(np.float32)
    factors = rng.uniform(0.1, 3, (200, 1)).astype(np.float32)
    for opposite in (-a, -factors * a, factors * a):
        np.testing.assert_allclose(slerp(a, opposite, 0.5), (a + opposite) / 2, atol=1e-5)
    # Away from these the formula holds, in float64.
    b = rng.normal(size=(200, 8))
    for near in (0.01, 0.1, 1):
        end = np.float32(near * b - a)
        x, y = np.float64(a), np.float64(end)
        angle = np.arccos(np.sum(x * y, 1) / np.linalg.norm(x, axis=1) / np.linalg.norm(y, axis=1))[:, None]
        rows = np.sin(angle[:, 0]) > 2e-3
        assert rows.mean() > 0.5
        expected = (np.sin(0.7 * angle) * x + np.sin(0.3 * angle) * y) / np.sin(angle)
        np.testing.assert_allclose(slerp(a, end, 0.3)[rows], expected[rows], rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("b", [[3.0, 4.0], [-6.0, -8.0], [0.0, 0.0], [6.0, 8.0], [4.0, -3.0]])
def test_walks_have_finite_slopes_everywhere(b):
    a, b = jnp.array([[3.0, 4.0]]), jnp.array([b])
    slopes = jax.jacfwd(slerp, (0, 1, 2))(a, b, jnp.array([0.25]))
    slopes_back = jax.jacrev(slerp, (0, 1, 2))(a, b, jnp.array([0.25]))
    for forward, backward in zip(slopes, slopes_back, strict=True):
        assert np.isfinite(forward).all()
        np.testing.assert_allclose(forward, backward, atol=1e-6)
    if b[0, 0] == 4:  # a quarter turn
        turn = np.pi / 2
        expected = turn * (np.cos(turn / 4) * b - np.cos(turn * 3 / 4) * a)
        np.testing.assert_allclose(slopes[2].reshape(1, 2), expected, rtol=1e-5)
