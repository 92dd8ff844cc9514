"""Path length regularization: against PyTorch on StyleGAN2, and by hand where the Jacobian is known."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.parallel import AXIS, example_keys
from gan_jax.networks import stylegan2
from gan_jax.regularizers import View, path_length


class Linear(nn.Module):
    """Images (N, 2, 2, 1) that are a number times the styles (N, 1, 4), which are the latents."""

    def setup(self):
        self.slope = self.param("slope", nn.initializers.constant(3.0), ())

    def __call__(self, latents, train):
        return self.synthesize(self.styles(latents, train=train), train=train)

    def styles(self, latents, *, train):
        return latents[:, None]

    def synthesize(self, ws, *, train):
        return (self.slope * ws[:, 0]).reshape(-1, 2, 2, 1)


def view(params, latents, key, **batch):
    return View(batch, latents, None, None, params, jnp.zeros((), jnp.int32), key)


def test_a_linear_generator_by_hand():
    penalty = path_length(Linear(), 2.0, decay=0.9, shrink=1)
    key = jax.random.key(5)
    found, memory = penalty.apply(view({"slope": 3.0}, jnp.ones((8, 4)), key), penalty.init())
    noise = [jax.random.normal(each, (2, 2, 1)) for each in example_keys(jax.random.split(key, 3)[0], 8)]
    lengths = np.array([3 * np.linalg.norm(each) / 2 for each in noise])
    assert memory == pytest.approx(0.1 * lengths.mean(), rel=1e-5)
    assert found == pytest.approx(2 * np.mean((lengths - 0.1 * lengths.mean()) ** 2), rel=1e-5)
    # The average goes on from where it was, and a part of the batch is enough.
    half = path_length(Linear(), decay=0.9, shrink=2)
    _, memory = half.apply(view({"slope": 3.0}, jnp.ones((8, 4)), key), jnp.array(4.0))
    assert memory == pytest.approx(0.9 * 4 + 0.1 * lengths[:4].mean(), rel=1e-5)


def test_devices_find_the_length_of_the_whole_batch():
    module = stylegan2.Generator(8, 1, 3, 4, style=5, mapping_layers=1, classes=3)
    latents, labels = jax.random.normal(jax.random.key(0), (8, 6)), jnp.arange(8) % 3
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    params = module.init(keys, latents, labels, train=True)["params"]
    penalty = path_length(module)

    def find(latents, labels):
        return penalty.apply(view(params, latents, jax.random.key(5), label=labels), jnp.array(0.5))

    alone = jax.jit(find)(latents, labels)
    shares = jax.vmap(find, axis_name=AXIS)(latents.reshape(2, 4, 6), labels.reshape(2, 4))
    np.testing.assert_allclose(np.mean(shares, 1), alone, rtol=1e-5)
    np.testing.assert_array_equal(*shares[1])


@pytest.mark.slow
@pytest.mark.parametrize("classes", [None, 3])
def test_its_gradient_is_that_of_pytorch(classes):
    pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_stylegan2

    torch = torch_stylegan2.torch
    module = stylegan2.Generator(8, 2, 3, 4, style=5, mapping_layers=1, classes=classes, mixing=0.0)
    latents, labels = jax.random.normal(jax.random.key(0), (3, 6)), jnp.array([0, 2, 1])
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    given = (latents,) if classes is None else (latents, labels)
    shapes = jax.eval_shape(lambda: module.init(keys, *given, train=True))["params"]
    rng = np.random.default_rng(2)
    params = jax.tree.map(lambda x: rng.normal(0, 0.5, x.shape).astype(np.float32), shapes)
    for name, layer in params["synthesis"].items():  # without noise, whose draws PyTorch does not know
        if "PixelNoise_0" in layer:
            params["synthesis"][name] = layer | {"PixelNoise_0": {"strength": np.float32(0)}}
    penalty, key = path_length(module, 2.0, shrink=1), jax.random.key(5)
    (found, memory), gradients = jax.jit(
        jax.value_and_grad(lambda params: penalty.apply(view(params, latents, key, label=labels), 0.5), has_aux=True)
    )(params)

    theirs = torch_stylegan2.tensors(params)
    onehot = None if classes is None else torch.eye(3).double()[np.array(labels)]
    w = torch_stylegan2.mapping(theirs["mapping"], torch.tensor(np.float64(latents)), onehot)
    ws = w[:, None].expand(-1, 4, -1)
    images = torch_stylegan2.synthesis(theirs["synthesis"], ws, lambda height, width: torch.zeros(1))
    noise = [jax.random.normal(each, (8, 8, 2)) for each in example_keys(jax.random.split(key, 3)[0], 3)]
    noise = torch.tensor(np.float64(noise)).permute(0, 3, 1, 2) / 8
    (slopes,) = torch.autograd.grad((images * noise).sum(), ws, create_graph=True)
    lengths = slopes.square().sum(2).mean(1).sqrt()
    average = torch.lerp(torch.tensor(0.5).double(), lengths.mean(), 0.01)
    expected = 2 * (lengths - average).square().mean()
    expected.backward()

    assert found == pytest.approx(expected.item(), rel=1e-4)
    assert memory == pytest.approx(average.item(), rel=1e-5)
    largest = max(np.abs(x).max() for x in jax.tree.leaves(gradients))

    def compare(path, a, b):
        # What does not change the Jacobian, such as the last biases, has no gradient in PyTorch, and zeros here.
        b = np.zeros_like(a) if b.grad is None else b.grad.numpy()
        if path[-1].key != "strength":
            np.testing.assert_allclose(a, b, rtol=0, atol=1e-4 * largest, err_msg=jax.tree_util.keystr(path))

    jax.tree_util.tree_map_with_path(compare, gradients, theirs)


@pytest.mark.parametrize(("options", "message"), [({"weight": -1}, "weight"), ({"decay": 1.0}, "decay")])
def test_bad_numbers_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        path_length(Linear(), **options)
