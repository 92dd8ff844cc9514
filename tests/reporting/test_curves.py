import numpy as np
import pytest
from PIL import Image

from gan_jax.reporting import Curve, Points, save_curves, save_sweep, smooth


@pytest.mark.parametrize("count", [1, 7, 19, 20, 100, 137])
def test_smoothing_is_the_mean_over_the_neighbours_that_there_are(count):
    values = np.random.default_rng(0).normal(size=count)
    reach = max(1, count // 20) // 2
    expected = [values[max(0, i - reach) : i + reach + 1].mean() for i in range(count)]
    np.testing.assert_allclose(smooth(values), expected)


def curve(label: str, band: float | None) -> Curve:
    steps = np.arange(10.0)
    return Curve(label, steps, steps, *((None, None) if band is None else (steps - band, steps + band)))


@pytest.mark.parametrize(("panels", "columns", "rows"), [(1, 1, 1), (3, 3, 1), (4, 2, 2), (5, 2, 3)])
def test_a_sweep_is_drawn_in_one_panel_for_each_title(panels, columns, rows, tmp_path):
    curves = {f"curve {i}": [curve("0.1", 1.0), curve("0.2", None)] for i in range(panels - 1)}
    results = {"result": [Points("0.1", [1.0, 2.0], 1.5, 1.0, 2.0), Points("0.2", [1.0], 1.0, None, None)]}
    save_sweep(curves, results, "learning rate", 0.95, tmp_path / "sweep.png")
    with Image.open(tmp_path / "sweep.png") as picture:
        assert picture.size == (460 * columns, 380 * rows)


@pytest.mark.filterwarnings("error")
def test_a_dead_game_is_drawn_without_its_words(tmp_path):
    metrics = {"generator_loss": 1e8, "generator_gradient_norm": 0.0, "D(x)": 1.0, "images_per_second": None}
    rows = [{"step": step, **metrics} for step in range(20, 400, 20)]
    save_curves([*rows, {"step": 220, "dead": "why"}, {"step": 240, "alive": "why"}], tmp_path / "with.png")
    save_curves(rows, tmp_path / "without.png")
    assert np.array_equal(*(np.asarray(Image.open(tmp_path / f"{name}.png")) for name in ("with", "without")))
