"""Anomaly scores: AnoGAN's search finds latents, f-AnoGAN's are worked by hand, and an example stands alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.translating import begun

from gan_jax.data.transforms import to_float
from gan_jax.game import networks, train_step
from gan_jax.inference import make_scorer
from gan_jax.networks import dcgan, mlp
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import no_norm
from gan_jax.objectives import non_saturating
from gan_jax.recipes import began, gan, with_encoder

SGD = optax.sgd(1e-2)


def points_game(**options):
    return gan(mlp.Generator(3, (8,)), mlp.Discriminator((8,)), non_saturating, SGD, SGD, latent=normal(4), **options)


def images_game():
    generator, judge = dcgan.Generator(8, 1, 2), dcgan.Discriminator(2, normalization=no_norm)
    game = gan(generator, judge, non_saturating, SGD, SGD, latent=normal(4), ema=0.5)
    return with_encoder(game, dcgan.Discriminator(2, 4, no_norm), SGD)


def images(count=5):
    return np.random.default_rng(0).integers(0, 256, (count, 8, 8, 1)).astype(np.uint8)


def test_what_the_generator_makes_has_low_scores_and_other_points_have_the_distance():
    game = points_game()
    known = networks(begun(game))
    made = np.asarray(game.sample(known, game.latents(jax.random.key(5), 40)))
    far = np.full((10, 3), 50, np.float32)
    scores = make_scorer(game, known)(np.concatenate([made, far]), 0)
    assert scores.dtype == np.float32
    # Some searches end in a local minimum.
    assert np.median(scores[:40]) < 0.05
    assert scores[40:].min() > 10


def test_a_search_of_no_steps_is_the_residual_of_random_latents():
    game = points_game()
    known, x = networks(begun(game)), np.random.default_rng(0).normal(size=(3, 3)).astype(np.float32)
    found = make_scorer(game, known, steps=0)(x, 7)
    for i in range(3):
        key = jax.random.fold_in(jax.random.key(7), i)
        made = game.sample(known, game.latents(key, 1))
        difference = game.features(known, jnp.asarray(x[i : i + 1])) - game.features(known, made)
        expected = 0.9 * np.abs(x[i] - made[0]).sum() + 0.1 * np.abs(difference).sum()
        assert found[i] == pytest.approx(float(expected), rel=1e-4)


def test_the_features_are_those_before_the_logits():
    game = points_game()
    known, x = networks(begun(game)), np.random.default_rng(0).normal(size=(6, 3)).astype(np.float32)
    layers = known["discriminator"]["params"]["_Layers_0"]
    expected = np.maximum(x @ layers["Dense_0"]["kernel"] + layers["Dense_0"]["bias"], 0)
    np.testing.assert_allclose(game.features(known, x), expected, rtol=1e-4, atol=1e-6)


def test_scores_by_an_encoder_are_the_mean_squared_residuals():
    game, x = images_game(), images()
    known = networks(begun(game))
    floats = to_float(x)
    made = game.sample(known, game.encode(known, floats))
    seen = game.features(known, floats) - game.features(known, made)
    expected = np.square(floats - made).mean((1, 2, 3)) + np.square(seen).mean(1)
    np.testing.assert_allclose(make_scorer(game, known)(x, 0), expected, rtol=1e-4)


@pytest.mark.parametrize("build", [images_game, points_game])
def test_a_score_does_not_depend_on_the_other_examples(build):
    game = build()
    x = images() if build is images_game else np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    scorer = make_scorer(game, networks(begun(game)), steps=20)
    np.testing.assert_allclose(scorer(x, 3)[:2], scorer(x[:2], 3), rtol=1e-4)
    assert len(scorer(x[:0], 3)) == 0


def test_an_encoder_learns_and_leaves_the_game_as_it_is():
    plain = gan(mlp.Generator(3, (8,)), mlp.Discriminator((8,)), non_saturating, SGD, SGD, latent=normal(4))
    game = with_encoder(plain, mlp.Discriminator((16,), 4), optax.adam(1e-2), feature_weight=2.0)
    batch = {"image": np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)}
    state, without, losses = begun(game), begun(plain), []
    step, plain_step = (jax.jit(lambda state, game=each: train_step(game, state, batch)) for each in (game, plain))
    for _ in range(30):
        state, metrics = step(state)
        without, _ = plain_step(without)
        losses.append(float(metrics["encoder_loss"]))
        residuals = metrics["encoder_residual"] + 2 * metrics["encoder_feature_residual"]
        assert losses[-1] == pytest.approx(float(residuals), rel=1e-5)
    assert losses[-1] < 0.8 * losses[0]
    for player in ("generator", "discriminator"):
        jax.tree.map(np.testing.assert_array_equal, state.params[player], without.params[player])


def test_games_without_what_it_takes_are_refused():
    shaped = began(mlp.Generator(2, (4,)), mlp.Generator(2, (4,)), SGD, SGD, latent=normal(3))
    for game in (shaped, points_game(classes=2)):
        with pytest.raises(ValueError, match="an unconditional game whose discriminator has features"):
            make_scorer(game, {})
        with pytest.raises(ValueError, match="an unconditional game whose discriminator has features"):
            with_encoder(game, mlp.Discriminator((4,), 3), SGD)
    wrong = with_encoder(points_game(), mlp.Discriminator((4,), 3), SGD)
    with pytest.raises(ValueError, match=r"latents of shape \(3,\), and the game has \(4,\)"):
        begun(wrong)
    with pytest.raises(ValueError, match="feature_weight"):
        with_encoder(points_game(), mlp.Discriminator((4,), 4), SGD, feature_weight=-1)
