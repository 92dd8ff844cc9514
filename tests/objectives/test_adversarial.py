import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.parallel import AXIS
from gan_jax.objectives import (
    discriminator_only,
    hinge,
    least_squares,
    minimax,
    minimax_value,
    non_saturating,
    non_saturating_loss,
    relativistic_average,
    relativistic_pairing,
    scaled,
    smoothed,
    wasserstein,
)

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


def square(x):
    return np.mean(np.square(np.asarray(x, np.float64)))


# The objective, and its value and loss in float64 NumPy, straight from the papers' formulas.
OTHERS = {
    "least_squares": (
        least_squares(),
        lambda r, f: -(square(r - 1) + square(f)) / 2,
        lambda r, f: square(f - 1) / 2,
    ),
    "least_squares_of_pearson": (
        least_squares(a=-1.0, b=1.0, c=0.0),
        lambda r, f: -(square(r - 1) + square(f + 1)) / 2,
        lambda r, f: square(f) / 2,
    ),
    "wasserstein": (wasserstein, lambda r, f: np.mean(r) - np.mean(f), lambda r, f: -np.mean(f)),
    "hinge": (
        hinge,
        lambda r, f: np.mean(np.minimum(0, -1 + r)) + np.mean(np.minimum(0, -1 - f)),
        lambda r, f: -np.mean(f),
    ),
    "relativistic_average": (
        relativistic_average,
        lambda r, f: np.mean(log_sigmoid(r - np.mean(f))) + np.mean(log_sigmoid(-(f - np.mean(r)))),
        lambda r, f: -np.mean(log_sigmoid(f - np.mean(r))) - np.mean(log_sigmoid(-(r - np.mean(f)))),
    ),
    "relativistic_pairing": (
        relativistic_pairing,
        lambda r, f: np.mean(log_sigmoid(r - f)),
        lambda r, f: np.mean(np.logaddexp(0, r - f)),
    ),
    "smoothed": (
        smoothed(),
        lambda r, f: np.mean(0.9 * log_sigmoid(r) + 0.1 * log_sigmoid(-r)) + np.mean(log_sigmoid(-f)),
        lambda r, f: -np.mean(log_sigmoid(f)),
    ),
    "smoothed_two_sided": (
        smoothed(0.8, 0.1),
        lambda r, f: (
            np.mean(0.8 * log_sigmoid(r) + 0.2 * log_sigmoid(-r))
            + np.mean(0.1 * log_sigmoid(f) + 0.9 * log_sigmoid(-f))
        ),
        lambda r, f: -np.mean(log_sigmoid(f)),
    ),
}


def differences(function, at, which, h=1e-6):
    """The gradient of `function` in its argument `which` at `at`, by central differences in float64."""
    slopes = []
    for i in range(len(at[which])):
        ends = []
        for sign in (1, -1):
            moved = [np.array(x) for x in at]
            moved[which][i] += sign * h
            ends.append(function(*moved))
        slopes.append((ends[0] - ends[1]) / (2 * h))
    return np.array(slopes)


@pytest.mark.parametrize("name", OTHERS)
def test_values_and_gradients_are_those_of_the_papers_formulas(name):
    objective, *formulas = OTHERS[name]
    rng = np.random.default_rng(1)
    real, fake = rng.uniform(-3, 3, (2, 7)).astype(np.float32)
    at = real.astype(np.float64), fake.astype(np.float64)
    for function, formula in zip((objective.value, objective.loss), formulas, strict=True):
        value, gradients = jax.jit(jax.value_and_grad(function, argnums=(0, 1)))(real, fake)
        assert value == pytest.approx(formula(*at), rel=1e-5)
        for which in (0, 1):
            np.testing.assert_allclose(gradients[which], differences(formula, at, which), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("name", OTHERS)
def test_values_and_gradients_are_right_at_extreme_outputs(name):
    objective, *formulas = OTHERS[name]
    real, fake = np.array([[-1e4, 1e4, -90.0, 90.0, 0.0], [1e4, -1e4, -90.0, 90.0, 1e4]], np.float32)
    for function, formula in zip((objective.value, objective.loss), formulas, strict=True):
        value, gradients = jax.jit(jax.value_and_grad(function, argnums=(0, 1)))(real, fake)
        assert value == pytest.approx(formula(real.astype(np.float64), fake.astype(np.float64)), rel=1e-5)
        assert np.all(np.isfinite(gradients))


def test_hand_worked_values_of_critics():
    real, fake = jnp.array([2.0, 0.0]), jnp.array([-3.0, 1.0])
    assert least_squares().value(real, fake) == -(1 + 1 + 9 + 1) / 4
    assert least_squares().loss(real, fake) == (16 + 0) / 4
    assert wasserstein.value(real, fake) == 1 - (-1)
    assert wasserstein.loss(real, fake) == 1
    assert hinge.value(real, fake) == (0 - 1) / 2 + (0 - 2) / 2
    assert hinge.loss(real, fake) == 1
    for objective, equilibrium in ((relativistic_average, -2 * LOG2), (relativistic_pairing, -LOG2)):
        assert objective.value(fake, fake[::-1]) != pytest.approx(equilibrium)
        assert objective.value(real[:1], real[:1]) == pytest.approx(equilibrium)  # neither is the more real


def test_the_hinge_has_no_gradient_where_the_margin_separates_but_the_generator_does():
    real, fake = jnp.array([1.5, 0.5]), jnp.array([-1.5, -0.5])
    of_real, of_fake = jax.grad(hinge.value, argnums=(0, 1))(real, fake)
    np.testing.assert_array_equal(of_real, [0, 0.5])
    np.testing.assert_array_equal(of_fake, [0, -0.5])
    np.testing.assert_array_equal(jax.grad(hinge.loss, argnums=1)(real, fake), [-0.5, -0.5])


def test_relativistic_objectives_see_differences_only():
    rng = np.random.default_rng(2)
    real, fake = rng.normal(size=(2, 6)).astype(np.float32)
    for objective in (relativistic_average, relativistic_pairing):
        assert objective.value(real + 5, fake + 5) == pytest.approx(float(objective.value(real, fake)), rel=1e-5)
        assert objective.loss(real, fake) == -objective.value(fake, real)
    # One compares pairs, the other averages.
    changes = [o.value(real, fake[::-1]) - o.value(real, fake) for o in (relativistic_pairing, relativistic_average)]
    assert abs(changes[0]) > 1e-3
    assert abs(changes[1]) < 1e-6


def test_the_relativistic_average_is_over_all_devices():
    rng = np.random.default_rng(3)
    real, fake = rng.uniform(-3, 3, (2, 8)).astype(np.float32)

    def objective(weight, real, fake):
        return relativistic_average.value(jnp.tanh(weight * real), jnp.tanh(weight * fake))

    value, gradient = jax.value_and_grad(objective)(0.7, real, fake)
    spread = jax.vmap(jax.value_and_grad(objective), (None, 0, 0), axis_name=AXIS)
    values, gradients = spread(0.7, real.reshape(4, 2), fake.reshape(4, 2))
    assert jnp.mean(values) == pytest.approx(float(value), rel=1e-6)
    assert jnp.mean(gradients) == pytest.approx(float(gradient), rel=1e-5)


def test_smoothed_targets_are_where_the_discriminator_is_best():
    logit = jnp.log(0.9 / 0.1)
    of_real, of_fake = jax.grad(smoothed(0.9, 0.1).value, argnums=(0, 1))(jnp.full(3, logit), jnp.full(3, -logit))
    np.testing.assert_allclose(of_real, 0, atol=1e-7)
    np.testing.assert_allclose(of_fake, 0, atol=1e-7)
    rng = np.random.default_rng(4)
    real, fake = rng.normal(size=(2, 6)).astype(np.float32)
    assert smoothed(1.0, 0.0).value(real, fake) == pytest.approx(float(minimax_value(real, fake)), rel=1e-6)


@pytest.mark.parametrize(
    ("targets", "message"), [((1.1, 0), "real images .* not 1.1"), ((1, -0.1), "generated .* -0.1")]
)
def test_smoothed_targets_must_be_probabilities(targets, message):
    with pytest.raises(ValueError, match=f"target of {message}"):
        smoothed(*targets)


def test_the_targets_of_least_squares_must_be_finite_and_may_be_traced():
    with pytest.raises(ValueError, match="b of least squares must be a finite number, not nan"):
        least_squares(b=float("nan"))
    losses = jax.vmap(lambda c: least_squares(c=c).loss(jnp.zeros(2), jnp.ones(2)))(jnp.array([0.0, 1.0, 3.0]))
    np.testing.assert_array_equal(losses, [0.5, 0, 2])


def test_a_discriminator_may_play_alone():
    real, fake = jnp.array([1.0, -2.0]), jnp.array([jnp.inf, 3.0])
    loss, gradient = jax.value_and_grad(discriminator_only.loss, argnums=1)(real, fake)
    assert loss == 0
    np.testing.assert_array_equal(gradient, [0, 0])
    assert discriminator_only.value(real, fake[1:]) == minimax_value(real, fake[1:])


def test_scores_that_are_no_logits_are_logged_as_they_are():
    scores = jnp.array([-3.0, 0.0, 2.0])
    for objective in (least_squares(), wasserstein, hinge, relativistic_average, relativistic_pairing):
        assert not objective.is_classifier
        np.testing.assert_array_equal(objective.output(scores), scores)
    for objective in (minimax, non_saturating, discriminator_only, smoothed()):
        assert objective.is_classifier
        np.testing.assert_allclose(objective.output(scores), 1 / (1 + np.exp([3, 0, -2])), rtol=1e-6)


def test_critics_agree_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    functional = torch.nn.functional
    bce = torch.nn.BCEWithLogitsLoss()
    mse = torch.nn.MSELoss()
    one, zero = torch.ones(32), torch.zeros(32)
    references = {
        "least_squares": (lambda r, f: -(mse(r, one) + mse(f, zero)) / 2, lambda r, f: mse(f, one) / 2),
        "hinge": (lambda r, f: -functional.relu(1 - r).mean() - functional.relu(1 + f).mean(), lambda r, f: -f.mean()),
        "relativistic_average": (
            lambda r, f: -bce(r - f.mean(), one) - bce(f - r.mean(), zero),
            lambda r, f: bce(r - f.mean(), zero) + bce(f - r.mean(), one),
        ),
        "relativistic_pairing": (
            lambda r, f: -functional.softplus(-(r - f)).mean(),
            lambda r, f: functional.softplus(-(f - r)).mean(),
        ),
        "smoothed": (lambda r, f: -bce(r, 0.9 * one) - bce(f, zero), lambda r, f: bce(f, one)),
    }
    real, fake = np.random.default_rng(8).uniform(-8, 8, (2, 32)).astype(np.float32)
    for name, pair in references.items():
        objective = OTHERS[name][0]
        for function, reference in zip((objective.value, objective.loss), pair, strict=True):
            r, f = (torch.tensor(x, requires_grad=True) for x in (real, fake))
            expected = reference(r, f)
            expected.backward()
            value, gradients = jax.jit(jax.value_and_grad(function, argnums=(0, 1)))(real, fake)
            assert value == pytest.approx(expected.item(), rel=1e-5), name
            for gradient, tensor in zip(gradients, (r, f), strict=True):
                grad = np.zeros(32) if tensor.grad is None else tensor.grad
                np.testing.assert_allclose(gradient, grad, rtol=1e-5, atol=1e-8, err_msg=name)


@pytest.mark.parametrize(
    "objective",
    [
        minimax,
        non_saturating,
        smoothed(),
        least_squares(),
        wasserstein,
        hinge,
        relativistic_average,
        relativistic_pairing,
    ],
)
def test_maps_of_logits_count_every_patch_as_an_example(objective):
    rng = np.random.default_rng(3)
    real, fake = (jnp.asarray(rng.normal(size=(2, 3, 4)), jnp.float32) for _ in range(2))
    for function in (objective.value, objective.loss):
        assert function(real, fake).shape == ()
        assert function(real, fake) == pytest.approx(float(function(real.ravel(), fake.ravel())), rel=1e-6)


def test_a_scaled_objective_is_a_multiple_and_logs_the_same():
    real, fake = jnp.array([0.3, -2.0]), jnp.array([1.5, 0.1])
    twice = scaled(least_squares(), 2.0)
    # Without the halves: -(0.7^2 + 3^2) / 2 - (1.5^2 + 0.1^2) / 2, and (0.5^2 + 0.9^2) / 2.
    assert twice.value(real, fake) == pytest.approx(-(0.49 + 9) / 2 - (2.25 + 0.01) / 2)
    assert twice.loss(real, fake) == pytest.approx((0.25 + 0.81) / 2)
    assert twice.is_classifier is least_squares().is_classifier is False
    np.testing.assert_array_equal(twice.output(real), real)
