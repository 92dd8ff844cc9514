import io
import json
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split, load, take
from gan_jax.evaluation import Evaluation, Options
from gan_jax.evaluation.features import Classifier, Features, Seen, check_labels, of_classifier, train_classifier
from gan_jax.evaluation.images import evaluate_images
from gan_jax.evaluation.options import USUAL
from gan_jax.reporting import grid

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def parts() -> tuple[Dataset, Split]:
    """The digits with 900 training images, and the other training images as those of a perfect generator."""
    whole = load("digits", resolution=8)
    # Shuffled, because the images are sorted by writer.
    mixed = take(whole.train, np.random.default_rng(0).permutation(len(whole.train)))
    train, unseen = (Split(mixed["image"][part], mixed["label"][part]) for part in (slice(900), slice(900, None)))
    return Dataset("digits", train, whole.test, whole.classes), unseen


@pytest.fixture(scope="module")
def digits(parts) -> Dataset:
    return parts[0]


@pytest.fixture(scope="module")
def unseen(parts) -> np.ndarray:
    return parts[1].images


@pytest.fixture(scope="module")
def classifier(digits) -> Classifier:
    # Fewer steps than usual, as these tests do not need the best classifier.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_jax.evaluation.features.classifier._FEWEST_STEPS", 400)
        return train_classifier(digits)


@pytest.fixture(scope="module", autouse=True)
def no_other_classifier(classifier):
    def checked(dataset: Dataset) -> Classifier:
        check_labels(dataset)
        return classifier

    with pytest.MonkeyPatch.context() as patch:
        for module in ("by_class", "features.choices"):
            patch.setattr(f"gan_jax.evaluation.{module}.cached_classifier", checked)
        yield


def evaluate(dataset: Dataset, images: np.ndarray, labels: np.ndarray | None = None) -> Evaluation:
    own = None if labels is None else lambda count, seed: labels
    return evaluate_images(dataset, lambda count, seed: images, 0, Options(count=len(images)), own)


@pytest.fixture(scope="module")
def of_real(digits, unseen) -> Evaluation:
    return evaluate(digits, unseen)


def test_unseen_real_images_are_about_as_good_as_training_images(of_real, unseen, digits):
    settings, figures = of_real.settings, of_real.figures
    assert (settings["count"], settings["reference_count"]) == (len(unseen), len(digits.test))
    assert 0.6 < figures["frechet_ratio"] < 1.7
    for name in ("precision", "recall", "coverage"):
        assert figures[name] == pytest.approx(figures[f"{name}_real"], abs=0.1)
    assert figures["density"] == pytest.approx(figures["density_real"], rel=0.2)
    assert abs(figures["kernel_distance"]) < 0.05
    assert figures["inception_score"] == pytest.approx(figures["inception_score_real"], rel=0.1)
    assert figures["confidence"] == pytest.approx(figures["confidence_held_out"], abs=0.02)
    assert figures["nearest_training_distance"] == pytest.approx(figures["nearest_training_distance_held_out"], rel=0.2)
    np.testing.assert_allclose(figures["class_shares"], figures["class_shares_real"], atol=0.06)


def test_noise_is_far_from_real(digits):
    noise = np.random.default_rng(0).integers(0, 256, (400, 8, 8, 1), np.uint8)
    figures = evaluate(digits, noise).figures
    assert figures["frechet_ratio"] > 10
    assert figures["precision"] < 0.3 < figures["precision_real"]
    assert figures["confidence"] < figures["confidence_held_out"] - 0.1


def test_worse_samples_are_farther(digits, unseen, of_real):
    rng = np.random.default_rng(1)
    distances = [of_real.figures["frechet_distance"]]
    for strength in (40, 80):
        noisy = np.clip(unseen + rng.normal(0, strength, unseen.shape), 0, 255).astype(np.uint8)
        distances.append(evaluate(digits, noisy).figures["frechet_distance"])
    assert distances == sorted(distances)
    assert distances[-1] > 3 * distances[0]


def test_dropped_classes_show_in_the_shares_and_in_recall(parts):
    digits, unseen = parts
    figures = evaluate(digits, unseen.images[unseen.labels < 5]).figures
    assert sum(figures["class_shares"][5:]) < 0.05
    assert min(figures["class_shares_real"]) > 0.05
    assert figures["precision"] > 0.8
    assert figures["recall"] < 0.65 < figures["recall_real"]
    assert figures["frechet_distance"] > 5 * figures["frechet_distance_real"]


def test_copies_of_training_images_are_found_out(digits):
    figures = evaluate(digits, digits.train.images).figures
    assert figures["frechet_ratio"] == pytest.approx(1)
    assert figures["nearest_training_distance"] == 0 < figures["nearest_training_distance_held_out"]


def test_a_classifier_says_which_samples_look_like_their_class(parts, classifier):
    digits, unseen = parts
    evaluation = evaluate(digits, unseen.images, unseen.labels)
    figures = evaluation.to_json()
    predicted = classifier.probabilities(unseen.images).argmax(1)
    for k in range(10):
        of_class = unseen.labels == k
        assert figures["class_accuracies"][k] == pytest.approx(np.mean(predicted[of_class] == k))
    assert figures["class_accuracy"] == pytest.approx(np.mean(figures["class_accuracies"]))
    assert figures["class_accuracy"] == pytest.approx(figures["class_accuracy_held_out"], abs=0.05)
    assert figures["measures"][-1] == "class_accuracy"
    # The same images under wrong names, and those of one class alone.
    wrong = evaluate(digits, unseen.images, (unseen.labels + 1) % 10).to_json()
    assert wrong["class_accuracy"] < 0.05
    assert wrong["frechet_distance"] == figures["frechet_distance"]
    assert wrong["intra_class_frechet_distance"] > 3 * figures["intra_class_frechet_distance"]
    assert figures["intra_class_frechet_distance"] < 2 * figures["intra_class_frechet_distance_real"]
    (threes,) = np.nonzero(unseen.labels == 3)
    alone = evaluate(digits, unseen.images[threes], unseen.labels[threes])
    shares = alone.to_json()["class_accuracies"]
    assert [share is None for share in shares] == [k != 3 for k in range(10)]
    assert alone.to_json()["class_accuracy"] == shares[3]
    assert "intra_class_frechet_distance" not in alone.figures
    json.dumps(alone.to_json(), allow_nan=False)
    out = io.StringIO()
    evaluation.report(Console(file=out, width=120))
    said = " ".join(out.getvalue().split())
    assert "Share of images that are classified as their own class" in said
    assert f"mean over classes │ {figures['class_accuracy']:.1%} │ {figures['class_accuracy_held_out']:.1%}" in said


def test_samples_without_classes_have_no_accuracy(of_real):
    assert not any("class_acc" in name or "intra_class" in name for name in of_real.to_json())
    assert of_real.to_json()["measures"] == [
        *("frechet_ratio", "kernel_distance", "precision", "recall", "density", "coverage")
    ]


def test_json_is_plain_and_finite(of_real):
    read = json.loads(json.dumps(of_real.to_json(), allow_nan=False))
    assert read["frechet_ratio"] == of_real.figures["frechet_ratio"]
    assert read["class_shares"] == list(of_real.figures["class_shares"])
    assert read["settings"]["count"] == of_real.settings["count"]
    assert {"features", "features_version", "kernel_subset_size", "against"} <= read["settings"].keys()


def test_the_report_sets_each_figure_beside_the_real_one(of_real):
    out = io.StringIO()
    of_real.report(Console(file=out, width=120))
    (line,) = (line for line in out.getvalue().splitlines() if "Frechet distance ↓" in line)
    assert f"{of_real.figures['frechet_distance']:.4g}" in line
    assert f"{of_real.figures['frechet_distance_real']:.4g}" in line
    assert f"{of_real.figures['class_shares'][3]:.1%}" in out.getvalue()


def test_a_sampler_is_asked_once_for_as_many_as_there_are_training_images(digits):
    asked = []

    def sample(count: int, seed: int) -> np.ndarray:
        asked.append((count, seed))
        return digits.train.images[:count]

    assert evaluate_images(digits, sample, 3, USUAL).settings["count"] == 900
    assert evaluate_images(digits, sample, 4, Options(count=100)).settings["count"] == 100
    assert asked == [(900, 3), (100, 4)]


def test_what_real_images_show_is_seen_once(digits, tmp_path, monkeypatch):
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path))
    seen = []

    def see(params, images):
        jax.debug.callback(lambda count: seen.append(int(count)), len(images))
        return Seen(images.reshape(len(images), -1)[:, ::8].astype(jnp.float32))

    def evaluate(version: str, split: str = "held-out") -> dict[str, Any]:
        seen.clear()
        features = Features("mine", version, "", see, None, batch_size=1024)
        chosen = Options(count=100, features=lambda dataset: features, against=split)
        found = evaluate_images(digits, lambda count, seed: digits.test.images[:count], 0, chosen).figures
        jax.effects_barrier()
        return found

    first = evaluate("1")
    assert sorted(seen) == [128, 512, 1024]  # samples, held-out images, training images
    assert evaluate("1") == first
    assert seen == [128]
    assert evaluate("1", "training") != first
    assert seen == [128]
    evaluate("2")
    assert len(seen) == 3


def test_samples_can_be_compared_with_training_images(digits):
    chosen = Options(count=len(digits.train), against="training")
    figures = evaluate_images(digits, lambda count, seed: digits.train.images, 0, chosen).figures
    assert figures["frechet_distance"] == pytest.approx(0, abs=1e-4)
    assert figures["precision"] == figures["recall"] == figures["coverage"] == 1
    assert figures["frechet_distance_held_out"] > 0.1
    assert "frechet_distance_real" not in figures


def test_the_closest_pairs_are_shown(digits):
    samples = digits.test.images[:100].copy()
    samples[[5, 70]] = digits.train.images[[300, 20]]
    found = evaluate(digits, samples)
    picture = found.pictures["closest"]
    copies, originals = np.split(picture[:65, : 2 * 33 - 1], [33])
    np.testing.assert_array_equal(copies[:32], originals)
    assert {copies[:32, :32].tobytes(), copies[:32, 33:].tobytes()} == {
        grid(digits.train.images[[i]]).tobytes() for i in (300, 20)
    }


def test_what_cannot_be_compared_is_refused_before_any_work(digits):
    def never(count: int, seed: int) -> np.ndarray:
        raise AssertionError("sampled")

    unlabelled = Dataset("mine", Split(digits.train.images, None), Split(digits.test.images, None), ())
    with pytest.raises(UsageError, match=r"a classifier needs labels.*'mine'"):
        evaluate_images(unlabelled, never, 0, Options(features=of_classifier))
    with pytest.raises(UsageError, match="at least 6 samples, not 5"):
        evaluate_images(digits, never, 0, Options(count=5))
    with pytest.raises(UsageError, match=r"samples are uint8 of shape \(9, 16, 16, 1\).*\(N, 8, 8, 1\)"):
        evaluate(digits, np.zeros((9, 16, 16, 1), np.uint8))
    with pytest.raises(UsageError, match="samples are float32"):
        evaluate(digits, np.zeros((9, 8, 8, 1), np.float32))
