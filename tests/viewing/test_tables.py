"""Tables of a page, from evaluations and results whose numbers are known."""

import json

from gan_jax.viewing.folders import read_combinations
from gan_jax.viewing.tables import class_table, evaluation_table, sweep_table


def test_an_evaluation_has_a_column_for_each_kind_of_images():
    found = {"step": 5, "seed": 1, "settings": {"features": "pixels", "count": 10, "kernel_subsets": 3}}
    figures = {"recall": 0.25, "recall_real": 0.5, "nearest_training_distance_held_out": 3.0, "classes": ["a"]}
    table = evaluation_table({**found, **figures})
    assert table.headings == ("", "samples", "real: training", "real: held-out")
    assert table.rows == [
        ("recall ↑", "0.250", "0.500", ""),
        ("distance to nearest training image", "", "", "3"),
    ]
    assert table.note == "Step 5, seed 1; features pixels, count 10."


def test_classes_are_shown_if_there_are_any():
    assert class_table({"recall": 1}) is None
    table = class_table({"classes": ["a", "b"], "class_shares": [0.25, 0.75], "class_shares_real": [0.5, 0.5]})
    assert table.rows == [("a", "25.0%", "50.0%"), ("b", "75.0%", "50.0%")]


def test_a_sweep_has_means_and_intervals(tmp_path):
    spread = {"count": 3, "mean": 2.0, "deviation": 0.1, "low": 1.75, "high": 2.25}
    one = {"values": {"gamma": 0.1}, "members": 3, "finished": 3, "measures": {"frechet_ratio": spread}}
    alone = {"count": 1, "mean": 4.0, "deviation": None, "low": None, "high": None}
    two = {"values": {"gamma": 1}, "members": 3, "finished": 1, "measures": {"frechet_ratio": alone}}
    (tmp_path / "results.json").write_text(json.dumps({"combinations": [one, two]}))
    table = sweep_table(read_combinations([tmp_path, tmp_path / "a_run"]))
    assert table.headings == ("", "gamma=0.1", "gamma=1")
    assert table.rows == [
        ("Frechet distance, times real ↓", "2 [1.75, 2.25]", "4"),
        ("seeds that finished", "3 of 3", "1 of 3"),
    ]
    (tmp_path / "results.json").write_text("{")
    assert sweep_table(read_combinations([tmp_path])) is None
