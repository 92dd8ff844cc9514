"""InfoGAN's codes and the bound of their mutual information with the image."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.parallel import AXIS, example_keys
from gan_jax.networks.latents import Codes, normal, with_codes
from gan_jax.regularizers import Judged, View, mutual_information

CODES = Codes((4, 2), 3)


def drawn(codes=CODES, count=4000, noise=5):
    latent = with_codes(normal(noise), codes)
    return np.asarray(jax.jit(lambda: jax.vmap(latent)(example_keys(jax.random.key(0), count)))())


def penalty(regularizer, latents, output):
    nothing = dict.fromkeys(set(View._fields) - {"latents", "fake"})
    return regularizer.apply(View(latents=latents, fake=Judged(None, output, None, None), **nothing), ())[0]


def guesses(latents, seed=0):
    """What a discriminator may say of the codes."""
    rng = np.random.default_rng(seed)
    return {name: rng.normal(size=(len(latents), size)).astype(np.float32) for name, size in CODES.heads.items()}


def test_latents_are_noise_and_then_independent_codes():
    latents = drawn()
    assert latents.shape == (4000, 5 + CODES.size)
    noise, first, second, continuous = np.split(latents, [5, 9, 11], axis=1)
    for one_hot in (first, second):
        assert set(np.unique(one_hot)) == {0, 1}
        np.testing.assert_array_equal(one_hot.sum(1), 1)
        np.testing.assert_allclose(one_hot.mean(0), 1 / one_hot.shape[1], atol=0.03)
    assert continuous.min() >= -1
    assert continuous.max() < 1
    np.testing.assert_allclose(np.quantile(continuous, [0.25, 0.5, 0.75], axis=0).T, [[-0.5, 0, 0.5]] * 3, atol=0.06)
    np.testing.assert_allclose(noise.std(0), 1, atol=0.05)
    # Of the one-hot numbers only the first of each code: those of one code depend on each other.
    correlations = np.corrcoef(latents[:, [0, 1, 2, 3, 4, 5, 9, 11, 12, 13]].T)
    assert np.abs(correlations - np.eye(10)).max() < 0.08


def test_codes_are_taken_apart_as_they_were_put_together():
    latents = drawn(count=10)
    found = CODES.extract(latents)
    assert found.keys() == CODES.heads.keys() == {"category_0", "category_1", "means"}
    np.testing.assert_array_equal(np.concatenate(list(found.values()), 1), latents[:, 5:])
    assert [part.shape[1] for part in found.values()] == [4, 2, 3] == list(CODES.heads.values())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(((1,), 2), "at least 2 categories, not 1"), (((3,), -1), "at least 0, not -1"), (((), 0), "there are no codes")],
)
def test_codes_that_cannot_be_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Codes(*arguments)


@pytest.mark.parametrize("learned", [False, True])
def test_the_bound_is_that_of_pytorchs_distributions(learned):
    """-sum of lambda (E[log Q(c|x)] + H(c)), with gradients in all that Q says."""
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    distributions = torch.distributions
    latents = drawn(count=6)
    output = guesses(latents)
    if learned:
        output["log_deviations"] = 0.5 * guesses(latents, 1)["means"]
    ours = mutual_information(CODES, 0.7, 0.2)
    value, gradients = jax.value_and_grad(lambda output: penalty(ours, latents, output))(output)

    tensors = {name: torch.tensor(values, requires_grad=True) for name, values in output.items()}
    codes = torch.tensor(latents[:, 5:])
    first, second, continuous = codes[:, :4], codes[:, 4:6], codes[:, 6:]
    expected = 0
    for name, code in (("category_0", first), ("category_1", second)):
        q, prior = (distributions.Categorical(logits=x) for x in (tensors[name], torch.zeros(code.shape[1])))
        expected = expected - 0.7 * (q.log_prob(code.argmax(1)).mean() + prior.entropy())
    deviations = tensors["log_deviations"].exp() if learned else torch.ones(3)
    q = distributions.Normal(tensors["means"], deviations)
    entropy = 3 * distributions.Uniform(-1.0, 1.0).entropy()
    expected = expected - 0.2 * (q.log_prob(continuous).sum(1).mean() + entropy)
    expected.backward()
    assert value == pytest.approx(expected.item(), rel=1e-5)
    for name, tensor in tensors.items():
        np.testing.assert_allclose(gradients[name], tensor.grad.numpy(), rtol=1e-5, atol=1e-7)


def test_who_knows_a_category_has_all_its_information_and_who_guesses_has_none():
    codes = Codes((4,))
    latents = drawn(codes, 16)
    sure = 50 * codes.extract(latents)["category_0"]
    assert penalty(mutual_information(codes), latents, {"category_0": sure}) == pytest.approx(-np.log(4), rel=1e-5)
    none = penalty(mutual_information(codes), latents, {"category_0": np.zeros((16, 4))})
    assert none == pytest.approx(0, abs=1e-6)


def test_devices_together_have_the_penalty_of_one():
    latents = drawn(count=8)
    output = guesses(latents)
    ours = mutual_information(CODES)
    shares = jax.tree.map(lambda x: x.reshape(4, 2, -1), (latents, output))
    found = jax.vmap(lambda latents, output: penalty(ours, latents, output), axis_name=AXIS)(*shares)
    assert jnp.mean(found) == pytest.approx(float(penalty(ours, latents, output)), rel=1e-5)


@pytest.mark.parametrize("weights", [(-1.0, 0.1), (1.0, -0.1)])
def test_negative_weights_are_refused(weights):
    with pytest.raises(ValueError, match=f"at least 0, not {min(weights)}"):
        mutual_information(CODES, *weights)


def test_a_discriminator_that_does_not_guess_is_refused():
    with pytest.raises(ValueError, match="no head 'category_0', only logits"):
        penalty(mutual_information(CODES), drawn(count=2), np.zeros(2))
