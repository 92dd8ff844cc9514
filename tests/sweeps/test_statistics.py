"""What a sweep says, against numbers worked by hand."""

import io
import json

import numpy as np
import pytest
from rich.console import Console

from gan_jax.sweeps.members import Member
from gan_jax.sweeps.statistics import Outcome, combine, limits, report, spread, to_json, to_markdown

# The 97.5% quantiles of Student's t, from printed tables.
T1, T4 = 12.706, 2.776


def test_five_numbers():
    five = spread(np.array([1.0, 2, 3, 4, 5]))
    assert (five.count, five.mean) == (5, 3)
    assert five.deviation == pytest.approx(2.5**0.5)  # squares 4 + 1 + 0 + 1 + 4, over 5 - 1
    reach = T4 * (2.5 / 5) ** 0.5
    assert five.low == pytest.approx(3 - reach, rel=1e-3)
    assert five.high == pytest.approx(3 + reach, rel=1e-3)


def test_two_curves_point_by_point():
    two = spread(np.array([[1.0, 5, 7], [3.0, 5, 6]]))
    np.testing.assert_allclose(two.mean, [2, 5, 6.5])
    np.testing.assert_allclose(two.deviation, [2**0.5, 0, 0.5**0.5])
    np.testing.assert_allclose(two.high, [2 + T1, 5, 6.5 + T1 / 2], rtol=1e-4)
    np.testing.assert_allclose(two.low, [2 - T1, 5, 6.5 - T1 / 2], atol=1e-3)


def test_one_number_has_no_spread():
    assert spread(np.array([4.0])) == (1, 4, None, None, None)


def test_the_interval_holds_the_mean_as_often_as_it_says():
    draws = np.random.default_rng().normal(5, 2, (4, 20_000))
    of = spread(draws)
    assert np.mean((of.low < 5) & (of.high > 5)) == pytest.approx(0.95, abs=0.01)  # six standard errors


def test_an_interval_ends_where_the_numbers_do():
    of = spread(np.array([0.1, 0.3]), limits=(0, 1))  # t reaches 12.706 * 0.1 to both sides of 0.2
    assert (of.mean, of.low, of.high) == (pytest.approx(0.2), 0, 1)
    kept = spread(np.array([0.5, 0.51, 0.52]), limits=(0, 1))
    assert kept == spread(np.array([0.5, 0.51, 0.52]))


def test_an_interval_that_is_cut_holds_the_mean_as_often():
    shares = np.random.default_rng().beta(0.4, 3.6, (3, 20_000))  # of mean 0.1, many of them near 0
    whole, cut = spread(shares), spread(shares, limits=(0, 1))
    assert np.mean(whole.low < 0) > 0.3
    assert cut.low.min() == 0
    np.testing.assert_array_equal((cut.low < 0.1) & (cut.high > 0.1), (whole.low < 0.1) & (whole.high > 0.1))


def test_the_limits_of_measures():
    assert limits("recall") == limits("high_quality") == (0, 1)
    assert limits("frechet_ratio") == limits("reverse_kl") == (0, np.inf)
    assert limits("generator_loss") == (-np.inf, np.inf)
    low = combine([outcome(0, 0.1, recall=0.0), outcome(1, 0.1, recall=0.02)])[0].spreads["recall"]
    assert (low.low, low.high) == (0, pytest.approx(0.01 + T1 * 0.01, rel=1e-3))


def outcome(seed, rate, failed=None, **measures):
    return Outcome(Member(seed, {"rate": rate}), failed, measures)


MIXED = combine([
    outcome(0, 0.1, frechet_ratio=1.0, generator_loss=0.5),
    outcome(1, 0.1, "the loss of the generator became nan at step 33"),
    outcome(2, 0.1, frechet_ratio=3.0, generator_loss=0.5),
    outcome(0, 0.2, frechet_ratio=8.0, generator_loss=0.25),
    outcome(0, 0.4, "the loss of the critic became inf at step 2"),
])  # fmt: skip


def test_members_that_failed_are_counted_and_not_averaged():
    first = MIXED[0]
    assert first.values == {"rate": 0.1}
    assert (len(first.finished), len(first.outcomes)) == (2, 3)
    assert first.spreads["frechet_ratio"].mean == 2
    assert first.numbers("frechet_ratio") == [1, 3]
    assert MIXED[2].spreads == {}


def test_the_table():
    lines = to_markdown(MIXED).splitlines()
    assert lines[0] == "| rate | members | Frechet distance, times real | generator loss |"
    assert lines[2] == "| 0.1 | 2 of 3 | 2 ± 1.41 [0, 14.7] | 0.5 ± 0 [0.5, 0.5] |"
    assert lines[3] == "| 0.2 | 1 | 8 ± – | 0.25 ± – |"
    assert lines[4] == "| 0.4 | 0 of 1 | – | – |"
    assert "seed=1,rate=0.1 failed: the loss of the generator became nan at step 33" in "\n".join(lines)


def test_a_member_that_is_dead_is_averaged_and_named():
    dead = Outcome(Member(1, {"rate": 0.1}), None, {"recall": 0.0}, "the generator's gradients have vanished")
    combinations = combine([outcome(0, 0.1, recall=0.5), dead])
    assert combinations[0].spreads["recall"].mean == 0.25
    table = to_markdown(combinations)
    assert "| 0.1 | 2 | 0.25" in table
    assert "seed=1,rate=0.1 is dead: the generator's gradients have vanished. It is included." in table
    assert [member["dead"] for member in to_json(combinations)["members"]] == [None, dead.dead]


def test_what_is_printed_says_the_same():
    console = Console(width=80, record=True, file=io.StringIO())
    report(MIXED, console)
    said = console.export_text()
    assert max(len(line) for line in said.splitlines() if "Student" not in line) <= 80
    for word in (
        "2 of 3 members",
        "2 ± 1.41",
        "[0, 14.7]",
        "8 ± –",
        "0 of 1 member",
        "became inf at step 2",
        "95%",
    ):
        assert word in said, word


def test_results_are_plain_values():
    results = json.loads(json.dumps(to_json(MIXED), allow_nan=False))
    assert len(results["members"]) == 5
    assert results["members"][1] == {
        "name": "seed=1,rate=0.1", "seed": 1, "rate": 0.1, "dead": None,
        "failed": "the loss of the generator became nan at step 33",
    }  # fmt: skip
    ratio = results["combinations"][0]["measures"]["frechet_ratio"]
    assert (ratio["count"], ratio["mean"]) == (2, 2)
    assert results["combinations"][1]["measures"]["frechet_ratio"]["deviation"] is None
    assert results["combinations"][2] == {"values": {"rate": 0.4}, "members": 1, "finished": 0, "measures": {}}
