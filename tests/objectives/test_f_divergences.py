"""f-GANs against f, f* and the divergences themselves, in float64."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.objectives import DIVERGENCES, alternative_f_gan, f_gan, minimax, non_saturating

LOG2 = np.log(2)

# Table 1 and 2 of arXiv 1606.00709: f, f', f* and the output activation.
FORMULAS = {
    "jensen_shannon": (
        lambda u: u * np.log(u) - (u + 1) * np.log((u + 1) / 2),
        lambda u: np.log(2 * u / (u + 1)),
        lambda t: -np.log(2 - np.exp(t)),
        lambda v: LOG2 - np.log1p(np.exp(-v)),
    ),
    "kl": (lambda u: u * np.log(u), lambda u: 1 + np.log(u), lambda t: np.exp(t - 1), lambda v: v),
    "reverse_kl": (
        lambda u: -np.log(u),
        lambda u: -1 / u,
        lambda t: -1 - np.log(-t),
        lambda v: -np.exp(-v),
    ),
    "pearson": (lambda u: (u - 1) ** 2, lambda u: 2 * (u - 1), lambda t: t**2 / 4 + t, lambda v: v),
    "squared_hellinger": (
        lambda u: (np.sqrt(u) - 1) ** 2,
        lambda u: 1 - 1 / np.sqrt(u),
        lambda t: t / (1 - t),
        lambda v: 1 - np.exp(-v),
    ),
}


def outputs(size, scale=4):
    real, fake = np.random.default_rng(0).uniform(-scale, scale, (2, size))
    return jnp.asarray(real, jnp.float32), jnp.asarray(fake, jnp.float32)


def test_every_divergence_has_its_formulas_here():
    assert list(FORMULAS) == list(DIVERGENCES)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_values_and_gradients_are_those_of_the_table(name):
    _, _, conjugate, activation = FORMULAS[name]
    real, fake = outputs(9)
    r, f = np.asarray(real, np.float64), np.asarray(fake, np.float64)
    objective = f_gan(name)
    assert objective.loss is objective.value  # zero-sum
    value, gradients = jax.jit(jax.value_and_grad(objective.value, argnums=(0, 1)))(real, fake)
    assert value == pytest.approx(np.mean(activation(r)) - np.mean(conjugate(activation(f))), rel=1e-5)
    h = 1e-6
    of_real = (activation(r + h) - activation(r - h)) / (2 * h) / 9
    of_fake = (conjugate(activation(f + h)) - conjugate(activation(f - h))) / (2 * h) / -9
    np.testing.assert_allclose(gradients[0], of_real, rtol=1e-5)
    np.testing.assert_allclose(gradients[1], of_fake, rtol=1e-5, atol=1e-7)
    alternative = alternative_f_gan(name)
    assert alternative.value(real, fake) == objective.value(real, fake)
    loss, gradient = jax.jit(jax.value_and_grad(alternative.loss, argnums=1))(real, fake)
    assert loss == pytest.approx(-np.mean(activation(f)), rel=1e-5)
    np.testing.assert_allclose(gradient, -(activation(f + h) - activation(f - h)) / (2 * h) / 9, rtol=1e-5)


@pytest.mark.parametrize("name", DIVERGENCES)
def test_the_best_discriminator_has_the_divergence_for_its_value(name):
    """Of two densities on three points, as batches with those frequencies: sum_x q f(p / q), at g_f(V) = f'(p / q)."""
    f, slope, _, activation = FORMULAS[name]
    p, q = np.array([1, 2, 5]), np.array([4, 3, 1])
    # The activation's inverse at f'(p / q), by bisection: it is increasing.
    low, high = np.full(3, -30.0), np.full(3, 30.0)
    for _ in range(100):
        middle = (low + high) / 2
        below = activation(middle) < slope(p / q)
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    best = jnp.asarray(low, jnp.float32)

    def value(at):
        return f_gan(name).value(jnp.repeat(at, p), jnp.repeat(at, q))

    assert value(best) == pytest.approx(np.sum(q / 8 * f(p / q)), rel=1e-5)
    np.testing.assert_allclose(jax.grad(value)(best), 0, atol=1e-6)
    for seed in range(3):
        assert value(best + np.random.default_rng(seed).normal(0, 0.3, 3)) < value(best)


@pytest.mark.parametrize("build", [f_gan, alternative_f_gan])
def test_only_the_discriminator_of_jensen_shannon_is_a_classifier(build):
    assert [name for name in DIVERGENCES if build(name).is_classifier] == ["jensen_shannon"]


def test_jensen_shannon_is_the_original_gan_plus_a_constant():
    real, fake = outputs(16)
    ours, original = (jax.value_and_grad(o.value, argnums=(0, 1)) for o in (f_gan("jensen_shannon"), minimax))
    (value, gradients), (expected, expected_gradients) = ours(real, fake), original(real, fake)
    assert value == pytest.approx(float(expected) + 2 * LOG2, rel=1e-5)
    np.testing.assert_allclose(gradients, expected_gradients, rtol=1e-6)
    loss = alternative_f_gan("jensen_shannon").loss(real, fake)
    assert loss == pytest.approx(float(non_saturating.loss(real, fake)) - LOG2, rel=1e-5)
    np.testing.assert_array_equal(f_gan("jensen_shannon").output(real), minimax.output(real))


@pytest.mark.parametrize("name", DIVERGENCES)
def test_values_and_gradients_are_finite_at_extreme_outputs(name):
    extreme = jnp.array([-80.0, 80.0])
    for objective in (f_gan(name), alternative_f_gan(name)):
        for function in (objective.value, objective.loss):
            value, gradients = jax.value_and_grad(function, argnums=(0, 1))(extreme, extreme)
            assert np.isfinite(value)
            assert np.all(np.isfinite(gradients))


@pytest.mark.parametrize("build", [f_gan, alternative_f_gan])
def test_an_unknown_divergence_is_refused_with_the_names_and_the_nearest(build):
    names = "jensen_shannon, kl, reverse_kl, pearson, squared_hellinger"
    with pytest.raises(ValueError, match=f"no divergence 'jensen_shanon'; there are {names}; did you mean jensen_shan"):
        build("jensen_shanon")
    with pytest.raises(ValueError, match=f"no divergence 'xyz'; there are {names}$"):
        build("xyz")
