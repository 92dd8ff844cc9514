"""The claims: their statistics, their page, and that each runs."""

import importlib
import sys

import numpy as np
import pytest
from support.command import EXPERIMENTS

CLAIMS = EXPERIMENTS / "claims"


@pytest.fixture
def claims(monkeypatch):
    """The modules of experiments/claims, which are a program and no package."""
    before = set(sys.modules)
    monkeypatch.syspath_prepend(str(CLAIMS))
    yield importlib.import_module
    for name in set(sys.modules) - before:
        if (CLAIMS / f"{name}.py").exists():
            del sys.modules[name]


def program(claims):
    spec = importlib.util.spec_from_file_location("claims_program", CLAIMS / "__main__.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["claims_program"] = module
    spec.loader.exec_module(module)
    return module


NAMES = sorted(path.stem for path in CLAIMS.glob("*.py") if "CLAIM = " in path.read_text())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_claim_runs_and_is_kept(name, claims, tmp_path, capsys):
    main = program(claims)
    assert name in main.NAMES
    options = main.Options((name,), seeds=2, quick=True, out=tmp_path / "runs", page=tmp_path / "README.md")
    main.main(options)
    claim = claims(name).CLAIM
    page = options.page.read_text()
    assert f"## {claim.number}. {claim.says.rstrip('.')}" in page
    assert (tmp_path / "figures" / f"{name}.png").stat().st_size > 1000
    assert list(main.verdicts(options.page)) == [str(claim.number)]
    said = capsys.readouterr().out
    assert all(f"{name}: {arm}\n" in said for arm in claim.arms)
    main.main(options)  # again, of what was kept
    assert options.page.read_text() == page
    said = capsys.readouterr().out
    assert not any(f"{name}: {arm}\n" in said for arm in claim.arms)


def test_numbers_are_those_of_a_list_and_the_program_knows_every_claim(claims):
    main = program(claims)
    assert sorted(main.NAMES) == NAMES
    numbers = [claims(name).CLAIM.number for name in main.NAMES]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= set(range(1, 28))


def test_the_table_keeps_the_lines_of_other_claims_in_order(claims, tmp_path):
    main = program(claims)
    page = tmp_path / "README.md"
    page.write_text("<!-- verdicts: start -->\n\n| 27 | [a](#a) | **depends** | b |\n\n<!-- verdicts: end -->\n")
    assert main.verdicts(page) == {"27": ["27", "[a](#a)", "**depends**", "b"]}
    assert main.slug("3. D(G(z)) is 1/2, and G's is -2 log 2") == "3-dgz-is-12-and-gs-is--2-log-2"


def test_an_interval_of_a_mean_covers_it_and_narrows(claims):
    effects = claims("effects")
    rng, inside = np.random.default_rng(0), 0
    for _ in range(200):
        effect = effects.mean("x", rng.exponential(1.0, 40), above=0.5, tests=1)
        inside += effect.low < 1 < effect.high
    assert 0.88 < inside / 200 <= 1
    one, many = (effects.mean("x", rng.normal(0, 1, 50), below=0, tests=tests) for tests in (1, 20))
    assert one.high - one.low < many.high - many.low
    assert (one.wanted, one.holds) == ("below 0", False)
    both = effects.mean("x", np.full(5, 0.5), above=0.45, below=0.55, tests=3)
    assert both == ("x", 0.5, 0.5, 0.5, "above 0.45 and below 0.55", True)


def test_an_interval_of_a_share_is_that_of_clopper_and_pearson(claims):
    effect = claims("effects").share("x", np.arange(10) < 0, below=0.4, tests=1)
    assert effect.value == effect.low == 0
    assert effect.high == pytest.approx(1 - 0.025 ** (1 / 10))  # no success in ten
    assert effect.holds
    assert not claims("effects").share("x", np.arange(10) < 0, below=0.4, tests=20).holds


@pytest.mark.parametrize(
    ("words", "said"),
    [(("nothing",), "there is no claim 'nothing'; there are equilibrium"), (("--seeds", "1"), "at least 2")],
)
def test_wrong_words_are_refused(claims, words, said):
    main = program(claims)
    options = main.Options(words) if words == ("nothing",) else main.Options(seeds=1)
    with pytest.raises(SystemExit, match=said):
        main.main(options)
