"""Lets features see images on three virtual CPU devices, and saves what they saw.

A script, since the number of devices is settled when jax starts: see `scripts`.
"""

import os
import sys

os.environ["JAX_PLATFORMS"] = "cpu"
os.environ["XLA_FLAGS"] = os.environ.get("XLA_FLAGS", "") + " --xla_force_host_platform_device_count=3"

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.evaluation.features import Features, Seen, extract, extract_batches
from gan_jax.evaluation.metrics import stream_moments

IMAGES = np.random.default_rng(0).integers(0, 256, (29, 3, 2, 1), np.uint8)


def see(params, images):
    return Seen(jnp.sin(images.reshape(len(images), -1) * params), None)


def main() -> None:
    features = Features("mine", "1", "", see, np.float32(0.1), batch_size=4)
    spread = next(extract_batches(features, IMAGES)).features
    moments = stream_moments(batch.features for batch in extract_batches(features, IMAGES))
    np.savez(
        sys.argv[1],
        devices=jax.local_device_count(),
        first=len(spread),
        features=extract(features, IMAGES).features,
        covariance=moments.covariance,
    )


if __name__ == "__main__":
    main()
