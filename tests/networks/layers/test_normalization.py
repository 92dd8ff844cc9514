"""Normalization against Flax's, PyTorch's and NumPy's: values, gradients and what is kept."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.parallel import AXIS
from gan_jax.networks import dcgan
from gan_jax.networks.functional import forward
from gan_jax.networks.layers import (
    Conv,
    ConvTranspose,
    Dense,
    DownConv,
    SpectralNorm,
    UpConv,
    WeightNorm,
    normalization,
)
from gan_jax.networks.ops import channel_sums, computing


def evaluated(module, x, weights, **call):
    variables = module.init(jax.random.key(0), x, **call)
    params = {"scale": jnp.linspace(0.5, 2, x.shape[-1]), "bias": jnp.linspace(-1, 1, x.shape[-1])}
    variables = {**variables, "params": params}

    def value(params, x):
        y, changed = module.apply({**variables, "params": params}, x, mutable=["batch_stats"], **call)
        return jnp.sum(weights * jnp.sin(y)), (y, changed["batch_stats"])

    (_, (y, statistics)), gradients = jax.jit(jax.value_and_grad(value, argnums=(0, 1), has_aux=True))(params, x)
    return y, statistics, gradients


@pytest.mark.parametrize("many", [0, 2**40], ids=["products", "reductions"])
@pytest.mark.parametrize("train", [True, False])
def test_batch_normalization_is_that_of_flax(many, train, monkeypatch):
    monkeypatch.setattr(channel_sums, "_MIN_SUM_BY_PRODUCT", many)
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(2, 3, size=(6, 5, 4, 7)), jnp.float32)
    weights = jnp.asarray(rng.normal(size=x.shape), jnp.float32)
    ours = evaluated(normalization.BatchNorm(train=train), x, weights)
    flax = evaluated(nn.BatchNorm(use_running_average=not train, momentum=0.9), x, weights)
    assert not np.allclose(ours[0], x)

    def close(a, b):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=2e-5 * float(jnp.abs(b).max()))

    jax.tree.map(close, ours, flax)


def test_the_choice_of_products_is_made_by_size_and_channels(monkeypatch):
    def products(function, size, channels=4):
        x = jnp.zeros((size // channels, channels))
        return str(jax.make_jaxpr(lambda x: function(x))(x)).count("dot_general")  # new: traces are kept

    def broadcast_channels(x):
        return channel_sums.broadcast_channels(x[0], x)

    many, large = channel_sums._MIN_SUM_BY_PRODUCT, channel_sums._MIN_BROADCAST_BY_PRODUCT
    wide = 2 * channel_sums._FEW_CHANNELS
    assert [products(channel_sums.channel_mean, many // 2), products(channel_sums.channel_mean, many)] == [0, 1]
    assert [products(broadcast_channels, many // 2), products(broadcast_channels, many)] == [0, 1]
    assert [products(broadcast_channels, large // 2, wide), products(broadcast_channels, large, wide)] == [0, 1]
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert products(channel_sums.channel_mean, large) == products(broadcast_channels, large) == 0


def close(a, b, tolerance=1e-5):
    """Relative to the largest value."""
    a, b = np.asarray(a), np.asarray(b)
    assert a.shape == b.shape
    np.testing.assert_allclose(a, b, rtol=0, atol=tolerance * np.abs(b).max())


def value_and_gradients(module, params, x, weights, **state):
    """y, and the gradients of sum(weights * y) in the parameters and x."""

    def value(params, x):
        y, changed = module.apply({"params": params, **state}, x, mutable=list(state))
        return jnp.sum(weights * y), (y, changed)

    (_, (y, changed)), gradients = jax.jit(jax.value_and_grad(value, argnums=(0, 1), has_aux=True))(params, x)
    return y, gradients, changed


@pytest.mark.parametrize("name", ["layer", "instance"])
def test_layer_and_instance_normalization_are_those_of_pytorch(name):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    rng = np.random.default_rng(1)
    x, weights = rng.normal(1, 2, size=(2, 3, 4, 5, 6)).astype(np.float32)
    scale, bias = rng.normal(size=(2, 6)).astype(np.float32)
    module = {"layer": normalization.LayerNorm(), "instance": normalization.InstanceNorm()}[name]
    y, (of_params, of_x), _ = value_and_gradients(module, {"scale": scale, "bias": bias}, x, weights)

    tx, ts, tb = (torch.tensor(a, requires_grad=True) for a in (x, scale, bias))
    images = tx.permute(0, 3, 1, 2)
    groups = {"layer": 1, "instance": 6}[name]
    reference = torch.nn.functional.group_norm(images, groups, ts, tb).permute(0, 2, 3, 1)
    (reference * torch.tensor(weights)).sum().backward()
    for ours, theirs in (
        (y, reference.detach()),
        (of_x, tx.grad),
        (of_params["scale"], ts.grad),
        (of_params["bias"], tb.grad),
    ):
        close(ours, theirs)


@pytest.mark.parametrize("shape", [(2, 6, 5, 7), (3, 11, 4), (2, 1, 1, 3)], ids=str)
def test_by_products_instances_are_standardized_to_the_same_values_and_derivatives(shape, monkeypatch):
    rng = np.random.default_rng(0)
    x, direction, weights = (jnp.asarray(rng.normal(1, 2, shape), jnp.float32) for _ in range(3))

    def everything(x, direction):
        def gradient(x):
            return jax.grad(lambda x: jnp.sum(weights * jnp.sin(channel_sums.standardize(x, 0.1))))(x)

        value = jax.jvp(lambda x: channel_sums.standardize(x, 0.1), (x,), (direction,))
        # Reverse over reverse mode (a gradient penalty), and forward over reverse mode.
        return (
            *value,
            gradient(x),
            jax.grad(lambda x: jnp.sum(gradient(x) ** 2))(x),
            jax.jvp(gradient, (x,), (direction,)),
        )

    def computed(limit):
        monkeypatch.setattr(channel_sums, "_MAX_CACHED_EXAMPLE", limit)
        products = str(jax.make_jaxpr(lambda *arrays: everything(*arrays))(x, direction)).count("dot_general")
        return products, jax.jit(lambda *arrays: everything(*arrays))(x, direction)

    (none, plain), (many, fast) = computed(0), computed(2**17)
    assert none == 0
    assert many > 0
    jax.tree.map(partial(close, tolerance=2e-5), fast, plain)
    assert channel_sums.standardize(x[:0], 0.1).shape == (0, *shape[1:])
    monkeypatch.setattr(jax, "default_backend", lambda: "gpu")
    assert computed(2**17)[0] == 0


def test_instance_normalization_may_have_no_scale_and_bias():
    x = jnp.asarray(np.random.default_rng(1).normal(1, 2, size=(2, 4, 5, 3)), jnp.float32)
    module = normalization.InstanceNorm(affine=False)
    assert module.init(jax.random.key(0), x) == {}
    params = {"scale": jnp.ones(3), "bias": jnp.zeros(3)}
    close(module.apply({}, x), normalization.InstanceNorm().apply({"params": params}, x))


def test_pixel_normalization_leaves_every_pixel_a_mean_square_of_1():
    x = np.random.default_rng(2).normal(size=(2, 3, 3, 8)).astype(np.float32)
    y = normalization.pixel_norm(jnp.asarray(x))
    close(y, x / np.sqrt(np.mean(np.float64(x) ** 2, -1, keepdims=True)))
    assert not np.any(normalization.pixel_norm(jnp.zeros((1, 4))))
    gradient = jax.grad(lambda x: jnp.sum(normalization.pixel_norm(x) ** 2))(jnp.asarray(x))
    np.testing.assert_allclose(gradient, 0, atol=1e-5)  # since the sum is constant


@pytest.mark.parametrize("train", [True, False])
def test_conditional_batch_normalization_scales_and_shifts_by_class(train):
    rng = np.random.default_rng(3)
    x, weights = rng.normal(1, 2, size=(2, 6, 4, 4, 5)).astype(np.float32)
    labels = np.array([0, 2, 2, 1, 0, 2])
    scale, bias = rng.normal(size=(2, 3, 5)).astype(np.float32)
    statistics = {"mean": np.float32(rng.normal(size=5)), "var": np.float32(rng.uniform(1, 2, 5))}
    module = normalization.ConditionalBatchNorm(3, train)

    def value(params, x):
        variables = {"params": params, "batch_stats": statistics}
        y, changed = module.apply(variables, x, labels, mutable=["batch_stats"])
        return jnp.sum(weights * y), (y, changed["batch_stats"])

    (_, (y, kept)), (of_params, of_x) = jax.value_and_grad(value, argnums=(0, 1), has_aux=True)(
        {"scale": scale, "bias": bias}, x
    )

    def plain(params, x):
        """Without a condition, and the scales and biases of the classes outside."""
        variables = {"params": {"scale": jnp.ones(5), "bias": jnp.zeros(5)}, "batch_stats": statistics}
        y, changed = normalization.BatchNorm(train).apply(variables, x, mutable=["batch_stats"])
        y = y * params["scale"][labels][:, None, None] + params["bias"][labels][:, None, None]
        return jnp.sum(weights * y), (y, changed["batch_stats"])

    (_, (expected, expected_kept)), expected_gradients = jax.value_and_grad(plain, argnums=(0, 1), has_aux=True)(
        {"scale": scale, "bias": bias}, x
    )
    close(y, expected)
    jax.tree.map(close, (kept, of_params, of_x), (expected_kept, *expected_gradients))
    assert (kept["mean"] == statistics["mean"]).all() == (not train)


# A layer, the input's shape, PyTorch's layer, and how its weight's axes lie in our kernel.
def of_pytorch(torch, name):
    return {
        "Dense": (partial(Dense, 5), (3, 4), torch.nn.Linear(4, 5), (1, 0)),
        "Conv": (partial(Conv, 5, 3, padding=1), (2, 6, 6, 4), torch.nn.Conv2d(4, 5, 3, padding=1), (2, 3, 1, 0)),
        "ConvTranspose": (
            partial(ConvTranspose, 5, 4, 2, 1),
            (2, 3, 3, 4),
            torch.nn.ConvTranspose2d(4, 5, 4, 2, 1),
            (2, 3, 1, 0),
        ),
    }[name]


@pytest.mark.parametrize("name", ["Dense", "Conv", "ConvTranspose"])
@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_spectral_normalization_makes_the_step_of_pytorch_from_the_same_vector(name):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    build, shape, reference, axes = of_pytorch(torch, name)
    rng = np.random.default_rng(4)
    x = rng.normal(size=shape).astype(np.float32)
    module = build(weights=partial(SpectralNorm, True))
    variables = module.init(jax.random.key(0), x)
    u = variables["spectral"]["SpectralNorm_0"]["u"]
    params = variables["params"]
    reference = torch.nn.utils.spectral_norm(reference)
    with torch.no_grad():
        reference.weight_orig.copy_(torch.tensor(np.transpose(params["kernel"], np.argsort(axes))))
        reference.weight_u.copy_(torch.tensor(np.asarray(u)))
        reference.bias.zero_()
    tx = torch.tensor(np.moveaxis(x, -1, 1))
    for _ in range(2):  # two steps
        y = reference(tx)
    weights = rng.normal(size=np.moveaxis(y.detach().numpy(), 1, -1).shape).astype(np.float32)
    (y * torch.tensor(np.moveaxis(weights, -1, 1))).sum().backward()

    _, _, once = value_and_gradients(module, params, x, weights, spectral=variables["spectral"])
    ours, (of_params, _), twice = value_and_gradients(module, params, x, weights, **once)
    close(np.moveaxis(np.asarray(ours), -1, 1), y.detach())
    close(twice["spectral"]["SpectralNorm_0"]["u"], reference.weight_u)
    close(np.transpose(of_params["kernel"], np.argsort(axes)), reference.weight_orig.grad, 2e-5)
    assert not np.allclose(u, reference.weight_u, atol=1e-2)


@pytest.mark.parametrize("build", [Conv, UpConv, DownConv, ConvTranspose])
def test_after_many_passes_the_spectral_norm_is_1(build):
    x = jnp.ones((1, 6, 6, 4))
    layer = partial(build, 5, 3, use_bias=False)
    variables = layer(weights=partial(SpectralNorm, True)).init(jax.random.key(0), x)

    @jax.jit
    def step(spectral):
        state = {"params": variables["params"], "spectral": spectral}
        return layer(weights=partial(SpectralNorm, True)).apply(state, x, mutable=["spectral"])[1]["spectral"]

    spectral = variables["spectral"]
    for _ in range(100):
        spectral = step(spectral)
    kernel = np.float64(variables["params"]["kernel"])
    matrix = np.moveaxis(kernel, -2 if build is ConvTranspose else -1, 0).reshape(5, -1)
    sigma = np.linalg.svd(matrix, compute_uv=False)[0]

    def normalized(train):
        return SpectralNorm(train).apply(
            {"spectral": spectral["SpectralNorm_0"]},
            jnp.asarray(kernel, jnp.float32),
            -2 if build is ConvTranspose else -1,
            mutable=["spectral"],
        )

    for train in (True, False):
        close(normalized(train)[0], kernel / sigma)
    assert np.array_equal(normalized(False)[1]["spectral"]["u"], spectral["SpectralNorm_0"]["u"])
    y = layer(weights=partial(SpectralNorm, False)).apply({"params": variables["params"], "spectral": spectral}, x)
    close(y, layer().apply({"params": {"kernel": jnp.asarray(kernel / sigma, jnp.float32)}}, x))


def test_an_average_of_vectors_normalizes_like_one_of_full_length():
    kernel = jax.random.normal(jax.random.key(0), (3, 4))
    u = jnp.array([1.0, 2, 3, 4]) / np.sqrt(30)
    whole, short = (SpectralNorm(False).apply({"spectral": {"u": u * c}}, kernel, -1) for c in (1, 0.5))
    np.testing.assert_allclose(whole, short, rtol=1e-6)


@pytest.mark.parametrize("build", [Conv, ConvTranspose])
def test_weight_normalization_starts_as_the_layer_itself_and_has_scale_for_norm(build):
    x = np.random.default_rng(5).normal(size=(2, 4, 4, 3)).astype(np.float32)
    plain, module = build(5, 3), build(5, 3, weights=WeightNorm)
    params = module.init(jax.random.key(0), x)["params"]
    kernel, features = np.float64(params["kernel"]), 2 if build is ConvTranspose else 3
    close(module.apply({"params": params}, x), plain.apply({"params": {k: params[k] for k in ("kernel", "bias")}}, x))
    scale = np.linspace(1, 2, 5)
    shape = [5 if axis == features else 1 for axis in range(4)]
    norm = np.sqrt(np.sum(kernel**2, tuple(a for a in range(4) if a != features), keepdims=True))
    expected = {"kernel": jnp.asarray(kernel / norm * scale.reshape(shape), jnp.float32), "bias": params["bias"]}
    given = {**params, "WeightNorm_0": {"scale": jnp.asarray(scale, jnp.float32)}}
    close(module.apply({"params": given}, x), plain.apply({"params": expected}, x))
    # Equation 3: the gradient in the kernel is orthogonal to it.
    gradient = jax.grad(lambda p: jnp.sum(module.apply({"params": p}, x) ** 2))(given)["kernel"]
    along = np.sum(np.float64(gradient) * kernel, tuple(a for a in range(4) if a != features))
    assert np.abs(along).max() < 1e-4 * np.abs(gradient).max()


NORMALIZATIONS = (
    "no_norm",
    "batch_norm",
    "layer_norm",
    "instance_norm",
    "plain_instance_norm",
    "weight_norm",
    "spectral_norm",
)


@pytest.mark.parametrize("name", NORMALIZATIONS)
def test_a_dcgan_discriminator_is_normalized_by_one_word(name):
    module = dcgan.Discriminator(4, normalization=getattr(normalization, name))
    images = jax.random.uniform(jax.random.key(1), (4, 16, 16, 1), minval=-1)
    variables = module.init(jax.random.key(0), images, train=True)
    params = variables.pop("params")
    kinds = {name.rsplit("_", 1)[0] for name in params}
    of_features = {"batch_norm": "BatchNorm", "layer_norm": "LayerNorm", "instance_norm": "InstanceNorm"}
    assert kinds == {"Conv"} | ({of_features[name]} if name in of_features else set())
    assert set(variables) == {"batch_norm": {"batch_stats"}, "spectral_norm": {"spectral"}}.get(name, set())
    if name == "spectral_norm":
        assert set(variables["spectral"]) == {"Conv_0", "Conv_1", "Conv_2"}
    # Only what features' normalization with a bias of its own follows has none.
    assert ("bias" in params["Conv_1"]) == (name not in of_features)
    logits, changed = jax.jit(partial(forward, module))(params, variables, images)
    assert logits.shape == (4,)
    assert jax.tree.structure(changed) == jax.tree.structure(variables)

    # Members of a population, and bfloat16.
    members = jax.tree.map(lambda x: jnp.stack([x, x]), (params, variables))
    mapped, _ = jax.jit(jax.vmap(lambda p, v: forward(module, p, v, images)))(*members)
    close(mapped[1], logits, 1e-4)
    with computing("bfloat16"):
        low, changed = forward(module, params, variables, images)
    assert {x.dtype for x in jax.tree.leaves((low, changed))} == {jnp.dtype("float32")}
    assert 0 < np.abs(low - logits).max() < 0.05 * max(1, np.abs(logits).max())


def test_layers_on_several_devices_normalize_by_the_batch_of_all():
    x = np.random.default_rng(6).normal(1, 2, size=(6, 4, 4, 5)).astype(np.float32)
    labels = np.array([0, 2, 2, 1, 0, 2])
    module = normalization.ConditionalBatchNorm(3, True)
    variables = module.init(jax.random.key(0), x, labels)

    def apply(x, labels):
        return module.apply(variables, x, labels, mutable=["batch_stats"])

    y, changed = apply(x, labels)
    shares, kept = jax.vmap(apply, axis_name=AXIS)(x.reshape(2, 3, 4, 4, 5), labels.reshape(2, 3))
    close(shares.reshape(y.shape), y)
    jax.tree.map(lambda a, b: close(a[1], b), kept, changed)
