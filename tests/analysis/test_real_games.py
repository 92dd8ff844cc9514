"""The analysis of games with networks, against finite differences and dense matrices."""

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.analysis import (
    Field,
    jacobian,
    leading_eigenvalues,
    parts,
    path_angles,
    products,
    rotation_share,
    vector_field,
)
from gan_jax.game import init_state
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import minimax, non_saturating
from gan_jax.recipes import gan
from gan_jax.regularizers import r1


class Smooth(nn.Module):
    """A network with one hidden layer, without kinks. With no outputs it returns (N,)."""

    hidden: int
    outputs: int | None

    @nn.compact
    def __call__(self, x, train):
        y = nn.Dense(self.outputs or 1)(nn.tanh(nn.Dense(self.hidden)(x)))
        return y if self.outputs else y[:, 0]


@pytest.fixture(scope="module", params=[(), (r1(2.0),)], ids=["plain", "with R1"])
def field(request):
    """Of a GAN of points with some dozens of parameters."""
    networks = Smooth(4, 2), Smooth(5, None)
    sgd = optax.sgd(0.1)
    game = gan(*networks, non_saturating, sgd, sgd, latent=normal(3), regularizers=request.param)
    batch = {"image": jax.random.normal(jax.random.key(1), (8, 2))}
    return vector_field(game, init_state(game, jax.random.key(0)), batch)


def test_the_jacobian_is_that_of_finite_differences(field):
    dense, rng = jacobian(field), np.random.default_rng(0)
    assert dense.shape == 2 * field.point.shape
    forward, backward = products(field)
    for _ in range(5):
        u = jnp.asarray(rng.normal(size=len(field.point)), jnp.float32)
        ahead, behind = (field.velocity(field.point + sign * 1e-3 * u) for sign in (1, -1))
        np.testing.assert_allclose(forward(u), dense @ u, atol=1e-4)
        np.testing.assert_allclose(backward(u), dense.T @ u, atol=1e-4)
        np.testing.assert_allclose((ahead - behind) / 2e-3, dense @ u, atol=2e-3)


def test_the_players_react_to_each_other_with_opposite_signs_in_a_zero_sum_game():
    """The antisymmetric part of the bilinear terms: D's gradient moves with G, and G's moves against it."""
    networks = mlp.Generator(2, hidden=(4,)), mlp.Discriminator(hidden=(5,))
    game = gan(*networks, minimax, optax.sgd(0.1), optax.sgd(0.1), latent=normal(3))
    state = init_state(game, jax.random.key(0))
    found = vector_field(game, state, {"image": jax.random.normal(jax.random.key(1), (8, 2))})
    matrix, (d, g) = jacobian(found), (found.slices[name] for name in ("discriminator", "generator"))
    assert np.abs(matrix[d, g]).max() > 1e-3
    np.testing.assert_allclose(matrix[d, g], -matrix[g, d].T, atol=1e-6)


def test_leading_eigenvalues_are_those_of_the_dense_matrix(field):
    forward, _ = products(field)
    dense = np.linalg.eigvals(np.asarray(jacobian(field), np.float64))
    found = leading_eigenvalues(forward, len(field.point), 4)
    largest = dense[np.argsort(-np.abs(dense))]
    np.testing.assert_allclose(np.abs(found), np.abs(largest[:4]), rtol=1e-3)
    for value in found:
        assert np.abs(largest - value).min() < 2e-3 * abs(value)
    with pytest.raises(ValueError, match="between 1 and"):
        leading_eigenvalues(forward, len(field.point), len(field.point))


def test_the_share_of_rotation_is_that_of_the_parts(field):
    symmetric, antisymmetric = (np.sum(np.square(part)) for part in parts(jacobian(field)))
    expected = antisymmetric / (symmetric + antisymmetric)
    assert 0.01 < expected < 0.99
    assert rotation_share(field, jax.random.key(2), 200) == pytest.approx(expected, rel=0.15)
    with pytest.raises(ValueError, match="draws must be at least 1"):
        rotation_share(field, jax.random.key(2), 0)


def test_the_parts_of_a_matrix_are_its_sum():
    matrix = jnp.array([[1.0, 2.0], [4.0, -3.0]])
    symmetric, antisymmetric = parts(matrix)
    np.testing.assert_allclose(symmetric, [[1, 3], [3, -3]])
    np.testing.assert_allclose(antisymmetric, [[0, -1], [1, 0]])


def test_path_angles_tell_attraction_from_rotation():
    """The two cases of figure 2 in the paper, of linear fields."""

    def linear(matrix):
        return Field(lambda w: jnp.asarray(matrix) @ w, jnp.zeros(2), {}, lambda w: {})

    start, end = jnp.array([1.0, 0.0]), jnp.zeros(2)
    places = np.array([0.5, 0.9, 1.1, 1.5])
    attraction = path_angles(linear([[1.0, 0.0], [0.0, 1.0]]), start, end, places)
    np.testing.assert_allclose(attraction.cosines, [-1, -1, 1, 1], atol=1e-6)
    np.testing.assert_allclose(attraction.norms, [0.5, 0.1, 0.1, 0.5], rtol=1e-5)
    rotation = path_angles(linear([[0.0, 1.0], [-1.0, 0.0]]), start, end, places)
    np.testing.assert_allclose(rotation.cosines, 0, atol=1e-6)
    # A path that passes beside the equilibrium of a rotation: the cosine has a bump there, with one sign.
    beside = path_angles(linear([[0.0, 1.0], [-1.0, 0.0]]), jnp.array([1.0, 0.1]), jnp.array([0.0, 0.1]), places)
    assert (np.sign(beside.cosines) == np.sign(beside.cosines[0])).all()
    assert np.abs(beside.cosines[[1, 2]]).min() > np.abs(beside.cosines[[0, 3]]).max()
    with pytest.raises(ValueError, match="same parameters"):
        path_angles(linear([[1.0, 0.0], [0.0, 1.0]]), start, start)
