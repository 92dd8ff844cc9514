"""Games that translate images by their L1 loss, for tests: an experiment with convolutions, and a single number."""

from dataclasses import dataclass

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.common.parallel import example_keys
from gan_jax.data import DataInfo
from gan_jax.game import Game, Outcome, Player
from gan_jax.training import Settings


@dataclass(frozen=True, kw_only=True)
class Config(Settings):
    """A translation of each pixel, halving and doubling the side on the way."""

    dataset: str = "edges:digits"
    resolution: int = 8
    batch_size: int = 16
    learning_rate: float = 3e-3

    both: bool = False
    """Translate back, too."""

    pairs: bool = False
    """Refuse data without pairs."""

    noise: float = 0.0
    """Deviation of the noise that is added to translations."""


class Net(nn.Module):
    channels: int

    @nn.compact
    def __call__(self, x):
        y = nn.relu(nn.Conv(8, (4, 4), (2, 2))(x))
        y = nn.ConvTranspose(8, (4, 4), (2, 2))(y)
        return jnp.tanh(nn.Conv(self.channels, (3, 3))(jnp.concatenate([x, nn.relu(y)], -1)))


def build(config: Config, data: DataInfo) -> Game:
    image_shape, target_shape = data.pair_shapes if config.pairs else data.translation_shapes
    nets = {"AtoB": (Net(target_shape[2]), image_shape)}
    if config.both:
        nets["BtoA"] = Net(image_shape[2]), target_shape

    def init(key):
        drawn = {way: net.init(key, jnp.zeros((1, *shape)))["params"] for way, (net, shape) in nets.items()}
        return {"generator": {"params": drawn}}, {}

    def objective(params, state, batch, key):
        sides = {"AtoB": ("image", "target"), "BtoA": ("target", "image")}
        value = jnp.zeros(())
        for way, (net, _) in nets.items():
            source, target = sides[way]
            made = net.apply({"params": params["generator"][way]}, batch[source])
            value += jnp.mean(jnp.abs(made - batch[target]))
        return value, Outcome(state.variables["generator"], {})

    def translation(way):
        def translate(networks, images, key):
            made = nets[way][0].apply({"params": networks["generator"]["params"][way]}, images)
            keys = example_keys(key, len(images))
            noise = jax.vmap(lambda key: jax.random.normal(key, made.shape[1:]))(keys)
            return jnp.clip(made + config.noise * noise, -1, 1)

        return translate

    player = Player("generator", objective, optax.adam(config.learning_rate))
    return Game((player,), init, translate={way: translation(way) for way in nets})


def scaling() -> Game:
    """Multiplies images with a number. It logs how bright images and targets are, and how far apart before that."""

    def init(key):
        return {"generator": {"params": jnp.float32(0.5)}}, {}

    def objective(params, state, batch, key):
        image, target = batch["image"], batch["target"]
        metrics = {"image": jnp.mean(image), "target": jnp.mean(target), "alike": jnp.mean(jnp.abs(image - target))}
        return jnp.mean(jnp.abs(params["generator"] * image - target)), Outcome({}, metrics)

    def translate(networks, images, key):
        return networks["generator"]["params"] * images

    return Game((Player("generator", objective, optax.adam(1e-2)),), init, translate={"AtoB": translate})
