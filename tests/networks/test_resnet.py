"""The residual networks against PyTorch, written as the papers draw them: resize, then convolve at the larger side."""

import math
from functools import partial
from itertools import pairwise

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.data import height_and_width
from gan_jax.networks import resnet
from gan_jax.networks.functional import features, forward
from gan_jax.networks.ops import computing

pytestmark = pytest.mark.slow

CLASSES, LATENTS, WIDTH = 3, 5, 4
LABELS = np.array([0, 2, 1, 2])


def built(player, resolution, classes=None, **how):
    labels = () if classes is None else (LABELS,)
    if player == "generator":
        module = resnet.Generator(resolution, 3, WIDTH, classes, **how)
        inputs = jax.random.normal(jax.random.key(0), (4, LATENTS))
    else:
        module = resnet.Discriminator(WIDTH, classes=classes, **how)
        inputs = jax.random.uniform(jax.random.key(0), (4, *height_and_width(resolution), 3), minval=-1)
    variables = jax.jit(lambda: module.init(jax.random.key(1), inputs, *labels, train=True))()
    params = variables.pop("params")
    return module, params, variables, (inputs, *labels)


class Reference:
    """Reads our parameters by name, and computes with PyTorch on images (N, C, H, W)."""

    def __init__(self, torch, params, variables, labels):
        self.torch, self.F, self.labels = torch, torch.nn.functional, labels
        tensor = partial(jax.tree.map, lambda x: torch.tensor(np.float64(x)))
        self.params = jax.tree.map(lambda x: x.requires_grad_(), tensor(params))
        self.variables = tensor(variables)

    def weight(self, path):
        """The kernel of the layer at `path`, spectrally normalized where it is."""
        layer, kept = self.params, self.variables.get("spectral")
        for name in path:
            layer, kept = layer[name], kept and kept[name]
        return layer["kernel"] if kept is None else self.normalized(layer["kernel"], kept["SpectralNorm_0"]["u"])

    def normalized(self, kernel, u):
        matrix = kernel.reshape(-1, kernel.shape[-1]).T
        v = self.F.normalize(matrix.detach().T @ u, dim=0)
        u = self.F.normalize(matrix.detach() @ v, dim=0)
        return kernel / (u @ matrix @ v)

    def conv(self, x, *path):
        kernel, bias = self.weight(path), self.at(path)["bias"]
        return self.F.conv2d(x, kernel.permute(3, 2, 0, 1), bias, padding=kernel.shape[0] // 2)

    def dense(self, x, *path):
        return x @ self.weight(path) + self.at(path)["bias"]

    def at(self, path):
        found = self.params
        for name in path:
            found = found[name]
        return found

    def norm(self, x, *path):
        block, name = path[:-1], path[-1]
        conditional = "Conditional" + name
        if conditional in self.at(block):
            table = self.at((*block, conditional))
            scale, bias = (table[key][self.labels][:, :, None, None] for key in ("scale", "bias"))
            return self.F.batch_norm(x, None, None, training=True, eps=1e-5) * scale + bias
        found = self.at(path)
        return self.F.batch_norm(x, None, None, found["scale"], found["bias"], training=True, eps=1e-5)

    def double(self, x):
        return self.F.interpolate(x, scale_factor=2, mode="nearest")

    def generator(self, z, blocks, smallest, base):
        relu = self.F.relu
        x = self.dense(z, "Dense_0").reshape(len(z), *smallest, base).permute(0, 3, 1, 2)
        for i in range(blocks):
            block = f"_Up_{i}"
            y = self.conv(self.double(relu(self.norm(x, block, "BatchNorm_0"))), block, "UpConv_0")
            y = self.conv(relu(self.norm(y, block, "BatchNorm_1")), block, "Conv_0")
            x = y + self.conv(self.double(x), block, "shortcut")
        x = self.conv(relu(self.norm(x, "BatchNorm_0")), "Conv_0")
        return self.torch.tanh(x).permute(0, 2, 3, 1)

    def discriminator(self, images, down, beside):
        relu, halve = self.F.relu, partial(self.F.avg_pool2d, kernel_size=2)
        images = images.permute(0, 3, 1, 2)
        y = halve(self.conv(relu(self.conv(images, "_First_0", "Conv_0")), "_First_0", "DownConv_0"))
        x = y + self.conv(halve(images), "_First_0", "shortcut")
        for i in range(down - 1):
            block = f"_Down_{i}"
            y = self.conv(relu(self.conv(relu(x), block, "Conv_0")), block, "DownConv_0")
            x = halve(y) + halve(self.conv(x, block, "shortcut"))
        for i in range(beside):
            block = f"_Beside_{i}"
            x = x + self.conv(relu(self.conv(relu(x), block, "Conv_0")), block, "Conv_1")
        phi = relu(x).sum((2, 3))
        y = self.dense(phi, "Dense_0")[:, 0]
        if self.labels is not None:
            projection, kept = self.params["_Projection_0"], self.variables["spectral"]["_Projection_0"]
            table = self.normalized(projection["embedding"], kept["SpectralNorm_0"]["u"])
            y = y + (table[self.labels] * phi).sum(1)
        return y


@pytest.mark.parametrize(
    ("player", "resolution", "classes"),
    [
        ("generator", 8, CLASSES),
        ("generator", 16, None),
        ("generator", (8, 12), None),
        ("discriminator", 8, CLASSES),
        ("discriminator", 16, None),
        ("discriminator", 64, None),
        ("discriminator", (12, 8), None),
    ],
)
def test_values_and_gradients_are_those_of_pytorch(player, resolution, classes):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    module, params, variables, inputs = built(player, resolution, classes)
    # Biases and classes that start alike would hide mistakes.
    leaves, structure = jax.tree.flatten(params)
    keys = jax.random.split(jax.random.key(2), len(leaves))
    leaves = [x + 0.1 * jax.random.normal(key, x.shape) for x, key in zip(leaves, keys, strict=True)]
    params = jax.tree.unflatten(structure, leaves)

    reference = Reference(torch, params, variables, None if classes is None else torch.tensor(LABELS))
    x = torch.tensor(np.float64(inputs[0]))
    if player == "generator":
        height, width = height_and_width(resolution)
        blocks = int(math.log2(min(height, width))) - 2
        expected = reference.generator(x, blocks, (height >> blocks, width >> blocks), WIDTH)
    else:
        expected = reference.discriminator(x, *((5, 0) if resolution == 64 else (2, 2)))
    weights = np.random.default_rng(0).normal(size=expected.shape)
    (expected * torch.tensor(weights)).sum().backward()

    def value(params):
        y, _ = forward(module, params, variables, *inputs)
        return jnp.sum(jnp.float32(weights) * y), y

    gradients, y = jax.jit(jax.grad(value, has_aux=True))(params)
    expected = expected.detach().numpy()
    np.testing.assert_allclose(y, expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    theirs = jax.tree.map(lambda x: np.zeros(x.shape) if x.grad is None else x.grad.numpy(), reference.params)
    largest = max(np.abs(x).max() for x in jax.tree.leaves(theirs))

    def close(path, a, b):
        # The gradients of biases before batch normalization are 0, and only rounding is left of them.
        scale = max(np.abs(b).max(), 1e-2 * largest)
        np.testing.assert_allclose(a, b, rtol=0, atol=3e-5 * scale, err_msg=jax.tree_util.keystr(path))

    jax.tree_util.tree_map_with_path(close, gradients, theirs)


def parameters(module, *inputs):
    variables = jax.eval_shape(lambda: module.init(jax.random.key(0), *inputs, train=True))
    return sum(x.size for x in jax.tree.leaves(variables["params"]))


def conv(before, after, size=3):
    return size * size * before * after + after


def test_has_the_parameters_of_the_paper_at_32x32():
    # Worked by hand. G: 128 latents to 4x4x256; three blocks of two 3x3 convolutions, a 1x1 one and two normalizations;
    # normalization and the output. D: the first block, one that halves, two more, and the linear layer.
    g = 128 * 4096 + 4096 + 3 * (2 * 590_080 + 65_792 + 2 * 512) + 512 + 6_915
    d = (3_584 + 147_584 + 512) + (2 * 147_584 + 16_512) + 2 * (2 * 147_584) + 129
    assert (g, d) == (4_276_739, 1_053_825)
    z, images, labels = jnp.zeros((1, 128)), jnp.zeros((1, 32, 32, 3)), jnp.zeros(1, jnp.int32)
    assert parameters(resnet.Generator(32, 3), z) == g
    assert parameters(resnet.Discriminator(), images) == d
    # A scale and a bias for each of ten classes, in six normalizations; a row of the embedding for each.
    assert parameters(resnet.Generator(32, 3, classes=10), z, labels) == g + 6 * 9 * 512
    assert parameters(resnet.Discriminator(classes=10), images, labels) == d + 10 * 128


def test_has_the_parameters_of_the_authors_code_at_64x64():
    up = [(1024, 512), (512, 256), (256, 128), (128, 64)]
    g = 128 * 16 * 1024 + 16 * 1024 + 128 + conv(64, 3)
    g += sum(conv(a, b) + conv(b, b) + conv(a, b, 1) + 2 * a + 2 * b for a, b in up)
    down = [(64, 128), (128, 256), (256, 512), (512, 1024)]
    d = conv(3, 64) + conv(64, 64) + conv(3, 64, 1) + 1025
    d += sum(conv(a, a) + conv(a, b) + conv(a, b, 1) for a, b in down)
    assert parameters(resnet.Generator(64, 3, 64), jnp.zeros((1, 128))) == g
    assert parameters(resnet.Discriminator(64), jnp.zeros((1, 64, 64, 3))) == d


# The generator's smallest map and its blocks, and the discriminator's blocks that halve the sides and its last one:
# arXiv 1802.05637 and the authors' code at 128x128, and tables 8 and 9 of BigGAN (arXiv 1809.11096).
FEATURES = {
    128: ([1024, 1024, 512, 256, 128, 64], [64, 128, 256, 512, 1024]),
    256: ([1024, 1024, 512, 512, 256, 128, 64], [64, 128, 256, 512, 512, 1024]),
    512: ([1024, 1024, 512, 512, 256, 128, 64, 64], [64, 64, 128, 256, 512, 512, 1024]),
}


@pytest.mark.parametrize("resolution", FEATURES)
def test_has_the_parameters_of_the_tables_beyond_64x64(resolution):
    up, down = FEATURES[resolution]
    g = 128 * 16 * 1024 + 16 * 1024 + 2 * 64 + conv(64, 3)
    g += sum(conv(a, b) + conv(b, b) + conv(a, b, 1) + 2 * a + 2 * b for a, b in pairwise(up))
    d = conv(3, 64) + conv(64, 64) + conv(3, 64, 1) + 2 * conv(1024, 1024) + 1025
    d += sum(conv(a, a) + conv(a, b) + conv(a, b, 1) for a, b in pairwise(down))
    assert parameters(resnet.Generator(resolution, 3, 64), jnp.zeros((1, 128))) == g
    assert parameters(resnet.Discriminator(64), jnp.zeros((1, resolution, resolution, 3))) == d


@pytest.mark.parametrize(
    ("resolution", "as_for", "smallest"),
    [(12, 8, (6, 6)), ((24, 16), 16, (6, 4)), (48, 32, (6, 6)), ((64, 96), 64, (4, 6)), (1024, 512, (8, 8))],
)
def test_sizes_between_have_the_networks_of_the_power_of_two_below(resolution, as_for, smallest):
    def variables(module, *shape):
        inputs = jax.ShapeDtypeStruct((1, *shape), jnp.float32)
        return jax.eval_shape(lambda x: module.init_with_output(jax.random.key(0), x, train=True), inputs)

    images, made = variables(resnet.Generator(resolution, 3, 1), 128)
    assert images.shape == (1, *height_and_width(resolution), 3)
    _, square = variables(resnet.Generator(as_for, 3, 1), 128)
    base = square["params"]["Dense_0"]["bias"].shape[0] // 16
    assert made["params"]["Dense_0"]["bias"].shape == (math.prod(smallest) * base,)
    assert made["params"].pop("Dense_0").keys() == square["params"].pop("Dense_0").keys()
    assert made == square
    _, judging = variables(resnet.Discriminator(1), *images.shape[1:])
    assert judging == variables(resnet.Discriminator(1), as_for, as_for, 3)[1]


@pytest.mark.parametrize("resolution", [8, 16, 32, 64])
@pytest.mark.parametrize("classes", [None, CLASSES])
def test_shapes(resolution, classes):
    labels = () if classes is None else (LABELS,)
    images = jax.eval_shape(
        lambda z: resnet.Generator(resolution, 3, WIDTH, classes).init_with_output(
            jax.random.key(0), z, *labels, train=True
        )[0],
        jnp.zeros((4, LATENTS)),
    )
    assert images.shape == (4, resolution, resolution, 3)
    for outputs, shape in ((1, (4,)), (3, (4, 3))):
        module = resnet.Discriminator(WIDTH, outputs, classes)
        init = partial(module.init_with_output, train=True)
        logits = jax.eval_shape(lambda x, init=init: init(jax.random.key(0), x, *labels)[0], images)
        assert logits.shape == shape


def test_weights_are_drawn_uniformly_by_glorot_with_a_gain_in_the_residual_branches():
    module = resnet.Generator(8, 3, 64)
    params = jax.jit(lambda: module.init(jax.random.key(3), jnp.zeros((1, 64)), train=True)["params"])()
    block = params["_Up_0"]
    for kernel, fans, gain in (
        (params["Dense_0"]["kernel"], 64 + 1024, 1),
        (block["UpConv_0"]["kernel"], 9 * 128, 2**0.5),
        (block["Conv_0"]["kernel"], 9 * 128, 2**0.5),
        (block["shortcut"]["kernel"], 128, 1),
        (params["Conv_0"]["kernel"], 9 * (64 + 3), 1),
    ):
        limit = gain * math.sqrt(6 / fans)
        assert 0.97 * limit < np.abs(kernel).max() <= limit * (1 + 1e-6)
        assert np.std(kernel) == pytest.approx(limit / math.sqrt(3), rel=0.05)


def test_every_weight_of_the_discriminator_is_spectrally_normalized():
    module, params, variables, inputs = built("discriminator", 8, CLASSES)
    # So that the logits do not depend on the size of a weight, apart from biases, which are 0 at first.
    doubled = jax.tree.map(lambda x: 2 * x, params)
    np.testing.assert_allclose(
        forward(module, doubled, variables, *inputs)[0], forward(module, params, variables, *inputs)[0], rtol=1e-4
    )
    vectors = jax.tree.leaves(variables["spectral"])
    assert len(vectors) == sum(x.ndim > 1 for x in jax.tree.leaves(params))


def test_features_are_what_the_last_layer_sees():
    module, params, variables, inputs = built("discriminator", 8)
    assert features(module, params, variables, *inputs).shape == (4, WIDTH)


@pytest.mark.parametrize("player", ["generator", "discriminator"])
def test_bfloat16_and_populations(player):
    module, params, variables, inputs = built(player, 8, CLASSES)
    y, _ = forward(module, params, variables, *inputs)
    with computing("bfloat16"):
        low, changed = jax.jit(partial(forward, module))(params, variables, *inputs)
    assert {x.dtype for x in jax.tree.leaves((low, changed))} == {jnp.dtype("float32")}
    assert 0 < np.abs(low - y).max() < 0.05 * np.abs(y).max()
    members = jax.tree.map(lambda x: jnp.stack([x, x]), (params, variables))
    mapped, _ = jax.jit(jax.vmap(lambda p, v: forward(module, p, v, *inputs)))(*members)
    np.testing.assert_allclose(mapped[1], y, rtol=0, atol=1e-5 * float(np.abs(y).max()))


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match=r"residual networks .* 26x26 .* the nearest sizes are 24x24 and 28x28"):
        parameters(resnet.Generator(26, 3), jnp.zeros((1, 4)))
    # The generator could, from 5x5, but the discriminator halves images of this size once more.
    with pytest.raises(ValueError, match=r"80x80 .* the nearest sizes are 64x64 and 96x96"):
        parameters(resnet.Generator(80, 3), jnp.zeros((1, 4)))
    with pytest.raises(ValueError, match=r"80x128 .* the nearest sizes are 64x128 and 96x128"):
        parameters(resnet.Discriminator(), jnp.zeros((1, 80, 128, 3)))
    with pytest.raises(ValueError, match="takes labels if it has `classes`, and only then"):
        parameters(resnet.Discriminator(), jnp.zeros((1, 8, 8, 3)), jnp.zeros(1, jnp.int32))
    with pytest.raises(ValueError, match="takes labels"):
        parameters(resnet.Generator(8, 3, classes=3), jnp.zeros((1, 4)))
