"""The study of known dynamics: the games with formulas agree with them, and R1 makes the path angle change its sign."""

import importlib
import sys

import numpy as np
import pytest
from support.command import EXPERIMENTS


@pytest.fixture
def dynamics(monkeypatch):
    monkeypatch.syspath_prepend(EXPERIMENTS / "studies")
    yield importlib.import_module("dynamics_by_formula")
    del sys.modules["dynamics_by_formula"]


def test_published_results_come_out(dynamics):
    rows = [*dynamics.growth(), *dynamics.dirac_spectra(), dynamics.dirac_path()]
    assert len(rows) == 8
    assert [row for row in rows if not row[-1]] == []


def test_a_path_angle_is_split_into_a_bump_and_a_change_of_sign(dynamics):
    places = np.linspace(-1, 1, 101)
    bump, jump = dynamics.shape(np.exp(-50 * places**2))
    assert bump == pytest.approx(1, abs=1e-3)
    assert jump == pytest.approx(0, abs=1e-6)
    bump, jump = dynamics.shape(0.7 * np.sign(places))
    assert bump == pytest.approx(0, abs=1e-6)
    assert jump == pytest.approx(0.7, abs=1e-6)
