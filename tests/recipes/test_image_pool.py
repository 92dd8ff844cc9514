"""The pool of generated images against the published one, in plain Python and fed the same decisions."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gan_jax.common.parallel import AXIS, example_keys
from gan_jax.recipes import image_pool


class Published:
    """CycleGAN's image pool: a list."""

    def __init__(self, size):
        self.size, self.images = size, []

    def query(self, images, swap, place):
        shown = []
        for image, swaps, at in zip(images, swap, place, strict=True):
            if len(self.images) < self.size:
                self.images.append(image)
                shown.append(image)
            elif swaps:
                shown.append(self.images[at])
                self.images[at] = image
            else:
                shown.append(image)
        return np.stack(shown)


def batches(count, size, batch, seed=0):
    """Images that tell themselves apart, and decisions."""
    rng = np.random.default_rng(seed)
    for _ in range(count):
        images = rng.normal(size=(batch, 2, 3, 1)).astype(np.float32)
        yield images, rng.integers(0, 2, batch).astype(bool), rng.integers(0, size, batch).astype(np.int32)


@pytest.mark.parametrize(("size", "batch"), [(1, 1), (3, 1), (4, 3), (5, 8)])
def test_shows_and_keeps_what_the_published_one_does(size, batch):
    ours, theirs = image_pool.empty(size, (2, 3, 1)), Published(size)
    show = jax.jit(image_pool.show)
    for images, swap, place in batches(12, size, batch):
        shown, ours = show(ours, images, swap, place)
        np.testing.assert_array_equal(shown, theirs.query(images, swap, place))
        assert ours.count == len(theirs.images)
        np.testing.assert_array_equal(ours.images[: len(theirs.images)], np.stack(theirs.images))
    assert ours.count == size


def test_before_it_is_full_it_stores_and_shows_what_it_is_given():
    images = jnp.arange(3.0).reshape(3, 1, 1, 1)
    shown, after = image_pool.show(image_pool.empty(4, (1, 1, 1)), images, jnp.ones(3, bool), jnp.zeros(3, jnp.int32))
    np.testing.assert_array_equal(shown, images)
    np.testing.assert_array_equal(after.images[:, 0, 0, 0], [0, 1, 2, 0])
    assert after.count == 3


def test_then_an_image_takes_the_place_of_an_old_one_or_none():
    full = image_pool.ImagePool(jnp.array([7.0, 8]).reshape(2, 1, 1, 1), jnp.array(2))
    images = jnp.array([1.0, 2, 3]).reshape(3, 1, 1, 1)
    shown, after = image_pool.show(full, images, jnp.array([True, False, True]), jnp.array([1, 0, 1]))
    # The third is shown the first, which has just been stored.
    np.testing.assert_array_equal(shown[:, 0, 0, 0], [8, 2, 1])
    np.testing.assert_array_equal(after.images[:, 0, 0, 0], [7, 3])


def test_swaps_one_half_of_the_time_and_at_every_place_alike():
    swap, place = image_pool.draw(example_keys(jax.random.key(0), 6000), 5)
    assert np.mean(swap) == pytest.approx(0.5, abs=5 * 0.5 / 6000**0.5)
    shares = np.bincount(place, minlength=5) / 6000
    np.testing.assert_allclose(shares, 0.2, atol=5 * (0.2 * 0.8 / 6000) ** 0.5)
    assert np.mean(place[swap]) == pytest.approx(2, abs=5 * 2**0.5 / 3000**0.5)  # whichever is decided first


def test_devices_keep_one_pool_and_are_shown_their_share_of_what_one_device_is_shown():
    key, start = jax.random.key(1), image_pool.empty(3, (1, 1, 1))
    one = four = start
    for step in range(3):
        images = 8.0 * step + jnp.arange(8.0).reshape(8, 1, 1, 1)
        step_key = jax.random.fold_in(key, step)
        shown, one = jax.jit(image_pool.show_over_devices)(one, images, example_keys(step_key, 8))

        def share(images, four=four, step_key=step_key):
            return image_pool.show_over_devices(four, images, example_keys(step_key, len(images)))

        shares, copies = jax.jit(jax.vmap(share, axis_name=AXIS))(images.reshape(4, 2, 1, 1, 1))
        np.testing.assert_array_equal(shares.reshape(shown.shape), shown)
        jax.tree.map(lambda copy: np.testing.assert_array_equal(np.ptp(copy, axis=0), 0), copies)
        four = jax.tree.map(lambda copy: copy[0], copies)
        jax.tree.map(np.testing.assert_array_equal, four, one)


def test_each_member_of_a_population_has_its_own():
    members = jax.vmap(lambda _: image_pool.empty(2, (2, 3, 1)))(jnp.arange(3))
    expected, show, together = (
        [image_pool.empty(2, (2, 3, 1))] * 3,
        jax.jit(image_pool.show),
        jax.jit(jax.vmap(image_pool.show)),
    )
    for given in zip(*(list(batches(4, 2, 2, seed)) for seed in range(3)), strict=True):
        stacked = [np.stack(x) for x in zip(*given, strict=True)]
        shown, members = together(members, *stacked)
        for i in range(3):
            alone, expected[i] = show(expected[i], *given[i])
            np.testing.assert_array_equal(shown[i], alone)
