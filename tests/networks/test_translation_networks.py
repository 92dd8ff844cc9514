"""The networks of pix2pix and CycleGAN: the authors' numbers of parameters, and values and gradients of PyTorch's."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import cyclegan_resnet, patchgan, unet
from gan_jax.networks.functional import forward
from gan_jax.networks.layers import Dropout, Normalization, batch_norm, no_norm, plain_instance_norm, spectral_norm
from gan_jax.networks.ops import computing

pytestmark = pytest.mark.slow


def shaped(module, side, channels):
    """Its output's shape and the number of its parameters, of images of the side."""
    images = jax.ShapeDtypeStruct((1, side, side, channels), jnp.float32)
    y, variables = jax.eval_shape(lambda x: module.init_with_output(jax.random.key(0), x, train=True), images)
    return y.shape, sum(x.size for x in jax.tree.leaves(variables["params"]))


# As the authors' code prints them for 256x256 images of three channels: 54.414 M, 41.829 M, 11.378 M, 7.838 M, 2.769 M,
# 2.765 M; and by hand.
@pytest.mark.parametrize(
    ("module", "side", "channels", "shape", "parameters"),
    [
        (unet.Generator(256, 3), 256, 3, (1, 256, 256, 3), 54_413_955),
        (unet.Generator(128, 3), 128, 3, (1, 128, 128, 3), 41_828_995),
        (cyclegan_resnet.Generator(3), 256, 3, (1, 256, 256, 3), 11_378_179),
        (cyclegan_resnet.Generator(3, blocks=6), 128, 3, (1, 128, 128, 3), 7_837_699),
        (patchgan.Discriminator(), 256, 6, (1, 30, 30), 2_768_705),
        (patchgan.Discriminator(normalization=plain_instance_norm), 256, 3, (1, 30, 30), 2_764_737),
        (cyclegan_resnet.Generator(3, antialias=True), 256, 3, (1, 256, 256, 3), 11_378_179),
        (patchgan.Discriminator(normalization=plain_instance_norm, antialias=True), 256, 3, (1, 30, 30), 2_764_737),
        (patchgan.Discriminator(layers=1), 256, 6, (1, 126, 126), 139_585),
        (patchgan.Discriminator(layers=5), 256, 6, (1, 6, 6), 11_159_361),
        (patchgan.PixelDiscriminator(), 256, 6, (1, 256, 256), 9_024),
    ],
)
def test_has_the_parameters_of_the_authors_networks(module, side, channels, shape, parameters):
    assert shaped(module, side, channels) == (shape, parameters)


def test_the_parameters_of_a_u_net_by_hand():
    """C64-C128-C256-C512-C512-C512-C512-C512 (appendix 6.1.1), 4x4 kernels, and the way back with twice the input."""
    down = 16 * (3 * 64 + 64 * 128 + 128 * 256 + 256 * 512 + 4 * 512 * 512)
    up = 16 * (512 * 512 + 3 * 1024 * 512 + 1024 * 256 + 512 * 128 + 256 * 64 + 128 * 3) + 3
    norms = 2 * (128 + 256 + 4 * 512) + 2 * (4 * 512 + 256 + 128 + 64)
    assert down + up + norms == shaped(unet.Generator(256, 3), 256, 3)[1]


def test_full_size_references_have_as_many_parameters():
    pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    import torch
    from support import torch_translation as reference

    with torch.device("meta"):
        instance = torch.nn.InstanceNorm2d
        counts = [
            reference.count(reference.UNet(8, 3, 3, 64)),
            reference.count(reference.UNet(7, 3, 3, 64)),
            reference.count(reference.ResNet(9, 3, 3, 64)),
            reference.count(reference.PatchGAN(3, 6, 64)),
            reference.count(reference.PatchGAN(3, 3, 64, instance)),
        ]
    assert counts == [54_413_955, 41_828_995, 11_378_179, 2_768_705, 2_764_737]


def reference_of(name, reference):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    instance = torch.nn.InstanceNorm2d
    return {
        "U-Net": lambda: reference.UNet(6, 3, 2, 2),
        "U-Net, instance": lambda: reference.UNet(4, 3, 2, 3, instance),
        "ResNet": lambda: reference.ResNet(2, 3, 2, 3),
        "ResNet, batch": lambda: reference.ResNet(1, 3, 2, 3, torch.nn.BatchNorm2d),
        "ResNet, CUT": lambda: reference.ResNet(2, 3, 2, 3, antialias=True),
        "PatchGAN": lambda: reference.PatchGAN(2, 3, 3),
        "PatchGAN, CUT": lambda: reference.PatchGAN(3, 3, 2, instance, antialias=True),
        "PatchGAN, instance": lambda: reference.PatchGAN(1, 3, 4, instance),
        "PixelGAN": lambda: reference.PixelGAN(3, 4),
        "PixelGAN, instance": lambda: reference.PixelGAN(3, 4, instance),
    }[name]()


# (height, width) of the images beside each.
NETWORKS = {
    "U-Net": (unet.Generator(64, 2, 2), 64, 128),
    "U-Net, instance": (unet.Generator(16, 2, 3, normalization=plain_instance_norm), 32, 16),
    "ResNet": (cyclegan_resnet.Generator(2, 3, 2), 12, 16),
    "ResNet, batch": (cyclegan_resnet.Generator(2, 3, 1, batch_norm), 8, 8),
    "ResNet, CUT": (cyclegan_resnet.Generator(2, 3, 2, antialias=True), 12, 16),
    "PatchGAN": (patchgan.Discriminator(3, 2), 12, 17),
    "PatchGAN, CUT": (patchgan.Discriminator(2, 3, plain_instance_norm, antialias=True), 26, 33),
    "PatchGAN, instance": (patchgan.Discriminator(4, 1, plain_instance_norm), 6, 9),
    "PixelGAN": (patchgan.PixelDiscriminator(4), 5, 6),
    "PixelGAN, instance": (patchgan.PixelDiscriminator(4, plain_instance_norm), 5, 6),
}


def started(name):
    module, height, width = NETWORKS[name]
    images = np.random.default_rng(0).uniform(-1, 1, (2, height, width, 3)).astype(np.float32)
    shapes = jax.eval_shape(lambda: module.init(jax.random.key(1), images, train=True))
    # Not as they start: biases that are alike would hide mistakes.
    rng = np.random.default_rng(2)
    variables = jax.tree.map(lambda x: rng.normal(0, 0.1, x.shape).astype(np.float32), shapes)
    for name, layer in variables["params"].items():
        if "scale" in layer:
            variables["params"][name] = layer | {"scale": 1 + layer["scale"]}
    return module, variables.pop("params"), variables, images


def masking(masks):
    """Dropout keeps what the masks, in turn, say."""
    left = iter(masks)

    def intercept(call, args, kwargs, context):
        return 2 * next(left) * args[0] if isinstance(context.module, Dropout) else call(*args, **kwargs)

    return nn.intercept_methods(intercept)


@pytest.mark.parametrize("name", NETWORKS)
def test_values_and_gradients_are_those_of_pytorch(name):
    pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_translation as reference

    module, params, variables, images = started(name)
    network = reference.load(reference_of(name, reference), params)
    masks = []
    if name == "U-Net":  # its one layer with dropout, the second on the way up
        masks = [np.random.default_rng(3).integers(0, 2, (2, 4, 8, 16)).astype(np.float32)]
        network.masks = {1: reference.nchw(masks[0])}
    expected = network(reference.nchw(images))
    expected = expected.movedim(1, -1) if expected.ndim == 4 else expected
    weights = np.random.default_rng(1).normal(size=expected.shape)
    expected.backward(reference.torch.tensor(weights))

    def value(params):
        with masking(masks):
            y, _ = forward(module, params, variables, images, key=jax.random.key(0))
        return jnp.sum(jnp.float32(weights) * y), y

    gradients, y = jax.jit(jax.grad(value, has_aux=True))(params)
    np.testing.assert_allclose(y, expected.detach().numpy(), rtol=0, atol=2e-5)
    theirs = reference.ours(network, lambda tensor: tensor.grad)
    largest = max(np.abs(x).max() for x in jax.tree.leaves(theirs))

    def close(path, a, b):
        # The gradients of biases before a normalization are 0, and only rounding is left of them.
        nothing = np.abs(b).max() < 1e-12 * largest
        tolerance = 1e-5 * largest if nothing else 1e-4 * max(np.abs(b).max(), 1e-2 * largest)
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance, err_msg=jax.tree_util.keystr(path))

    jax.tree_util.tree_map_with_path(close, gradients, theirs)


@pytest.mark.parametrize(("resolution", "sides"), [(16, []), (32, []), (64, [4]), (128, [4, 8]), (256, [4, 8, 16])])
def test_a_u_nets_noise_is_dropout_in_the_layers_after_the_innermost(resolution, sides):
    seen = []

    def intercept(call, args, kwargs, context):
        if isinstance(context.module, Dropout):
            seen.append((context.module.rate, args[0].shape))
        return call(*args, **kwargs)

    with nn.intercept_methods(intercept):
        shape, _ = shaped_with_noise(unet.Generator(resolution, 3, 2), resolution)
    assert shape == (1, resolution, resolution, 3)
    assert seen == [(0.5, (1, side, side, 16)) for side in sides]


def shaped_with_noise(module, side):
    images = jax.ShapeDtypeStruct((1, side, side, 3), jnp.float32)
    rngs = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    y, variables = jax.eval_shape(lambda x: module.init_with_output(rngs, x, train=True), images)
    return y.shape, variables


def test_a_u_net_draws_in_training_and_for_every_image_its_own():
    module, params, variables, images = started("U-Net")
    images = np.stack([images[0], images[0]])
    made = jax.jit(lambda key: forward(module, params, variables, images, key=key)[0])
    one, other = made(jax.random.key(1)), made(jax.random.key(2))
    assert not np.allclose(one, other)
    assert not np.allclose(one[0], one[1])


SIDES = {(0, False): 1, (1, False): 16, (2, False): 34, (3, False): 70, (5, False): 286, (1, True): 18, (3, True): 84}


@pytest.mark.parametrize(("layers", "antialias"), SIDES)
def test_a_logit_sees_a_patch_of_the_receptive_field(layers, antialias):
    module = patchgan.PixelDiscriminator(1, no_norm)
    if layers:
        module = patchgan.Discriminator(1, layers, no_norm, antialias)
    side = module.receptive_field
    assert side == SIDES[layers, antialias]
    # Far from the border one logit depends on as many rows and columns, next to each other.
    images = jnp.zeros((1, 2 * side + 4 * 2**layers, side, 1))
    variables = jax.jit(lambda: module.init(jax.random.key(0), images, train=True))()
    positive = jax.tree.map(lambda x: jnp.ones_like(x), variables)

    def logit(images):
        logits = module.apply(positive, images, train=True)
        return logits[0, logits.shape[1] // 2, logits.shape[2] // 2]

    rows = np.flatnonzero(np.asarray(jax.jit(jax.grad(logit))(images))[0].any((1, 2)))
    assert len(rows) == rows[-1] - rows[0] + 1 == side


def test_weights_start_normal_with_deviation_002():
    for module in (unet.Generator(8, 3, 8), cyclegan_resnet.Generator(3, 4, 1), patchgan.Discriminator(4, 1)):
        params = jax.jit(lambda module=module: module.init(jax.random.key(0), jnp.zeros((1, 8, 8, 3)), train=True))()
        named = jax.tree_util.tree_leaves_with_path(params["params"])
        for kind, mean, deviation in (("kernel", 0, 0.02), ("scale", 1, 0.02), ("bias", 0, 0)):
            found = [np.ravel(x) for path, x in named if kind in jax.tree_util.keystr(path)]
            values = np.concatenate(found) if found else np.zeros(0)
            if values.size:
                assert values.mean() == pytest.approx(mean, abs=0.02 * 4.5 / values.size**0.5)
                assert values.std() == pytest.approx(deviation, rel=4.5 / values.size**0.5)


@pytest.mark.parametrize("name", ["U-Net, instance", "ResNet, batch", "PatchGAN"])
def test_bfloat16_and_populations(name):
    module, params, variables, images = started(name)
    key = jax.random.key(0)
    y, _ = jax.jit(lambda: forward(module, params, variables, images, key=key))()
    with computing("bfloat16"):
        low, changed = jax.jit(lambda: forward(module, params, variables, images, key=key))()
    assert {x.dtype for x in jax.tree.leaves((low, changed))} == {jnp.dtype("float32")}
    assert 0 < np.abs(low - y).mean() < 0.05 * np.abs(y).max()
    members = jax.tree.map(lambda x: jnp.stack([x, x]), (params, variables))
    mapped, _ = jax.jit(jax.vmap(lambda p, v: forward(module, p, v, images, key=key)))(*members)
    np.testing.assert_allclose(mapped[1], y, rtol=0, atol=1e-4 * float(np.abs(y).max()))


@pytest.mark.parametrize(
    "module", [unet.Generator(16, 3, 2, normalization=spectral_norm), patchgan.Discriminator(2, 1, spectral_norm)]
)
def test_weights_may_be_normalized_instead_of_features(module):
    variables = jax.eval_shape(lambda: module.init(jax.random.key(0), jnp.zeros((1, 16, 16, 3)), train=True))
    kernels = sum("kernel" in layer for layer in variables["params"].values())
    assert len(jax.tree.leaves(variables["spectral"])) == kernels
    assert all("bias" in layer for layer in variables["params"].values())


def test_a_bias_is_left_out_before_a_normalization_that_has_its_own():
    own = Normalization(features=batch_norm.features, conv_bias=True)
    for normalization, biases in ((batch_norm, 0), (plain_instance_norm, 1), (no_norm, 1), (own, 1)):
        module = patchgan.Discriminator(2, 1, normalization)
        variables = jax.eval_shape(
            lambda module=module: module.init(jax.random.key(0), jnp.zeros((1, 8, 8, 3)), train=True)
        )
        assert ("bias" in variables["params"]["Conv_1"]) == biases


def test_what_cannot_be_built_is_refused():
    with pytest.raises(ValueError, match="power of two from 8 on, not 48: 32 or 64 would do"):
        shaped(unet.Generator(48, 3), 48, 3)
    with pytest.raises(ValueError, match="power of two from 8 on, not 4: 8 would do"):
        shaped(unet.Generator(4, 3), 4, 3)
    with pytest.raises(ValueError, match="multiples of 32, not 48x48"):
        shaped(unet.Generator(32, 3), 48, 3)
    with pytest.raises(ValueError, match="multiples of 4 from 8 on, not 30x30"):
        shaped(cyclegan_resnet.Generator(3), 30, 3)
    with pytest.raises(ValueError, match="multiples of 4 from 8 on, not 4x4"):
        shaped(cyclegan_resnet.Generator(3), 4, 3)
    with pytest.raises(ValueError, match="at least 1 layer, not 0"):
        shaped(patchgan.Discriminator(layers=0), 32, 3)
    with pytest.raises(ValueError, match="3 layers sees nothing of images as small as 23x23"):
        shaped(patchgan.Discriminator(), 23, 3)
    assert shaped(patchgan.Discriminator(), 24, 3)[0] == (1, 1, 1)
    assert (unet.Generator(64, 3).stride, cyclegan_resnet.Generator(3).stride) == (64, 4)
