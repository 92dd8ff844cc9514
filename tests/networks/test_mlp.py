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


def test_the_generator_of_2014_ends_in_images():
    generator = mlp.ImageGenerator((4, 3, 2), (16, 8))
    z = np.random.default_rng(1).normal(size=(5, 4))
    variables = generator.init(jax.random.key(0), z, train=True)
    images = generator.apply(variables, z, train=True)
    expected = np.tanh(reference(variables["params"], z)).reshape(5, 4, 3, 2)
    np.testing.assert_allclose(images, expected, rtol=1e-5, atol=1e-6)


def test_the_discriminator_of_2014_is_layers_of_maxout():
    discriminator = mlp.ImageDiscriminator((6, 4), pieces=3)
    x = np.random.default_rng(2).uniform(-1, 1, size=(5, 3, 3, 1)).astype(np.float32)
    variables = discriminator.init(jax.random.key(0), x, train=True)

    def dense(x, i):
        layer = variables["params"][f"Dense_{i}"]
        return x @ np.float64(layer["kernel"]) + np.float64(layer["bias"])

    y = np.float64(x.reshape(5, 9))
    for i, units in enumerate((6, 4)):
        y = dense(y, i)
        y = np.stack([y[:, 3 * u : 3 * u + 3].max(1) for u in range(units)], 1)
    logits = discriminator.apply(variables, x, train=False)
    assert logits.shape == (5,)
    np.testing.assert_allclose(logits, dense(y, 2)[:, 0], rtol=1e-5, atol=1e-6)


def test_the_discriminator_of_2014_drops_in_training_alone():
    discriminator = mlp.ImageDiscriminator((6, 4))
    x = np.ones((5, 3, 3, 1), np.float32)
    variables = discriminator.init(jax.random.key(0), x, train=True)
    judged = [discriminator.apply(variables, x, train=True, rngs={"noise": jax.random.key(seed)}) for seed in (0, 0, 1)]
    np.testing.assert_array_equal(judged[0], judged[1])
    assert not np.array_equal(judged[0], judged[2])
    assert len(set(judged[0].tolist())) > 1  # alike examples, each with its own draw
    assert len(set(discriminator.apply(variables, x, train=False).tolist())) == 1
