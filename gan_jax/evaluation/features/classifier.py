"""A small image classifier, trained on the dataset itself.

The features of a network trained on ImageNet say little about 8x8 digits and need a download. A classifier of the
dataset's own labels learns what matters in it, trains in seconds, and says which class each sample belongs to.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.traverse_util import flatten_dict, unflatten_dict

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Images, Split, batch_indices
from gan_jax.data.cache import cached
from gan_jax.evaluation.features.base import Features, Seen, digest, softmax
from gan_jax.evaluation.features.classifier_network import ClassifierNetwork
from gan_jax.evaluation.features.extract import extract
from gan_jax.evaluation.subsets import pick_subset, take_subset

# Raise this when the network or its training changes.
_VERSION = 1

MOST_IMAGES = 50_000
_MOST_TESTED = 10_000
_FEWEST_STEPS = 800
_MOST_STEPS = 4000
_TRAINING_BATCH = 128
_INFERENCE_BATCH = 512


@dataclass(frozen=True)
class Classifier:
    """A trained classifier of images.

    params: the parameters of its `ClassifierNetwork`.
    classes: the number of classes.
    accuracy: the share of held-out images that it gets right.
    """

    params: Any
    classes: int
    accuracy: float

    @cached_property
    def features(self) -> Features:
        """The outputs of the layer before the last, 64 of about unit variance, and the logits of the classes."""
        return Features(
            name="classifier",
            version=f"{_VERSION}, {digest(self.params)}",
            description=f"a classifier of the dataset, {self.accuracy:.2%} right on held-out images",
            see=_network(self.classes),
            params=self.params,
            batch_size=_INFERENCE_BATCH,
            of_dataset=True,
        )

    def probabilities(self, images: Images) -> np.ndarray:
        """Images uint8 (N, H, W, C), N at least 1, to class probabilities, float32 (N, classes). Each row sums to 1."""
        return softmax(extract(self.features, images).logits)


def cached_classifier(dataset: Dataset) -> Classifier:
    """`train_classifier(dataset)`, from the cache if it has been trained on the same data before.

    A damaged file in the cache is replaced, and a cache that cannot be written is no error. Raises UsageError as
    `train_classifier` does.
    """
    check_labels(dataset)
    height, width, channels = dataset.image_shape
    classes = len(dataset.classes)

    def build() -> dict[str, np.ndarray]:
        classifier = train_classifier(dataset)
        arrays = {name: np.asarray(x) for name, x in flatten_dict(classifier.params, sep=":").items()}
        return arrays | {"accuracy": np.asarray(classifier.accuracy)}

    identity = _VERSION, _steps(dataset), classes, _digest(dataset.train), _digest(dataset.test)
    name = f"classifiers/{height}x{width}x{channels}-{classes}"
    arrays = cached(name, identity, build)
    accuracy = float(arrays["accuracy"])
    params = unflatten_dict({name: x for name, x in arrays.items() if name != "accuracy"}, sep=":")
    return Classifier(params, classes, accuracy)


def train_classifier(dataset: Dataset, seed: int = 0) -> Classifier:
    """Trains a classifier on at most 50,000 training images, and tests it on at most 10,000 held-out ones.

    It minimizes the cross-entropy with AdamW and a one-cycle schedule, on images that are shifted at random by up to
    1/16 of their sides. Training takes 10 epochs of batches of 128 images, but at least 800 and at most 4000 steps. On
    one machine, the same data and seed give the same classifier.

    Raises UsageError if a split has no images or no labels, or if there are fewer than two classes.
    """
    check_labels(dataset)
    # Decoded only once, and not again in each epoch.
    examples = take_subset(dataset.train, MOST_IMAGES)
    count, steps = len(examples["image"]), _steps(dataset)
    classes = len(dataset.classes)
    key = jax.random.key(seed)
    params = jax.jit(ClassifierNetwork(classes).init)(key, examples["image"][:1])["params"]
    moments = _optimizer(steps).init(params)
    for step in range(steps):
        batch = batch_indices(seed, step, _TRAINING_BATCH, count)
        images, labels = examples["image"][batch], examples["label"][batch]
        params, moments = _train_step(params, moments, images, labels, jax.random.fold_in(key, step), classes, steps)

    untested = Classifier(params, classes, accuracy=0.0)
    test = take_subset(dataset.test, _MOST_TESTED)
    right = untested.probabilities(test["image"]).argmax(axis=1) == test["label"]
    return Classifier(params, classes, accuracy=float(right.mean()))


def check_labels(dataset: Dataset) -> None:
    """Raises UsageError if a split has no images or no labels, or if there are fewer than two classes."""
    for name, split in (("training", dataset.train), ("held-out", dataset.test)):
        if not len(split):
            raise UsageError(f"a classifier needs {name} images, and {dataset.name!r} has none")
        if split.labels is None:
            raise UsageError(
                f"a classifier needs labels, and the {name} images of {dataset.name!r} have none: "
                "give an npz file with an array `labels`, or a folder with a folder of images for each class"
            )
    if len(dataset.classes) < 2:
        raise UsageError(f"a classifier needs at least two classes, and {dataset.name!r} has {len(dataset.classes)}")


def _steps(dataset: Dataset) -> int:
    count = min(len(dataset.train), MOST_IMAGES)
    return min(max(10 * count // _TRAINING_BATCH, _FEWEST_STEPS), _MOST_STEPS)


def _optimizer(steps: int) -> optax.GradientTransformation:
    return optax.adamw(optax.cosine_onecycle_schedule(steps, peak_value=4e-3, pct_start=0.2), weight_decay=1e-2)


@partial(jax.jit, static_argnames=("classes", "steps"))
def _train_step(params: Any, moments: Any, images: jax.Array, labels: jax.Array, key: Any, classes: int, steps: int):
    def loss(params: Any) -> jax.Array:
        _, logits = _outputs(params, _shifted(images, key), classes)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    updates, moments = _optimizer(steps).update(jax.grad(loss)(params), moments, params)
    return optax.apply_updates(params, updates), moments


@cache
def _network(classes: int) -> Callable[[Any, Any], Seen]:
    """The same function for the same number of classes, so that it is compiled once."""
    return lambda params, images: Seen(*_outputs(params, images, classes))


def _outputs(params: Any, images: jax.Array, classes: int) -> tuple[jax.Array, jax.Array]:
    outputs: Any = ClassifierNetwork(classes).apply({"params": params}, images)
    return outputs


def _shifted(images: jax.Array, key: jax.Array) -> jax.Array:
    """Shifts each image (N, H, W, C) up or down and left or right by up to 1/16 of that side, but at least 1 pixel.

    The edges are repeated.
    """
    count, height, width, channels = images.shape
    high, wide = (max(1, side // 16) for side in (height, width))
    padded = jnp.pad(images, ((0, 0), (high, high), (wide, wide), (0, 0)), mode="edge")
    corners = jax.random.randint(key, (count, 2), 0, jnp.array([2 * high + 1, 2 * wide + 1]))
    return jax.vmap(lambda x, at: jax.lax.dynamic_slice(x, (at[0], at[1], 0), (height, width, channels)))(
        padded, corners
    )


def _digest(split: Split) -> str:
    """A hash of the shape, the labels and some of the images. To read all images of a large dataset takes too long."""
    digest = hashlib.sha256(repr(split.images.shape).encode())
    digest.update(np.asarray(split.labels, np.int32).tobytes())
    digest.update(pick_subset(split.images, 1000).tobytes())
    return digest.hexdigest()
