"""What the tests of the games of translation share."""

import jax
import numpy as np

from gan_jax.game import init_state


def batch_of(source, target, count=2, seed=0):
    rng = np.random.default_rng(seed)
    shapes = {"image": (count, *source), "target": (count, *target)}
    return {name: rng.uniform(-1, 1, shape).astype(np.float32) for name, shape in shapes.items()}


def begun(game, seed=0):
    return jax.jit(lambda: init_state(game, jax.random.key(seed)))()


def perturbed(game, seed=1):
    """A state in which no two parameters are alike, as biases are at first, and logits are not near 0."""
    state = jax.eval_shape(lambda: init_state(game, jax.random.key(0)))
    rng = np.random.default_rng(seed)

    def drawn(path, x):
        scale = "scale" in jax.tree_util.keystr(path)
        return (scale + rng.normal(0, 0.1, x.shape)).astype(np.float32)

    zeros = jax.tree.map(lambda x: np.zeros(x.shape, x.dtype), state.replace(key=None, params={}))
    return zeros.replace(params=jax.tree_util.tree_map_with_path(drawn, state.params), key=jax.random.key(4 + seed))


def agree_with_adam(start, state, player, parameters, gradients, rate, beta1):
    """The player's parameters after one step of Adam are these to 1e-4, and its first moments are those of `gradients`.

    Adam's first step is rate times the gradient's sign: where the gradient is 0 but for rounding, rounding decides.
    """
    largest = max(np.abs(x).max() for x in jax.tree.leaves(gradients))

    def same(path, before, ours, theirs, moment, gradient):
        where = jax.tree_util.keystr(path)
        np.testing.assert_allclose(moment, (1 - beta1) * gradient, rtol=1e-3, atol=2e-5 * largest, err_msg=where)
        clear = np.abs(gradient) > 1e-4 * largest
        np.testing.assert_allclose(np.where(clear, ours, 0), np.where(clear, theirs, 0), rtol=0, atol=1e-4)
        assert np.abs(ours - theirs).max() < 2.1 * rate, where
        assert np.abs(ours - before)[clear].min(initial=rate) > rate / 2, where  # it did move

    # The first moments, in whatever form the optimizer's state has them.
    moments = state.opt_state[player][0].mu
    jax.tree_util.tree_map_with_path(same, start.params[player], state.params[player], parameters, moments, gradients)
