"""Frozen arrays: they keep their values, and nothing else changes."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.small_games import regularized_game

from gan_jax.game import freeze, init_state, train_step

BATCH = {"image": jnp.asarray(np.random.default_rng(0).normal(size=(8, 2)), jnp.float32)}


def names(tree):
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    return {"/".join(str(entry.key) for entry in path): leaf for path, leaf in leaves}


def test_only_the_named_arrays_stay():
    game = regularized_game((), optimizer=optax.adam(1e-2))
    state = init_state(game, jax.random.key(0))
    paths = names(state.params)
    frozen = next(path for path in paths if path.startswith("discriminator") and path.endswith("kernel"))
    after, metrics = train_step(freeze(game, [frozen]), state, BATCH)
    plain, plain_metrics = train_step(game, state, BATCH)
    assert jax.tree.structure(after) == jax.tree.structure(plain)
    for path, new in names(after.params).items():
        if path == frozen:
            np.testing.assert_array_equal(new, paths[path])
        elif path.startswith("discriminator"):
            # The other updates of this player are what they were.
            np.testing.assert_array_equal(new, names(plain.params)[path])
    assert metrics["discriminator_loss"] == plain_metrics["discriminator_loss"]
    # A name is that of a whole module, not of the beginning of one.
    with pytest.raises(ValueError, match="there are no such arrays; modules are discriminator/"):
        freeze(game, [frozen[:-1]])


def test_nothing_to_freeze_is_the_same_game():
    game = regularized_game()
    assert freeze(game, ()) is game
