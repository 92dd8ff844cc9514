import io
import json

import numpy as np
import pytest
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split, load, take
from gan_jax.evaluation.features import Classifier, train_classifier
from gan_jax.evaluation.images import ImageEvaluation, evaluate, evaluate_images

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


@pytest.fixture(scope="module")
def of_real(digits, unseen, classifier) -> ImageEvaluation:
    return evaluate(digits, unseen, classifier)


def test_unseen_real_images_are_about_as_good_as_training_images(of_real, unseen, digits):
    assert (of_real.count, of_real.held_out_count) == (len(unseen), len(digits.test))
    assert of_real.frechet_ratio is not None
    assert 0.6 < of_real.frechet_ratio < 1.7
    assert of_real.precision == pytest.approx(of_real.precision_real, abs=0.1)
    assert of_real.recall == pytest.approx(of_real.recall_real, abs=0.1)
    assert of_real.confidence == pytest.approx(of_real.confidence_held_out, abs=0.02)
    assert of_real.nearest_training_distance == pytest.approx(of_real.nearest_training_distance_held_out, rel=0.2)
    np.testing.assert_allclose(of_real.class_shares, of_real.class_shares_real, atol=0.06)


def test_noise_is_far_from_real(digits, classifier):
    noise = np.random.default_rng(0).integers(0, 256, (400, 8, 8, 1), np.uint8)
    evaluation = evaluate(digits, noise, classifier)
    assert evaluation.frechet_ratio is not None
    assert evaluation.frechet_ratio > 10
    assert evaluation.precision < 0.3 < evaluation.precision_real
    assert evaluation.confidence < evaluation.confidence_held_out - 0.1


def test_worse_samples_are_farther(digits, unseen, classifier, of_real):
    rng = np.random.default_rng(1)
    distances = [of_real.frechet_distance]
    for strength in (40, 80):
        noisy = np.clip(unseen + rng.normal(0, strength, unseen.shape), 0, 255).astype(np.uint8)
        distances.append(evaluate(digits, noisy, classifier).frechet_distance)
    assert distances == sorted(distances)
    assert distances[-1] > 3 * distances[0]


def test_dropped_classes_show_in_the_shares_and_in_recall(parts, classifier):
    digits, unseen = parts
    evaluation = evaluate(digits, unseen.images[unseen.labels < 5], classifier)
    assert sum(evaluation.class_shares[5:]) < 0.05
    assert min(evaluation.class_shares_real) > 0.05
    assert evaluation.precision > 0.8
    assert evaluation.recall < 0.65 < evaluation.recall_real
    assert evaluation.frechet_distance > 5 * evaluation.frechet_distance_real


def test_copies_of_training_images_are_found_out(digits, classifier):
    evaluation = evaluate(digits, digits.train.images, classifier)
    assert evaluation.frechet_ratio == pytest.approx(1)
    assert evaluation.nearest_training_distance == 0 < evaluation.nearest_training_distance_held_out


def test_a_classifier_says_which_samples_look_like_their_class(parts, classifier):
    digits, unseen = parts
    evaluation = evaluate(digits, unseen.images, classifier, unseen.labels)
    assert evaluation.by_class is not None
    figures = evaluation.to_json()
    predicted = classifier.probabilities(unseen.images).argmax(1)
    for k in range(10):
        of_class = unseen.labels == k
        assert figures["class_accuracies"][k] == pytest.approx(np.mean(predicted[of_class] == k))
    assert figures["class_accuracy"] == pytest.approx(np.mean(figures["class_accuracies"]))
    assert figures["class_accuracy"] == pytest.approx(figures["class_accuracy_held_out"], abs=0.05)
    assert figures["measures"][-1] == "class_accuracy"
    # The same images under wrong names, and those of one class alone.
    wrong = evaluate(digits, unseen.images, classifier, (unseen.labels + 1) % 10).to_json()
    assert wrong["class_accuracy"] < 0.05
    assert wrong["frechet_distance"] == evaluation.frechet_distance
    (threes,) = np.nonzero(unseen.labels == 3)
    alone = evaluate(digits, unseen.images[threes], classifier, unseen.labels[threes])
    shares = alone.to_json()["class_accuracies"]
    assert [share is None for share in shares] == [k != 3 for k in range(10)]
    assert alone.to_json()["class_accuracy"] == shares[3]
    json.dumps(alone.to_json(), allow_nan=False)
    out = io.StringIO()
    evaluation.report(Console(file=out, width=120))
    said = " ".join(out.getvalue().split())
    assert "Share of images that are classified as their own class" in said
    assert f"mean over classes │ {figures['class_accuracy']:.1%} │ {figures['class_accuracy_held_out']:.1%}" in said


def test_samples_without_classes_have_no_accuracy(of_real):
    assert of_real.by_class is None
    assert not any("class_acc" in name for name in of_real.to_json())
    assert of_real.to_json()["measures"] == ["frechet_ratio", "precision", "recall"]


def test_json_is_plain_and_finite(of_real):
    read = json.loads(json.dumps(of_real.to_json(), allow_nan=False))
    assert read["frechet_ratio"] == of_real.frechet_ratio
    assert read["class_shares"] == list(of_real.class_shares)
    assert read["count"] == of_real.count


def test_the_report_sets_each_figure_beside_the_real_one(of_real):
    out = io.StringIO()
    of_real.report(Console(file=out, width=120))
    (line,) = (line for line in out.getvalue().splitlines() if "Frechet" in line)
    assert f"{of_real.frechet_distance:.4g}" in line
    assert f"{of_real.frechet_distance_real:.4g}" in line
    assert f"{of_real.class_shares[3]:.1%}" in out.getvalue()


def test_a_sampler_is_asked_once_for_as_many_as_there_are_training_images(digits, classifier, monkeypatch):
    monkeypatch.setattr("gan_jax.evaluation.images.cached_classifier", lambda dataset: classifier)
    asked = []

    def sample(count: int, seed: int) -> np.ndarray:
        asked.append((count, seed))
        return digits.train.images[:count]

    assert evaluate_images(digits, sample, count=None, seed=3).count == 900
    assert evaluate_images(digits, sample, count=100, seed=4).count == 100
    assert asked == [(900, 3), (100, 4)]


def test_what_cannot_be_compared_is_refused_before_any_work(digits, classifier):
    def never(count: int, seed: int) -> np.ndarray:
        raise AssertionError("sampled")

    unlabelled = Dataset("mine", Split(digits.train.images, None), Split(digits.test.images, None), ())
    with pytest.raises(UsageError, match=r"needs labels.*'mine'"):
        evaluate_images(unlabelled, never, None, 0)
    with pytest.raises(UsageError, match="at least 4 samples, not 2"):
        evaluate_images(digits, never, 2, 0)
    with pytest.raises(UsageError, match=r"samples are uint8 of shape \(9, 16, 16, 1\).*\(N, 8, 8, 1\)"):
        evaluate(digits, np.zeros((9, 16, 16, 1), np.uint8), classifier)
    with pytest.raises(UsageError, match="samples are float32"):
        evaluate(digits, np.zeros((9, 8, 8, 1), np.float32), classifier)
