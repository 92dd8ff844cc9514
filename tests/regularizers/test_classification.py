"""The loss of discriminators that classify, and their accuracy."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.parallel import AXIS
from gan_jax.data import Split
from gan_jax.evaluation.metrics import class_accuracy, class_probabilities
from gan_jax.networks.layers import ClassLogits, Heads
from gan_jax.regularizers import Judged, View, class_loss, classify_fake, classify_real

RNG = np.random.default_rng(0)
LOGITS = RNG.normal(scale=2, size=(8, 3)).astype(np.float32)
LABELS = np.array([2, -1, 0, 1, -1, 1, -1, -1], np.int32)


def view(labels=LABELS, real=LOGITS, fake=2 * LOGITS):
    outputs = [{"logits": x[:, 0], "classes": x} for x in (real, fake)]
    known = {} if labels is None else {"label": labels}
    judged = [Judged(None, output, None, None) for output in outputs]
    nothing = dict.fromkeys(set(View._fields) - {"batch", "real", "fake"})
    return View(batch={"image": None, **known}, real=judged[0], fake=judged[1], **nothing)


def penalty(regularizer, view):
    value, memory = regularizer.apply(view, regularizer.init())
    assert memory == ()
    return value


def reference(logits, labels):
    logits = logits.astype(np.float64)
    rows = np.flatnonzero(labels >= 0)
    log_probabilities = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return -log_probabilities[rows, labels[rows]].mean()


def test_the_loss_is_the_cross_entropy_of_the_labelled_examples():
    assert penalty(classify_real(), view()) == pytest.approx(reference(LOGITS, LABELS), rel=1e-5)
    assert penalty(classify_fake(), view()) == pytest.approx(reference(2 * LOGITS, LABELS), rel=1e-5)


@pytest.mark.parametrize("regularizer", [classify_real, classify_fake])
def test_the_weight_multiplies_the_loss(regularizer):
    assert penalty(regularizer(2.5), view()) == pytest.approx(2.5 * float(penalty(regularizer(), view())), rel=1e-6)


@pytest.mark.parametrize("labels", [LABELS, np.abs(LABELS)])
def test_loss_and_gradient_are_those_of_pytorch(labels):
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    logits = torch.tensor(LOGITS, requires_grad=True)
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(labels).long(), ignore_index=-1)
    expected.backward()
    value, gradient = jax.value_and_grad(lambda y: class_loss({"classes": y}, labels))(LOGITS)
    assert value == pytest.approx(expected.item(), rel=1e-5)
    np.testing.assert_allclose(gradient, logits.grad.numpy(), rtol=1e-5, atol=1e-7)


def test_without_any_label_loss_and_gradient_are_0():
    value, gradient = jax.value_and_grad(lambda y: class_loss({"classes": y}, np.full(8, -1)))(LOGITS)
    assert value == 0
    np.testing.assert_array_equal(gradient, np.zeros((8, 3)))


@pytest.mark.parametrize("labels", [LABELS, np.full(8, -1)])
def test_devices_with_different_numbers_of_labels_have_the_loss_of_one_device(labels):
    """Averaged over devices, loss and gradient are those of the whole batch."""

    def loss(weight, logits, labels):
        return class_loss({"classes": weight * logits}, labels)

    weight = jnp.float32(1.5)
    of_all = jax.value_and_grad(loss)(weight, LOGITS, labels)
    share = jax.vmap(jax.value_and_grad(loss), in_axes=(None, 0, 0), axis_name=AXIS)
    shares = share(weight, LOGITS.reshape(4, 2, 3), labels.reshape(4, 2))
    for one, four in zip(of_all, shares, strict=True):
        assert jnp.mean(four) == pytest.approx(float(one), rel=1e-5)


@pytest.mark.parametrize("regularizer", [classify_real, classify_fake])
@pytest.mark.parametrize("weight", [-1.0, float("nan")])
def test_a_weight_that_is_no_weight_is_refused(regularizer, weight):
    with pytest.raises(ValueError, match=f"{regularizer.__name__} must be at least 0, not {weight}"):
        regularizer(weight)


def test_data_without_labels_are_refused():
    with pytest.raises(ValueError, match="needs labels, and the data have none"):
        penalty(classify_real(), view(labels=None))


@pytest.mark.parametrize("output", [LOGITS[:, 0], {"logits": LOGITS[:, 0], "angle": LOGITS}])
def test_a_discriminator_without_the_head_is_refused(output):
    with pytest.raises(ValueError, match="no head 'classes', only logits"):
        penalty(classify_real(), view()._replace(real=Judged(None, output, None, None)))


class Brightness(nn.Module):
    """Class 1 for bright images, 0 for dark ones; in training mode the other way round."""

    outputs: int = 2

    @nn.compact
    def __call__(self, images, train):
        x = 3 * jnp.mean(images, (1, 2, 3)) * (-1 if train else 1)
        return jnp.stack([jnp.zeros_like(x), x][: self.outputs], 1)


def test_class_probabilities_are_the_softmax_in_evaluation_mode_image_by_image():
    images = np.random.default_rng(1).integers(0, 256, (300, 2, 2, 1), np.uint8)  # more than a batch
    x = 3 * (images.astype(np.float64).mean((1, 2, 3)) / 127.5 - 1)
    found = class_probabilities(ClassLogits(Brightness()), {}, images)
    np.testing.assert_allclose(found, np.stack([1 - 1 / (1 + np.exp(-x)), 1 / (1 + np.exp(-x))], 1), atol=1e-6)
    bright = (x > 0).astype(np.int32)
    wrong = bright.copy()
    wrong[:30] = 1 - wrong[:30]
    assert class_accuracy(ClassLogits(Brightness()), {}, Split(images, bright)) == 1
    assert class_accuracy(ClassLogits(Brightness()), {}, Split(images, wrong)) == pytest.approx(0.9)


def test_accuracy_needs_every_label_and_a_discriminator_that_classifies():
    images = np.zeros((2, 2, 2, 1), np.uint8)
    for labels in (None, np.array([0, -1])):
        with pytest.raises(ValueError, match="needs the label of every image"):
            class_accuracy(ClassLogits(Brightness()), {}, Split(images, labels))
    with pytest.raises(ValueError, match='no head "classes"'):
        class_probabilities(Heads(Brightness(), {"angle": 1}), {}, images)
