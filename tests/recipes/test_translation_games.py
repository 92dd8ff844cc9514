"""The games of translation wherever a game trains: on devices, in bfloat16, with less memory, and resumed."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.small_games import SHAPE, small_cyclegan
from support.translating import batch_of, begun

from gan_jax.common.parallel import AXIS
from gan_jax.game import init_state, train_step
from gan_jax.networks import cyclegan_resnet, patchgan, unet
from gan_jax.networks.layers import plain_instance_norm, spectral_norm
from gan_jax.networks.ops import computing
from gan_jax.objectives import hinge, relativistic_pairing
from gan_jax.recipes import cyclegan, pix2pix, regression
from gan_jax.training.checkpoints import Checkpoints
from gan_jax.training.saved_state import host_like, to_device, to_host

pytestmark = pytest.mark.slow

ADAM = optax.adam(2e-4, b1=0.5)
SHAPES = ((64, 64, 3), (64, 64, 1))
PATCHES = patchgan.Discriminator(2, normalization=plain_instance_norm)
RESNETS = cyclegan_resnet.Generator(1, 2, 1), cyclegan_resnet.Generator(3, 2, 1)
UNETS = unet.Generator(64, 1, 2), unet.Generator(64, 3, 2)
GAMES = {
    "pix2pix": lambda: pix2pix(UNETS[0], patchgan.Discriminator(2), SHAPES, ADAM, ADAM),
    "pix2pix, pixels, hinge": lambda: pix2pix(
        RESNETS[0], patchgan.PixelDiscriminator(2, spectral_norm), SHAPES, ADAM, ADAM, objective=hinge
    ),
    "L1": lambda: regression(UNETS[0], SHAPES, ADAM),
    "CycleGAN": lambda: cyclegan(RESNETS, (PATCHES, PATCHES), SHAPES, ADAM, ADAM, identity_weight=None),
    "CycleGAN of U-Nets, pairing": lambda: cyclegan(
        UNETS, (PATCHES, PATCHES), SHAPES, ADAM, ADAM, identity_weight=None, objective=relativistic_pairing
    ),
}


def shapes(tree):
    return jax.tree.map(lambda x: (x.shape, x.dtype), tree)


@pytest.mark.parametrize("name", GAMES)
def test_traces_on_devices_in_bfloat16_and_with_remat(name):
    """Traced only, which is quick: the next state is like the one before, in shapes and in types."""
    game = GAMES[name]()
    state = jax.eval_shape(lambda: init_state(game, jax.random.key(0)))

    def run(state, batch):
        with computing("bfloat16", remat=True):
            return train_step(game, state, batch)

    traced = jax.make_jaxpr(run, axis_env=[(AXIS, 2)], return_shape=True)
    _, (after, metrics) = traced(state, batch_of(*SHAPES))
    assert shapes(after) == shapes(state)
    assert all(value.shape == () for value in metrics.values())
    networks = {name: {"params": state.params[name], **state.variables[name]} for name in state.params}
    for direction, translate in game.translate.items():
        images = jnp.zeros((2, *SHAPES[direction == "BtoA"]))
        made = jax.eval_shape(translate, networks, images, jax.random.key(0))
        assert made.shape == (2, *SHAPES[direction == "AtoB"])
        assert made.dtype == jnp.float32


def test_a_run_that_is_resumed_from_a_checkpoint_is_the_run_that_went_on(tmp_path):
    game, batch = small_cyclegan(), batch_of(SHAPE, SHAPE)
    step = jax.jit(partial(train_step, game))
    state = begun(game)
    for _ in range(3):
        state, _ = step(state, batch)
    checkpoints = Checkpoints(tmp_path / "checkpoints", 3)
    checkpoints.save(3, to_host(state))
    checkpoints.wait()
    like = jax.eval_shape(lambda: init_state(game, jax.random.key(0)))
    resumed = to_device(checkpoints.restore_newest(host_like(like)), like)
    checkpoints.close()
    for _ in range(3):
        (state, metrics), (resumed, again) = step(state, batch), step(resumed, batch)
    assert {name: float(value) for name, value in metrics.items()} == {
        name: float(value) for name, value in again.items()
    }
    jax.tree.map(np.testing.assert_array_equal, to_host(resumed), to_host(state))
    assert int(resumed.memory["pool_A"].count) == 3
