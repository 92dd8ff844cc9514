"""What is in a checkpoint, and what is not its fault."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import optax
import pytest
from flax import struct

from gan_jax.common.errors import UserError
from gan_jax.game import Game, Outcome, Player, init_state
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.saved_state import host_like, to_device, to_host

STATE = {"kernel": np.arange(6.0).reshape(2, 3), "step": np.int32(4)}
OTHERS = {
    "one more": (STATE | {"bias": np.zeros(3)}, "it has no bias"),
    "one less": ({"step": np.int32(0)}, "it has kernel, which the game does not"),
    "another name": ({"weight": STATE["kernel"], "step": np.int32(0)}, "it has no weight"),
    "another shape": (STATE | {"kernel": np.zeros((3, 2))}, r"kernel has the shape \(2, 3\), not \(3, 2\)"),
    "another place": ({"params": STATE}, "it has no params/kernel"),
}


@pytest.fixture
def checkpoints(tmp_path):
    kept = Checkpoints(tmp_path / "checkpoints", 3)
    yield kept
    kept.close()


def saved_and_restored(checkpoints, state, like):
    checkpoints.save(4, state)
    checkpoints.wait()
    return checkpoints.restore_newest(like)


def assert_same(a, b):
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for ours, theirs in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("other", OTHERS)
def test_a_whole_checkpoint_of_another_structure_is_an_error_and_stays(other, checkpoints, tmp_path):
    like, reason = OTHERS[other]
    with pytest.raises(UserError, match=rf"checkpoint 4 .* is whole, but not of this game \({reason}\)"):
        saved_and_restored(checkpoints, STATE, jax.eval_shape(lambda: like))
    assert not (tmp_path / "damaged").exists()
    again = checkpoints.restore_newest(jax.eval_shape(lambda: STATE))
    assert again is not None
    np.testing.assert_array_equal(again["kernel"], STATE["kernel"])


def test_an_array_deep_in_the_state_is_named_by_its_place(checkpoints):
    state = {"params": {"generator": {"Dense_0": {"kernel": np.zeros(3)}}}, "memory": [np.zeros(2), np.ones(2)]}
    like = {"params": {"generator": {"Dense_0": {"bias": np.zeros(3)}}}, "memory": state["memory"]}
    with pytest.raises(UserError, match="it has no params/generator/Dense_0/bias"):
        saved_and_restored(checkpoints, state, like)
    with pytest.raises(UserError, match="it has memory/1, which the game does not"):
        checkpoints.restore_newest({**state, "memory": [np.zeros(2)]})


EMPTY = {"none": None, "dict": {}, "tuple": (), "list": [], "state of optax": optax.EmptyState()}


@pytest.mark.parametrize("there", EMPTY)
@pytest.mark.parametrize("here", EMPTY)
def test_empty_nodes_are_of_no_matter(there, here, checkpoints):
    state = {**STATE, "memory": EMPTY[there], "variables": {"generator": EMPTY[there]}}
    like = {**STATE, "memory": EMPTY[here], "more": {"empty": EMPTY[here]}}
    assert_same(saved_and_restored(checkpoints, state, like), like)


class Node(struct.PyTreeNode):
    x: jax.Array
    rest: tuple


def test_arrays_come_back_in_the_nodes_of_the_state(checkpoints):
    state = Node(np.arange(3.0), ({"a": np.int32(1), "b": [np.float32(2)]}, optax.EmptyState(), np.zeros((2, 1))))
    again = saved_and_restored(checkpoints, state, state)
    assert isinstance(again, Node)
    assert_same(again, state)


DTYPES = [np.float32, np.float64, np.float16, ml_dtypes.bfloat16, np.int32, np.int64, np.uint8, np.uint32, np.bool_]


def test_every_dtype_comes_back_as_it_was(checkpoints):
    state = {np.dtype(dtype).name: np.array([[0, 1, 1], [1, 0, 1]], dtype) for dtype in DTYPES}
    state |= {"scalar": np.float32(0.1), "not finite": np.array([np.nan, np.inf, -0.0], np.float32)}
    like = {name: jax.ShapeDtypeStruct(x.shape, x.dtype) for name, x in state.items()}
    again = saved_and_restored(checkpoints, state, like)
    assert_same(again, state)
    assert np.signbit(again["not finite"][2])


def tiny_state(key):
    """Of a game with two optimizers, an average and a memory that holds a key."""

    def init(key):
        networks = {name: {"params": {"w": jnp.ones(3)}, "batch_stats": {"mean": jnp.zeros(2)}} for name in "ab"}
        return networks, {"key": key, "count": jnp.int32(3), "nothing": {}}

    def objective(params, state, batch, key):
        return jnp.sum(params["a"]["w"]), Outcome({}, {})

    players = Player("a", objective, optax.adam(1e-3), ema=0.9), Player("b", objective, optax.sgd(1e-3))
    return init_state(Game(players, init), key)


def test_a_state_comes_back_with_its_keys(checkpoints):
    state = tiny_state(jax.random.key(7))
    abstract = jax.eval_shape(lambda: state)
    again = to_device(saved_and_restored(checkpoints, to_host(state), host_like(abstract)), abstract)
    assert jax.tree.structure(again) == jax.tree.structure(state)
    for ours, theirs in ((again.key, state.key), (again.memory["key"], state.memory["key"])):
        assert jnp.issubdtype(ours.dtype, jax.dtypes.prng_key)
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(jax.random.uniform(ours, 3), jax.random.uniform(theirs, 3))
    assert_same(to_host(again), to_host(state))


def test_what_is_saved_are_keys_as_words():
    state = tiny_state(jax.random.key(7))
    saved = to_host(state)
    assert all(isinstance(x, np.ndarray) for x in jax.tree.leaves(saved))
    np.testing.assert_array_equal(saved.key, jax.random.key_data(state.key))
    shapes = jax.tree.map(lambda x: (x.shape, x.dtype), saved)
    assert shapes == jax.tree.map(lambda x: (x.shape, x.dtype), host_like(jax.eval_shape(lambda: state)))


def test_a_checkpoint_of_an_older_version_is_brought_up_to_date(checkpoints):
    def upgrade(saved, wanted):
        assert saved.keys() == {("history",), ("step",)}
        assert set(wanted) == {("pool",), ("step",), ("last",)}
        return {("pool",): saved[("history",)], ("step",): saved[("step",)], ("last",): np.zeros(())}

    like = {"pool": np.zeros(2), "step": np.int32(0), "last": np.zeros(())}
    checkpoints.save(4, {"history": np.arange(2.0), "step": np.int32(4)})
    checkpoints.wait()
    again = checkpoints.restore_newest(like, upgrade)
    assert_same(again, {"pool": np.arange(2.0), "step": np.array(4, np.int32), "last": np.zeros(())})
    with pytest.raises(UserError, match="it has no pool"):
        checkpoints.restore_newest({"pool": np.zeros(2), "step": np.int32(0)})


def test_the_newest_checkpoint_is_restored_and_none_where_there_is_none(checkpoints):
    assert checkpoints.restore_newest(STATE) is None
    for step in (2, 10, 9):
        checkpoints.save(step, {"step": np.int32(step)})
    checkpoints.wait()
    assert checkpoints.restore_newest({"step": np.int32(0)})["step"] == 10
