"""Adaptive discriminator augmentation: its transforms in NumPy and by hand, and its control of p."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from support.augmented_games import Discriminator, images, play, tiny
from support.scripts import arrays_of

from gan_jax.augmentation import ada, bgc
from gan_jax.augmentation.ada_transforms import blit, color, geometry, recolor, rotated, scaled, shifted, turned, warp
from gan_jax.game import init_state, train_step
from gan_jax.networks.layers import Packed


def test_no_transform_is_the_image_itself():
    for x in images(1, (8, 8, 3))[0], images(1, (7, 10, 1))[0]:
        np.testing.assert_array_equal(warp(x, jnp.eye(3)), x)
        np.testing.assert_array_equal(jax.jit(lambda x: bgc(x, jax.random.key(3), 0.0))(x), x)


def test_turns_flips_and_whole_shifts_are_exact():
    x = images(1, (6, 6, 3))[0]
    for quarters in range(4):
        np.testing.assert_array_equal(warp(x, turned(quarters)), np.rot90(x, quarters))
        np.testing.assert_allclose(turned(quarters), rotated(quarters * np.pi / 2), atol=1e-6)
    np.testing.assert_array_equal(warp(x, scaled(1, -1)), x[:, ::-1])
    moved = np.pad(x, ((2, 0), (0, 1), (0, 0)), "reflect")[:6, 1:]
    np.testing.assert_array_equal(warp(x, shifted(jnp.array([2, -1]))), moved)


def by_definition(image, matrix):
    """`warp` in float64, pixel by pixel, and the weight of each input pixel in each output pixel."""
    height, width = image.shape[:2]
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    inverse = np.linalg.inv(np.asarray(matrix, np.float64))
    weights = np.zeros((height, width, height, width))
    for y in range(height):
        for x in range(width):
            source = (inverse @ [y - centre[0], x - centre[1], 1])[:2] + centre
            low = np.floor(source).astype(int)
            for dy in (0, 1):
                for dx in (0, 1):
                    place = low + np.array([dy, dx])
                    weight = np.prod(1 - np.abs(source - place))
                    place = [
                        min(i % (2 * n - 2), -i % (2 * n - 2)) for i, n in zip(place, (height, width), strict=True)
                    ]
                    weights[y, x, place[0], place[1]] += weight
    return np.einsum("yxab,abc->yxc", weights, image), weights


@pytest.mark.parametrize("size", [(5, 5), (4, 7)])
def test_any_affine_map_is_sampled_bilinearly_with_mirrored_ends(size):
    x, up = images(2, (*size, 2))
    matrix = shifted(jnp.array([0.7, -1.3])) @ rotated(0.6) @ scaled(1.3, 0.6)
    expected, weights = by_definition(x, matrix)
    np.testing.assert_allclose(warp(x, matrix), expected, rtol=1e-5, atol=1e-5)
    gradient = jax.grad(lambda x: jnp.sum(warp(x, matrix) * up))(x)
    np.testing.assert_allclose(gradient, np.einsum("yxab,yxc->abc", weights, up), rtol=1e-5, atol=1e-5)


def test_magnifying_moves_away_from_the_centre():
    x = np.zeros((9, 9, 1), np.float32)
    x[3, 4] = 1  # one above the centre
    assert warp(x, scaled(2, 1))[2, 4, 0] == 1


NEUTRAL = {"brightness": 0.0, "contrast": 1.0, "luma_flip": False, "hue": 0.0, "saturation": 1.0}


def test_colours_of_one_transform_at_a_time():
    red, gray = jnp.array([[[1.0, 0.0, 0.0]]]), jnp.array([[[0.4, 0.4, 0.4]]])

    def after(image, **change):
        return recolor(image, **{**NEUTRAL, **change})[0, 0]

    np.testing.assert_allclose(after(red, brightness=0.2), [1.2, 0.2, 0.2], atol=1e-6)
    np.testing.assert_allclose(after(red, contrast=0.5), [0.5, 0, 0], atol=1e-6)
    # A third of a turn takes red to green, or to blue, and half a turn and the luma's mirroring to its complement.
    np.testing.assert_allclose(after(red, hue=2 * np.pi / 3), [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(after(red, hue=-2 * np.pi / 3), [0, 0, 1], atol=1e-6)
    np.testing.assert_allclose(after(red, hue=np.pi, luma_flip=True), [-1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(after(red, saturation=0.0), np.full(3, 1 / 3), atol=1e-6)
    np.testing.assert_allclose(after(red, luma_flip=True), [1 / 3, -2 / 3, -2 / 3], atol=1e-6)
    np.testing.assert_allclose(after(gray, luma_flip=True), np.full(3, -0.4), atol=1e-6)
    np.testing.assert_allclose(after(gray, hue=1.0, saturation=3.0), np.full(3, 0.4), atol=1e-6)


def test_colours_are_composed_in_the_papers_order():
    x, values = images(1, (2, 2, 3))[0], {"brightness": 0.3, "contrast": 1.4, "luma_flip": True}
    values |= {"hue": 0.8, "saturation": 0.5}
    step = x
    for name in NEUTRAL:
        step = recolor(step, **{**NEUTRAL, name: values[name]})
    np.testing.assert_allclose(recolor(x, **values), step, atol=1e-5)


def test_one_channel_is_a_gray_image():
    x, values = images(1, (3, 3, 1))[0], {"brightness": 0.3, "contrast": 1.4, "luma_flip": True}
    values |= {"hue": 0.8, "saturation": 0.5}
    expected = recolor(np.repeat(x, 3, -1), **values)
    np.testing.assert_allclose(recolor(x, **values), expected[..., :1], atol=1e-6)
    np.testing.assert_allclose(recolor(x, **values), -1.4 * (x + 0.3), atol=1e-6)


def test_other_numbers_of_channels_are_refused():
    with pytest.raises(ValueError, match="1 or 3 channels, not 2"):
        bgc(images(1, (4, 4, 2))[0], jax.random.key(0), 0.5)


COUNT, SIZE = 4000, jnp.array([16.0, 16.0])


def draws(function, p):
    return jax.jit(jax.vmap(function))(jax.random.split(jax.random.key(7), COUNT), jnp.full(COUNT, p))


def test_blits_are_drawn_as_the_paper_says():
    matrices = np.asarray(draws(lambda key, p: blit(key, p, SIZE), 1.0))
    # Eight symmetries of the square, alike; shifts of -2, ..., 2 pixels, whose ends are half as wide before rounding.
    kinds, counts = np.unique(matrices[:, :2, :2].reshape(-1, 4), axis=0, return_counts=True)
    assert len(kinds) == 8
    np.testing.assert_allclose(counts / COUNT, 1 / 8, atol=0.02)
    for axis in (0, 1):
        pixels, counts = np.unique(matrices[:, axis, 2], return_counts=True)
        np.testing.assert_array_equal(pixels, [-2, -1, 0, 1, 2])
        np.testing.assert_allclose(counts / COUNT, [1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8], atol=0.03)


def test_geometry_is_drawn_as_the_paper_says():
    matrices = np.asarray(draws(lambda key, p: geometry(key, p, SIZE), 1.0), np.float64)
    # Singular values: the scale s times the stretch's factor and its inverse.
    values = np.log2(np.linalg.svd(matrices[:, :2, :2], compute_uv=False))
    assert np.std(values.mean(1)) == pytest.approx(0.2, abs=0.01)
    assert np.mean(np.abs(values[:, 0] - values[:, 1]) / 2) == pytest.approx(0.2 * np.sqrt(2 / np.pi), abs=0.01)
    assert np.std(matrices[:, :2, 2]) == pytest.approx(16 / 8, abs=0.06)
    # Uniform angles: of the nearest rotation, no direction is preferred.
    angles = np.arctan2(matrices[:, 1, 0] - matrices[:, 0, 1], matrices[:, 0, 0] + matrices[:, 1, 1])
    assert np.abs(np.mean(np.exp(1j * angles))) < 0.05


def test_colours_are_drawn_as_the_paper_says():
    drawn = {name: np.asarray(values) for name, values in draws(color, 1.0).items()}
    assert np.std(drawn["brightness"]) == pytest.approx(0.2, abs=0.01)
    assert np.std(np.log2(drawn["contrast"])) == pytest.approx(0.5, abs=0.025)
    assert np.mean(drawn["luma_flip"]) == pytest.approx(0.5, abs=0.03)
    assert np.std(drawn["hue"]) == pytest.approx(np.pi / np.sqrt(3), abs=0.06)
    assert np.std(np.log2(drawn["saturation"])) == pytest.approx(1, abs=0.05)


def test_each_transform_is_applied_with_probability_p():
    p = 0.36
    drawn = draws(color, p)
    for name in ("brightness", "contrast", "hue", "saturation"):
        assert np.mean(drawn[name] != NEUTRAL[name]) == pytest.approx(p, abs=0.03)
    assert np.mean(drawn["luma_flip"]) == pytest.approx(p / 2, abs=0.03)
    linear = np.asarray(draws(lambda key, p: geometry(key, p, SIZE), p), np.float64)[:, :2, :2]
    values = np.linalg.svd(linear, compute_uv=False)
    assert np.mean(np.abs(values[:, 0] / values[:, 1] - 1) > 1e-5) == pytest.approx(p, abs=0.03)
    assert np.mean(np.abs(np.prod(values, 1) - 1) > 1e-5) == pytest.approx(p, abs=0.03)
    # Turned by either rotation with probability 1 - (1 - 0.2)^2 = 0.36.
    assert np.mean(np.abs(linear[:, 0, 1] - linear[:, 1, 0]) > 1e-5) == pytest.approx(p, abs=0.03)


def test_p_follows_a_sequence_worked_by_hand():
    """Intervals of two batches of four in 32 images: steps of a quarter."""
    augmentation = ada(target=0.25, interval=2, images=32)
    memory, seen = augmentation.init(), []
    sure, torn = jnp.array([3.0, 1.0, 0.1, 9.0]), jnp.array([1.0, -1.0, 2.0, -5.0])
    # Mean signs of 1 and 0; the intervals' are 1/2, 1, 0, 0, 0 and 1/2.
    for logits in (sure, torn, sure, sure, torn, torn, torn, torn, torn, torn, torn, sure):
        memory = augmentation.update(memory, logits, 4, 0)
        logged = augmentation.metrics(memory)
        seen.append((float(logged["augmentation_p"]), float(logged["sign(D(x))"])))
    first = [(0, 0), (0.25, 0.5), (0.25, 0.5), (0.5, 1), (0.5, 1), (0.25, 0)]
    assert seen == [*first, (0.25, 0), (0, 0), (0, 0), (0, 0), (0, 0), (0.25, 0.5)]


def test_p_stays_where_the_target_is_met_and_goes_no_further_than_1():
    met = ada(target=0.5, interval=1, images=4)
    memory = met.update(met.init(), jnp.array([1.0, 1.0, 1.0, -1.0]), 4, 0)
    assert memory["p"] == 0
    for _ in range(3):
        memory = met.update(memory, jnp.ones(3), 3, 0)
    assert memory["p"] == 1


@pytest.mark.slow
def test_a_game_augments_with_the_probability_in_memory():
    """The transform here fills images with p, which is 0 in the first step."""
    augmentation = ada(lambda image, key, p: jnp.full_like(image, p), interval=1, images=16)
    state, metrics = play(augmentation, steps=1, batch=8)
    memory = state.memory["augmentation"]
    assert metrics["D(x)"] == metrics["D(G(z))"] == 0.5  # its biases start at zero
    assert (float(memory["p"]), float(metrics["sign(D(x))"])) == (0, 0)
    state, metrics = play(ada(interval=1, images=16), steps=3)
    assert all(np.isfinite(value) for value in metrics.values())


def test_p_rises_by_images_and_not_by_packs_or_patches():
    """A batch of 8 images, judged as 4 packs of two or in 9 patches each: p rises by 8 / 32 in either case."""
    augmentation = ada(target=0, interval=1, images=32)
    for logits in (jnp.ones(8), jnp.ones(4), jnp.ones((8, 3, 3))):
        assert augmentation.update(augmentation.init(), logits, 8, 0)["p"] == 0.25
    game = tiny(ada(lambda image, key, p: image, target=-1, interval=1, images=32), Packed(Discriminator(), 2))
    state = jax.jit(lambda: init_state(game, jax.random.key(0)))()
    _, metrics = jax.jit(lambda state: train_step(game, state, {"image": images(8)}))(state)
    assert metrics["augmentation_p"] == 0.25


@pytest.mark.slow
def test_members_of_a_population_have_their_own_p():
    def play_member(target):
        augmentation = ada(target=target, interval=1, images=8)
        memory = augmentation.update(augmentation.init(), jnp.array([1.0, 1.0, 1.0, -1.0]), 4, 0)
        return memory["p"], augmentation.apply(images(2), jax.random.split(jax.random.key(0), 2), memory, 0)

    p, augmented = jax.vmap(play_member)(jnp.array([0.4, 0.6]))
    assert p.tolist() == [0.5, 0]
    np.testing.assert_array_equal(augmented[1], images(2))
    assert not np.allclose(augmented[0], images(2))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"interval": 0}, "the interval of ADA must be at least 1, not 0"),
        ({"images": 0}, "the images in which ADA's p rises to 1 must be at least 1, not 0"),
        ({"target": float("nan")}, "the target of ADA must be at least -1, not nan"),
    ],
)
def test_settings_that_no_controller_can_have_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        ada(**settings)


@pytest.mark.slow
def test_devices_share_one_p_and_draw_as_one_does(tmp_path):
    played = arrays_of("ada_devices", tmp_path)
    np.testing.assert_array_equal(played["p"], np.broadcast_to(played["p"][:1], played["p"].shape))
    assert 0 < played["p"][0] < 1
    assert played["p"][0] == played["p_alone"]
    assert played["r"][0] == pytest.approx(played["r_alone"], abs=1e-6)
    np.testing.assert_allclose(played["kernel"][0], played["kernel_alone"], atol=1e-5)
    np.testing.assert_allclose(played["augmented"], played["augmented_alone"], atol=1e-5)
