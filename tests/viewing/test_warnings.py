"""What looks wrong with a run, from lines of metrics and evaluations whose trouble is known."""

import pytest

from gan_jax.viewing.warnings import warnings


def rows(count=100, **metrics):
    return [{"step": 20 * (i + 1), **metrics} for i in range(count)]


def evaluation(**figures):
    real = {"recall_real": 0.8, "coverage_real": 0.9, "class_shares_real": [0.5, 0.5]}
    return {"recall": 0.7, "coverage": 0.8, "classes": ["cat", "dog"], "class_shares": [0.6, 0.4], **real, **figures}


WELL = {"D(x)": 0.6, "D(G(z))": 0.4, "accuracy_real": 0.95, "accuracy_held_out": 0.9, "sample_spread": 1.0}


def test_a_run_that_is_well_has_no_warnings():
    assert warnings([], []) == []
    assert warnings(rows(**WELL), [evaluation()]) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"D(x)": 0.98, "D(G(z))": 0.01}, "The discriminator wins: D(x) is 0.98 and D(G(z)) is 0.01"),
        ({"accuracy_held_out": 0.3}, "it takes 95% of them for real, and 30% of held-out ones"),
        ({"sample_spread": 0.31}, "Collapse is suspected: the spread of the samples is 31%"),
    ],
)
def test_a_sign_at_the_end_is_said(change, words):
    (found,) = warnings([*rows(90, **WELL), *rows(10, **WELL | change)], [])
    assert words in found
    assert warnings([*rows(10, **WELL | change), *rows(90, **WELL)], []) == []  # it is over


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"recall": 0.1}, "their recall is 0.10, and that of real images is 0.80"),
        ({"coverage": 0.2}, "their coverage is 0.20"),
        ({"class_shares": [0.99, 0.01]}, "Hardly any sample looks like dog."),
    ],
)
def test_a_lack_of_variety_in_the_newest_evaluation_is_said(change, words):
    (found,) = warnings(rows(**WELL), [evaluation(**change), evaluation()])
    assert words in found
    assert warnings(rows(**WELL), [evaluation(), evaluation(**change)]) == []


def test_events_are_said_with_their_steps():
    events = [
        {"step": 1000, "dead": "the generator's gradients have been below 1e-08 since step 400"},
        {"step": 2000, "alive": "it is over that ..."},
        {"step": 3000, "failed": "discriminator", "loss": "nan"},
    ]
    dead, alive, failed = warnings([*rows(**WELL), *events], [])
    assert dead.startswith("The game is dead at step 1,000: the generator's gradients")
    assert alive.startswith("The game is alive again at step 2,000")
    assert failed == "The loss of the discriminator became nan at step 3,000."


def test_values_that_are_no_numbers_are_passed_over():
    odd = [{"step": 1, "D(x)": None, "sample_spread": float("nan")}, {"step": 2}]
    assert warnings(odd, [{"recall": None, "recall_real": 0.5, "classes": None}]) == []
