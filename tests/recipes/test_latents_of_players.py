"""The latents of both players' updates: the same ones, or fresh ones for G."""

import jax
import jax.numpy as jnp
import optax
import pytest

from gan_jax.game import init_state, train_step
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import stateless


@pytest.mark.parametrize("fresh", [False, True])
def test_g_has_the_latents_of_d_or_its_own(fresh):
    sgd, pair = optax.sgd(0.1), (mlp.Generator(2, (4,)), mlp.Discriminator((4,)))
    seen = {name: [stateless(name, lambda view: jnp.mean(view.latents))] for name in ("of_d", "of_g")}
    game = gan(
        *(*pair, non_saturating, sgd, sgd),
        latent=normal(3),
        regularizers=seen["of_d"],
        generator_regularizers=seen["of_g"],
        fresh_latents=fresh,
    )
    step = jax.jit(lambda state: train_step(game, state, {"image": jnp.zeros((8, 2))}))
    state = init_state(game, jax.random.key(0))
    means = []
    for _ in range(3):
        state, metrics = step(state)
        means.append(float(metrics["generator_of_g"]))
        assert (float(metrics["discriminator_of_d"]) == means[-1]) == (not fresh)
    assert len(set(means)) == 3  # each step draws anew
