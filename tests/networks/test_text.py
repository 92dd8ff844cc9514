"""Networks of texts: PyTorch's GRU, probabilities that sum to one, exact samples, and prefixes that see no future."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.texts import SIZE, noise, one_hot, scattered, whole_texts

from gan_jax.networks import text


@pytest.fixture(scope="module")
def drawn():
    generator = text.Generator(4)
    return generator, scattered(generator.init(jax.random.key(1), noise(1), train=True))


def likelihoods(generator, variables, texts):
    return generator.apply(variables, texts, train=False, given=True)


def test_the_unit_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    x, state = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    unit = text.GRU(4)
    variables = scattered(unit.init(jax.random.key(0), x, state))
    reference = torch.nn.GRUCell(4, 4)
    params = variables["params"]
    with torch.no_grad():
        for name, layer in (("ih", "Dense_0"), ("hh", "Dense_1")):
            getattr(reference, f"weight_{name}").copy_(torch.tensor(np.array(params[layer]["kernel"]).T))
            getattr(reference, f"bias_{name}").copy_(torch.tensor(np.array(params[layer]["bias"])))
        expected = reference(torch.tensor(x), torch.tensor(state)).numpy()
    np.testing.assert_allclose(unit.apply(variables, x, state), expected, atol=1e-6)


def test_the_probabilities_of_all_texts_sum_to_one_and_samples_have_them(drawn):
    generator, variables = drawn
    texts = whole_texts()
    assert len(texts) == 1 + 2 + 4 + 8
    probabilities = np.exp(likelihoods(generator, variables, one_hot(texts)).sum(1))
    assert probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert probabilities.max() > 3 / len(texts)
    count = 20_000
    samples = np.asarray(generator.apply(variables, noise(count), train=False)).argmax(-1)
    found = np.array([(samples == row).all(1).mean() for row in texts])
    assert found.sum() == 1
    errors = np.sqrt(probabilities * (1 - probabilities) / count)
    assert (np.abs(found - probabilities) < 4.5 * errors + 1e-4).all()


def test_nothing_behind_the_end_counts(drawn):
    generator, variables = drawn
    ended = likelihoods(generator, variables, one_hot([[1, 0, 0], [1, 2, 0]]))
    assert ended[0, 2] == 0
    assert (ended[0, :2] < 0).all()
    np.testing.assert_array_equal(text.lengths(one_hot([[0, 0, 0], [1, 0, 0], [1, 2, 0], [1, 2, 1]])), [1, 2, 3, 3])


def test_the_softmax_is_soft_and_the_straight_way_shows_whole_characters(drawn):
    _, variables = drawn
    z = noise(50)

    def written(temperature, straight_through, train=True):
        return np.asarray(text.Generator(4, temperature, straight_through).apply(variables, z, train=train))

    soft, straight, hard = written(1.0, False), written(1.0, True), written(1.0, False, train=False)
    np.testing.assert_allclose(soft.sum(-1), 2 - SIZE, atol=1e-5)
    assert ((soft > -0.99) & (soft < 0.99)).mean() > 0.3
    np.testing.assert_allclose(straight, hard, atol=1e-6)
    np.testing.assert_allclose(written(1e-3, False), hard, atol=1e-3)
    assert set(np.unique(hard)) == {-1, 1}


def test_gradients_pass_through_the_softmax_alone(drawn):
    """At the first character, where both ways have the same inputs, the gradients are the same too."""
    _, variables = drawn

    def gradient(straight_through):
        def first(variables):
            made = text.Generator(4, 0.7, straight_through).apply(variables, noise(5), train=True)
            return jnp.sum(made[:, 0, 1])

        return jax.grad(first)(variables)

    soft, straight = gradient(False), gradient(True)
    assert max(np.abs(x).max() for x in jax.tree.leaves(soft)) > 1e-3
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, atol=1e-6), soft, straight)


def test_a_logit_judges_the_text_up_to_its_place():
    discriminator = text.Discriminator(8, layers=3)
    texts = np.asarray(one_hot(np.random.default_rng(0).integers(0, SIZE, (2, 12))))
    variables = discriminator.init(jax.random.key(0), texts, train=True)

    def logits(texts):
        return np.asarray(discriminator.apply(variables, texts, train=False))

    before = logits(texts)
    assert before.shape == (2, 12)
    changed = texts.copy()
    changed[:, 5] = np.roll(changed[:, 5], 1, -1)
    differs = np.abs(logits(changed) - before).max(0) > 1e-7
    assert not differs[:5].any()
    assert differs[5:].all()
