"""The fully connected networks against NumPy."""

import jax
import numpy as np

from gan_jax.networks import mlp


def reference(params, x):
    layers = params["_Layers_0"]
    for i in range(len(layers)):
        dense = layers[f"Dense_{i}"]
        x = x @ np.float64(dense["kernel"]) + np.float64(dense["bias"])
        x = np.maximum(x, 0) if i < len(layers) - 1 else x
    return x


def test_networks_are_layers_of_products_and_relu():
    rng = np.random.default_rng(0)
    generator, discriminator = mlp.Generator(3, (16, 8)), mlp.Discriminator((16,))
    z, x = rng.normal(size=(5, 4)), rng.normal(size=(5, 3))
    g = generator.init(jax.random.key(0), z, train=True)
    d = discriminator.init(jax.random.key(1), x, train=True)
    points, logits = generator.apply(g, z, train=True), discriminator.apply(d, x, train=True)
    assert points.shape == (5, 3)
    assert logits.shape == (5,)
    np.testing.assert_allclose(points, reference(g["params"], z), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(logits, reference(d["params"], x)[:, 0], rtol=1e-5, atol=1e-6)
