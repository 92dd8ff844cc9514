import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.objectives import minimax, minimax_value, non_saturating, non_saturating_loss

LOG2 = np.log(2)


def log_sigmoid(logits):
    return -np.logaddexp(0, -np.asarray(logits, np.float64))


def reference_value(real, fake):
    """V in float64, straight from its definition."""
    return np.mean(log_sigmoid(real)) + np.mean(log_sigmoid(-np.asarray(fake)))


def test_an_undecided_discriminator_has_the_value_of_the_equilibrium():
    zeros = jnp.zeros(5)
    assert minimax_value(zeros, zeros) == pytest.approx(-2 * LOG2)
    assert non_saturating_loss(zeros, zeros) == pytest.approx(LOG2)


def test_hand_worked_values():
    # D(x) = 3/4, 1/4 and D(G(z)) = 1/2, 1/5; batches need not be of one size, so three of the first.
    real, fake = jnp.log(jnp.array([3.0, 1 / 3, 3.0])), jnp.log(jnp.array([1.0, 1 / 4]))
    value = (2 * np.log(3 / 4) + np.log(1 / 4)) / 3 + (np.log(1 / 2) + np.log(4 / 5)) / 2
    assert minimax_value(real, fake) == pytest.approx(value, rel=1e-6)
    assert non_saturating_loss(real, fake) == pytest.approx(-(np.log(1 / 2) + np.log(1 / 5)) / 2, rel=1e-6)


@pytest.mark.parametrize("scale", [1, 10, 100])
def test_agree_with_float64_and_stay_finite_at_extreme_logits(scale):
    rng = np.random.default_rng(scale)
    real, fake = (np.append(rng.uniform(-scale, scale, 50), [-scale, scale]).astype(np.float32) for _ in range(2))
    assert minimax_value(real, fake) == pytest.approx(reference_value(real, fake), rel=1e-5)
    assert non_saturating_loss(real, fake) == pytest.approx(-np.mean(log_sigmoid(fake)), rel=1e-5)
    for function in (minimax_value, non_saturating_loss):
        for gradient in jax.grad(function, argnums=(0, 1))(real, fake):
            assert np.all(np.isfinite(gradient))


@pytest.mark.parametrize("sign", [-1, 1])
def test_one_extreme_logit_is_worth_its_own_size(sign):
    extreme, none = jnp.array([sign * 100.0]), jnp.zeros(1)
    assert minimax_value(extreme, none) + LOG2 == pytest.approx(min(0, sign * 100), abs=1e-6)
    assert minimax_value(none, extreme) + LOG2 == pytest.approx(min(0, -sign * 100), abs=1e-6)


def test_at_the_optimal_discriminator_the_value_is_twice_the_jensen_shannon_divergence_less_2_log_2():
    # Theorem 1 of arXiv 1406.2661, with two densities on three points, as batches of 8 with those frequencies.
    p, q = np.array([1, 2, 5]), np.array([4, 3, 1])
    logits = np.log(p / q)  # of D* = p / (p + q)
    real, fake = np.repeat(logits, p), np.repeat(logits, q)
    m = (p + q) / 16
    jensen_shannon = np.sum(p / 8 * np.log(p / 8 / m) + q / 8 * np.log(q / 8 / m)) / 2
    assert minimax_value(real, fake) == pytest.approx(2 * jensen_shannon - 2 * LOG2, rel=1e-6)
    # And D* is where the value is highest.
    slopes = jax.grad(lambda at: minimax_value(jnp.repeat(at, p), jnp.repeat(at, q)))(jnp.asarray(logits))
    np.testing.assert_allclose(slopes, 0, atol=1e-7)


def test_the_generators_gradient_is_healthy_where_that_of_minimax_vanishes():
    sure = jnp.full(1, -20.0)  # D is certain that the image is generated
    assert abs(jax.grad(minimax.loss, argnums=1)(sure, sure)[0]) < 1e-8
    assert jax.grad(non_saturating.loss, argnums=1)(sure, sure)[0] == pytest.approx(-1, abs=1e-6)


def test_the_minimax_game_is_zero_sum_and_both_have_the_same_discriminator():
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=(2, 16)).astype(np.float32)
    assert minimax.value(real, fake) == minimax.loss(real, fake) == non_saturating.value(real, fake)
    assert non_saturating.loss(real, fake) != minimax.loss(real, fake)


def test_values_and_gradients_agree_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    bce = torch.nn.BCEWithLogitsLoss()
    rng = np.random.default_rng(7)
    real, fake = rng.uniform(-8, 8, (2, 32)).astype(np.float32)
    r, f = (torch.tensor(x, requires_grad=True) for x in (real, fake))

    discriminator_loss = bce(r, torch.ones(32)) + bce(f, torch.zeros(32))
    discriminator_loss.backward()
    value, gradients = jax.value_and_grad(minimax_value, argnums=(0, 1))(real, fake)
    assert -value == pytest.approx(discriminator_loss.item(), rel=1e-5)
    np.testing.assert_allclose(-gradients[0], r.grad, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(-gradients[1], f.grad, rtol=1e-5, atol=1e-8)

    f.grad = None
    bce(f, torch.ones(32)).backward()
    np.testing.assert_allclose(jax.grad(non_saturating_loss, argnums=1)(real, fake), f.grad, rtol=1e-5, atol=1e-8)
