"""BigGAN's networks and BigGAN-deep's against PyTorch's: parameters, values and gradients; chunks of latents."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import biggan, biggan_deep
from gan_jax.networks.ops import computing

pytestmark = pytest.mark.slow

KINDS = {"biggan": biggan, "deep": biggan_deep}


def reference():
    pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_biggan

    return torch_biggan


def variables(module, *arrays):
    return jax.eval_shape(lambda *x: module.init(jax.random.key(0), *x, train=True), *arrays)


def size(module, *arrays):
    return sum(x.size for x in jax.tree.leaves(variables(module, *arrays)["params"]))


# What the authors' code counts in G and D: for ImageNet with widths of 96, or 128 of the deep form, and for CIFAR-10
# with a width of 64 and no attention. The paper has 158.3 million at 128x128 (table 1), and about 50.4 and 34.6 million
# of the deep form.
PUBLISHED = {
    ("biggan", 32): (4_373_251, 4_207_361),
    ("biggan", 64): (70_083_972, 45_500_449),
    ("biggan", 128): (70_433_988, 87_982_370),
    ("biggan", 256): (82_235_844, 99_225_890),
    ("deep", 32): (3_079_299, 651_649),
    ("deep", 64): (49_583_876, 20_869_633),
    ("deep", 128): (50_244_484, 34_590_210),
    ("deep", 256): (55_736_708, 38_247_426),
}
LATENTS = {32: 128, 64: 100, 128: 120, 256: 140}


@pytest.mark.parametrize(("kind", "resolution"), PUBLISHED)
def test_has_as_many_parameters_as_the_authors_networks(kind, resolution):
    networks, given = KINDS[kind], {"width": 64, "attention": 0} if resolution == 32 else {}
    classes, label = 10 if resolution == 32 else 1000, jnp.zeros(1, jnp.int32)
    latents = 128 if kind == "deep" else LATENTS[resolution]
    found = (
        size(networks.Generator(resolution, 3, classes=classes, **given), jnp.zeros((1, latents)), label),
        size(networks.Discriminator(classes=classes, **given), jnp.zeros((1, resolution, resolution, 3)), label),
    )
    assert found == PUBLISHED[kind, resolution]


def test_the_reference_has_as_many_too():
    torch_biggan = reference()
    up, down = [96 * n for n in (16, 16, 8, 4, 2, 1)], [96 * n for n in (1, 2, 4, 8, 16, 16)]
    with torch_biggan.meta():
        whole = (
            torch_biggan.Generator(up, 120, 1000, attended=[4]),
            torch_biggan.Discriminator(down, 5, 1000, attended=[0]),
        )
    assert tuple(map(torch_biggan.count, whole)) == PUBLISHED["biggan", 128]
    up, down = ([128 * n // 96 for n in each] for each in (up, down))
    with torch_biggan.meta():
        whole = (
            torch_biggan.Generator(up, 128, 1000, deep=True, attended=[4]),
            torch_biggan.Discriminator(down, 5, 1000, deep=True, attended=[0]),
        )
    assert tuple(map(torch_biggan.count, whole)) == PUBLISHED["deep", 128]


def test_starts_orthogonal():
    made = biggan.Generator(8, 1, 4, 3, 5).init(
        jax.random.key(0), jnp.zeros((2, 6)), jnp.zeros(2, jnp.int32), train=True
    )
    kernels = [x for path, x in jax.tree_util.tree_leaves_with_path(made["params"]) if "kernel" in str(path[-1])]
    for matrix in (*kernels, made["params"]["embedding"]):
        matrix = np.reshape(matrix, (-1, matrix.shape[-1]))
        matrix = matrix if matrix.shape[0] > matrix.shape[1] else matrix.T
        np.testing.assert_allclose(matrix.T @ matrix, np.eye(matrix.shape[1]), atol=1e-5)


def drawn(module, *arrays):
    """Not as they start: zeros would hide mistakes, and vectors u that have converged would hide others."""
    rng = np.random.default_rng(2)
    return jax.tree.map(lambda x: rng.normal(0, 0.5, x.shape).astype(np.float32), variables(module, *arrays))


def close(ours, theirs, largest=0.0):
    np.testing.assert_allclose(ours, theirs, rtol=0, atol=2e-4 * max(np.abs(theirs).max(), 1e-2 * largest))


def check(torch_biggan, network, module, known, examples, labels):
    """Compares outputs in training, and the gradients with respect to the examples and all parameters."""
    torch = torch_biggan.torch
    channels_first = examples.ndim == 4
    points = torch.tensor(np.float64(np.moveaxis(examples, -1, 1) if channels_first else examples), requires_grad=True)
    expected = network(points, *(torch.tensor(np.array(each)).long() for each in labels))
    weights = np.random.default_rng(3).normal(size=expected.shape)
    (expected * torch.tensor(weights)).sum().backward()
    ours = np.moveaxis(weights, 1, -1) if weights.ndim == 4 else weights
    held = {name: x for name, x in known.items() if name != "params"}

    def value(params, examples):
        y, _ = module.apply({"params": params, **held}, examples, *labels, train=True, mutable=list(held))
        return jnp.sum(jnp.float32(ours) * y), y

    differentiated = jax.jit(jax.grad(value, argnums=(0, 1), has_aux=True))
    (gradients, of_examples), y = differentiated(known["params"], examples)
    found = expected.detach().numpy()
    close(y, np.moveaxis(found, 1, -1) if found.ndim == 4 else found)
    theirs = points.grad.numpy()
    close(of_examples, np.moveaxis(theirs, 1, -1) if channels_first else theirs)
    largest = max(p.grad.abs().max().item() for p in network.parameters())
    for path, parameter, change in torch_biggan.pairs(network):
        if path[0] == "params":
            close(change(torch_biggan.at(gradients, path[1:])), parameter.grad.numpy(), largest)


# Resolution, classes, side of maps with attention: of the generator, and of the discriminator.
CASES = [((8, 12), 3, 8, 4), (16, None, 0, 0), (64, 2, 16, 32)]


@pytest.mark.parametrize(("resolution", "classes", "side", "_"), CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_generator_is_that_of_pytorch(kind, resolution, classes, side, _):
    torch_biggan = reference()
    stages, *smallest = biggan.stages_of(resolution)
    width = 4 if kind == "deep" or resolution != 64 else 2
    features = [width * multiple for multiple in stages.up]
    labels = [] if classes is None else [jnp.array([0, classes - 1, 0])]
    latents = np.random.default_rng(0).normal(size=(3, 2 * len(features))).astype(np.float32)
    module = KINDS[kind].Generator(resolution, 2, width, classes, 5, side)
    known = drawn(module, latents, *labels)
    attended = [i for i in range(1, len(features)) if side and smallest[0] * 2**i == side]
    made = torch_biggan.Generator(
        features, latents.shape[1], classes, kind == "deep", attended, 5, channels=2, smallest=smallest
    )
    check(torch_biggan, torch_biggan.load(made, known), module, known, latents, labels)


@pytest.mark.parametrize(("resolution", "classes", "_", "side"), CASES)
@pytest.mark.parametrize("kind", KINDS)
def test_the_discriminator_is_that_of_pytorch(kind, resolution, classes, _, side):
    torch_biggan = reference()
    stages, *_ = biggan.stages_of(resolution)
    height, wide = resolution if isinstance(resolution, tuple) else (resolution, resolution)
    labels = [] if classes is None else [jnp.array([0, classes - 1, 0])]
    images = np.random.default_rng(0).normal(size=(3, height, wide, 2)).astype(np.float32)
    width = 8 if resolution == 64 else 4
    module = KINDS[kind].Discriminator(width, classes, side)
    known = drawn(module, images, *labels)
    attended = [i for i in range(stages.halvings) if side and height // 2 ** (i + 1) == side]
    made = torch_biggan.Discriminator(
        [width * multiple for multiple in stages.down], stages.halvings, classes, kind == "deep", attended, channels=2
    )
    check(torch_biggan, torch_biggan.load(made, known), module, known, images, labels)


def changing(module, *names):
    """Which of six latent numbers change what a part of the module makes, for each of the parts."""
    known = module.init(jax.random.key(0), jnp.zeros((1, 6)), train=True)

    def outputs(latents):
        _, sown = module.apply(known, latents, train=False, capture_intermediates=True, mutable=["intermediates"])
        return [sown["intermediates"][name]["__call__"][0] for name in names]

    slopes = jax.jit(jax.jacobian(outputs))(jax.random.normal(jax.random.key(1), (1, 6)))
    return [(np.abs(x).reshape(-1, 6).max(0) > 0).tolist() for x in slopes]


def test_each_chunk_of_the_latents_comes_in_where_it_should():
    found = changing(biggan.Generator(16, 1, 4), "Dense_0", "_Up_0", "_Up_1", "ToImages_0")
    seen = [True] * 2, [True] * 4, [True] * 6, [True] * 6
    assert found == [each + [False] * (6 - len(each)) for each in seen]


def test_all_latents_come_in_everywhere_in_the_deep_form():
    assert changing(biggan_deep.Generator(16, 1, 4), "Dense_0", "ToImages_0") == [[True] * 6] * 2


@pytest.mark.parametrize("kind", KINDS)
def test_the_networks_compute_in_bfloat16(kind):
    networks, labels = KINDS[kind], jnp.array([0, 1])
    generator, discriminator = networks.Generator(8, 1, 4, 2, 5, 8), networks.Discriminator(4, 2, 4)
    latents, images = (np.random.default_rng(0).normal(size=size).astype(np.float32) for size in ((2, 6), (2, 8, 8, 1)))
    for module, examples in ((generator, latents), (discriminator, images)):
        known = drawn(module, examples, labels)

        def run(module=module, known=known, examples=examples):
            y, _ = module.apply(known, examples, labels, train=True, mutable=["batch_stats", "spectral"])
            return y

        exact = run()
        with computing("bfloat16"):
            rough = run()
        assert rough.dtype == jnp.bfloat16
        assert np.abs(np.float32(rough) - exact).max() < 0.15 * np.abs(exact).max()


@pytest.mark.parametrize(
    ("module", "latents", "message"),
    [
        (biggan.Generator(34, 3), 4, "BigGAN cannot be built for images of 34x34"),
        (biggan.Generator(16, 3), 32, "3 equal chunks: give 33 numbers, not 32"),
        (biggan.Generator(8, 3, classes=2), 4, "takes labels if it has `classes`, and only then"),
        (biggan_deep.Generator(8, 3, 6), 4, "multiples of 4 features, so its width cannot be 6"),
        (biggan_deep.Generator(8, 3, 0), 4, "multiples of 4 features, so its width cannot be 0"),
    ],
)
def test_what_does_not_fit_is_refused(module, latents, message):
    with pytest.raises(ValueError, match=message):
        variables(module, jnp.zeros((1, latents)))
