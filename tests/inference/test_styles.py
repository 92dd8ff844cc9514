"""Styles of latents: on lines between them, and mixed."""

from functools import cache

import jax
import numpy as np
import optax
import pytest

from gan_jax.game import Game, init_state, networks
from gan_jax.inference import (
    decode,
    draw_latents,
    lerp,
    mixed_styles,
    mixing_picture,
    of_class,
    sample_images,
    styled,
    styles_of,
    truncated,
    walk_latents,
)
from gan_jax.networks import latents, stylegan2
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan

LAYERS = 6  # of 16x16


@cache
def started(classes=None):
    generator = stylegan2.Generator(16, 1, 4, 4, style=6, mapping_layers=1, classes=classes)
    judge = stylegan2.Discriminator(4, 4, classes=classes, mapping_layers=1)
    sgd = optax.sgd(0.1)
    game = gan(generator, judge, non_saturating, sgd, sgd, latent=latents.normal(5), classes=classes)
    found = networks(init_state(game, jax.random.key(0)))
    # Not as it starts: noise that is there, and a mean style that is not 0.
    rng = np.random.default_rng(0)
    found["generator"] = jax.tree.map(
        lambda x: x + rng.normal(0, 0.3, x.shape).astype(np.float32), dict(found["generator"])
    )
    return game, found


def close(a, b):
    """The same images, but for rounding: the programs differ."""
    assert a.shape == b.shape
    assert np.abs(a.astype(int) - b.astype(int)).max() <= 1


@pytest.mark.parametrize("psi", [1, 0.5])
@pytest.mark.parametrize("classes", [None, 3])
def test_samples_of_the_styles_of_latents_are_those_of_the_latents(classes, psi):
    game, found = started(classes)
    game = truncated(game if classes is None else of_class(game, 2), psi)
    drawn = draw_latents(game, 5, seed=1)
    assert classes is None or drawn[1].tolist() == [2] * 5
    ws = styles_of(game, found, drawn)
    assert ws.shape == (5, LAYERS, 6)
    images = decode(styled(game), found, ws)
    assert len(np.unique(images, axis=0)) == 5
    close(images, decode(game, found, drawn))


def test_styles_are_truncated():
    game, found = started()
    drawn = draw_latents(game, 5, seed=1)
    whole, half, none = (np.asarray(styles_of(truncated(game, psi), found, drawn)) for psi in (1, 0.5, 0))
    np.testing.assert_allclose(half, (whole + none) / 2, atol=1e-5)
    assert (none == none[:1]).all()
    assert np.std(whole, 0).min() > 0


def test_a_walk_is_a_straight_line_that_begins_and_ends_at_the_samples():
    game, found = started()
    ends = styles_of(game, found, draw_latents(game, 4, seed=2))
    walks = np.asarray(walk_latents(ends, 5, lerp)).reshape(2, 5, LAYERS, 6)
    np.testing.assert_array_equal(walks[:, 0], ends[::2])
    np.testing.assert_array_equal(walks[:, -1], ends[1::2])
    np.testing.assert_allclose(np.diff(walks, axis=1), np.repeat(walks[:, 1:2] - walks[:, :1], 4, 1), atol=1e-6)
    images = decode(styled(game), found, walks.reshape(-1, LAYERS, 6)).reshape(2, 5, 16, 16, 1)
    samples = sample_images(game, found, 4, seed=2)
    close(images[:, 0], samples[::2])
    close(images[:, -1], samples[1::2])


def test_a_mixture_has_the_first_layers_of_its_row_and_the_others_of_its_column():
    left, top = np.random.default_rng(0).normal(size=(2, 3, LAYERS, 4)).astype(np.float32)
    top = top[:2]
    table = np.asarray(mixed_styles(left, top, 4))
    assert table.shape == (2 + 3 * 3, LAYERS, 4)
    np.testing.assert_array_equal(table[:2], top)
    for row in range(3):
        first, *entries = table[2 + 3 * row : 5 + 3 * row]
        np.testing.assert_array_equal(first, left[row])
        for column, entry in enumerate(entries):
            np.testing.assert_array_equal(entry[:4], left[row, :4])
            np.testing.assert_array_equal(entry[4:], top[column, 4:])


def test_a_mixture_of_all_layers_of_one_source_is_that_source():
    game, found = started()
    ws = styles_of(game, found, draw_latents(game, 5, seed=3))
    samples = sample_images(game, found, 5, seed=3)
    left, top = samples[:2], samples[2:]
    for layers in (0, LAYERS):
        images = decode(styled(game), found, mixed_styles(ws[:2], ws[2:], layers))
        close(images[:3], top)
        rows = images[3:].reshape(2, 4, 16, 16, 1)
        close(rows[:, 0], left)
        close(rows[:, 1:], np.repeat(left[:, None], 3, 1) if layers else np.repeat(top[None], 2, 0))


@pytest.mark.parametrize("layers", [-1, LAYERS + 1])
def test_a_number_of_layers_that_there_are_not_is_refused(layers):
    ws = np.zeros((1, LAYERS, 4), np.float32)
    with pytest.raises(ValueError, match=f"has 6 layers with styles, and {layers} of them"):
        mixed_styles(ws, ws, layers)


def test_the_picture_of_a_table_has_an_empty_corner():
    samples = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1).repeat(32, 1).repeat(32, 2)
    picture = mixing_picture(samples, 2)
    assert picture.shape == (2 * 33 - 1, 3 * 33 - 1, 1)
    assert (picture[:32, :32] == 255).all()
    assert picture[::33, ::33, 0].tolist() == [[255, 0, 1], [2, 3, 4]]


def test_a_game_without_styles_has_none():
    game = Game((), lambda key: ({}, {}), latents=lambda key, count: jax.random.normal(key, (count, 2)))
    for call in (lambda: styled(game), lambda: styles_of(game, {}, draw_latents(game, 1, 1))):
        with pytest.raises(ValueError, match="no styles of its generator are known"):
            call()
