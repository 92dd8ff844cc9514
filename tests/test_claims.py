"""The claims: their statistics, their page, and that each runs."""

import dataclasses
import importlib
import sys

import jax
import numpy as np
import optax
import pytest
from support.command import EXPERIMENTS

from gan_jax.game import init_state
from gan_jax.networks import dcgan

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


def one_arm(claim):
    """The claim with its first arm, which runs, and copies of what that measures for the others.

    Its arms run the same code with other arguments, and each takes seconds to compile.
    """
    first, *others = claim.arms
    run, found = claim.arms[first], {}

    def measure(seeds, quick):
        found.update(run(seeds, quick))
        return found

    def copy(seeds, quick):
        return found

    measure.__module__ = copy.__module__ = getattr(run, "func", run).__module__
    return dataclasses.replace(claim, arms={first: measure, **dict.fromkeys(others, copy)})


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_claim_runs_and_is_kept(name, claims, tmp_path, capsys, monkeypatch):
    main = program(claims)
    assert name in main.NAMES
    claim = one_arm(claims(name).CLAIM)
    monkeypatch.setattr(claims(name), "CLAIM", claim)
    options = main.Options((name,), seeds=2, quick=True, out=tmp_path / "runs", page=tmp_path / "README.md")
    main.main(options)
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
    assert numbers == list(range(1, 28))


def test_arms_of_one_file_are_shared_and_judging_changes_no_runs(claims):
    main = program(claims)
    tricks = {"image_range", "label_tricks", "normalization", "sparse_gradients", "layer_noise"}
    names = [set(claims(name).CLAIM.arms) for name in tricks]
    assert len(set.intersection(*names)) == 32
    assert {run.func.__module__ for name in tricks for run in claims(name).CLAIM.arms.values()} == {"tricks"}
    text = main.program("dcgan_rules")
    assert len(text) == 3  # its own, digit_models and variants
    assert main.program("claim")[0] not in text


def test_the_networks_with_all_rules_are_those_of_dcgan(claims):
    """The same parameters by the same names give the same output."""
    variants, key = claims("variants"), jax.random.key(0)
    for ours, theirs, shape in (
        (variants.Generator(4), dcgan.Generator(8, 1, 4), (2, 5)),
        (variants.Discriminator(4), dcgan.Discriminator(4), (2, 8, 8, 1)),
    ):
        x = jax.random.normal(jax.random.key(1), shape)
        variables = theirs.init(key, x, train=True)
        expected = theirs.apply(variables, x, train=False)
        np.testing.assert_allclose(ours.apply(variables, x, train=False), expected, atol=1e-6)


def test_the_design_is_balanced_and_mixes_no_effect_with_a_pair(claims):
    tricks = claims("tricks")
    signs = np.array([[1 if f in each else -1 for f in tricks.FACTORS] for each in tricks.design()])
    np.testing.assert_array_equal(signs.T @ signs, 32 * np.eye(7))
    pairs = np.stack([signs[:, i] * signs[:, j] for i in range(7) for j in range(i)], 1)
    assert not (signs.T @ pairs).any()


def test_effects_of_a_design_are_found_again(claims):
    tricks, rng = claims("tricks"), np.random.default_rng(0)
    noise = rng.normal(0, 1e-3, (32, 5))

    def response(has, extra):
        x = {name: 1 if name in has else -1 for name in tricks.FACTORS}
        return np.exp(0.5 * x["labels"] - 0.1 * x["noise"] + 0.2 * x["labels"] * x["tanh"] + extra)

    found = {
        name: {"frechet": response(has, extra)} for (name, has), extra in zip(tricks.DESIGN.items(), noise, strict=True)
    }
    np.testing.assert_allclose(tricks.contrast(found, "labels"), 1.0, atol=5e-3)
    np.testing.assert_allclose(tricks.contrast(found, "noise"), -0.2, atol=5e-3)
    np.testing.assert_allclose(tricks.conditional(found, "labels", "tanh", True), 1.4, atol=5e-3)
    np.testing.assert_allclose(tricks.conditional(found, "labels", "tanh", False), 0.6, atol=5e-3)


def test_squares_are_counted(claims):
    counting = claims("counting")
    right = counting.squares(20)
    wrong = np.zeros((4, 12, 12, 1), np.uint8)
    wrong[0, 1:4, 1:4] = 255  # one square
    wrong[1, 1:4, 1:4] = wrong[1, 1:4, 5:8] = wrong[1, 6:9, 5:11] = 255  # three parts, and one is too long
    wrong[2, 1:4, 1:4] = wrong[2, 1:4, 5:8] = wrong[2, 6:9, 5:8] = wrong[2, 6:9, 9:12] = 255  # four squares
    miscounted, misshapen = counting.counted(np.stack([right[:4], wrong]))
    np.testing.assert_allclose(miscounted, [0, 0.75])  # the empty image has none
    np.testing.assert_allclose(misshapen, [0, 0.5])


def test_bounds_are_the_likelihood_if_the_posterior_is_right(claims):
    """With networks of zeros, nothing depends on the latents."""
    models, x = claims("density_models"), {"image": jax.random.normal(jax.random.key(0), (64, 2))}

    def bounds(count):
        game = models.gaussian_vae((4,), optax.sgd(1.0), tightness=count)
        state = init_state(game, jax.random.key(1))
        zeros = jax.tree.map(np.zeros_like, state.params["autoencoder"])

        def loss(key):
            return game.players[0].objective({"autoencoder": zeros}, state, x, key)[0]

        return jax.jit(jax.vmap(loss))(jax.random.split(jax.random.key(2), 50))

    # q(z|x) = p(z) = N(0, 1) and p(x|z) = N(0, 1), so both bounds are log p(x).
    expected = float(np.mean(0.5 * np.sum(np.square(x["image"]), 1) + np.log(2 * np.pi)))
    for count in (1, 64):
        np.testing.assert_allclose(bounds(count), expected, atol=2e-3)


def test_energy_distance_is_that_of_scipy(claims):
    from scipy.stats import energy_distance

    a, b = np.random.default_rng(0).normal(size=(2, 200)) + np.array([[0.0], [1.0]])
    ours = claims("consistency").energy_distance(*(np.stack([each, np.zeros(200)], 1) for each in (a, b)))
    np.testing.assert_allclose(ours, energy_distance(a, b) ** 2, rtol=1e-4)


def test_sections_stand_in_the_order_of_their_numbers(claims):
    def section(name, number):
        return f"<!-- {name}: start -->\n\n## {number}. Said\n\nbody\n\n<!-- {name}: end -->"

    a, b, c = section("a", 2), section("b", 10), section("c", 9)
    page = f"# Title\n\n{b}\n\n{a}\n\n## Known results\n\nmore\n\n{c}\n"
    expected = f"# Title\n\n{a}\n\n{c}\n\n{b}\n\n## Known results\n\nmore\n"
    assert program(claims).in_order(page) == expected
    assert program(claims).in_order(expected) == expected


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
