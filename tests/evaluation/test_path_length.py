import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.features import Features, Seen
from gan_jax.evaluation.path_length import path_length
from gan_jax.game import Game
from gan_jax.inference import draw_latents, slerp

# Features that are the two values of an image, each in [-1, 1].
VALUES = Features("values", "1", "", lambda params, images: Seen(images.reshape(len(images), -1) / 127.5 - 1), None, 64)


def game(sample, classes=None) -> Game:
    """A game whose latents are points on the unit circle."""

    def latents(key, count):
        angles = jax.random.uniform(key, (count,), maxval=2 * jnp.pi)
        drawn = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
        return drawn if classes is None else (drawn, jnp.arange(count, dtype=jnp.int32) % classes)

    return Game((), lambda key: ({}, {}), latents, sample, classes)


def as_image(networks, latents):
    return latents.reshape(-1, 1, 2, 1)


def angles_of(circle: Game, count: int) -> np.ndarray:
    """The angles between the ends of the paths, with the largest and the smallest 1% left out."""
    ends = np.asarray(draw_latents(circle, 2 * count, 5), np.float64)
    angles = np.sort(np.arccos(np.clip(np.sum(ends[:count] * ends[count:], axis=1), -1, 1)))
    return angles[count // 100 : count - count // 100]


def test_on_a_circle_the_speed_is_the_angle_between_the_ends():
    circle = game(as_image)
    found = path_length(circle, {}, VALUES, 1000, seed=5)
    assert found == pytest.approx(np.mean(angles_of(circle, 1000) ** 2), rel=1e-3)
    assert found == pytest.approx(np.pi**2 / 3, rel=0.1)
    # Twice the contrast is four times the squared speed.
    wide = game(lambda networks, latents: 2 * as_image(networks, latents))
    assert path_length(wide, {}, VALUES, 1000, seed=5) == pytest.approx(4 * found, rel=1e-4)


def test_it_agrees_with_finite_differences_where_images_bend():
    bent = game(lambda networks, latents: jnp.sin(3 * as_image(networks, latents)))
    found = path_length(bent, {}, VALUES, 200, seed=2)
    ends = np.asarray(draw_latents(bent, 400, 2))
    ts = np.asarray(jax.random.uniform(jax.random.fold_in(jax.random.key(2), 1), (200,)))
    with jax.enable_x64(True):
        a, b, t = (jnp.asarray(x, jnp.float64) for x in (ends[:200], ends[200:], ts))
        near, far = (np.sin(3 * np.asarray(slerp(a, b, t + shift))) for shift in (-1e-5, 1e-5))
    speeds = np.sort(np.sum((far - near) ** 2, axis=1) / 2e-5**2)[2:-2]
    assert found == pytest.approx(speeds.mean(), rel=5e-3)


def test_a_generator_that_ignores_its_latents_has_no_length_and_classes_are_kept():
    still = game(lambda networks, latents: jnp.zeros((len(latents), 1, 2, 1)))
    assert path_length(still, {}, VALUES, 100, seed=0) == 0
    seen = []

    def by_class(networks, latents):
        drawn, labels = latents
        jax.debug.callback(lambda x: seen.extend(x.tolist()), labels)
        return as_image(networks, drawn) * jnp.where(labels == 1, 1.0, 0.0)[:, None, None, None]

    # Half of the paths start in class 0, which is black, and stay there.
    mixed = path_length(game(by_class, classes=2), {}, VALUES, 1000, seed=0)
    assert mixed == pytest.approx(path_length(game(as_image), {}, VALUES, 1000, seed=0) / 2, rel=0.1)
    jax.effects_barrier()
    assert set(seen) == {0, 1}


def test_a_hundredth_of_the_paths_must_be_at_least_one():
    with pytest.raises(UsageError, match="at least 100 paths, not 99"):
        path_length(game(as_image), {}, VALUES, 99, seed=0)
