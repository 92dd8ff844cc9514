"""Directions in latent spaces whose truth is known: linear generators, and an attribute that one latent decides."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.translating import begun

from gan_jax.data.transforms import to_uint8
from gan_jax.game import Game, networks
from gan_jax.inference import activation_directions, factorized_directions, labelled_direction, moved
from gan_jax.networks import dcgan, mlp
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import ConcatDiscriminator, ConcatGenerator, no_norm
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan

SGD = optax.sgd(1e-2)


def dcgan_game(latents=5):
    judge = dcgan.Discriminator(2, normalization=no_norm)
    return gan(dcgan.Generator(8, 1, 3), judge, non_saturating, SGD, SGD, latent=normal(latents))


def first_kernel(known):
    """The weights (L, everything) of the layer that takes the latents of a DCGAN."""
    params = known["generator"]["params"]
    (kernel,) = jax.tree.leaves(params["ConvTranspose_0"])
    (axis,) = [i for i, size in enumerate(kernel.shape) if size == 5 and i >= 2]
    return np.moveaxis(np.asarray(kernel), axis, 0).reshape(5, -1)


def test_sefa_is_the_eigenvectors_of_the_first_weights():
    game = dcgan_game()
    known = networks(begun(game))
    found = factorized_directions(game, known)
    kernel = first_kernel(known)
    values, vectors = np.linalg.eigh(kernel @ kernel.T)
    for i in range(5):
        expected = vectors[:, 4 - i]
        assert abs(found[i] @ expected) == pytest.approx(1, abs=1e-3)
        assert np.linalg.norm(found[i]) == pytest.approx(1, abs=1e-5)
        assert found[i][np.abs(found[i]).argmax()] > 0
    assert values[-1] > values[0]


def test_ganspace_is_the_regression_of_latents_on_components():
    game = dcgan_game()
    known = networks(begun(game))
    found = activation_directions(game, known)
    # What enters the second layer, from its parts.
    z = np.asarray(jax.jit(game.latents, static_argnums=1)(jax.random.key(0), 8192))
    batch_norm = known["generator"]["params"]["BatchNorm_0"]
    stats = known["generator"]["batch_stats"]["BatchNorm_0"]
    drawn = (z @ first_kernel(known)).reshape(len(z), -1, batch_norm["scale"].shape[0])
    scaled = (drawn - np.asarray(stats["mean"])) / np.sqrt(np.asarray(stats["var"]) + 1e-5)
    seen = np.maximum(scaled * np.asarray(batch_norm["scale"]) + np.asarray(batch_norm["bias"]), 0).reshape(len(z), -1)
    seen = seen - seen.mean(0)
    _, _, components = np.linalg.svd(seen, full_matrices=False)
    scores = seen @ components[:5].T
    solution, *_ = np.linalg.lstsq(scores, z, rcond=None)
    for row, expected in zip(found, solution, strict=True):
        assert abs(row @ expected) / np.linalg.norm(expected) == pytest.approx(1, abs=1e-3)


def bright_game():
    """A game in which latent 0 decides how bright images are and latent 1 a pattern, and D's features are pixels."""
    pattern = np.where(np.random.default_rng(0).random((4, 4, 1)) < 0.5, 0.2, -0.2).astype(np.float32)

    def latents(key, count):
        return jax.vmap(lambda i: jax.random.normal(jax.random.fold_in(key, i), (3,)))(jnp.arange(count))

    def sample(networks, z):
        z = z[:, :, None, None, None]
        return jnp.clip(0.2 * z[:, 0] + z[:, 1] * pattern, -1, 1)

    return Game((), lambda key: ({}, {}), latents, sample, features=lambda networks, x: x.reshape(len(x), -1))


def test_a_direction_from_labels_is_the_latent_that_decides():
    game = bright_game()
    z = game.latents(jax.random.key(4), 200)
    images = to_uint8(game.sample({}, z))
    bright = np.asarray(z[:, 0] > 0)
    found = labelled_direction(game, {}, images[~bright], images[bright])
    assert found[0] > 0.98
    assert np.linalg.norm(found) == pytest.approx(1)
    opposite = labelled_direction(game, {}, images[bright], images[~bright])
    assert opposite[0] < -0.98


def test_moved_latents_go_sample_by_sample_and_keep_their_labels():
    z, direction = jnp.arange(6.0).reshape(2, 3), np.array([0, 1, 0], np.float32)
    found, labels = moved((z, jnp.array([4, 7])), direction, np.array([-1.0, 0.0, 2.0]))
    np.testing.assert_array_equal(labels, [4, 4, 4, 7, 7, 7])
    np.testing.assert_allclose(found[:, 1], [0, 1, 3, 3, 4, 6])
    np.testing.assert_allclose(found[:, 0], [0, 0, 0, 3, 3, 3])


def test_a_conditional_generator_and_an_mlp_have_directions():
    pair = ConcatGenerator(dcgan.Generator(8, 1, 2), 3), ConcatDiscriminator(dcgan.Discriminator(2), 3)
    conditional = gan(*pair, non_saturating, SGD, SGD, latent=normal(4), classes=3)
    points = gan(mlp.Generator(2, (8,)), mlp.Discriminator((8,)), non_saturating, SGD, SGD, latent=normal(4))
    for game in (conditional, points):
        known = networks(begun(game))
        assert factorized_directions(game, known).shape == (4, 4)
        assert activation_directions(game, known).shape == (4, 4)


def test_what_has_no_directions_is_refused():
    game = bright_game()
    for find in (factorized_directions, activation_directions):
        with pytest.raises(ValueError, match="no affine layer that takes the latents"):
            find(game, {})
    images = np.zeros((3, 4, 4, 1), np.uint8)
    with pytest.raises(ValueError, match="at least two images of each kind, not 1 and 3"):
        labelled_direction(game, {}, images[:1], images)
    with pytest.raises(ValueError, match="discriminator with features"):
        labelled_direction(replace(game, features=None), {}, images, images)
    flat = replace(game, latents=lambda key, count: jnp.zeros((count, 2, 2)))
    with pytest.raises(ValueError, match="latents that are vectors"):
        factorized_directions(flat, {})
