"""Features of EfficientNet-lite0, trained on ImageNet: what images without labels are compared in."""

from functools import cache
from typing import Any

import jax
import jax.numpy as jnp

from gan_jax.evaluation.features.base import Features, Seen
from gan_jax.networks.pretrained.efficientnet import SHA256, efficientnet_params
from gan_jax.networks.pretrained.efficientnet_network import SIDE, EfficientNetLite0

# Raise this when the network or what is done to images before it changes.
_VERSION = 1

EFFICIENTNET = "efficientnet"


def efficientnet() -> Features:
    """EfficientNet-lite0 as features: 1280 numbers, pooled over the image, and the logits of ImageNet's 1000 classes.

    Its weights are those of `efficientnet_params`. Images of any size are resized to 224x224, bicubic and without
    aliasing. Gray ones have three equal channels.

    Raises UsageError if the package of the weights is not installed, or if its file is not the one that is expected.
    """
    efficientnet_params()  # says what is missing, every time
    return _features()


@cache
def _features() -> Features:
    return Features(
        name=EFFICIENTNET,
        version=f"lite0, {SHA256[:8]}, bicubic to {SIDE}x{SIDE}, {_VERSION}",
        description="EfficientNet-lite0, trained on ImageNet",
        see=_see,
        params=efficientnet_params(),
        batch_size=32,
    )


def efficientnet_stages(params: Any, images: jax.Array) -> list[jax.Array]:
    """The feature maps (N, H, W, C) of images, as `efficientnet` takes them and with its `params`, after each stage."""
    _, sown = EfficientNetLite0().apply({"params": params}, _enlarged(images), mutable=["intermediates"])
    return list(sown["intermediates"]["stages"])


def _see(params: Any, images: jax.Array) -> Seen:
    return Seen(*EfficientNetLite0().apply({"params": params}, _enlarged(images)))


def _enlarged(images: jax.Array) -> jax.Array:
    count, _, _, channels = images.shape
    x = jax.image.resize(images.astype(jnp.float32), (count, SIDE, SIDE, channels), "bicubic", antialias=True)
    return jnp.broadcast_to((x - 127) / 128, (count, SIDE, SIDE, 3))
