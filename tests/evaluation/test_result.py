import io

from rich.console import Console

from gan_jax.evaluation import Evaluation
from gan_jax.evaluation.result import HELD_OUT, REAL, SAMPLES, FigureTable, flat

COLUMNS = {
    SAMPLES: {"recall": 0.125, "shares": [0.5, 0.5], "frechet_distance": 2.0},
    REAL: {"recall": 0.75},
    HELD_OUT: {"unheard_of": 3},
}


def report_of(part) -> str:
    out = io.StringIO()
    part.report(Console(file=out, width=120))
    return out.getvalue()


def test_figures_of_real_examples_have_the_same_names_with_an_ending():
    assert flat(COLUMNS) == {
        "recall": 0.125,
        "shares": [0.5, 0.5],
        "frechet_distance": 2.0,
        "recall_real": 0.75,
        "unheard_of_held_out": 3,
    }


def test_each_figure_is_printed_beside_those_of_real_examples_and_which_way_is_better():
    lines = report_of(FigureTable("title", COLUMNS, "caption", {"frechet_distance": "distance"})).splitlines()
    assert lines[0].strip() == "title"
    assert lines[-1].strip() == "caption"
    cells = [[cell.strip() for cell in line.strip("│").split("│")] for line in lines if "│" in line]
    assert cells == [
        ["recall ↑", "0.125", "0.750", ""],
        ["distance", "2", "", ""],
        ["unheard of", "", "", "3"],
    ]


def test_plain_values_hold_settings_figures_and_measures():
    found = Evaluation({"count": 3}, {"recall": 1.0}, ("recall",), (FigureTable("one", {}), FigureTable("two", {})))
    assert found.to_json() == {"settings": {"count": 3}, "recall": 1.0, "measures": ["recall"]}
    said = report_of(found)
    assert said.index("one") < said.index("two")
