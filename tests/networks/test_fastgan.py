"""FastGAN's generator against a model in PyTorch, and its numbers of parameters."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import fastgan

pytestmark = pytest.mark.slow


def started(module, latents):
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    return jax.eval_shape(lambda z: module.init(keys, z, train=True), latents)


# As the code of Projected GAN counts the generator of 256x256, with a width of 128 and latents of 256.
def test_has_the_parameters_of_the_authors_network():
    variables = started(fastgan.Generator(256, 3), jnp.zeros((1, 256)))
    assert sum(x.size for x in jax.tree.leaves(variables["params"])) == PARAMETERS


PARAMETERS = 105_684_175


def reference(variables, latents, doublings):
    """The images (N, C, H, W), of our variables as tensors, in evaluation mode."""
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    functional = torch.nn.functional
    params, spectral, stats = (variables[name] for name in ("params", "spectral", "batch_stats"))

    def kernel(path, feature_axis):
        own, u = params, spectral
        for name in path:
            own, u = own[name], u[name]
        u = u["SpectralNorm_0"]["u"]
        matrix = own["kernel"].movedim(feature_axis, -1).reshape(-1, len(u))
        u = u / u.norm()
        v = (matrix @ u).detach()
        v = v / v.norm()
        return own["kernel"] / (v @ matrix @ u)

    def normalized(x, own, seen):
        mean, var = (seen[name][:, None, None] for name in ("mean", "var"))
        return (x - mean) / (var + 1e-5).sqrt() * own["scale"][:, None, None] + own["bias"][:, None, None]

    def conv(x, path, padding):
        return functional.conv2d(x, kernel(path, 3).permute(3, 2, 0, 1), padding=padding)

    z = latents / (latents.square().mean(1, keepdim=True) + 1e-8).sqrt()
    weights = kernel(["ConvTranspose_0"], 2).permute(3, 2, 0, 1)
    x = functional.conv_transpose2d(z[:, :, None, None], weights)
    smallest = x.shape[2:]
    x = functional.glu(normalized(x, params["BatchNorm_0"], stats["BatchNorm_0"]), 1)
    maps = [x]
    for i in range(doublings):
        name = f"_Up_{i}"
        x = functional.interpolate(x, scale_factor=2, mode="nearest")
        for j, layer in enumerate(["UpConv_0", "Conv_0"]):
            x = conv(x, [name, layer], 1)
            noise = jax.random.normal(jax.random.key(0), tuple(x.shape[2:]))
            x = x + params[name][f"PixelNoise_{j}"]["strength"] * torch.tensor(np.float64(noise))
            x = functional.glu(normalized(x, params[name][f"BatchNorm_{j}"], stats[name][f"BatchNorm_{j}"]), 1)
        if i >= 3:
            small = functional.adaptive_avg_pool2d(maps[i - 3], smallest)
            scale = conv(small, [f"Excitation_{i - 3}", "Conv_0"], 0)
            x = x * torch.sigmoid(conv(functional.silu(scale), [f"Excitation_{i - 3}", "Conv_1"], 0))
        maps.append(x)
    return conv(x, ["Conv_0"], 1) + params["Conv_0"]["bias"][:, None, None]


# With maps of 4x6 at the start, one and two excitations, and none.
@pytest.mark.parametrize(("size", "doublings"), [((64, 96), 4), ((128, 128), 5), ((16, 16), 2)])
def test_values_and_gradients_are_those_of_pytorch(size, doublings):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    rng = np.random.default_rng(0)
    latents = rng.normal(size=(2, 5)).astype(np.float32)
    module = fastgan.Generator(size, 3, 2)
    shapes = started(module, latents)
    variables = jax.tree.map(lambda x: rng.normal(0, 1, x.shape).astype(np.float32), shapes)
    variables["batch_stats"] = jax.tree.map(np.abs, variables["batch_stats"])

    theirs = jax.tree.map(lambda x: torch.tensor(np.float64(x)), variables)
    for leaf in jax.tree.leaves(theirs["params"]):
        leaf.requires_grad_()
    expected = reference(theirs, torch.tensor(np.float64(latents)), doublings)
    weights = rng.normal(size=expected.shape)
    (expected * torch.tensor(weights)).sum().backward()

    def value(params):
        y = module.apply(variables | {"params": params}, latents, train=False)
        return jnp.sum(jnp.float32(weights.transpose(0, 2, 3, 1)) * y), y

    gradients, y = jax.jit(jax.grad(value, has_aux=True))(variables["params"])
    assert y.shape == (2, *size, 3)
    made = expected.detach().permute(0, 2, 3, 1).numpy()
    np.testing.assert_allclose(y, made, rtol=0, atol=1e-4 * np.abs(made).max())
    largest = max(np.abs(x).max() for x in jax.tree.leaves(gradients))

    def compare(path, a, b):
        tolerance = 3e-4 * max(b.grad.abs().max().item(), 1e-2 * largest)
        np.testing.assert_allclose(a, b.grad, rtol=0, atol=tolerance, err_msg=jax.tree_util.keystr(path))

    jax.tree_util.tree_map_with_path(compare, gradients, theirs["params"])


def test_sizes_that_do_not_fit_are_refused():
    for size, message in ((36, "FastGAN cannot be built for images of 36x36"), (2048, "up to 1024x1024")):
        with pytest.raises(ValueError, match=message):
            started(fastgan.Generator(size, 3, 8), jnp.zeros((1, 4)))
