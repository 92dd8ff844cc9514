"""The evaluation of translations, with translators whose figures are known."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset, Split, load
from gan_jax.data.dataset import Scenes
from gan_jax.data.derived.directions import reverse, shuffled_pairs
from gan_jax.data.sources import scenes
from gan_jax.data.sources.houses import NAMES, PALETTE
from gan_jax.evaluation.perceptual import perceptual_distance
from gan_jax.evaluation.translation import evaluate_translation
from gan_jax.evaluation.untrained import baselines


@pytest.fixture(scope="module", autouse=True)
def short_training():
    """Label readers are trained briefly."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_jax.evaluation.features.label_reader._STEPS", 60)
        yield


@pytest.fixture(scope="module")
def fronts():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scenes, "TRAIN_COUNT", 60)
        patch.setattr(scenes, "TEST_COUNT", 12)
        return load("scenes", resolution=16)


def figures_of(evaluation, direction="AtoB"):
    names = ["AtoB", "BtoA"][: len(evaluation.parts)]
    return evaluation.parts[names.index(direction)].columns["translated"]


def perfect(dataset):
    """A translator that knows the targets of the held-out images."""
    known = {image.tobytes(): target for image, target in zip(dataset.test.images, dataset.test.targets, strict=True)}
    return lambda images: np.stack([known[image.tobytes()] for image in images])


def test_the_truth_is_perfect_in_both_directions(fronts):
    evaluation = evaluate_translation(fronts, {"AtoB": perfect(fronts), "BtoA": perfect(reverse(fronts))})
    assert evaluation.settings["count"] == 12
    best = {"l1": 0, "psnr": pytest.approx(54.151, abs=1e-3), "ssim": pytest.approx(1)}
    real = evaluation.figures["baselines"]["AtoB"]["real: held-out"]
    assert figures_of(evaluation) == {**real, **best, "frechet_distance": pytest.approx(0, abs=1e-3)}
    assert figures_of(evaluation, "BtoA") == {"label_accuracy": 1, "label_iou": 1, **best}
    # Even the briefly trained reader reads more labels in real pictures than in their mean.
    assert real["label_accuracy"] > evaluation.figures["baselines"]["AtoB"]["mean image"]["label_accuracy"]


def test_pictures_of_scenes_have_a_distance_in_features_of_patches(fronts):
    def blurred(images):
        made = perfect(fronts)(images).astype(int)
        wide = made + np.roll(made, 1, 2)
        return ((wide + np.roll(wide, 1, 1)) // 4).astype(np.uint8)

    evaluation = evaluate_translation(fronts, {"AtoB": blurred, "BtoA": lambda images: images})
    distance = {
        name: figures.get("frechet_distance") for name, figures in evaluation.figures["baselines"]["AtoB"].items()
    }
    assert 0 < distance["real: training"] < figures_of(evaluation)["frechet_distance"] < distance["mean image"]
    assert distance["real: held-out"] is None
    assert "frechet_distance" not in figures_of(evaluation, "BtoA")


def test_labels_are_read_by_the_nearest_colour_of_the_palette(fronts):
    turned = reverse(fronts)
    truth, rng = perfect(turned), np.random.default_rng(0)

    def nearly(images):  # no colour moves more than half of the way to another one
        made = truth(images).astype(int)
        return (made + np.where(made == 0, 1, -1) * rng.integers(0, 100, made.shape)).astype(np.uint8)

    def half(images):  # one colour on the left half, which is right only where that label is
        made = truth(images)
        made[:, :, :8] = PALETTE[NAMES.index("wall")]
        return made

    figures = figures_of(evaluate_translation(turned, {"AtoB": nearly}))
    assert figures["label_accuracy"] == 1
    assert figures["l1"] > 0.1
    figures = figures_of(evaluate_translation(turned, {"AtoB": half}))
    wall = (turned.test.targets[:, :, :8] == PALETTE[NAMES.index("wall")]).all(-1).mean()
    assert figures["label_accuracy"] == pytest.approx(0.5 + 0.5 * wall)
    assert figures["label_iou"] < 0.6


def test_a_game_without_pairs_is_measured_against_the_held_out_ones(fronts):
    torn = shuffled_pairs(fronts)
    one, other = (evaluate_translation(data, {"AtoB": perfect(fronts)}) for data in (fronts, torn))
    assert one.figures == other.figures


def test_the_baselines_of_scenes_are_mean_colours():
    # Two labels with one colour each; half of the pictures are brighter by 20.
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (300, 4, 4))
    colours = np.array([[10, 20, 30], [200, 150, 100]])
    pictures = (colours[labels] + 20 * (np.arange(300) % 2)[:, None, None, None]).astype(np.uint8)
    palette = np.array([[0, 0, 0], [255, 255, 255]], np.uint8)
    split = Split(palette[labels], None, pictures)
    dataset = Dataset("two", split, split, (), Scenes(palette, ("dark", "light")))
    found = baselines(dataset)
    assert found.keys() == {"source", "mean image", "mean colour"}
    np.testing.assert_allclose(found["mean colour"](split.images), colours[labels] + 10, atol=2)
    np.testing.assert_array_equal(found["source"](split.images), split.images)
    np.testing.assert_allclose(
        found["mean image"](split.images[:5]), np.broadcast_to(pictures.mean(0), (5, 4, 4, 3)), atol=1
    )
    np.testing.assert_array_equal(baselines(reverse(dataset))["mean colour"](pictures), split.images)


@pytest.mark.parametrize(("source", "target", "given"), [(1, 3, True), (3, 1, False), (3, 3, True)])
def test_the_source_is_a_baseline_where_it_could_be_a_target(source, target, given):
    rng = np.random.default_rng(0)
    images, targets = (rng.integers(0, 256, (9, 8, 8, channels), np.uint8) for channels in (source, target))
    split = Split(images, None, targets)
    found = baselines(Dataset("mine", split, split, ()))
    assert ("source" in found) == given
    if given:
        np.testing.assert_array_equal(found["source"](images), images.repeat(target // source, -1))


def test_json_and_report_have_every_figure_beside_the_baselines(fronts):
    evaluation = evaluate_translation(fronts, {"AtoB": lambda images: 255 - images, "BtoA": lambda images: images})
    read = json.loads(json.dumps(evaluation.to_json(), allow_nan=False))
    names = ["label_accuracy", "label_iou", "l1", "psnr", "ssim"]
    assert read["measures"] == [*names, "frechet_distance", *(f"{name}_BtoA" for name in names)]
    assert read["psnr"] == figures_of(evaluation)["psnr"]
    assert read["l1_BtoA"] == figures_of(evaluation, "BtoA")["l1"] == read["baselines"]["BtoA"]["source"]["l1"]
    out = io.StringIO()
    evaluation.report(Console(file=out, width=160))
    _, line = (line for line in out.getvalue().splitlines() if "right label" in line)
    assert f"{read['label_accuracy_BtoA']:.4g}" in line
    assert f"{read['baselines']['BtoA']['mean colour']['label_accuracy']:.4g}" in line


def test_with_labels_there_is_a_distance_in_features(monkeypatch, tmp_path):
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path))  # other tests find a better classifier in theirs
    monkeypatch.setattr("gan_jax.evaluation.features.classifier._FEWEST_STEPS", 50)
    dataset = load("denoising:digits", resolution=8)
    evaluation = evaluate_translation(dataset, {"AtoB": perfect(dataset)})
    assert figures_of(evaluation)["frechet_distance"] == pytest.approx(0, abs=1e-6)
    others = {name: figures["frechet_distance"] for name, figures in evaluation.figures["baselines"]["AtoB"].items()}
    assert others.keys() == {"source", "mean image", "median filter", "real: training"}
    assert others["real: training"] == min(others.values())
    assert evaluation.figures["baselines"]["AtoB"]["real: training"].keys() == {"frechet_distance"}


def test_translations_without_pairs_are_compared_set_against_set():
    rng = np.random.default_rng(0)
    bright, dark = ((rng.uniform(0, 1, (n, 32, 32, 3)) * top).astype(np.uint8) for n, top in ((7, 255), (9, 60)))
    split = Split(bright, None, dark, paired=False)
    dataset = Dataset("mine", split, split, ())
    evaluation = evaluate_translation(dataset, {"AtoB": lambda images: images // 4, "BtoA": lambda images: images})
    others = evaluation.figures["baselines"]["AtoB"]
    assert evaluation.measures == [
        "frechet_distance",
        "source_distance",
        "frechet_distance_BtoA",
        "source_distance_BtoA",
    ]
    assert figures_of(evaluation)["frechet_distance"] < others["source"]["frechet_distance"] / 2
    assert figures_of(evaluation)["source_distance"] == pytest.approx(perceptual_distance(bright // 4, bright).mean())
    assert others["real: training"] == {"frechet_distance": pytest.approx(0, abs=1e-3)}  # the held-out ones, here
    distance = pytest.approx(others["source"]["frechet_distance"])  # which is as far one way as the other
    assert figures_of(evaluation, "BtoA") == {"frechet_distance": distance, "source_distance": pytest.approx(0)}


def test_what_has_no_targets_or_too_few_is_refused(fronts):
    alone = Split(fronts.test.images, None)
    with pytest.raises(UsageError, match="'mine' has none"):
        evaluate_translation(Dataset("mine", alone, alone, ()), {})
    few = Split(fronts.test.images, None, fronts.test.targets[:1], paired=False)
    with pytest.raises(UsageError, match="at least 2 held-out images of each side, and 'mine' has 1"):
        evaluate_translation(Dataset("mine", few, few, ()), {})
    one = Split(fronts.test.images[:1], None, fronts.test.targets[:1])
    with pytest.raises(UsageError, match="at least 2 held-out pairs, and 'mine' has 1"):
        evaluate_translation(Dataset("mine", fronts.train, one, ()), {})
