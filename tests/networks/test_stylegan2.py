"""StyleGAN2's networks against PyTorch's: values, gradients and gradients of R1; mixing, noise and truncation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import stylegan2

pytestmark = pytest.mark.slow


def reference():
    pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_stylegan2

    return torch_stylegan2


def started(module, *arrays):
    """The shapes of its variables."""
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    return jax.eval_shape(lambda *x: module.init(keys, *x, train=True), *arrays)


def drawn(module, *arrays):
    rng = np.random.default_rng(2)
    return jax.tree.map(lambda x: rng.normal(0, 0.5, x.shape).astype(np.float32), started(module, *arrays)["params"])


def close(ours, theirs):
    """Trees of arrays and of tensors."""
    largest = max(x.abs().max().item() for x in jax.tree.leaves(theirs))

    def compare(path, a, b):
        tolerance = 1e-4 * max(b.abs().max().item(), 1e-2 * largest)
        np.testing.assert_allclose(a, b.detach().numpy(), rtol=0, atol=tolerance, err_msg=jax.tree_util.keystr(path))

    jax.tree_util.tree_map_with_path(compare, ours, theirs)


# As the authors' PyTorch code counts them, with channel bases of 16384, 32768 and 4096.
@pytest.mark.parametrize(
    ("resolution", "width", "most", "layers", "classes", "counts"),
    [
        (256, 64, 512, 8, None, (24_767_458, 24_001_089)),
        (256, 128, 512, 8, None, (30_034_338, 28_864_129)),
        (32, 512, 512, 2, 10, (20_215_315, 23_876_096)),
        (64, 64, 256, 2, None, (5_480_664, 4_727_617)),
    ],
)
def test_has_the_parameters_of_the_authors_networks(resolution, width, most, layers, classes, counts):
    label = () if classes is None else (jnp.zeros(1, jnp.int32),)
    generator = stylegan2.Generator(resolution, 3, width, most, mapping_layers=layers, classes=classes)
    judge = stylegan2.Discriminator(width, most, classes=classes)
    variables = (
        started(generator, jnp.zeros((1, 512)), *label),
        started(judge, jnp.zeros((1, resolution, resolution, 3)), *label),
    )
    assert tuple(sum(x.size for x in jax.tree.leaves(each["params"])) for each in variables) == counts


GENERATOR = {"width": 4, "most": 6, "style": 5, "mapping_layers": 2}


@pytest.mark.parametrize("classes", [None, 3])
def test_the_generator_is_that_of_pytorch(classes):
    torch_stylegan2 = reference()
    torch = torch_stylegan2.torch
    rng, labels = np.random.default_rng(0), np.array([0, 2])
    latents = rng.normal(size=(2, 7)).astype(np.float32)
    module = stylegan2.Generator((16, 24), 3, **GENERATOR, classes=classes)
    given = (latents,) if classes is None else (latents, labels)
    params = drawn(module, *given)
    average = {"batch_stats": {"average": np.zeros(5, np.float32)}}

    theirs = torch_stylegan2.tensors(params)
    onehot = None if classes is None else torch.eye(3).double()[labels]
    w = torch_stylegan2.mapping(theirs["mapping"], torch.tensor(np.float64(latents)), onehot)

    def drawn_noise(height, width):
        return torch.tensor(np.float64(jax.random.normal(jax.random.key(0), (height, width))))

    expected = torch_stylegan2.synthesis(theirs["synthesis"], w[:, None].expand(-1, 6, -1), drawn_noise)
    weights = rng.normal(size=expected.shape)
    (expected * torch.tensor(weights)).sum().backward()

    def value(params):
        y = module.apply({"params": params, **average}, *given, train=False)
        return jnp.sum(jnp.float32(weights.transpose(0, 2, 3, 1)) * y), y

    gradients, y = jax.jit(jax.grad(value, has_aux=True))(params)
    close(y, expected.permute(0, 2, 3, 1))
    close(gradients, jax.tree.map(lambda x: x.grad, theirs))


@pytest.mark.parametrize("classes", [None, 3])
def test_the_discriminator_and_its_r1_are_those_of_pytorch(classes):
    torch_stylegan2 = reference()
    torch = torch_stylegan2.torch
    rng, labels = np.random.default_rng(0), np.array([0, 2, 1, 1])
    images = rng.normal(size=(4, 16, 8, 3)).astype(np.float32)
    module = stylegan2.Discriminator(4, 6, classes=classes, mapping_layers=2)
    given = () if classes is None else (labels,)
    params = drawn(module, images, *given)

    theirs = torch_stylegan2.tensors(params)
    onehot = None if classes is None else torch.eye(3).double()[labels]
    points = torch.tensor(np.float64(images.transpose(0, 3, 1, 2)), requires_grad=True)
    logits = torch_stylegan2.discriminator(theirs, points, onehot)
    (slopes,) = torch.autograd.grad(logits.sum(), points, create_graph=True)
    expected = logits.sum() + slopes.square().sum()
    expected.backward()

    def value(params):
        def judged(images):
            return module.apply({"params": params}, images, *given, train=True)

        slopes = jax.grad(lambda x: jnp.sum(judged(x)))(images)
        return jnp.sum(judged(images)) + jnp.sum(slopes**2), judged(images)

    (found, y), gradients = jax.jit(jax.value_and_grad(value, has_aux=True))(params)
    close(y, logits)
    assert found == pytest.approx(expected.item(), rel=1e-4)
    # The bias of the last layer does not change a gradient, and has one of its own.
    close(gradients, jax.tree.map(lambda x: x.grad, theirs))


@pytest.fixture(scope="module")
def game():
    """A generator, its variables, and latents of four images."""
    module = stylegan2.Generator(16, 1, **GENERATOR)
    latents = jax.random.normal(jax.random.key(3), (4, 7))
    keys = {"params": jax.random.key(0), "noise": jax.random.key(1)}
    return module, module.init(keys, latents, train=True), latents


def styles(module, variables, latents, **how):
    return module.apply(variables, latents, method="styles", mutable=["batch_stats"], **how)


def test_styles_are_mixed_in_training_and_not_after_it(game):
    module, variables, latents = game
    plain, _ = styles(module, variables, latents, train=False)
    assert plain.shape == (4, 6, 5)
    np.testing.assert_array_equal(plain, jnp.repeat(plain[:, :1], 6, 1))
    mixed, _ = styles(module.clone(mixing=1.0), variables, latents, train=True, rngs={"noise": jax.random.key(2)})
    np.testing.assert_allclose(mixed[:, 0], plain[:, 0], rtol=1e-6)
    assert not np.any(np.all(np.isclose(mixed[:, -1], plain[:, -1]), -1))
    # From one layer on, all styles are those of the other latent.
    changes = np.any(np.diff(mixed, axis=1) != 0, -1)
    np.testing.assert_array_equal(changes.sum(1), 1)
    # An example keeps its draws in a larger batch, so that the number of devices does not matter.
    first, _ = styles(module.clone(mixing=1.0), variables, latents[:2], train=True, rngs={"noise": jax.random.key(2)})
    np.testing.assert_allclose(first, mixed[:2], rtol=1e-6)


def test_the_mean_style_is_followed_and_samples_can_be_drawn_towards_it(game):
    module, variables, latents = game
    plain, _ = styles(module, variables, latents, train=False)
    _, after = styles(module.clone(mixing=0.0), variables, latents, train=True)
    np.testing.assert_allclose(after["batch_stats"]["average"], 0.005 * plain[:, 0].mean(0), rtol=1e-4)
    half, _ = styles(module.clone(truncation=0.5), variables | after, latents, train=False)
    np.testing.assert_allclose(half[:, 0], (plain[:, 0] + after["batch_stats"]["average"]) / 2, rtol=1e-5)
    same = module.clone(truncation=0.0).apply(variables, latents, train=False)
    np.testing.assert_array_equal(same, jnp.repeat(same[:1], 4, 0))


def test_noise_is_drawn_anew_in_training_only(game):
    module, variables, latents = game
    params = jax.tree.map(lambda x: jnp.ones_like(x) if x.ndim == 0 else x, variables["params"])
    plain, _ = styles(module, variables, latents, train=False)

    def made(train, key):
        rngs = {"noise": jax.random.key(key)}
        return module.apply(variables | {"params": params}, plain, train=train, method="synthesize", rngs=rngs)

    np.testing.assert_array_equal(made(False, 1), made(False, 2))
    assert not np.allclose(made(True, 1), made(True, 2))
    assert not np.allclose(made(True, 1), made(False, 1))


def test_each_layer_keeps_the_scale_of_its_input():
    module = stylegan2.Layer(64)
    x, w = jax.random.normal(jax.random.key(0), (8, 16, 16, 64)), jax.random.normal(jax.random.key(1), (8, 32))
    made, _ = module.init_with_output(jax.random.key(2), x, w, False)
    assert float(jnp.mean(made**2)) == pytest.approx(1, abs=0.15)  # zeros around the images take something away


@pytest.mark.parametrize(
    ("module", "given", "message"),
    [
        (stylegan2.Generator(36, 3), jnp.zeros((1, 4)), "StyleGAN2 cannot be built for images of 36x36"),
        (stylegan2.Discriminator(), jnp.zeros((1, 16, 18, 3)), "StyleGAN2 cannot be built"),
        (stylegan2.Generator(8, 3, classes=3), jnp.zeros((1, 4)), "takes labels"),
        (stylegan2.Discriminator(8), jnp.zeros((6, 8, 8, 1)), "is not divided by groups of 4"),
    ],
)
def test_what_does_not_fit_is_refused(module, given, message):
    with pytest.raises(ValueError, match=message):
        started(module, given)
