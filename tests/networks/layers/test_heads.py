"""Discriminators with several outputs."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.networks import mlp
from gan_jax.networks.functional import features
from gan_jax.networks.layers import ClassLogits, ConcatDiscriminator, Heads


class Given(nn.Module):
    """Returns what it is given."""

    @nn.compact
    def __call__(self, x, train):
        return x


def test_outputs_are_named_in_their_order():
    y = np.arange(12, dtype=np.float32).reshape(2, 6)
    found = Heads(Given(), {"classes": 3, "angle": 2}).apply({}, y, train=True)
    assert found.keys() == {"logits", "classes", "angle"}
    np.testing.assert_array_equal(found["logits"], [0, 6])
    np.testing.assert_array_equal(found["classes"], [[1, 2, 3], [7, 8, 9]])
    np.testing.assert_array_equal(found["angle"], [[4, 5], [10, 11]])


def test_the_order_is_that_of_the_heads_and_not_of_their_names():
    found = Heads(Given(), {"b": 1, "a": 2}).apply({}, np.arange(4.0).reshape(1, 4), train=True)
    np.testing.assert_array_equal(found["b"], [[1]])
    np.testing.assert_array_equal(found["a"], [[2, 3]])


@pytest.mark.parametrize("outputs", [1, 10, 12])
def test_heads_that_do_not_fit_the_outputs_are_refused(outputs):
    network = Heads(mlp.Discriminator((4,), outputs=outputs), {"classes": 10})
    with pytest.raises(ValueError, match=rf"has {outputs} outputs, .* need 11: 1 \+ 10 \(classes\)"):
        network.init(jax.random.key(0), np.zeros((2, 3), np.float32), train=True)


def test_a_head_without_outputs_is_refused():
    network = Heads(mlp.Discriminator((4,)), {"classes": 0})
    with pytest.raises(ValueError, match="'classes' must have at least 1 output, not 0"):
        network.init(jax.random.key(0), np.zeros((2, 3), np.float32), train=True)


def test_class_logits_are_the_classifier_of_real_classes_and_one_of_fakes_at_0():
    """p(real) of the softmax over K + 1 classes whose last logit is 0 (arXiv 1606.03498, section 5), in float64."""
    y = np.random.default_rng(0).normal(scale=3, size=(5, 4)).astype(np.float32)
    found = ClassLogits(Given()).apply({}, y, train=True)
    np.testing.assert_array_equal(found["classes"], y)
    exponentials = np.exp(np.concatenate([y, np.zeros((5, 1))], 1, dtype=np.float64))
    real = 1 - exponentials[:, -1] / exponentials.sum(1)
    np.testing.assert_allclose(jax.nn.sigmoid(found["logits"]), real, rtol=1e-5)
    z = np.exp(y.astype(np.float64)).sum(1)
    np.testing.assert_allclose(found["logits"], np.log(z), rtol=1e-5)
    # The gradient of log Z is the softmax of the classes.
    gradient = jax.grad(lambda y: jnp.sum(ClassLogits(Given()).apply({}, y, train=True)["logits"]))(y)
    np.testing.assert_allclose(gradient, np.exp(y.astype(np.float64)) / z[:, None], rtol=1e-5)


def test_large_class_logits_do_not_overflow():
    y = np.array([[1e4, 0.0], [-1e4, -1e4]], np.float32)
    found = ClassLogits(Given()).apply({}, y, train=True)["logits"]
    np.testing.assert_allclose(found, [1e4, -1e4 + np.log(2)], rtol=1e-6)


@pytest.mark.parametrize("outputs", [0, 1])
def test_class_logits_of_fewer_than_two_classes_are_refused(outputs):
    with pytest.raises(ValueError, match=f"at least two classes, and the discriminator has {outputs}"):
        ClassLogits(Given()).apply({}, np.zeros((2, outputs), np.float32), train=True)


def test_heads_and_labels_go_together_in_either_order_and_features_show_through():
    x, labels = np.ones((3, 5), np.float32), np.array([0, 1, 1])
    network, heads = mlp.Discriminator((8,), outputs=4), {"style": 3}
    for wrapped in (Heads(ConcatDiscriminator(network, 2), heads), ConcatDiscriminator(Heads(network, heads), 2)):
        params = wrapped.init(jax.random.key(0), x, labels, train=True)["params"]
        found = wrapped.apply({"params": params}, x, labels, train=False)
        assert {name: head.shape for name, head in found.items()} == {"logits": (3,), "style": (3, 3)}
        assert not np.allclose(found["logits"][0], found["logits"][1])
        assert features(wrapped, params, {}, x, labels).shape == (3, 8)
