"""What tests of regularizers share: a made-up view of an update, and a small discriminator in JAX and PyTorch."""

from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.regularizers import Judged, View


def view(discriminate, real, fake, *, features=None, params=None, step=0, key=0):
    """The view of an update whose discriminator is the function `discriminate` of images."""

    def judged(images):
        images = jnp.asarray(images, jnp.float32)
        return Judged(images, discriminate(images), discriminate, features or discriminate)

    return View(
        batch={"image": jnp.asarray(real, jnp.float32)},
        latents=jnp.zeros((len(real), 1)),
        real=judged(real),
        fake=judged(fake),
        params=params,
        step=jnp.int32(step),
        key=jax.random.key(key),
    )


def penalty(regularizer, seen):
    """What it charges in its first step."""
    return regularizer.apply(seen, regularizer.init())[0]


def batches(shape=(6, 5), seed=0):
    """Real and fake images."""
    return np.random.default_rng(seed).normal(size=(2, *shape)).astype(np.float32)


def mlp_params(sizes=(5, 7, 6, 1), seed=1):
    rng = np.random.default_rng(seed)
    return [
        {"kernel": rng.normal(size=(m, n)).astype(np.float32) / m**0.5, "bias": rng.normal(size=n).astype(np.float32)}
        for m, n in pairwise(sizes)
    ]


def mlp_features(params, x):
    for layer in params[:-1]:
        x = jnp.tanh(x @ layer["kernel"] + layer["bias"])
    return x


def mlp(params, x):
    """Logits (N,) by hidden layers with tanh, whose second derivatives are not zero."""
    return (mlp_features(params, x) @ params[-1]["kernel"] + params[-1]["bias"])[:, 0]


def torch_mlp(torch, params):
    """(logits of x, the parameters in the order of jax.tree.leaves), in float64."""
    leaves = [torch.tensor(np.float64(x), requires_grad=True) for x in jax.tree.leaves(params)]

    def logits(x):
        for i in range(0, len(leaves), 2):
            bias, kernel = leaves[i], leaves[i + 1]
            x = x @ kernel + bias
            x = x.tanh() if i + 2 < len(leaves) else x
        return x[:, 0]

    return logits, leaves
