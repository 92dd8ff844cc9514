"""The bilinear game, the Dirac-GAN and other games of two numbers, worked by hand."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.analysis import bilinear, dirac_gan, game_of, jacobian, largest_rate, multipliers, play, vector_field
from gan_jax.game import consensus, extragradient, init_state, simultaneous
from gan_jax.objectives import least_squares, non_saturating, wasserstein

RATE = 0.1
ORIGIN = (0.0, 0.0)


def start_of(game):
    return init_state(game, jax.random.key(0))


def distances(game, steps=400):
    """The distance to the equilibrium (0, 0) before and after each step."""
    _, path = play(game, start_of(game), steps)
    return np.hypot(*path.values())


def eigenvalues_of(game):
    return np.linalg.eigvals(jacobian(vector_field(game, start_of(game))))


def test_a_field_has_the_gradients_of_all_players():
    game = bilinear(optax.sgd(RATE), start=(2.0, 3.0))
    field = vector_field(game, start_of(game))
    np.testing.assert_allclose(field.velocity(field.point), [-2, 3])  # of y, then of x
    np.testing.assert_allclose(field.velocity(field.flatten({"x": jnp.float32(5), "y": jnp.float32(7)})), [-5, 7])
    assert field.unflatten(field.point) == {"y": 3, "x": 2}
    assert {name: field.point[part].tolist() for name, part in field.slices.items()} == {"y": [3], "x": [2]}


@pytest.mark.parametrize(
    ("optimizer", "dynamics", "factor"),
    [
        (optax.sgd(RATE), simultaneous, np.sqrt(1 + RATE**2)),
        (optax.sgd(RATE), None, 1.0),
        (optax.sgd(RATE), extragradient, np.sqrt(1 - RATE**2 + RATE**4)),
        # A step is that of I - h (J + w J^T J), and here J^T J = I.
        (optax.sgd(RATE), consensus(2.0), np.hypot(1 - 2 * RATE, RATE)),
    ],
)
def test_distances_in_the_bilinear_game_grow_or_shrink_as_published(optimizer, dynamics, factor):
    found = multipliers(bilinear(optimizer, dynamics, ORIGIN), start_of(bilinear(optimizer, dynamics, ORIGIN)))
    np.testing.assert_allclose(np.abs(found), factor, rtol=1e-5)
    seen = distances(bilinear(optimizer, dynamics))
    assert (seen[-1] / seen[0]) ** (1 / 400) == pytest.approx(factor, rel=1e-3)


def test_negative_momentum_converges_in_turns_and_positive_momentum_does_not():
    """Gidel et al. 2019 (arXiv 1807.04740): theorem 6 for alternating updates. Simultaneous ones diverge with any."""

    def most(momentum, dynamics=None):
        game = bilinear(optax.sgd(RATE, momentum=momentum), dynamics, ORIGIN)
        return np.abs(multipliers(game, start_of(game))).max()

    assert most(-0.5) < 0.999
    assert most(0.0) == pytest.approx(1, abs=1e-6)
    assert most(0.5) > 1.001
    assert most(-0.5, simultaneous) > 1
    seen = distances(bilinear(optax.sgd(RATE, momentum=-0.5)))
    assert seen[-1] < 0.9 * seen[0]


def test_multipliers_are_those_of_the_polynomial_of_momentum():
    """With momentum b, an eigenvalue i of the field becomes the roots of x^2 - (1 + b - h i) x + b."""
    momentum = -0.3
    game = bilinear(optax.sgd(RATE, momentum=momentum), simultaneous, ORIGIN)
    found = multipliers(game, start_of(game))
    expected = np.concatenate([np.roots([1, -(1 + momentum - RATE * turn), momentum]) for turn in (1j, -1j)])
    np.testing.assert_allclose(np.sort_complex(found), np.sort_complex(expected), atol=1e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 1.5])
@pytest.mark.parametrize("objective", [None, non_saturating])
def test_the_spectrum_of_the_dirac_gan_is_as_published(gamma, objective):
    chosen = {} if objective is None else {"objective": objective}
    game = dirac_gan(optax.sgd(RATE), gamma=gamma, start=ORIGIN, **chosen)
    root = np.sqrt(complex(gamma**2 - 1))
    expected = np.sort_complex([(gamma + root) / 2, (gamma - root) / 2])
    np.testing.assert_allclose(np.sort_complex(eigenvalues_of(game)), expected, atol=1e-6)


def test_other_objectives_have_their_own_spectrum():
    # Wasserstein's game is the bilinear one. With least squares, D's gradient at 0 does not depend on G.
    np.testing.assert_allclose(
        np.sort_complex(eigenvalues_of(dirac_gan(optax.sgd(RATE), objective=wasserstein, start=ORIGIN))), [-1j, 1j]
    )
    found = eigenvalues_of(dirac_gan(optax.sgd(RATE), objective=least_squares(), gamma=0.7, start=ORIGIN))
    np.testing.assert_allclose(np.sort_complex(found), [0, 0.7], atol=1e-6)


def test_training_the_dirac_gan_does_what_the_spectrum_says():
    build = partial(dirac_gan, optax.sgd(RATE), simultaneous)
    assert distances(build())[-1] > distances(build())[0]
    assert distances(build(gamma=1.0))[-1] < 1e-6


def test_the_largest_rate_is_where_simultaneous_descent_stops_converging():
    gamma = 0.4
    limit = largest_rate(eigenvalues_of(dirac_gan(optax.sgd(1.0), gamma=gamma, start=ORIGIN)))
    assert limit == pytest.approx(4 * gamma)  # 2 Re / |.|^2 with Re = gamma / 2 and |.|^2 = 1 / 4
    for rate, converges in ((0.98 * limit, True), (1.02 * limit, False)):
        game = dirac_gan(optax.sgd(rate), simultaneous, gamma=gamma, start=ORIGIN)
        assert (np.abs(multipliers(game, start_of(game))).max() < 1) == converges
    assert largest_rate([1j, -1j]) == 0
    assert largest_rate([2.0, -0.1]) == 0


def test_a_game_of_functions_has_trees_of_parameters_and_an_order():
    start = {"second": {"a": np.ones(2), "b": 1}, "first": 2.0}
    losses = {
        "first": lambda p: p["first"] * jnp.sum(p["second"]["a"]),
        "second": lambda p: p["first"] * p["second"]["b"],
    }
    game = game_of(losses, start, optax.sgd(1.0))
    assert [player.name for player in game.players] == ["first", "second"]
    _, path = play(game, start_of(game), 1)
    np.testing.assert_allclose(path["first"], [2, 0])
    np.testing.assert_allclose(path["second"]["b"], [1, 1])  # after the first player, whose parameter is 0 by then
    assert path["second"]["a"].shape == (2, 2)
    with pytest.raises(ValueError, match="the losses are those of first, and the start is that of second"):
        game_of({"first": lambda p: p["first"]}, {"second": 1.0}, optax.sgd(1.0))
    with pytest.raises(ValueError, match="gamma must be at least 0"):
        dirac_gan(optax.sgd(1.0), gamma=-1.0)
