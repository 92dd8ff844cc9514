"""Gradient penalties on discriminators whose gradient is known, and against PyTorch's double backward."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.regularizing import batches, mlp, mlp_params, penalty, torch_mlp, view

from gan_jax.common.parallel import example_keys
from gan_jax.regularizers import dragan, every, gradient_norms, r1, r2, wgan_gp, zero_centred


def linear(slope):
    return lambda x: x.reshape(len(x), -1) @ jnp.asarray(slope, jnp.float32)


def quadratic(x):
    """|x|^2 / 2: its gradient is x."""
    return jnp.sum(x.reshape(len(x), -1) ** 2, -1) / 2


def test_of_a_linear_discriminator_every_penalty_is_that_of_its_slope():
    real, fake = batches((4, 2, 2, 1))
    seen = view(linear([0, 2, 0, 1.5]), real, fake)  # a slope of norm 2.5
    assert penalty(r1(3.0), seen) == pytest.approx(3 / 2 * 6.25)
    assert penalty(r2(3.0), seen) == pytest.approx(3 / 2 * 6.25)
    assert penalty(zero_centred(3.0), seen) == pytest.approx(3 * 6.25)
    assert penalty(wgan_gp(), seen) == pytest.approx(10 * 1.5**2)
    assert penalty(wgan_gp(2.0, one_sided=True), seen) == pytest.approx(2 * 1.5**2)
    assert penalty(dragan(), seen) == pytest.approx(10 * 1.5**2)


def test_one_sided_lets_small_gradients_be():
    seen = view(linear([0.3, 0.4, 0, 0]), *batches((4, 2, 2, 1)))
    assert penalty(wgan_gp(), seen) == pytest.approx(10 * 0.5**2, rel=1e-6)
    assert penalty(wgan_gp(one_sided=True), seen) == 0


def test_of_a_quadratic_discriminator_r1_is_at_real_images_and_r2_at_generated_ones():
    real, fake = batches((4, 3, 2, 2))
    seen = view(quadratic, real, fake)
    mean_real, mean_fake = (np.mean(np.sum(x.reshape(4, -1).astype(np.float64) ** 2, 1)) for x in (real, fake))
    assert penalty(r1(0.5), seen) == pytest.approx(0.25 * mean_real, rel=1e-6)
    assert penalty(r2(0.5), seen) == pytest.approx(0.25 * mean_fake, rel=1e-6)
    assert penalty(zero_centred(0.5), seen) == pytest.approx(0.25 * (mean_real + mean_fake), rel=1e-6)


def test_other_heads_of_the_discriminator_are_not_penalized():
    seen = view(lambda x: {"logits": quadratic(x), "labels": 100 * x}, *batches())
    assert penalty(r1(1.0), seen) == penalty(r1(1.0), view(quadratic, *batches()))


def visited(regularizer, real, fake, key=0):
    """The points at which it takes the gradient."""
    points = []

    def discriminate(x):
        jax.debug.callback(points.append, x)
        return quadratic(x)

    penalty(regularizer, view(discriminate, real, fake, key=key))
    jax.effects_barrier()
    return np.asarray(points[-1])


def test_wgan_gp_is_evaluated_between_pairs_each_at_its_own_place():
    real, fake = batches((2000, 3, 2, 1))
    points = visited(wgan_gp(), real, fake)
    shares = (points - fake) / (real - fake)
    np.testing.assert_allclose(shares, np.broadcast_to(shares[:, :1, :1], shares.shape), atol=1e-2)
    u = np.median(shares.reshape(2000, -1), 1)
    assert u.min() >= -1e-3
    assert u.max() <= 1 + 1e-3
    # Uniform: the share below any level is that level, to three deviations.
    for level in (0.1, 0.25, 0.5, 0.9):
        assert np.mean(u < level) == pytest.approx(level, abs=3 * np.sqrt(level * (1 - level) / 2000))
    assert not np.allclose(points, visited(wgan_gp(), real, fake, key=1))


def test_dragan_is_evaluated_beside_real_images_at_half_their_deviation_at_most():
    real, fake = batches((500, 3, 2, 1))
    real = 3 * real + 1
    u = (visited(dragan(), real, 100 * fake) - real) / (0.5 * real.std(dtype=np.float64))
    assert u.min() > -1e-4
    assert u.max() < 1 + 1e-4
    assert np.mean(u) == pytest.approx(0.5, abs=3 * np.sqrt(1 / 12 / u.size))
    assert np.var(u) == pytest.approx(1 / 12, rel=0.05)
    assert np.var(u, axis=(1, 2, 3)).min() > 0  # each number of an image has its own
    wider = (visited(dragan(scale=1.0), real, fake) - real) / real.std()
    np.testing.assert_allclose(wider, u, atol=1e-4)


def torch_penalty(torch, name, params, real, fake, key):
    """The penalty and its gradients in the parameters, by autograd twice over, in float64."""
    discriminate, leaves = torch_mlp(torch, params)
    u = np.stack([np.asarray(jax.random.uniform(k)) for k in example_keys(key, len(real))])[:, None]
    v = np.stack([np.asarray(jax.random.uniform(k, real.shape[1:])) for k in example_keys(key, len(real))])
    real, fake, u, v = (torch.tensor(np.float64(x)) for x in (real, fake, u, v))

    def norms(points):
        points = points.clone().requires_grad_()
        (gradients,) = torch.autograd.grad(discriminate(points).sum(), points, create_graph=True)
        return gradients.norm(dim=1)

    total = {
        "r1": lambda: 1.5 * (norms(real) ** 2).mean(),
        "r2": lambda: 1.5 * (norms(fake) ** 2).mean(),
        "zero_centred": lambda: 1.5 * (norms(real) ** 2).mean() + 1.5 * (norms(fake) ** 2).mean(),
        "wgan_gp": lambda: 10 * ((norms(u * real + (1 - u) * fake) - 1) ** 2).mean(),
        "one_sided": lambda: 10 * ((norms(u * real + (1 - u) * fake) - 1).clamp(min=0) ** 2).mean(),
        "dragan": lambda: 10 * ((norms(real + 0.5 * real.std(unbiased=False) * v) - 1) ** 2).mean(),
    }[name]()
    # The penalty does not depend on the last bias.
    gradients = torch.autograd.grad(total, leaves, allow_unused=True)
    return total.item(), [np.zeros(x.shape) if g is None else g.numpy() for x, g in zip(leaves, gradients, strict=True)]


PENALTIES = {
    "r1": r1(3.0),
    "r2": r2(3.0),
    "zero_centred": zero_centred(3.0),
    "wgan_gp": wgan_gp(),
    "one_sided": wgan_gp(one_sided=True),
    "dragan": dragan(),
}


@pytest.mark.parametrize("name", PENALTIES)
def test_penalties_and_their_gradients_agree_with_pytorchs_double_backward(name):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    real, fake = batches()
    params = mlp_params()
    params[-1]["kernel"] *= 8  # norms are above 1 here and below it there

    @jax.jit
    def ours(params):
        return penalty(PENALTIES[name], view(lambda x: mlp(params, x), real, fake))

    value, gradients = jax.value_and_grad(ours)(params)
    expected, expected_gradients = torch_penalty(torch, name, params, real, fake, jax.random.key(0))
    assert expected > 0.01
    assert value == pytest.approx(expected, rel=1e-5)
    for a, b in zip(jax.tree.leaves(gradients), expected_gradients, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-5 * max(np.abs(g).max() for g in expected_gradients))


@pytest.mark.parametrize("regularizer", [wgan_gp(), wgan_gp(one_sided=True), dragan()], ids=["two", "one", "dragan"])
def test_a_discriminator_without_slope_has_finite_gradients(regularizer):
    def charged(slope):
        return penalty(regularizer, view(lambda x: x @ slope, *batches()))

    assert np.all(np.isfinite(jax.grad(charged)(jnp.zeros(5))))


def test_an_image_where_it_is_flat_takes_nothing_from_the_others():
    mixed = jax.grad(lambda a: jnp.sum(gradient_norms(lambda x: a * jnp.sum(x**2, -1), jnp.array([[0.0], [3.0]]))))
    assert mixed(1.0) == pytest.approx(6)  # |2 a x| at x = 0 and x = 3


def test_lazily_a_penalty_is_charged_in_full_every_so_many_steps():
    lazy, seen = every(4, r1(2.0)), view(quadratic, *batches())
    apply = jax.jit(lambda step: lazy.apply(seen._replace(step=step), lazy.init())[0])
    full = penalty(r1(2.0), seen)
    assert lazy.name == "r1"
    for step in range(10):
        assert apply(step) == pytest.approx(4 * full if step % 4 == 0 else 0)


def test_lazily_its_gradient_too():
    lazy, params = every(3, wgan_gp()), mlp_params()

    def charged(params, regularizer, step):
        return penalty(regularizer, view(lambda x: mlp(params, x), *batches(), step=step))

    expected = jax.grad(charged)(params, wgan_gp(), 0)
    for step, times in ((0, 3), (1, 0), (2, 0), (3, 3)):
        gradients = jax.grad(charged)(params, lazy, step)
        jax.tree.map(lambda a, b, t=times: np.testing.assert_allclose(a, t * b, 1e-5, 1e-5), gradients, expected)


def test_a_population_has_its_penalties_one_by_one():
    real, fake = batches()

    def charged(gamma, step):
        regularizer = every(2, r1(gamma))
        return penalty(regularizer, view(quadratic, real, fake, step=0)._replace(step=step))

    gammas, steps = jnp.array([1.0, 2.0, 3.0]), jnp.array([0, 1, 2])
    together = jax.vmap(charged)(gammas, steps)
    np.testing.assert_allclose(together, [charged(1.0, 0), 0, charged(3.0, 2)], rtol=1e-6)
    np.testing.assert_allclose(
        jax.vmap(lambda w: penalty(wgan_gp(w), view(quadratic, real, fake)))(gammas),
        gammas * penalty(wgan_gp(1.0), view(quadratic, real, fake)),
        rtol=1e-6,
    )


@pytest.mark.parametrize("make", [r1, r2, zero_centred, wgan_gp, dragan])
@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf")])
def test_a_weight_that_is_no_weight_is_refused(make, weight):
    with pytest.raises(ValueError, match="must be at least 0, not"):
        make(weight)


def test_other_hyperparameters_are_checked():
    with pytest.raises(ValueError, match="the scale of dragan must be at least 0, not -1"):
        dragan(scale=-1)
    for interval in (0, -3):
        with pytest.raises(ValueError, match=f"the interval of a regularizer must be at least 1, not {interval}"):
            every(interval, r1(1.0))
