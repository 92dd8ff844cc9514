"""Standing statistics are the averages over all batches, of the networks that samples are drawn with."""

from dataclasses import replace

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gan_jax.game import init_state, networks
from gan_jax.inference import draw_latents, sample_images, truncated, with_standing_statistics
from gan_jax.networks import biggan, dcgan, latents, mlp, pairs, resnet, stylegan2
from gan_jax.objectives import hinge
from gan_jax.recipes import bigan, gan

SGD = optax.sgd(0.1)


def made(generator, discriminator, size=4, **given):
    game = gan(generator, discriminator, hinge, SGD, SGD, latent=latents.normal(size), ema=0.9, **given)
    return game, networks(init_state(game, jax.random.key(0)))


def last_inputs(generator, variables, *inputs):
    """What each batch normalization of `generator` is given in training mode, by its path."""
    seen = {}

    def look(call, arguments, options, context):
        if context.method_name == "__call__" and "BatchNorm" in type(context.module).__name__:
            seen[context.module.path] = np.float64(arguments[0])
        return call(*arguments, **options)

    with nn.intercept_methods(look):
        generator.apply(variables, *inputs, train=True, mutable=["batch_stats", "spectral"])
    return seen


CLASSES = {"classes": 3}
GENERATORS = {
    "dcgan": (dcgan.Generator(8, 1, 2), dcgan.Discriminator(2), {}),
    "resnet of classes": (resnet.Generator(8, 1, 4, 3), resnet.Discriminator(4, classes=3), CLASSES),
    "biggan of classes": (biggan.Generator(8, 1, 2, 3, 5), biggan.Discriminator(2, 3), CLASSES),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", GENERATORS)
def test_the_statistics_are_those_of_all_batches(name):
    generator, discriminator, given = GENERATORS[name]
    game, found = made(generator, discriminator, **given)
    after = with_standing_statistics(game, found, batches=3, batch_size=7, seed=2)

    rows = draw_latents(game, 21, seed=2)
    order = np.array(jax.random.permutation(jax.random.split(jax.random.key(2))[0], 21)).reshape(3, 7)
    batches = []
    for own in order:
        inputs = [x[own] for x in jax.tree.leaves(rows)]
        batches.append(last_inputs(generator, found["generator"], *inputs))
    assert len(batches[0]) >= 2
    for path in batches[0]:
        values = [batch[path].reshape(-1, batch[path].shape[-1]) for batch in batches]
        ours = after["generator"]["batch_stats"]
        for part in path:
            ours = ours[part]
        np.testing.assert_allclose(ours["mean"], np.mean([np.mean(x, 0) for x in values], 0), atol=2e-5)
        np.testing.assert_allclose(ours["var"], np.mean([np.var(x, 0) for x in values], 0), rtol=1e-3, atol=1e-5)
    # Nothing else changes, and samples do.
    same = {**after, "generator": {**after["generator"], "batch_stats": found["generator"]["batch_stats"]}}
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), same, found))
    assert (sample_images(game, after, 4, seed=1) != sample_images(game, found, 4, seed=1)).any()


@pytest.mark.slow
def test_each_batch_has_all_classes_and_truncated_games_have_their_own_latents():
    game, found = made(*GENERATORS["biggan of classes"][:2], **CLASSES)
    seen = []

    def statistics(networks, latents, key):
        jax.debug.callback(lambda *x: seen.append(x), *latents)
        return game.statistics(networks, latents, key)

    with_standing_statistics(replace(truncated(game, 0.5), statistics=statistics), found, 2, 30)
    jax.effects_barrier()
    for z, labels in seen:
        assert np.abs(z).max() <= 0.5
        assert set(np.array(labels)) == {0, 1, 2}
        assert np.any(np.diff(labels) == 0)  # in no order
    assert len(seen) == 2


def test_the_encoder_of_a_bigan_keeps_its_statistics():
    game = bigan(
        dcgan.Generator(8, 1, 2),
        dcgan.Discriminator(2, outputs=4),
        pairs.PairDiscriminator(dcgan.Discriminator(2, outputs=6), (8, 8, 1), 8),
        hinge,
        SGD,
        SGD,
        latent=latents.normal(4),
    )
    found = networks(init_state(game, jax.random.key(0)))
    after = with_standing_statistics(game, found, 1, 4)
    ours, before = (each["generator"]["batch_stats"] for each in (after, found))
    assert jax.tree.all(jax.tree.map(lambda a, b: bool(jnp.all(a == b)), ours["encoder"], before["encoder"]))
    assert not any(
        jnp.all(a == b) for a, b in zip(*map(jax.tree.leaves, (ours["generator"], before["generator"])), strict=True)
    )


def test_what_cannot_be_measured_is_refused():
    game, found = made(mlp.ImageGenerator((8, 8, 1), (8,)), mlp.Discriminator((8,)))
    with pytest.raises(ValueError, match="ImageGenerator has no batch normalization"):
        with_standing_statistics(game, found, 1, 4)
    game, found = made(stylegan2.Generator(8, 1, 4, 4, 6, 1), stylegan2.Discriminator(4, 4))
    with pytest.raises(ValueError, match="Generator has no batch normalization"):
        with_standing_statistics(game, found, 1, 4)
    with pytest.raises(ValueError, match="batches must be at least 1, not 0"):
        with_standing_statistics(game, found, 0)
