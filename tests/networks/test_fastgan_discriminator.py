"""FastGAN's discriminator against PyTorch's: numbers of parameters, values, and gradients."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks.fastgan_discriminator import Discriminator

pytestmark = pytest.mark.slow


def reference():
    pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_fastgan

    return torch_fastgan


def started(module, images):
    return jax.eval_shape(lambda x: module.init(jax.random.key(0), x, train=True), images)


# As the authors' code counts them, with its width of 64.
PARAMETERS = {256: 11_526_160, 512: 11_526_496, 1024: 11_528_192}


@pytest.mark.parametrize("side", PARAMETERS)
def test_has_the_parameters_of_the_authors_network(side):
    params = started(Discriminator(), jnp.zeros((1, side, side, 3)))["params"]
    assert sum(x.size for x in jax.tree.leaves(params)) == PARAMETERS[side]
    torch_fastgan = reference()
    with torch_fastgan.torch.device("meta"):
        assert torch_fastgan.count(torch_fastgan.Discriminator(64, 3, side)) == PARAMETERS[side]


def close(ours, theirs, largest=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=5e-4 * max(np.abs(theirs).max(), 3e-2 * largest))


def drawn(module, images):
    rng = np.random.default_rng(2)
    variables = jax.tree.map(lambda x: rng.normal(0, 1, x.shape).astype(np.float32), started(module, images))
    # Variances are positive, and those of maps are about 1 after normalized kernels.
    variables["batch_stats"] = jax.tree.map(lambda x: 0.5 + np.abs(x), variables["batch_stats"])
    return variables


def quarter_of(image, part):
    """The place of the quarter of an image (S, S, C) that has the mean colours of `part`."""
    half = len(image) // 2
    quarters = {(a, b): image[half * a : half * a + half, half * b : half * b + half] for a in (0, 1) for b in (0, 1)}
    (found,) = [
        place for place, each in quarters.items() if np.allclose(each.mean((0, 1)), part.mean((0, 1)), atol=1e-5)
    ]
    return found


# One excitation from 64x64 on, three from 256x256 on, and convolutions before the blocks above.
@pytest.mark.parametrize(("side", "train"), [(32, True), (64, False), (64, True), (256, True), (1024, False)])
def test_values_and_gradients_are_those_of_pytorch(side, train):
    torch_fastgan = reference()
    torch = torch_fastgan.torch
    rng = np.random.default_rng(0)
    images = rng.normal(size=(1 if side == 1024 else 3, side, side, 2)).astype(np.float32)
    module = Discriminator(8 if side == 1024 else 4)
    variables = drawn(module, images)

    def value(params, images, weights):
        seen = variables | {"params": params}
        mutable = ["batch_stats", "spectral"] if train else False
        found = module.apply(seen, images, train=train, mutable=mutable, rngs={"noise": jax.random.key(1)})
        outputs = found[0] if train else found
        return sum(jnp.sum(weights[name] * y) for name, y in outputs.items()), outputs

    shapes = jax.eval_shape(lambda x: module.apply(variables, x, train=False), images)
    weights = {name: rng.normal(size=y.shape).astype(np.float32) for name, y in shapes.items()}
    both = jax.jit(jax.grad(value, argnums=(0, 1), has_aux=True))
    (gradients, slopes), outputs = both(variables["params"], images, weights)

    places = [
        quarter_of(image, parts[2]) for image, parts in zip(images, np.asarray(outputs["originals"]), strict=True)
    ]
    assert train or places == [(0, 0)] * len(images)
    network = torch_fastgan.load(torch_fastgan.Discriminator(module.width, 2, side), variables).train(train)
    points = torch.tensor(np.float64(images.transpose(0, 3, 1, 2)), requires_grad=True)
    expected = network(points, places)
    expected = {name: y.movedim(2, -1) if y.ndim == 5 else y for name, y in expected.items()}
    sum((torch.tensor(np.float64(weights[name])) * y).sum() for name, y in expected.items()).backward()

    assert outputs.keys() == expected.keys()
    for name, y in outputs.items():
        close(y, expected[name].detach().numpy())
    close(slopes, points.grad.numpy().transpose(0, 2, 3, 1))
    largest = max(p.grad.abs().max().item() for p in network.parameters())
    for ours, theirs, change in torch_fastgan.pairs(network, gradients):
        close(change(np.asarray(ours)), theirs.grad.numpy(), largest)


def test_each_image_has_its_own_quarter_in_training():
    images = np.random.default_rng(0).normal(size=(40, 32, 32, 1)).astype(np.float32)
    module = Discriminator(2)
    variables = drawn(module, images)

    def judged(images):
        return module.apply(variables, images, train=True, mutable=True, rngs={"noise": jax.random.key(1)})

    outputs, _ = jax.jit(judged)(images)
    parts = np.asarray(outputs["originals"])[:, 2]
    places = [quarter_of(*both) for both in zip(images, parts, strict=True)]
    assert len(set(places)) == 4


def test_images_of_two_sides():
    shapes = jax.eval_shape(
        lambda x: Discriminator(4).init_with_output(jax.random.key(0), x, train=True)[0], jnp.zeros((2, 64, 96, 1))
    )
    assert {name: y.shape for name, y in shapes.items()} == {
        "logits": (2, 2 * 5 * 9),  # patches of 4x4 of two maps of 8x12
        "reconstructions": (2, 3, 32, 48, 1),
        "originals": (2, 3, 32, 48, 1),
    }


@pytest.mark.parametrize(
    ("side", "message"),
    [
        (8, "images from 32x32 to 1024x1024, not of 8x8"),
        (2048, "images from 32x32 to 1024x1024, not of 2048x2048"),
        (34, "cannot be built for images of 34x34"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(side, message):
    with pytest.raises(ValueError, match=message):
        started(Discriminator(8), jnp.zeros((1, side, side, 3)))
