"""A VAE with Gaussian values, whose bound can be made tighter, on points in the plane."""

import jax
import jax.numpy as jnp
import optax

from gan_jax.common.parallel import example_keys
from gan_jax.game import Game, Outcome, Player
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal


def gaussian_vae(hidden: tuple[int, ...], optimizer: optax.GradientTransformation, tightness: int = 1) -> Game:
    """Builds the game of one player that descends -E[log 1/K sum_k p(x, z_k) / q(z_k|x)], z_k from q, K = `tightness`.

    With K = 1 it is the evidence lower bound (Kingma and Welling 2013, arXiv 1312.6114, equation 2), and with K towards
    infinity the likelihood (Burda et al. 2015, arXiv 1509.00519, theorem 1). q(z|x) and p(x|z) are Gaussian with
    diagonal covariances; that of p(x|z) is one number, which is learned. z has 2 dimensions. Samples (N, 2) are draws
    of p(x|z).
    """
    encoder, decoder = mlp.Generator(4, hidden), mlp.Generator(2, hidden)

    def log_normal(x: jax.Array, mean: jax.Array, log_scale: jax.Array) -> jax.Array:
        return jnp.sum(-0.5 * jnp.square((x - mean) / jnp.exp(log_scale)) - log_scale - 0.919, -1)

    def loss(params, state, batch, key):
        own, x = params["autoencoder"], batch["image"]
        mean, log_scale = jnp.split(encoder.apply({"params": own["encoder"]}, x, train=True), 2, -1)
        noise = jax.vmap(lambda key: jax.random.normal(key, (tightness, 2)))(example_keys(key, len(x)))
        z = mean[:, None] + jnp.exp(log_scale)[:, None] * noise
        made = decoder.apply({"params": own["decoder"]}, z.reshape(-1, 2), train=True).reshape(z.shape)
        terms = log_normal(x[:, None], made, own["log_scale"]) + log_normal(z, jnp.zeros(2), jnp.zeros(2))
        terms -= log_normal(z, mean[:, None], log_scale[:, None])
        bound = jnp.mean(jax.nn.logsumexp(terms, 1) - jnp.log(tightness))
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
