"""Every architecture guideline of the DCGAN paper (arXiv 1511.06434, section 3), and images of every size."""

import math

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.jaxprs import equations

from gan_jax.data import height_and_width
from gan_jax.networks import dcgan

RESOLUTIONS = (8, 16, 32, 64, 128)
LATENTS = 10


def generator(resolution, channels=3, width=4):
    return dcgan.Generator(resolution, channels, width), jax.ShapeDtypeStruct((2, LATENTS), jnp.float32)


def discriminator(resolution, channels=3, width=4):
    images = jax.ShapeDtypeStruct((2, *height_and_width(resolution), channels), jnp.float32)
    return dcgan.Discriminator(width), images


def shapes(module, inputs):
    """Its variables' shapes, and its output's."""
    output, variables = jax.eval_shape(
        lambda key, x: module.init_with_output(key, x, train=True), jax.random.key(0), inputs
    )
    return jax.tree.map(lambda x: x.shape, variables), output.shape


def operations(module, inputs, monkeypatch):
    """All primitive operations of its training pass, as on a GPU: on CPU, sums are products with ones."""
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    variables = jax.eval_shape(lambda key, x: module.init(key, x, train=True), jax.random.key(0), inputs)
    run = jax.make_jaxpr(lambda variables, x: module.apply(variables, x, train=True, mutable=["batch_stats"])[0])
    return list(equations(run(variables, inputs).jaxpr))


def convolutions(operations):
    """(which of the primitives, its stride) in order."""
    primitives = ("conv", "conv_image", "conv_kernel", "conv_general_dilated")
    return [(e.primitive.name, e.params.get("stride")) for e in operations if e.primitive.name in primitives]


def names(operations):
    return [equation.primitive.name for equation in operations]


def doublings(resolution):
    """How often the side doubles between the smallest feature map, 4x4 (2x2 at 8x8), and the image."""
    return int(math.log2(resolution)) - (1 if resolution == 8 else 2)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("channels", [1, 3])
def test_shapes(resolution, channels):
    _, images = shapes(*generator(resolution, channels))
    assert images == (2, resolution, resolution, channels)
    _, logits = shapes(*discriminator(resolution, channels))
    assert logits == (2,)


@pytest.mark.parametrize(
    ("resolution", "smallest", "count"),
    [
        (12, (3, 3), 2),
        (28, (7, 7), 2),
        (48, (6, 6), 3),
        (256, (4, 4), 6),
        (1024, (4, 4), 8),
        ((8, 20), (2, 5), 2),
        ((16, 24), (4, 6), 2),
        ((24, 16), (6, 4), 2),
        ((64, 96), (4, 6), 4),
        ((160, 96), (10, 6), 4),
        ((32, 128), (4, 16), 3),
    ],
)
def test_the_smaller_side_decides_how_often_images_are_halved(resolution, smallest, count):
    assert dcgan.feature_maps(resolution) == (*smallest, count)
    variables, images = shapes(*generator(resolution, width=1))
    assert images == (2, *height_and_width(resolution), 3)
    first = variables["params"]["ConvTranspose_0"]["kernel"]
    assert first == (*smallest, min(2 ** (count - 1), 16), LATENTS)
    assert len(variables["params"]) == 2 * count + 1

    module, images = discriminator(resolution, width=1)
    variables, logits = shapes(module, images)
    assert logits == (2,)
    assert variables["params"][f"Conv_{count}"]["kernel"][:2] == smallest
    assert set(variables["params"]) == {f"Conv_{i}" for i in range(count + 1)} | {
        f"BatchNorm_{i}" for i in range(count - 1)
    }


# The number of features after each layer but the generator's last and the discriminator's last, for a width of 4.
FEATURES = {
    8: (8, 4),
    16: (8, 4),
    32: (16, 8, 4),
    64: (32, 16, 8, 4),
    128: (64, 32, 16, 8, 4),
    256: (64, 64, 32, 16, 8, 4),
    1024: (64, 64, 64, 64, 32, 16, 8, 4),
}


@pytest.mark.parametrize("resolution", FEATURES)
def test_features_double_each_time_the_sides_halve_up_to_16_times_the_width(resolution):
    params = shapes(*generator(resolution))[0]["params"]
    counts = [params[f"ConvTranspose_{i}"]["kernel"][2] for i in range(len(FEATURES[resolution]))]
    assert tuple(counts) == FEATURES[resolution]
    params = shapes(*discriminator(resolution))[0]["params"]
    counts = [params[f"Conv_{i}"]["kernel"][3] for i in range(len(FEATURES[resolution]))]
    assert tuple(reversed(counts)) == FEATURES[resolution]


@pytest.mark.parametrize(
    ("resolution", "near"),
    [
        (0, "8x8"),
        (4, "8x8"),
        (7, "8x8"),
        (18, "16x16 and 20x20"),
        (50, "48x48 and 56x56"),
        (62, "64x64 and 56x56"),
        (257, "256x256 and 320x320"),
        ((90, 160), "96x160 and 80x160"),
        ((16, 25), "16x24 and 16x28"),
        ((4, 20), "8x20 and 8x16"),
    ],
)
def test_another_resolution_is_refused_with_what_is_near(resolution, near):
    height, width = height_and_width(resolution)
    message = rf"DCGAN .* {height}x{width} \(height x width\): the nearest sizes are {near}"
    with pytest.raises(ValueError, match=message):
        shapes(*generator(resolution))
    with pytest.raises(ValueError, match=message):
        shapes(*discriminator(resolution))


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_strided_convolutions_take_the_place_of_pooling(resolution, monkeypatch):
    for build in (generator, discriminator):
        used = operations(*build(resolution), monkeypatch)
        assert not [name for name in names(used) if "reduce_window" in name or name == "reduce_max"]
        if build is generator:  # one without a stride first, then only transposed ones that double the side
            assert convolutions(used) == [("conv_image", 1)] + [("conv_image", 2)] * doublings(resolution)
        else:
            assert convolutions(used) == [("conv", 2)] * doublings(resolution) + [("conv", 1)]


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_there_are_no_fully_connected_layers(resolution, monkeypatch):
    for build in (generator, discriminator):
        variables, _ = shapes(*build(resolution))
        matrices = [layer["kernel"] for layer in variables["params"].values() if "kernel" in layer]
        assert len(matrices) == doublings(resolution) + 1
        assert {len(kernel) for kernel in matrices} == {4}
        # The generator's first and the discriminator's last see a whole feature map at once: input and output layer.
        assert [kernel[0] for kernel in matrices].count(4) >= doublings(resolution)
        assert "dot_general" not in names(operations(*build(resolution), monkeypatch))


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_batch_normalization_in_every_layer_but_the_generators_last_and_the_discriminators_first_and_last(resolution):
    for build in (generator, discriminator):
        variables, _ = shapes(*build(resolution))
        norms = [layer for name, layer in variables["params"].items() if name.startswith("BatchNorm")]
        expected = doublings(resolution) if build is generator else doublings(resolution) - 1
        assert len(norms) == len(variables["batch_stats"]) == expected
        # In their order, each as wide as the convolution that it follows; that one has no bias, all others have.
        kind = "ConvTranspose" if build is generator else "Conv"
        followed = range(expected) if build is generator else range(1, 1 + expected)
        for i, layer in enumerate(variables["params"][f"{kind}_{i}"] for i in range(doublings(resolution) + 1)):
            assert ("bias" in layer) == (i not in followed)
        for i, layer in enumerate(followed):
            kernel = variables["params"][f"{kind}_{layer}"]["kernel"]
            features = kernel[2] if build is generator else kernel[3]
            assert norms[i]["scale"] == norms[i]["bias"] == (features,)


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_relu_and_tanh_in_the_generator_and_leaky_relu_in_the_discriminator(resolution, monkeypatch):
    def relus(used):
        return [e for e in used if e.primitive.name == "custom_jvp_call" and e.params["call_jaxpr"].eqns]

    def slopes(used):
        """The constants that features are multiplied by."""
        images = [e for e in used if e.primitive.name == "mul" and len(e.outvars[0].aval.shape) == 4]
        return [float(v.val) for e in images for v in e.invars if hasattr(v, "val")]

    used = operations(*generator(resolution), monkeypatch)
    assert len(relus(used)) == doublings(resolution)
    assert names(used).count("tanh") == 1
    assert not slopes(used)

    used = operations(*discriminator(resolution), monkeypatch)
    assert not relus(used)
    assert not {"tanh", "logistic"} & set(names(used))  # it ends in logits
    assert slopes(used) == pytest.approx([0.2] * doublings(resolution))


def test_images_are_in_minus_one_to_one_and_reach_the_ends():
    module, _ = generator(8)
    z = jax.random.normal(jax.random.key(0), (64, LATENTS))
    variables = jax.jit(lambda: module.init(jax.random.key(1), z, train=True))()
    kernel = variables["params"]["ConvTranspose_2"]["kernel"]
    variables["params"]["ConvTranspose_2"]["kernel"] = 100 * kernel
    images, _ = jax.jit(lambda variables: module.apply(variables, z, train=True, mutable=["batch_stats"]))(variables)
    assert np.abs(images).max() <= 1
    assert images.min() < -0.99
    assert images.max() > 0.99


@pytest.mark.parametrize("resolution", RESOLUTIONS)
def test_weights_are_drawn_from_a_normal_of_deviation_002(resolution):
    def values(module, inputs):
        params = jax.jit(lambda key: module.init(key, jnp.zeros(inputs.shape), train=True)["params"])(
            jax.random.key(resolution)
        )
        kernels, scales = (
            np.concatenate([np.ravel(layer[name]) for layer in params.values() if name in layer])
            for name in ("kernel", "scale")
        )
        biases = [layer["bias"] for layer in params.values() if "bias" in layer]
        assert all(np.all(bias == 0) for bias in biases)
        return kernels, scales

    for build in (generator, discriminator):
        kernels, scales = values(*build(resolution, width=8))
        for drawn, mean in ((kernels, 0), (scales, 1)):
            deviations = 4.5 / math.sqrt(len(drawn))  # of the estimates, in units of the true deviation
            assert abs(drawn.mean() - mean) < 0.02 * deviations
            assert drawn.std() == pytest.approx(0.02, rel=deviations)
        # Normal, not uniform or cut off: the share beyond two deviations.
        assert np.mean(np.abs(kernels) > 0.04) == pytest.approx(0.0455, abs=5 * math.sqrt(0.0455 / len(kernels)))


def test_has_as_many_parameters_as_the_dcgan_of_pytorchs_tutorial():
    # 64x64 RGB, 100 latents, width 64: 3,576,704 and 2,765,568 (pytorch.org/tutorials, "DCGAN Tutorial"), where no
    # convolution has a bias. Here those that no batch normalization follows have one.
    count = {}
    images = jnp.zeros((1, 64, 64, 3))
    for module, inputs in (dcgan.Generator(64, 3, 64), jnp.zeros((1, 100))), (dcgan.Discriminator(64), images):
        variables, _ = shapes(module, inputs)
        leaves = jax.tree.leaves(variables["params"], is_leaf=lambda x: isinstance(x, tuple))
        count[type(module).__name__] = sum(math.prod(shape) for shape in leaves)
    assert count == {"Generator": 3_576_704 + 3, "Discriminator": 2_765_568 + 64 + 1}
