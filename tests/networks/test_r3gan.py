"""R3GAN's networks against PyTorch's: numbers of parameters, values, gradients and gradients of gradient penalties."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import r3gan

pytestmark = pytest.mark.slow


def reference():
    pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_r3gan

    return torch_r3gan


def parameters(module, *arrays):
    shapes = jax.eval_shape(lambda *x: module.init(jax.random.key(0), *x, train=True), *arrays)
    return shapes["params"]


# The stages of the authors' presets for CIFAR-10 and for FFHQ at 64x64 and 256x256.
@pytest.mark.parametrize(
    ("resolution", "stages", "classes"),
    [
        (32, [768] * 4, 10),
        (64, [768] * 4 + [384], None),
        (256, [768] * 4 + [384, 192, 96], None),
    ],
)
def test_has_the_parameters_of_the_authors_networks(resolution, stages, classes):
    torch_r3gan, label = reference(), [] if classes is None else [jnp.zeros(1, jnp.int32)]
    with torch_r3gan.torch.device("meta"):
        expected = [
            torch_r3gan.count(torch_r3gan.Generator(stages, 64, 2, classes)),
            torch_r3gan.count(torch_r3gan.Discriminator(stages, 2, classes)),
        ]
    found = [
        parameters(r3gan.Generator(resolution, 3, classes=classes), jnp.zeros((1, 64)), *label),
        parameters(r3gan.Discriminator(classes=classes), jnp.zeros((1, resolution, resolution, 3)), *label),
    ]
    assert [sum(x.size for x in jax.tree.leaves(each)) for each in found] == expected


def test_starts_as_the_paper_says():
    made = r3gan.Generator(32, 3, 256).init(jax.random.key(0), jnp.zeros((1, 64)), train=True)["params"]
    # Eight blocks: LeakyReLU's gain times 8^(-1/4), of 256 and of 3 x 3 x 16 values.
    gain = np.sqrt(2 / 1.04) * 8**-0.25
    block = made["_Block_0"]
    assert np.std(block["Conv_0"]["kernel"]) == pytest.approx(gain / 16, rel=0.02)
    assert np.std(block["GroupedConv_0"]["kernel"]) == pytest.approx(gain / 12, rel=0.02)
    assert not np.any(block["Conv_1"]["kernel"])
    assert np.std(made["basis"]) == pytest.approx(1, rel=0.05)
    assert np.std(made["Dense_0"]["kernel"]) == pytest.approx(1 / 8, rel=0.05)


def close(ours, theirs, largest):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-4 * max(np.abs(theirs).max(), 1e-2 * largest))


def drawn(module, *arrays):
    """Not as they start: zeros would hide mistakes."""
    rng = np.random.default_rng(2)
    return jax.tree.map(lambda x: rng.normal(0, 0.2, x.shape).astype(np.float32), parameters(module, *arrays))


SIZES = {(8, 12): (4, 6), (16, 16): (4, 4)}


@pytest.mark.parametrize("classes", [None, 3])
@pytest.mark.parametrize("size", SIZES)
def test_the_generator_is_that_of_pytorch(size, classes):
    torch_r3gan = reference()
    rng, labels = np.random.default_rng(0), jnp.array([0, 2])
    latents = rng.normal(size=(2, 5)).astype(np.float32)
    module = r3gan.Generator(size, 2, 16, 1, classes)
    given = [latents] if classes is None else [latents, labels]
    params = drawn(module, *given)
    stages = [16] * (2 if size == (8, 12) else 3)
    network = torch_r3gan.load(torch_r3gan.Generator(stages, 5, 1, classes, 2, SIZES[size]), params)
    onehot = None if classes is None else torch_r3gan.torch.eye(3).double()[np.array(labels)]
    expected = network(torch_r3gan.torch.tensor(np.float64(latents)), onehot)
    weights = rng.normal(size=expected.shape)
    expected.backward(torch_r3gan.torch.tensor(weights))

    def value(params):
        y = module.apply({"params": params}, *given, train=True)
        return jnp.sum(jnp.float32(weights.transpose(0, 2, 3, 1)) * y), y

    gradients, y = jax.jit(jax.grad(value, has_aux=True))(params)
    close(y, expected.detach().numpy().transpose(0, 2, 3, 1), 0)
    compare_gradients(torch_r3gan, network, gradients)


@pytest.mark.parametrize("classes", [None, 3])
def test_the_discriminator_and_its_gradient_penalty_are_those_of_pytorch(classes):
    torch_r3gan = reference()
    torch = torch_r3gan.torch
    rng, labels = np.random.default_rng(0), jnp.array([0, 2])
    images = rng.normal(size=(2, 16, 16, 2)).astype(np.float32)
    module = r3gan.Discriminator(16, 1, classes)
    given = [] if classes is None else [labels]
    params = drawn(module, images, *given)
    network = torch_r3gan.load(torch_r3gan.Discriminator([16, 16, 16], 1, classes, 2), params)
    onehot = None if classes is None else torch.eye(3).double()[np.array(labels)]
    points = torch.tensor(np.float64(images.transpose(0, 3, 1, 2)), requires_grad=True)
    logits = network(points, onehot)
    (slopes,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    expected = logits.sum() + slopes.square().sum()
    expected.backward()

    def value(params):
        def judged(images):
            return module.apply({"params": params}, images, *given, train=True)

        return jnp.sum(judged(images)) + jnp.sum(jax.grad(lambda x: jnp.sum(judged(x)))(images) ** 2)

    found, gradients = jax.jit(jax.value_and_grad(value))(params)
    assert found == pytest.approx(expected.item(), rel=1e-4)
    compare_gradients(torch_r3gan, network, gradients)


def compare_gradients(torch_r3gan, network, gradients):
    largest = max(p.grad.abs().max().item() for p in network.parameters())
    for ours, theirs, change in torch_r3gan.pairs(network, gradients):
        close(change(np.asarray(ours)), theirs.grad.numpy(), largest)


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (r3gan.Generator(36, 3), "R3GAN cannot be built for images of 36x36"),
        (r3gan.Generator(64, 3, 24), "multiples of 8 features, not 12"),
        (r3gan.Generator(8, 3, 16, classes=2), "takes labels"),
    ],
)
def test_what_does_not_fit_is_refused(module, message):
    with pytest.raises(ValueError, match=message):
        parameters(module, jnp.zeros((1, 4)))
