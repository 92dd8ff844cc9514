"""Layers that see several examples at once, against NumPy and PyTorch."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.parallel import AXIS
from gan_jax.networks import mlp
from gan_jax.networks.functional import features, forward
from gan_jax.networks.layers import MinibatchDiscrimination, Packed, minibatch_stddev
from gan_jax.networks.ops import computing


def close(a, b, tolerance=1e-5):
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


def test_minibatch_discrimination_sums_the_closeness_to_every_example():
    rng = np.random.default_rng(0)
    f, kernel = rng.normal(size=(5, 3)), rng.normal(size=(3, 4 * 2))
    module = MinibatchDiscrimination(kernels=4, dimensions=2)

    def reference(f):
        m = (f @ kernel).reshape(-1, 4, 2)
        o = np.zeros((len(f), 4))
        for i in range(len(f)):
            for j in range(len(f)):
                o[i] += np.exp(-np.abs(m[i] - m[j]).sum(-1))
        return np.concatenate([f, o], 1)

    weights = rng.normal(size=(5, 7))

    def ours(f):
        return module.apply({"params": {"kernel": jnp.float32(kernel)}}, f)

    close(ours(jnp.float32(f)), reference(f))
    gradient = jax.grad(lambda f: jnp.sum(jnp.float32(weights) * ours(f)))(jnp.float32(f))
    step = 1e-6
    expected = np.zeros_like(f)
    for place in np.ndindex(*f.shape):
        moved = np.zeros_like(f)
        moved[place] = step
        expected[place] = np.sum(weights * (reference(f + moved) - reference(f - moved))) / (2 * step)
    close(gradient, expected)
    # Alone, an example is close to itself only; among copies, to all.
    np.testing.assert_allclose(ours(jnp.ones((1, 3)))[:, 3:], 1)
    np.testing.assert_allclose(ours(jnp.ones((6, 3)))[:, 3:], 6)


def test_minibatch_stddev_is_one_number_a_group():
    x = np.random.default_rng(1).normal(size=(6, 2, 2, 3))
    y = np.asarray(minibatch_stddev(jnp.float32(x), 3))
    assert y.shape == (6, 2, 2, 4)
    close(y[..., :3], x)
    for group in (slice(0, 3), slice(3, 6)):
        expected = np.sqrt(x[group].var(0) + 1e-8).mean()
        np.testing.assert_allclose(y[group, :, :, 3], expected, rtol=1e-5)
    # A smaller batch is one group; examples that are alike differ by nothing, with a finite gradient.
    close(minibatch_stddev(jnp.float32(x), 8)[..., 3], np.full((6, 2, 2), np.sqrt(x.var(0) + 1e-8).mean()))
    alike = jnp.ones((4, 2, 2, 3))
    np.testing.assert_allclose(minibatch_stddev(alike)[..., 3], 1e-4, rtol=1e-5)
    assert np.all(np.isfinite(jax.grad(lambda x: jnp.sum(minibatch_stddev(x)))(alike)))


@pytest.mark.parametrize(("examples", "size"), [(6, 3), (8, 4), (3, 4)])
def test_minibatch_stddev_and_its_gradient_are_those_of_pytorch(examples, size):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    rng = np.random.default_rng(2)
    x, weights = rng.normal(size=(examples, 2, 3, 5)), rng.normal(size=(examples, 2, 3, 6))

    # The steps of the paper, one group of images (C, H, W) after the other.
    images = torch.tensor(x.transpose(0, 3, 1, 2), requires_grad=True)
    judged = []
    for group in images.split(size):
        deviations = (group - group.mean(0)).square().mean(0).add(1e-8).sqrt()
        judged.append(torch.cat([group, deviations.mean().expand(len(group), 1, 2, 3)], 1))
    expected = torch.cat(judged)
    expected.backward(torch.tensor(weights.transpose(0, 3, 1, 2)))

    def value(x):
        y = minibatch_stddev(x, size)
        return jnp.sum(jnp.float32(weights) * y), y

    gradient, y = jax.jit(jax.grad(value, has_aux=True))(jnp.float32(x))
    close(y, expected.detach().permute(0, 2, 3, 1))
    close(gradient, images.grad.permute(0, 2, 3, 1))


def test_groups_that_fill_the_devices_are_those_of_one_device():
    x = jax.random.normal(jax.random.key(0), (8, 2, 2, 3))
    shares = jax.vmap(minibatch_stddev, axis_name=AXIS)(x.reshape(2, 4, 2, 2, 3))
    np.testing.assert_allclose(shares.reshape(8, 2, 2, 4), minibatch_stddev(x), rtol=1e-6)


def test_a_batch_that_groups_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="6 examples a device is not divided by groups of 4"):
        minibatch_stddev(jnp.ones((6, 2, 2, 1)))


def test_a_packed_discriminator_sees_examples_that_follow_each_other_side_by_side():
    judge = mlp.Discriminator((8,))
    packed = Packed(judge, 3)
    points = jax.random.normal(jax.random.key(0), (6, 2))
    variables = packed.init(jax.random.key(1), points[:1], train=True)  # on one example, as recipes do
    params = variables["params"]
    logits, _ = forward(packed, params, {}, points)
    assert logits.shape == (2,)
    expected, _ = forward(judge, params["discriminator"], {}, points.reshape(2, 6))
    close(logits, expected)
    assert features(packed, params, {}, points).shape == (2, 8)
    members = jax.tree.map(lambda x: jnp.stack([x, x]), params)
    close(jax.vmap(lambda p: forward(packed, p, {}, points)[0])(members)[1], logits)
    with computing("bfloat16"):
        close(forward(packed, params, {}, points)[0], logits, 0.05)


def test_packed_images_keep_their_places():
    class Channels(nn.Module):
        @nn.compact
        def __call__(self, images, train):
            return images

    images = jnp.arange(4 * 2 * 2 * 3).reshape(4, 2, 2, 3)
    packs = Packed(Channels(), 2).apply({}, images, train=True)
    assert packs.shape == (2, 2, 2, 6)
    np.testing.assert_array_equal(packs[1, 0, 1], [*images[2, 0, 1], *images[3, 0, 1]])


def test_a_batch_that_is_not_whole_packs_is_refused():
    packed = Packed(mlp.Discriminator((4,)), 4)
    variables = packed.init(jax.random.key(0), jnp.ones((1, 2)), train=True)
    with pytest.raises(ValueError, match="10 examples a device is not divided by packs of 4"):
        packed.apply(variables, jnp.ones((10, 2)), train=True)
