"""Path length regularization of StyleGAN2: equal steps in the styles are to change images by equal amounts."""

import flax.linen as nn
import jax
import jax.numpy as jnp

from gan_jax.common.checks import at_least, decay_rate
from gan_jax.common.parallel import example_keys, mean_over_devices
from gan_jax.regularizers.base import Regularizer, Tree, View


def path_length(generator: nn.Module, weight: float = 2.0, *, decay: float = 0.99, shrink: int = 2) -> Regularizer:
    """weight E_w[(|J_w' y| - a)^2] for a generator with styles w (N, L, W), such as `stylegan2.Generator`.

    J_w is the Jacobian of the images in the styles, and y are images of normal noise, divided by the square root of the
    number of pixels. The length is the root of the squared norm in W, averaged over the L layers, and a is its moving
    average over the steps, which starts at 0 (Karras et al. 2020, arXiv 1912.04958, section 3.2 and the authors' code).
    It is meant for `every(4, ...)`, and costs less with only one in `shrink` examples of the batch.

    generator: a module with the methods `styles`, from latents to w, and `synthesize`, from w to images. If it has
        `classes`, the labels are those of the batch.

    It is a penalty of the generator. Raises ValueError for a negative weight, a decay outside [0, 1) or a shrink below
    1.

    >>> from gan_jax.networks import dcgan, stylegan2
    >>> generator, sgd = stylegan2.Generator(8, 1, width=2), optax.sgd(0.1)
    >>> penalty = regularizers.every(4, regularizers.path_length(generator))
    >>> gan = recipes.gan(
    ...     generator, dcgan.Discriminator(2), objectives.non_saturating, sgd, sgd, generator_regularizers=[penalty]
    ... )
    >>> def first_step():
    ...     return game.train_step(gan, game.init_state(gan, jax.random.key(0)), {"image": jnp.zeros((4, 8, 8, 1))})
    >>> "generator_path_length" in jax.eval_shape(first_step)[1]
    True
    """
    at_least(0, "the weight of path_length", weight)
    decay_rate("the decay of path_length", decay)
    at_least(1, "the shrink of path_length", shrink)

    def apply(view: View, memory: Tree) -> tuple[jax.Array, Tree]:
        latents = view.latents[::shrink]  # on several devices these are the same examples, which the first ones are not
        labels = [view.batch["label"][::shrink]] if getattr(generator, "classes", None) is not None else []
        noise_key, styles_key, images_key = jax.random.split(view.key, 3)

        def call(method: str, key: jax.Array, *inputs: jax.Array) -> jax.Array:
            variables, rngs = {"params": view.params}, {"noise": key}
            # The running mean of w, which only samples need, is left as it is.
            made, _ = generator.apply(variables, *inputs, train=True, method=method, rngs=rngs, mutable=["batch_stats"])
            return made.astype(jnp.float32)

        def towards_noise(ws: jax.Array) -> jax.Array:
            images = call("synthesize", images_key, ws)
            keys = example_keys(noise_key, len(latents))
            noise = jax.vmap(lambda key: jax.random.normal(key, images.shape[1:]))(keys)
            return jnp.sum(images * noise) / jnp.sqrt(images.shape[1] * images.shape[2])

        slopes = jax.grad(towards_noise)(call("styles", styles_key, latents, *labels))
        lengths = jnp.sqrt(jnp.mean(jnp.sum(jnp.square(slopes), 2), 1))
        average = decay * memory + (1 - decay) * mean_over_devices(jnp.mean(lengths))
        penalty = weight * jnp.mean(jnp.square(lengths - average))
        return penalty, jax.lax.stop_gradient(average)

    return Regularizer("path_length", lambda: jnp.zeros(()), apply)
