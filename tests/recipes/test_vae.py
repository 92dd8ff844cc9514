"""The VAE: its bound by hand and by PyTorch's distributions, and that it learns."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.common.parallel import example_keys
from gan_jax.game import networks, train_step
from gan_jax.networks import gan3d
from gan_jax.networks.latents import normal
from gan_jax.recipes import vae
from gan_jax.recipes.evidence import divergence
from gan_jax.recipes.joined_networks import variables_of
from gan_jax.recipes.streams import Stream

from support.translating import begun  # isort: skip

pytestmark = pytest.mark.slow

SIZE = 3


def build(**options):
    encoder, decoder = gan3d.Discriminator(2, outputs=2 * SIZE), gan3d.Generator(8, 2)
    return vae(encoder, decoder, optax.adam(1e-2), latent_size=SIZE, **options)


def volumes(count=4):
    return np.sign(np.random.default_rng(0).normal(size=(count, 8, 8, 8, 1))).astype(np.float32)


def test_the_divergence_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from torch.distributions import Normal, kl_divergence

    mean, log_variance = np.random.default_rng(0).normal(size=(2, 5, SIZE)).astype(np.float32)
    posterior = Normal(torch.tensor(mean), torch.exp(0.5 * torch.tensor(log_variance)))
    expected = kl_divergence(posterior, Normal(0.0, 1.0)).sum(1).numpy()
    np.testing.assert_allclose(divergence(mean, log_variance), expected, rtol=1e-5)


def test_the_loss_is_the_negative_bound_in_nats():
    game, batch, key = build(beta=2.0), {"image": volumes()}, jax.random.key(3)
    state = begun(game)
    loss, outcome = game.players[0].objective(state.params, state, batch, key)

    own, variables = state.params["autoencoder"], state.variables["autoencoder"]

    def applied(module, name, inputs):
        collections = {"params": own[name], **variables_of(variables, name)}
        return module.apply(collections, inputs, train=True, mutable=list(variables))[0]

    codes = applied(gan3d.Discriminator(2, outputs=2 * SIZE), "encoder", batch["image"])
    mean, log_variance = np.float64(codes[:, :SIZE]), np.float64(codes[:, SIZE:])
    noise = jax.vmap(normal(SIZE))(example_keys(Stream.LATENTS.fold_in(key), 4))
    z = mean + np.exp(log_variance / 2) * noise
    p = (np.float64(applied(gan3d.Generator(8, 2), "decoder", jnp.asarray(z, jnp.float32))) + 1) / 2
    x = (batch["image"] + 1) / 2
    reconstruction = -(x * np.log(p) + (1 - x) * np.log(1 - p)).sum((1, 2, 3, 4)).mean()
    kl = 0.5 * (mean**2 + np.exp(log_variance) - 1 - log_variance).sum(1).mean()
    assert outcome.metrics["reconstruction"] == pytest.approx(reconstruction, rel=1e-4)
    assert outcome.metrics["kl"] == pytest.approx(kl, rel=1e-3, abs=1e-5)
    assert loss == pytest.approx(reconstruction + 2 * kl, rel=1e-4)


def test_it_learns_and_samples_by_the_average():
    game, batch = build(ema=0.9), {"image": volumes(2)}
    state = begun(game)
    step = jax.jit(lambda state: train_step(game, state, batch))
    losses = []
    for _ in range(80):
        state, metrics = step(state)
        losses.append(float(metrics["autoencoder_loss"]))
    assert losses[-1] < 0.7 * losses[0]
    latents = game.latents(jax.random.key(1), 3)
    made = game.sample(networks(state), latents)
    assert made.shape == (3, 8, 8, 8, 1)
    assert np.abs(made).max() <= 1
    live = {"autoencoder": {"params": state.params["autoencoder"], **state.variables["autoencoder"]}}
    assert np.abs(made - game.sample(live, latents)).max() > 1e-4


def test_a_negative_beta_is_refused():
    with pytest.raises(ValueError, match="beta"):
        build(beta=-1.0)
