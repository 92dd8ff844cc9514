"""A VAE with Gaussian values, whose bound can be made tighter, on points in the plane."""

import jax
import jax.numpy as jnp
import optax
from jax.scipy.stats import norm

from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Outcome, Player
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.recipes.evidence import importance_bound


def gaussian_vae(hidden: tuple[int, ...], optimizer: optax.GradientTransformation, tightness: int = 1) -> Game:
    """Builds the game of one player that descends -E[log 1/K sum_k p(x, z_k) / q(z_k|x)], z_k from q, K = `tightness`.

    With K = 1 it is the evidence lower bound (Kingma and Welling 2013, arXiv 1312.6114, equation 2), and with K towards
    infinity the likelihood (Burda et al. 2015, arXiv 1509.00519, theorem 1). q(z|x) and p(x|z) are Gaussian with
    diagonal covariances; that of p(x|z) is one number, which is learned. z has 2 dimensions. Samples (N, 2) are draws
    of p(x|z).
    """
    encoder, decoder = mlp.Generator(4, hidden), mlp.Generator(2, hidden)

    def loss(params, state, batch, key):
        own, x = params["autoencoder"], batch["image"]
        mean, log_variance = jnp.split(encoder.apply({"params": own["encoder"]}, x, train=True), 2, -1)

        def conditional(z: jax.Array) -> jax.Array:
            made = decoder.apply({"params": own["decoder"]}, z, train=True)
            return jnp.sum(norm.logpdf(x, made, jnp.exp(own["log_scale"])), -1)

        bound = jnp.mean(importance_bound(mean, log_variance, conditional, key, tightness))
        return -bound, Outcome(state.variables["autoencoder"], {"bound": bound})

    def init(key):
        keys, point = jax.random.split(key), jnp.zeros((1, 2))
        params = {
            "encoder": encoder.init(keys[0], point, train=True)["params"],
            "decoder": decoder.init(keys[1], point, train=True)["params"],
            "log_scale": jnp.full((), -1.0),
        }
        return {"autoencoder": {"params": params}}, {}

    def sample(networks, latents):
        own = networks["autoencoder"]["params"]
        made = decoder.apply({"params": own["decoder"]}, latents[:, :2], train=False)
        return made + jnp.exp(own["log_scale"]) * latents[:, 2:]

    return Game(
        players=(Player("autoencoder", loss, optimizer),),
        init=init,
        latents=lambda key, count: jax.vmap(normal(4))(example_keys(key, count)),
        sample=sample,
    )
