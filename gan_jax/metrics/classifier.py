"""A small image classifier, trained on the dataset itself: the eyes of the evaluation.

Features of a network trained on ImageNet say little of 8x8 digits and need a download. A classifier of the dataset's
own labels sees what matters in it, takes seconds to train, and says which class each sample belongs to.
"""

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax.traverse_util import flatten_dict, unflatten_dict

from gan_jax.data.batching import batch_indices, take
from gan_jax.data.cache import cached
from gan_jax.data.dataset import Dataset, Images, Split
from gan_jax.data.splits import shuffled
from gan_jax.errors import UsageError
from gan_jax.metrics.classifier_network import ClassifierNetwork

# Raise this when the network or its training changes.
_VERSION = 1

_MOST_IMAGES = 50_000
_MOST_TESTED = 10_000
_FEWEST_STEPS = 800
_MOST_STEPS = 4000
_TRAINING_BATCH = 128
_INFERENCE_BATCH = 512


@dataclass(frozen=True)
class Classifier:
    """A trained network: pure functions of images. `accuracy` is the share of held-out images that it gets right."""

    params: Any
    classes: int
    accuracy: float

    def features_and_probabilities(self, images: Images) -> tuple[np.ndarray, np.ndarray]:
        """Both of the below, for the price of one."""
        outputs = []
        for start in range(0, len(images), _INFERENCE_BATCH):
            indices = np.arange(start, min(start + _INFERENCE_BATCH, len(images)))
            # A last, smaller batch is filled up by repetition, so that there is one shape to compile.
            filled = take(Split(images, None), np.resize(indices, _INFERENCE_BATCH))["image"]
            outputs.append([np.asarray(x)[: len(indices)] for x in _infer(self.params, filled, self.classes)])
        features, probabilities = (np.concatenate(parts) for parts in zip(*outputs, strict=True))
        return features, probabilities

    def features(self, images: Images) -> np.ndarray:
        """At least one image, uint8 (N, H, W, C) -> the penultimate layer, float32 (N, 64), of about unit variance."""
        return self.features_and_probabilities(images)[0]

    def probabilities(self, images: Images) -> np.ndarray:
        """At least one image, uint8 (N, H, W, C) -> float32 (N, classes) that sum to 1 along a row."""
        return self.features_and_probabilities(images)[1]


def cached_classifier(dataset: Dataset) -> Classifier:
    """`train_classifier(dataset)`, from the cache where the same data has been seen before.

    A damaged file is replaced; a folder that cannot be written is no error. Raises UsageError as `train_classifier`.
    """
    check_labels(dataset)
    height, width, channels = dataset.image_shape
    classes = len(dataset.classes)

    def build() -> dict[str, np.ndarray]:
        classifier = train_classifier(dataset)
        arrays = {name: np.asarray(x) for name, x in flatten_dict(classifier.params, sep=":").items()}
        return arrays | {"accuracy": np.asarray(classifier.accuracy)}

    name = f"classifiers/{height}x{width}x{channels}-{classes}"
    arrays = cached(name, (_VERSION, classes, _digest(dataset.train), _digest(dataset.test)), build)
    accuracy = float(arrays["accuracy"])
    params = unflatten_dict({name: x for name, x in arrays.items() if name != "accuracy"}, sep=":")
    return Classifier(params, classes, accuracy)


def train_classifier(dataset: Dataset, seed: int = 0) -> Classifier:
    """Trains on the training split (50,000 of its images if there are more), tests on 10,000 held-out ones.

    AdamW with a one-cycle schedule, cross-entropy, and random shifts of up to 1/16 of the image: 10 epochs, but at
    least 800 steps and at most 4000 of 128 images each. On one machine, the same data and seed
    give the same classifier.

    Raises UsageError where a split has no images or labels, or there are fewer than two classes.
    """
    check_labels(dataset)
    chosen = subset(len(dataset.train), _MOST_IMAGES)
    # Decoded once: the epochs would otherwise decode each image again.
    examples = take(dataset.train, chosen)
    steps = min(max(10 * len(chosen) // _TRAINING_BATCH, _FEWEST_STEPS), _MOST_STEPS)
    classes = len(dataset.classes)
    key = jax.random.key(seed)
    params = jax.jit(ClassifierNetwork(classes).init)(key, examples["image"][:1])["params"]
    moments = _optimizer(steps).init(params)
    for step in range(steps):
        batch = batch_indices(seed, step, _TRAINING_BATCH, len(chosen))
        images, labels = examples["image"][batch], examples["label"][batch]
        params, moments = _train_step(params, moments, images, labels, jax.random.fold_in(key, step), classes, steps)

    untested = Classifier(params, classes, accuracy=0.0)
    test = take(dataset.test, subset(len(dataset.test), _MOST_TESTED))
    right = untested.probabilities(test["image"]).argmax(axis=1) == test["label"]
    return Classifier(params, classes, accuracy=float(right.mean()))


def check_labels(dataset: Dataset) -> None:
    """Raises UsageError where a split has no images or labels, or there are fewer than two classes."""
    for name, split in (("training", dataset.train), ("held-out", dataset.test)):
        if not len(split):
            raise UsageError(f"evaluation needs {name} images, and {dataset.name!r} has none")
        if split.labels is None:
            raise UsageError(
                f"evaluation needs labels, and the {name} images of {dataset.name!r} have none: "
                "give an npz file with an array `labels`, or a folder with one folder of images a class"
            )
    if len(dataset.classes) < 2:
        raise UsageError(
            f"evaluation needs at least two classes to tell apart, and {dataset.name!r} has {len(dataset.classes)}"
        )


def subset(count: int, most: int) -> np.ndarray:
    """Ascending indices below `count`: all, or `most` drawn at random, the same ones each time."""
    # Not the first ones: a folder's images are sorted by class.
    return np.sort(shuffled(count, 0)[:most])


def _optimizer(steps: int) -> optax.GradientTransformation:
    return optax.adamw(optax.cosine_onecycle_schedule(steps, peak_value=4e-3, pct_start=0.2), weight_decay=1e-2)


@partial(jax.jit, static_argnames=("classes", "steps"))
def _train_step(params: Any, moments: Any, images: jax.Array, labels: jax.Array, key: Any, classes: int, steps: int):
    def loss(params: Any) -> jax.Array:
        _, logits = _outputs(params, _shifted(images, key), classes)
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    updates, moments = _optimizer(steps).update(jax.grad(loss)(params), moments, params)
    return optax.apply_updates(params, updates), moments


@partial(jax.jit, static_argnames="classes")
def _infer(params: Any, images: jax.Array, classes: int) -> tuple[jax.Array, jax.Array]:
    features, logits = _outputs(params, images, classes)
    return features, jax.nn.softmax(logits)


def _outputs(params: Any, images: jax.Array, classes: int) -> tuple[jax.Array, jax.Array]:
    outputs: Any = ClassifierNetwork(classes).apply({"params": params}, images)
    return outputs


def _shifted(images: jax.Array, key: jax.Array) -> jax.Array:
    """Each image (N, H, W, C) moved by up to 1/16 of its height, or 1 pixel, either way; its edges are repeated."""
    count, height, width, channels = images.shape
    most = max(1, height // 16)
    padded = jnp.pad(images, ((0, 0), (most, most), (most, most), (0, 0)), mode="edge")
    corners = jax.random.randint(key, (count, 2), 0, 2 * most + 1)
    return jax.vmap(lambda x, at: jax.lax.dynamic_slice(x, (at[0], at[1], 0), (height, width, channels)))(
        padded, corners
    )


def _digest(split: Split) -> str:
    """Of the shape, all labels and some of the images: reading every image of a large dataset would take too long."""
    digest = hashlib.sha256(repr(split.images.shape).encode())
    digest.update(np.asarray(split.labels, np.int32).tobytes())
    digest.update(take(split, subset(len(split), 1000))["image"].tobytes())
    return digest.hexdigest()
