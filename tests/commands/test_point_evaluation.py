"""Evaluation by the kind of data: points of a mixture, other points, and stacked images."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from gan_jax.data import Dataset, Split, load
from gan_jax.data.derived import stacked
from gan_jax.data.sources.mixtures import RING, draw
from gan_jax.evaluation import Options, evaluate_sampler
from gan_jax.evaluation.features import Classifier
from gan_jax.evaluation.stacked import modes_of


def report_of(evaluation) -> str:
    out = io.StringIO()
    evaluation.report(Console(file=out, width=120))
    return out.getvalue()


def test_a_generator_that_drops_modes_is_told_from_the_mixture_itself():
    data = load("ring", resolution=1)
    whole = evaluate_sampler(data, lambda count, seed: draw(RING, count, f"other {seed}").images, 0)
    figures = whole.figures
    assert (whole.settings["count"], figures["modes_covered"]) == (2500, 8)
    assert figures["high_quality"] == pytest.approx(figures["high_quality_real"], abs=0.01)
    assert figures["reverse_kl"] == pytest.approx(0, abs=0.01)
    half = evaluate_sampler(data, lambda count, seed: RING.means[np.arange(count) % 4], 0, Options(100))
    assert (half.settings["count"], half.figures["modes_covered"], half.figures["high_quality"]) == (100, 4, 1.0)
    assert half.figures["reverse_kl"] == pytest.approx(np.log(2))
    assert "0.693" in report_of(half)


def test_modes_that_a_few_points_cover_are_said_to_be_so():
    data = load("ring", resolution=1)
    far = np.full((2500, 2), 9.0)
    far[:8] = RING.means
    few = evaluate_sampler(data, lambda count, seed: far, 0)
    assert (few.figures["modes_covered"], few.figures["high_quality"]) == (8, 8 / 2500)  # as the papers count
    said = " ".join(report_of(few).split())
    assert "One sample covers a mode, and only 0.3% of the samples are near any mode" in said
    good = evaluate_sampler(data, lambda count, seed: RING.means[np.arange(count) % 8], 0, Options(100))
    assert "One sample" not in report_of(good)
    none = evaluate_sampler(data, lambda count, seed: far[8:], 0)
    assert "One sample" not in report_of(none)


def test_points_without_modes_are_judged_by_their_distance():
    rng = np.random.default_rng(0)
    splits = [Split(rng.normal(size=(1000, 2)).astype(np.float32), None) for _ in range(2)]
    data = Dataset("cloud", *splits, ())
    alike = evaluate_sampler(data, lambda count, seed: rng.normal(size=(count, 2)), 0)
    figures = alike.figures
    assert alike.settings["count"] == 1000
    assert figures["sliced_wasserstein"] == pytest.approx(figures["sliced_wasserstein_real"], abs=0.08)
    assert min(figures["precision"], figures["recall"]) > 0.8
    shifted = evaluate_sampler(data, lambda count, seed: 6 + rng.normal(size=(count, 2)), 0)
    assert shifted.figures["sliced_wasserstein"] == pytest.approx(6, rel=0.05)
    assert max(shifted.figures["precision"], shifted.figures["recall"]) < 0.1
    assert json.loads(json.dumps(alike.to_json()))["measures"][0] == "sliced_wasserstein"
    assert f"{figures['recall']:.3f}" in report_of(alike)


def shades(*places):
    """Images of one shade, which is the class: 0, 20, ..., 180."""
    return np.stack([np.stack([np.full((8, 8), 20 * place, np.uint8) for place in triple], -1) for triple in places])


class ByShade(Classifier):
    def probabilities(self, images):
        return np.eye(10)[images[:, 0, 0, 0] // 20]


def test_stacked_images_are_judged_channel_by_channel(monkeypatch):
    classifier = ByShade({}, 10, 0.97)
    assert modes_of(classifier, shades((1, 2, 3), (0, 0, 9), (9, 9, 9))).tolist() == [123, 9, 999]

    labels = np.arange(1000, dtype=np.int32) % 10
    split = Split(shades(*labels[:, None])[..., :1], labels)
    monkeypatch.setattr(stacked, "TRAIN_COUNT", 3000)
    data = stacked.stacked(Dataset("shades", split, split, tuple("0123456789")))
    monkeypatch.setattr("gan_jax.evaluation.stacked.cached_classifier", lambda base: classifier)
    every = shades(*np.ndindex(10, 10, 10))
    perfect = evaluate_sampler(data, lambda count, seed: every, 0, Options(1000))
    assert perfect.settings["modes"] == perfect.figures["modes_covered"] == 1000
    assert perfect.figures["kl"] == pytest.approx(0, abs=1e-9)
    assert perfect.figures["modes_covered_real"] == pytest.approx(
        1000 * (1 - np.exp(-1)), abs=40
    )  # of 1,000 random ones
    collapsed = evaluate_sampler(data, lambda count, seed: np.repeat(every[:10], count // 10, 0), 0)
    assert (collapsed.settings["count"], collapsed.figures["modes_covered"]) == (3000, 10)
    assert collapsed.figures["kl"] == pytest.approx(np.log(100))
    assert "97.00%" in report_of(collapsed)
    assert "modes covered, of 1000" in report_of(collapsed)
