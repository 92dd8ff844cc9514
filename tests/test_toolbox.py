"""Any objective, regularizer and networks that make sense together train, as they are, wherever a game trains."""

import itertools

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax import objectives, regularizers
from gan_jax.common.parallel import AXIS
from gan_jax.game import init_state, train_step
from gan_jax.networks import biggan, dcgan, fastgan, mlp, projected, r3gan, resnet, stylegan2
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm, spectral_norm
from gan_jax.networks.ops import computing
from gan_jax.objectives import DIVERGENCES, f_gan
from gan_jax.recipes import gan

pytestmark = pytest.mark.slow

OBJECTIVES = {
    "minimax": objectives.minimax,
    "non_saturating": objectives.non_saturating,
    "smoothed": objectives.smoothed(),
    "least_squares": objectives.least_squares(),
    "wasserstein": objectives.wasserstein,
    "hinge": objectives.hinge,
    "relativistic_average": objectives.relativistic_average,
    "relativistic_pairing": objectives.relativistic_pairing,
} | {f"f_gan {name}": f_gan(name) for name in DIVERGENCES}
REGULARIZERS = {
    "r1": regularizers.r1(10.0),
    "r2": regularizers.r2(10.0),
    "zero_centred": regularizers.zero_centred(1.0),
    "wgan_gp": regularizers.wgan_gp(),
    "dragan": regularizers.dragan(),
    "lecam": regularizers.lecam(0.1),
    "lecam_hinge": regularizers.lecam_hinge(0.1),
    "consistency": regularizers.consistency(lambda images, keys: images[:, ::-1]),
    "orthogonal": regularizers.orthogonal(1e-3),
    "lazy r1": regularizers.every(4, regularizers.r1(10.0)),
}
NETWORKS = {
    "mlp": (mlp.ImageGenerator((8, 8, 1), (8,)), mlp.Discriminator((8,))),
    "dcgan": (dcgan.Generator(8, 1, 2), dcgan.Discriminator(2, normalization=no_norm)),
    "dcgan, spectral norm": (dcgan.Generator(8, 1, 2), dcgan.Discriminator(2, normalization=spectral_norm)),
    "resnet": (resnet.Generator(8, 1, 4), resnet.Discriminator(4)),
}
# These take long to compile. What their experiments train is tested with those.
LARGE = {
    "biggan": (biggan.Generator(8, 1, 1), biggan.Discriminator(1)),
    "fastgan and projected": (fastgan.Generator(8, 1, 16), projected.Discriminator(128)),
    "r3gan": (r3gan.Generator(8, 1, 16), r3gan.Discriminator(16)),
    "stylegan2": (stylegan2.Generator(8, 1, 4, 4, 8, 1), stylegan2.Discriminator(4, 4)),
}
BATCH = {"image": np.random.default_rng(0).uniform(-1, 1, (4, 8, 8, 1)).astype(np.float32)}


def game_of(objective, regularizer, networks):
    adam = optax.adam(1e-3, b1=0.5)
    chosen = [REGULARIZERS[regularizer]]
    return gan(*(NETWORKS | LARGE)[networks], OBJECTIVES[objective], adam, adam, latent=normal(4), regularizers=chosen)


def shapes(tree):
    return jax.tree.map(lambda x: (x.shape, x.dtype), tree)


# Each objective and each regularizer at least once.
PAIRS = [(name, list(REGULARIZERS)[i % len(REGULARIZERS)]) for i, name in enumerate(OBJECTIVES)]
# What an objective asks of a regularizer is the same in all networks, so all pairs are traced where that is short.
TRACED = dict.fromkeys(NETWORKS | LARGE, (("relativistic_pairing", "zero_centred"), ("hinge", "orthogonal"))) | {
    "mlp": tuple(itertools.product(OBJECTIVES, REGULARIZERS)),
    "dcgan": tuple(("non_saturating", regularizer) for regularizer in REGULARIZERS),
}


@pytest.mark.parametrize("networks", TRACED)
def test_every_pair_traces_on_devices_in_bfloat16(networks):
    """Traced only, which is quick: the next state is like the one before, in shapes and in types."""
    for objective, regularizer in TRACED[networks]:
        game = game_of(objective, regularizer, networks)
        state = jax.eval_shape(lambda game=game: init_state(game, jax.random.key(0)))

        def run(state, batch, game=game):
            with computing("bfloat16"):
                return train_step(game, state, batch)

        traced = jax.make_jaxpr(run, axis_env=[(AXIS, 2)], return_shape=True)
        _, (after, metrics) = traced(state, BATCH)
        assert shapes(after) == shapes(state), (objective, regularizer)
        assert all(value.shape == () for value in metrics.values())


@pytest.mark.parametrize("networks", NETWORKS)
def test_pairs_train_for_two_steps_with_finite_losses_that_move_both_players(networks):
    pairs = PAIRS if networks == "mlp" else PAIRS[:1]
    for objective, regularizer in pairs:
        game = game_of(objective, regularizer, networks)
        start = init_state(game, jax.random.key(0))
        play = jax.jit(lambda state, batch, game=game: train_step(game, state, batch))
        state, _ = play(start, BATCH)
        state, metrics = play(state, BATCH)
        assert all(np.isfinite(value) for value in metrics.values()), (objective, regularizer, metrics)
        for player in start.params:
            moved = jax.tree.map(lambda a, b: jnp.any(a != b), start.params[player], state.params[player])
            assert any(jax.tree.leaves(moved)), (objective, regularizer, player)
