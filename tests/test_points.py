"""Every command on points, and what is refused of them; evaluation by the kind of data."""

import io
import json

import numpy as np
import pytest
from command import DIGITS, EXPERIMENTS, gan_jax
from PIL import Image
from rich.console import Console

from gan_jax.data import Dataset, Split, load, stacked
from gan_jax.data.mixtures import RING, draw
from gan_jax.evaluation import evaluate_sampler
from gan_jax.metrics.classifier import Classifier
from gan_jax.portraits import portrait, walks_portrait
from gan_jax.stacked_evaluation import modes_of

RING_EXPERIMENT = str(EXPERIMENTS / "ring.py")
TINY = ("--hidden", "8", "--batch-size", "16", "--log-every", "1", "--steps", "3")


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    from gan_jax import cli

    folder = tmp_path_factory.mktemp("runs") / "ring"
    cli.main(["train", RING_EXPERIMENT, *TINY, "--workdir", str(folder)])
    return folder


def test_points_are_trained_on_drawn_sampled_and_evaluated(run, capsys, tmp_path):
    config = json.loads((run / "config.json").read_text())
    assert config["data"] == {"example_shape": [2], "classes": list("01234567")}
    with Image.open(run / "samples" / "step_00000003.png") as picture:
        assert picture.size == (480, 480)

    pictures = {}
    for name, words in {"usual": (), "few": ("--count", 5), "walks": ("--interpolate",)}.items():
        result = gan_jax(capsys, "sample", run, *words, "--out", tmp_path / f"{name}.png")
        assert result.status == 0, result.err
        pictures[name] = np.asarray(Image.open(tmp_path / f"{name}.png"))
    assert "2000 samples" not in result.out
    assert len({picture.tobytes() for picture in pictures.values()}) == 3

    result = gan_jax(capsys, "evaluate", run)
    assert result.status == 0, result.err
    evaluation = json.loads((run / "evaluation.json").read_text())
    assert evaluation["modes_covered_real"] == evaluation["modes"] == 8
    assert evaluation["high_quality_real"] == pytest.approx(1 - np.exp(-4.5), abs=0.01)
    assert evaluation["high_quality"] < 0.5
    assert "modes covered, of 8" in result.out


def test_a_sweep_over_points_compares_the_modes_covered(capsys, tmp_path):
    sweep = tmp_path / "sweep"
    result = gan_jax(capsys, "sweep", RING_EXPERIMENT, *TINY, "--seeds", 2, "--workdir", sweep)
    assert result.status == 0, result.err
    results = json.loads((sweep / "results.json").read_text())
    measures = list(results["combinations"][0]["measures"])
    assert measures[:3] == ["modes_covered", "high_quality", "reverse_kl"]
    for member in results["members"]:
        evaluation = json.loads((sweep / "members" / member["name"] / "evaluation.json").read_text())
        assert member["reverse_kl"] == evaluation["reverse_kl"]
    assert "share of high quality" in (sweep / "table.md").read_text()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((RING_EXPERIMENT, "--flip"), "--flip mirrors images, and ring has points"),
     ((RING_EXPERIMENT, "--dataset", "digits"), "one of points, and the data are images"),
     ((DIGITS, "--dataset", "ring"), "one of images, and the data are points of 2 numbers")],
)  # fmt: skip
def test_what_points_and_images_cannot_share(capsys, tmp_path, arguments, words):
    result = gan_jax(capsys, "train", *arguments, "--workdir", tmp_path / "run")
    assert result.status == 2
    assert words in result.err
    assert not (tmp_path / "run").exists()


def report_of(evaluation) -> str:
    out = io.StringIO()
    evaluation.report(Console(file=out, width=120))
    return out.getvalue()


def test_a_generator_that_drops_modes_is_told_from_the_mixture_itself():
    data = load("ring", resolution=1)
    whole = evaluate_sampler(data, lambda count, seed: draw(RING, count, f"other {seed}").images, None, 0)
    assert (whole.count, whole.modes_covered) == (2500, 8)
    assert whole.high_quality == pytest.approx(whole.high_quality_real, abs=0.01)
    assert whole.reverse_kl == pytest.approx(0, abs=0.01)
    half = evaluate_sampler(data, lambda count, seed: RING.means[np.arange(count) % 4], 100, 0)
    assert (half.count, half.modes_covered, half.high_quality) == (100, 4, 1.0)
    assert half.reverse_kl == pytest.approx(np.log(2))
    assert "0.693" in report_of(half)


def test_points_without_modes_are_judged_by_their_distance():
    rng = np.random.default_rng(0)
    splits = [Split(rng.normal(size=(1000, 2)).astype(np.float32), None) for _ in range(2)]
    data = Dataset("cloud", *splits, ())
    alike = evaluate_sampler(data, lambda count, seed: rng.normal(size=(count, 2)), None, 0)
    assert alike.count == 1000
    assert alike.sliced_wasserstein == pytest.approx(alike.sliced_wasserstein_real, abs=0.08)
    assert min(alike.precision, alike.recall) > 0.8
    shifted = evaluate_sampler(data, lambda count, seed: 6 + rng.normal(size=(count, 2)), None, 0)
    assert shifted.sliced_wasserstein == pytest.approx(6, rel=0.05)
    assert max(shifted.precision, shifted.recall) < 0.1
    assert json.loads(json.dumps(alike.to_json()))["measures"][0] == "sliced_wasserstein"
    assert f"{alike.recall:.3f}" in report_of(alike)


def shades(*places):
    """Images of one shade, which is the class: 0, 20, ..., 180."""
    return np.stack([np.stack([np.full((8, 8), 20 * place, np.uint8) for place in triple], -1) for triple in places])


class ByShade(Classifier):
    def features_and_probabilities(self, images):
        return np.empty((len(images), 0)), np.eye(10)[images[:, 0, 0, 0] // 20]


def test_stacked_images_are_judged_channel_by_channel(monkeypatch):
    classifier = ByShade(None, 10, 0.97)
    assert modes_of(classifier, shades((1, 2, 3), (0, 0, 9), (9, 9, 9))).tolist() == [123, 9, 999]

    labels = np.arange(1000, dtype=np.int32) % 10
    split = Split(shades(*labels[:, None])[..., :1], labels)
    monkeypatch.setattr(stacked, "TRAIN_COUNT", 3000)
    data = stacked.stacked(Dataset("shades", split, split, tuple("0123456789")))
    monkeypatch.setattr("gan_jax.stacked_evaluation.cached_classifier", lambda base: classifier)
    every = shades(*np.ndindex(10, 10, 10))
    perfect = evaluate_sampler(data, lambda count, seed: every, 1000, 0)
    assert (perfect.modes, perfect.modes_covered, perfect.kl) == (1000, 1000, pytest.approx(0, abs=1e-9))
    assert perfect.modes_covered_real == pytest.approx(1000 * (1 - np.exp(-1)), abs=40)  # of 1,000 random ones
    collapsed = evaluate_sampler(data, lambda count, seed: np.repeat(every[:10], count // 10, 0), None, 0)
    assert (collapsed.count, collapsed.modes_covered) == (3000, 10)
    assert collapsed.kl == pytest.approx(np.log(100))
    assert "97.00%" in report_of(collapsed)
    assert "modes covered, of 1000" in report_of(collapsed)


def test_pictures_of_points_share_their_frame_whatever_the_samples():
    real = draw(RING, 1000, "real").images
    near, far = (portrait(np.float32([[0, 0], x]), real) for x in ([1, 1], [1e6, 0]))
    assert near.shape == far.shape == (480, 480, 3)
    # The axes' left edge, below the title: in the same place.
    np.testing.assert_array_equal(near[60:400, :60], far[60:400, :60])
    assert (near[:25] == 255).all()
    assert (far[:25] != 255).any()  # that one is outside is said
    walk = walks_portrait(np.float32([[-2, 0], [2, 0]]), 2, real)
    red = (walk[..., 0].astype(int) - walk[..., 2] > 60).any(axis=0)
    assert red[100:380].all()  # a line all the way


def test_pictures_of_images_are_grids():
    images = np.zeros((4, 8, 8, 1), np.uint8)
    assert portrait(images, None).shape == (65, 65, 1)
    assert walks_portrait(images, 4, None).shape == (32, 4 * 33 - 1, 1)
