"""Translations of arrays by a game, and the sizes that a game translates."""

import jax
import numpy as np
from support.tiny_translation import Config, build, scaling

from gan_jax.data import DataInfo
from gan_jax.game import init_state, networks
from gan_jax.inference import can_translate, make_translator


def test_a_translation_depends_on_the_image_its_place_and_the_seed_alone():
    game = build(Config(noise=0.5), DataInfo((8, 8, 1), (), (8, 8, 3)))
    nets = networks(init_state(game, jax.random.key(0)))
    images = np.random.default_rng(0).integers(0, 256, (40, 8, 8, 1), np.uint8)
    whole = make_translator(game, nets, "AtoB", 3)(images)
    assert (whole.shape, whole.dtype) == ((40, 8, 8, 3), np.uint8)
    assert np.abs(make_translator(game, nets, "AtoB", 3)(images[:5]).astype(int) - whole[:5]).max() <= 1
    assert (make_translator(game, nets, "AtoB", 4)(images) != whole).any()
    same = make_translator(game, nets, "AtoB", 3)(images[:1].repeat(40, 0))
    assert len(np.unique(same.reshape(40, -1), axis=0)) == 40


def test_sizes_that_a_network_takes():
    game = build(Config(), DataInfo((8, 8, 1), (), (8, 8, 1)))
    nets = networks(init_state(game, jax.random.key(0)))
    assert can_translate(game, nets, "AtoB", 8, 12, 1)
    assert not can_translate(game, nets, "AtoB", 8, 11, 1)
    assert not can_translate(game, nets, "AtoB", 8, 8, 3)
    assert can_translate(scaling(), networks(init_state(scaling(), jax.random.key(0))), "AtoB", 7, 11, 1)
