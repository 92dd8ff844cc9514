"""What games log of a discriminator's outputs: whether it is a classifier is what its objective says."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.small_games import SGD, SHAPE, small_cyclegan, small_pix2pix
from support.translating import batch_of, begun

from gan_jax.game import networks, train_step
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.objectives import Objective, f_gan, hinge, minimax, non_saturating, smoothed, wasserstein
from gan_jax.recipes import gan

pytestmark = pytest.mark.slow

POINTS = {"image": np.random.default_rng(0).normal(size=(16, 2)).astype(np.float32)}


class Squashed(Objective):
    """Logs outputs in (0, 1) that are not the sigmoid of the logits."""

    def output(self, logits):
        return (1 + jnp.tanh(logits / 3)) / 2


CLASSIFIERS = {
    "minimax": minimax,
    "smoothed": smoothed(),
    "jensen_shannon": f_gan("jensen_shannon"),
    "squashed": Squashed(*non_saturating),
}
CRITICS = {"wasserstein": wasserstein, "hinge": hinge, "kl": f_gan("kl"), "squashed": Squashed(*wasserstein)}


def metrics_and_measures(objective):
    game = gan(mlp.Generator(2, (8,)), mlp.Discriminator((8,)), objective, SGD, SGD, latent=normal(3))
    state = begun(game)
    _, metrics = jax.jit(lambda state: train_step(game, state, POINTS))(state)
    return metrics, jax.jit(game.measures)(networks(state), POINTS, jax.random.key(1))


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_accuracies_are_logged_of_classifiers(name):
    metrics, measures = metrics_and_measures(CLASSIFIERS[name])
    assert 0 <= float(metrics["accuracy_real"]) <= 1
    assert set(measures) == {"accuracy_held_out", "accuracy_fake"}


@pytest.mark.parametrize("name", CRITICS)
def test_the_gap_of_the_logits_is_logged_of_critics(name):
    metrics, measures = metrics_and_measures(CRITICS[name])
    assert "accuracy_real" not in metrics
    assert set(measures) == {"logits_gap_held_out"}


@pytest.mark.parametrize("objective", [Squashed(*non_saturating), Squashed(*wasserstein)], ids=["classifier", "critic"])
def test_what_is_logged_of_the_outputs_is_the_objectives_own(objective):
    """In every recipe: the means of the outputs are those of the logits, squashed."""

    def logged(**changes):
        games = {
            "gan": (gan(mlp.Generator(2, (8,)), mlp.Discriminator((8,)), changes["objective"], SGD, SGD), POINTS),
            "pix2pix": (small_pix2pix(**changes), batch_of(SHAPE, SHAPE)),
            "cyclegan": (small_cyclegan(**changes), batch_of(SHAPE, SHAPE)),
        }
        found = {}
        for name, (game, batch) in games.items():
            discriminator = next(player for player in game.players if player.name == "discriminator")
            state = begun(game)
            run = jax.jit(lambda state, batch, d=discriminator: d.objective(state.params, state, batch, state.key)[1])
            outputs = run(state, batch).metrics
            found |= {(name, k): np.asarray(v) for k, v in outputs.items() if k.startswith("D")}
        return found

    class Seen(Squashed):
        """Keeps the logits themselves: a squashing of their mean would not do."""

        def output(self, logits):
            return logits - jnp.mean(logits) + jnp.mean(super().output(logits))

    own, seen = logged(objective=objective), logged(objective=Seen(*objective))
    assert len(own) == 2 + 2 + 4
    for name, value in own.items():
        assert 0 < value < 1
        assert value == pytest.approx(float(seen[name]), rel=1e-4)
