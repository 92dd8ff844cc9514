"""Regularizers that take no gradient in images: LeCam, consistency, orthogonality, feature matching."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.regularizing import batches, mlp, mlp_features, mlp_params, penalty, torch_mlp, view

from gan_jax.common.parallel import example_keys
from gan_jax.networks.layers import ConvTranspose
from gan_jax.regularizers import consistency, every, feature_matching, lecam, lecam_hinge, orthogonal, stateless


def first_number(x):
    """A discriminator whose logit is the first number of an image."""
    return x.reshape(len(x), -1)[:, 0]


def shift(images, keys):
    """Adds to each image a number drawn from its key."""
    draws = jax.vmap(jax.random.uniform)(keys)
    return images + draws.reshape(-1, *[1] * (images.ndim - 1))


def test_without_a_memory_there_is_none():
    regularizer = stateless("mean", lambda view: jnp.mean(view.real.images))
    real, fake = batches()
    value, memory = regularizer.apply(view(first_number, real, fake), regularizer.init())
    assert value == pytest.approx(real.mean(), rel=1e-6)
    assert memory == regularizer.init() == ()


# LeCam


def lecam_by_hand(reals, fakes, weight, decay):
    """Penalties of the steps, each average written out as what its steps weigh."""
    penalties = []
    for t in range(1, len(reals) + 1):
        weights = decay ** np.arange(t)[::-1]
        anchor_real, anchor_fake = (
            np.sum(weights * [np.mean(x) for x in logits[:t]]) / weights.sum() for logits in (reals, fakes)
        )
        real, fake = np.asarray(reals[t - 1], float), np.asarray(fakes[t - 1], float)
        penalties.append(weight * (np.mean((real - anchor_fake) ** 2) + np.mean((fake - anchor_real) ** 2)))
    return penalties


def seen_logits(real, fake):
    return view(first_number, jnp.asarray(real, jnp.float32)[:, None], jnp.asarray(fake, jnp.float32)[:, None])


def test_lecam_by_hand():
    regularizer, memory = lecam(2.0, decay=0.5), lecam(2.0, decay=0.5).init()
    # Anchors: the batch's own means 2 and -1, to which the logits 1, 3 and -1, -1 are ...
    value, memory = regularizer.apply(seen_logits([1, 3], [-1, -1]), memory)
    assert value == pytest.approx(2 * ((2**2 + 4**2) / 2 + 3**2))
    # ... then (2 + 2 * 5) / 3 = 4 and (-1 + 2 * 2) / 3 = 1.
    value, memory = regularizer.apply(seen_logits([5, 5], [0, 4]), memory)
    assert value == pytest.approx(2 * (4**2 + (4**2 + 0) / 2))


def test_lecam_follows_its_sequence():
    rng = np.random.default_rng(3)
    reals, fakes = rng.normal(1, 2, (2, 20, 4)).astype(np.float32)
    regularizer, memory = lecam(0.3, decay=0.9), lecam(0.3, decay=0.9).init()
    apply = jax.jit(lambda real, fake, memory: regularizer.apply(seen_logits(real, fake), memory))
    penalties = []
    for real, fake in zip(reals, fakes, strict=True):
        value, memory = apply(real, fake, memory)
        penalties.append(value)
    np.testing.assert_allclose(penalties, lecam_by_hand(reals, fakes, 0.3, 0.9), rtol=1e-5)


def test_the_hinge_form_of_lecam_is_that_of_the_authors():
    """Against NumPy, step by step, and one-sided: what lies on the right side of its anchor pays nothing."""
    rng = np.random.default_rng(4)
    regularizer = lecam_hinge(0.3, decay=0.9)
    memory, weights, means = regularizer.init(), [], []
    for t in range(6):
        real, fake = rng.normal(0.5, 2, 4), rng.normal(0, 2, 4)
        weights, means = [0.9 * w for w in weights] + [0.1], [*means, (real.mean(), fake.mean())]
        anchor_real, anchor_fake = np.average(means, axis=0, weights=weights)
        both = np.mean(np.maximum(real - anchor_fake, 0) ** 2) + np.mean(np.maximum(anchor_real - fake, 0) ** 2)
        value, memory = regularizer.apply(seen_logits(real, fake), memory)
        assert value == pytest.approx(0.3 * both, rel=1e-5), t
    # Real ones below the mean of generated ones: 0, where the paper's form charges.
    swapped = seen_logits([-3, -1], [1, 3])
    assert penalty(lecam_hinge(1.0), swapped) == 0
    assert penalty(lecam(1.0), swapped) > 0


def test_lecams_anchors_have_no_gradient():
    real, fake = jnp.array([1.0, 3.0]), jnp.array([-1.0, 0.0])

    def charged(real, fake):
        return penalty(lecam(1.0), seen_logits(real, fake))

    gradients = jax.grad(charged, argnums=(0, 1))(real, fake)
    np.testing.assert_allclose(gradients[0], 2 * (real + 0.5) / 2, rtol=1e-6)
    np.testing.assert_allclose(gradients[1], 2 * (fake - 2) / 2, rtol=1e-6)


def test_lazily_the_memory_stays_between():
    lazy, eager = every(3, lecam(1.0, decay=0.5)), lecam(1.0, decay=0.5)
    memory, expected, logged = lazy.init(), eager.init(), []
    rng = np.random.default_rng(0)
    for step in range(7):
        seen = view(first_number, *rng.normal(size=(2, 4, 1)), step=step)
        charged, after = eager.apply(seen, expected)
        value, memory = lazy.apply(seen, memory)
        if step % 3 == 0:
            expected, last = after, float(charged)
        assert float(value) == pytest.approx(3 * float(charged) if step % 3 == 0 else 0, rel=1e-6)
        assert jax.tree.map(float, memory.inner) == pytest.approx(jax.tree.map(float, expected), rel=1e-6)
        assert float(lazy.logged(value, memory)) == pytest.approx(last, rel=1e-6)
        logged.append(last)
    assert len(set(logged)) == 3


# Consistency


def test_consistency_by_hand():
    # D is the first number, so what T adds to an image is what D(T(x)) - D(x) is.
    real, fake = batches((8, 2, 2, 1))
    seen = view(first_number, real, fake)
    adding = consistency(lambda images, keys: images + 0.5, 3.0, 5.0)
    assert penalty(adding, seen) == pytest.approx((3 + 5) * 0.25, rel=1e-5)
    doubling = consistency(lambda images, keys: 2 * images, 3.0, 5.0)
    expected = 3 * np.mean(first_number(real) ** 2) + 5 * np.mean(first_number(fake) ** 2)
    assert penalty(doubling, seen) == pytest.approx(expected, rel=1e-5)
    assert penalty(consistency(lambda images, keys: images), seen) == 0


def test_consistency_draws_for_each_image_and_for_both_batches():
    drawn = []

    def noted(images, keys):
        drawn.append(jax.vmap(jax.random.uniform)(keys))
        return images

    penalty(consistency(noted), view(first_number, *batches()))
    assert len(np.unique(np.concatenate(drawn))) == 12


def test_both_sides_of_consistency_have_gradients():
    # D(x) = a x, T(x) = 3 x: 10 (2 a x)^2 for each batch, of slope 80 a x^2 in a.
    real, fake = np.full((3, 1), 1.0), np.full((3, 1), 2.0)
    slope = jax.grad(
        lambda a: penalty(consistency(lambda images, keys: 3 * images), view(lambda x: a * first_number(x), real, fake))
    )(1.5)
    assert slope == pytest.approx(80 * 1.5 * (1 + 4), rel=1e-6)


# Orthogonality


def test_orthogonal_charges_the_overlap_of_filters_alone():
    # Columns of norms 2 and 3 whose product is 1 + 2: twice 3^2 outside the diagonal.
    kernel = jnp.array([[1.0, 1], [1, 2], [0, 2], [jnp.sqrt(2), 0]])
    seen = view(first_number, *batches(), params={"Dense_0": {"kernel": kernel, "bias": jnp.ones(2)}})
    assert penalty(orthogonal(0.5), seen) == pytest.approx(0.5 * 2 * 3**2)
    free = {"Dense_0": {"kernel": jnp.diag(jnp.array([5.0, 0.1, 7]))}, "BatchNorm_0": {"scale": jnp.ones(4)}}
    assert penalty(orthogonal(0.5), seen._replace(params=free)) == 0


def test_orthogonal_and_its_gradient_agree_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    rng = np.random.default_rng(0)
    params = {"a": {"kernel": rng.normal(size=(3, 3, 2, 5)).astype(np.float32)}}
    params["b"] = {"c": {"kernel": rng.normal(size=(4, 3)).astype(np.float32), "bias": np.ones(3, np.float32)}}

    def charged(params):
        return penalty(orthogonal(0.1), view(first_number, *batches(), params=params))

    value, gradients = jax.value_and_grad(charged)(params)
    leaves = [torch.tensor(np.float64(x), requires_grad=True) for x in jax.tree.leaves(params)]
    matrices = [leaves[0].permute(3, 2, 0, 1).flatten(1), leaves[2].T]  # rows are filters, as PyTorch has them
    total = sum(0.1 * ((m @ m.T) * (1 - torch.eye(len(m)))).square().sum() for m in matrices)
    total.backward()
    assert value == pytest.approx(total.item(), rel=1e-5)
    np.testing.assert_allclose(gradients["a"]["kernel"], leaves[0].grad, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradients["b"]["c"]["kernel"], leaves[2].grad, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(gradients["b"]["c"]["bias"], 0)


def test_the_filters_of_a_transposed_convolution_are_those_of_its_output():
    """Its kernel has the output features on the last axis but one."""
    x = jnp.ones((1, 3, 3, 2))
    params = ConvTranspose(5, 4, 2).init(jax.random.key(0), x)["params"]
    kernel = np.asarray(params["kernel"], np.float64)
    assert kernel.shape == (4, 4, 5, 2)
    filters = np.stack([kernel[:, :, i].ravel() for i in range(5)])
    products = filters @ filters.T
    expected = np.sum(products**2) - np.sum(np.diag(products) ** 2)
    seen = view(first_number, *batches(), params={"Block_0": {"ConvTranspose_3": params}})
    assert penalty(orthogonal(1.0), seen) == pytest.approx(expected, rel=1e-5)

    class Generator(nn.Module):
        @nn.compact
        def __call__(self, x):
            return ConvTranspose(5, 4, 2)(x)

    named = Generator().init(jax.random.key(0), x)["params"]
    assert list(named) == ["ConvTranspose_0"]
    assert penalty(orthogonal(1.0), seen._replace(params=named)) > 0


# Feature matching


def test_feature_matching_is_the_squared_distance_of_mean_features():
    real, fake = np.array([[1.0, 0], [3, 2]]), np.array([[0.0, 0], [0, 4]])
    seen = view(first_number, real, fake, features=lambda x: x)
    assert penalty(feature_matching(), seen) == pytest.approx(2**2 + 1**2)
    assert penalty(feature_matching(0.5), seen) == pytest.approx(2.5)


def test_consistency_and_feature_matching_agree_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    (real, fake), params = batches(), mlp_params()
    regularizer = consistency(shift, 2.0, 7.0)

    def charged(params):
        return penalty(regularizer, view(lambda x: mlp(params, x), real, fake))

    value, gradients = jax.jit(jax.value_and_grad(charged))(params)
    discriminate, leaves = torch_mlp(torch, params)
    total = 0
    for i, (weight, images) in enumerate(((2.0, real), (7.0, fake))):
        shifted = shift(images, example_keys(jax.random.fold_in(jax.random.key(0), i), len(images)))
        a, b = (discriminate(torch.tensor(np.float64(x))) for x in (images, shifted))
        total = total + weight * (a - b).square().mean()
    expected = torch.autograd.grad(total, leaves, allow_unused=True)
    assert value == pytest.approx(total.item(), rel=1e-5)
    for ours, theirs in zip(jax.tree.leaves(gradients), expected, strict=True):
        theirs = np.zeros(ours.shape) if theirs is None else theirs.numpy()
        np.testing.assert_allclose(ours, theirs, rtol=1e-4, atol=1e-5 * max(1, np.abs(theirs).max()))

    # Feature matching: by what the generated images should become.
    def matched(fake):
        seen = view(lambda x: mlp(params, x), real, fake, features=lambda x: mlp_features(params, x))
        return penalty(feature_matching(), seen)

    value, gradient = jax.jit(jax.value_and_grad(matched))(fake)

    def torch_features(x):
        for layer in params[:-1]:
            kernel, bias = (torch.tensor(np.float64(layer[name])) for name in ("kernel", "bias"))
            x = (x @ kernel + bias).tanh()
        return x.mean(0)

    images = torch.tensor(np.float64(fake), requires_grad=True)
    total = (torch_features(torch.tensor(np.float64(real))) - torch_features(images)).square().sum()
    total.backward()
    assert value == pytest.approx(total.item(), rel=1e-5)
    np.testing.assert_allclose(gradient, images.grad, rtol=1e-4, atol=1e-6)


# Hyperparameters


@pytest.mark.parametrize(
    "make",
    [
        lecam,
        lecam_hinge,
        orthogonal,
        feature_matching,
        lambda weight: consistency(shift, weight_real=weight),
        lambda weight: consistency(shift, weight_fake=weight),
    ],
    ids=["lecam", "lecam_hinge", "orthogonal", "feature_matching", "consistency of real", "consistency of fake"],
)
@pytest.mark.parametrize("weight", [-1.0, float("nan")])
def test_a_weight_that_is_no_weight_is_refused(make, weight):
    with pytest.raises(ValueError, match="must be at least 0, not"):
        make(weight)


@pytest.mark.parametrize("decay", [-0.1, 1, 1.5, float("nan")])
def test_a_decay_that_is_none_is_refused(decay):
    with pytest.raises(ValueError, match="the decay of lecam must be at least 0 and below 1, not"):
        lecam(1.0, decay)


def test_hyperparameters_may_be_traced():
    real, fake = batches()
    weights, decays = jnp.array([1.0, 2.0]), jnp.array([0.5, 0.9])

    def charged(weight, decay):
        seen = view(first_number, real, fake, features=lambda x: x, params={"kernel": jnp.ones((2, 2))})
        regularizers = lecam(weight, decay), consistency(shift, weight), orthogonal(weight), feature_matching(weight)
        return [penalty(regularizer, seen) for regularizer in regularizers]

    together = jax.vmap(charged)(weights, decays)
    for i, (weight, decay) in enumerate(((1.0, 0.5), (2.0, 0.9))):
        np.testing.assert_allclose([values[i] for values in together], charged(weight, decay), rtol=1e-6)
