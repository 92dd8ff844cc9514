"""No two random numbers of a step come from one key, in games of every recipe whose networks all draw."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.keys import drawn_again, record, used_twice
from support.small_games import SGD
from support.texts import LENGTH, SIZE, one_hot, whole_texts
from support.translating import batch_of

from gan_jax.augmentation import brightness, cutout, diff_augment, instance_noise, translation
from gan_jax.game import init_state, train_step
from gan_jax.networks import text
from gan_jax.networks.latents import Codes, gumbel, normal, with_codes
from gan_jax.networks.layers import Conv, Dense, Dropout
from gan_jax.networks.rbm import RestrictedBoltzmannMachine
from gan_jax.objectives import non_saturating
from gan_jax.recipes import (
    began,
    bigan,
    classifier,
    cut,
    cyclegan,
    gan,
    likelihood,
    pix2pix,
    policy_gradient,
    rbm,
    regression,
    vae,
    with_encoder,
)
from gan_jax.regularizers import consistency, dragan, every, stateless, wgan_gp, zero_centred

COUNT = 9  # more than there are streams of one kind, so that examples have keys like all of them
COLOR = (4, 4, 3)


class Points(nn.Module):
    """A network of vectors, labelled or not."""

    features: int

    @nn.compact
    def __call__(self, x, *labels, train):
        x = Dropout(0.5, train)(Dense(4)(x))
        self.sow("intermediates", "features", x)
        return Dense(self.features)(x)


class Judge(nn.Module):
    """A discriminator of vectors or images."""

    @nn.compact
    def __call__(self, x, *labels, train):
        return Points(1)(x.reshape(len(x), -1), train=train)[:, 0]


class Classes(nn.Module):
    @nn.compact
    def __call__(self, x, train):
        return {"classes": Points(3)(x, train=train)}


class Images(nn.Module):
    """A generator of images of images."""

    @nn.compact
    def __call__(self, x, train):
        x = Dropout(0.5, train)(Conv(3, 3, padding=1)(x))
        self.sow("intermediates", "encoder", x)
        return Conv(3, 3, padding=1)(x)


CODES = with_codes(normal(2), Codes((3,), 1))
TEXTS = gumbel(LENGTH, SIZE)


def classified(**options):
    def see(images, targets, keys):
        return images + jax.vmap(lambda key: jax.random.normal(key, images.shape[1:]))(keys), targets

    return classifier(Classes(), SGD, (2,), see, **options)


# Those that take regularizers and an augmentation.
GAMES = {
    "gan": partial(gan, Points(2), Judge(), non_saturating, SGD, SGD, latent=CODES, flip_labels=0.1),
    "conditional": partial(gan, Points(2), Judge(), non_saturating, SGD, SGD, latent=CODES, classes=3),
    "bigan": partial(bigan, Points(2), Points(6), Judge(), non_saturating, SGD, SGD, latent=CODES),
    "began": partial(began, Points(2), Points(2), SGD, SGD, latent=CODES),
    "pix2pix": partial(pix2pix, Images(), Judge(), (COLOR, COLOR), SGD, SGD),
    "cut": partial(cut, Images(), Judge(), (COLOR, COLOR), SGD, SGD, patches=4),
    "cyclegan": partial(cyclegan, (Images(),) * 2, (Judge(),) * 2, (COLOR, COLOR), SGD, SGD, pool_size=3),
}
# Those that do not.
PLAIN = {
    "several updates": partial(GAMES["gan"], discriminator_updates=2),
    "encoder": lambda: with_encoder(GAMES["gan"](), Points(6), SGD),
    "regression": partial(regression, Images(), (COLOR, COLOR), SGD),
    "policy_gradient": partial(
        policy_gradient, text.Generator(4), text.Discriminator(6, layers=2), non_saturating, SGD, SGD, latent=TEXTS
    ),
    "likelihood": partial(likelihood, text.Generator(4), SGD, latent=TEXTS),
    "vae": partial(vae, Points(4), Points(2), SGD, latent_size=2),
    "rbm": partial(rbm, RestrictedBoltzmannMachine(2, 3), (2,), SGD, chains=COUNT, chain_steps=2),
    "classifier": classified,
}


def of_images(name):
    return name in ("pix2pix", "regression", "cut", "cyclegan")


def batch(name):
    if of_images(name):
        return batch_of(COLOR, COLOR, COUNT)
    if name in ("policy_gradient", "likelihood"):
        return {"image": one_hot(whole_texts())}
    count = 2 * COUNT if name == "several updates" else COUNT
    points = np.random.default_rng(0).uniform(-1, 1, (count, 2)).astype(np.float32)
    return {"image": points, "label": np.arange(count) % 3}


def noised(images, keys):
    return images + jax.vmap(lambda key: jax.random.normal(key, images.shape[1:]))(keys)


def noise(view):
    return jnp.mean(jnp.square(view.fake.images - jax.random.normal(view.key, view.fake.images.shape)))


def with_everything(name):
    """A game with penalties and an augmentation that draw, the generator's penalty as its discriminator's do."""
    return GAMES[name](
        regularizers=[dragan(), consistency(noised), wgan_gp(), every(2, zero_centred(1.0))],
        generator_regularizers=[consistency(noised), stateless("noise", noise)],
        augmentation=diff_augment(brightness, translation, cutout) if of_images(name) else instance_noise(0.1),
    )


@pytest.mark.parametrize("name", [*GAMES, *PLAIN])
def test_nothing_is_drawn_from_the_key_of_another_draw_or_from_the_parent_of_one(name):
    """In the initial state, in step 0 and in step 1. The players may draw the same again, such as the latents."""
    game = with_everything(name) if name in GAMES else PLAIN[name]()

    def steps():
        state = init_state(game, jax.random.key(0))
        for _ in range(2):
            state, _ = train_step(game, state, batch(name))

    found = record(steps)
    assert found.draws
    assert not used_twice(found)


@pytest.mark.parametrize("name", [*GAMES, *PLAIN])
def test_nothing_is_drawn_twice_in_an_update(name):
    """Without an augmentation, which draws the same again for what is judged in the place of an image."""
    options = {"regularizers": [zero_centred(1.0)], "generator_regularizers": [stateless("noise", noise)]}
    game = GAMES[name](**options) if name in GAMES else PLAIN[name]()
    examples = jax.tree.map(lambda x: x[:COUNT], batch(name))
    for player in game.players:

        def update(player=player):
            state = init_state(game, jax.random.key(0))
            player.objective(state.params, state, examples, jax.random.fold_in(jax.random.key(1), 0))

        found = record(update)
        assert not drawn_again(found)
        assert not used_twice(found)
