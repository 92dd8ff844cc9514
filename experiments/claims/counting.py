"""(14) Minibatch discrimination on the ring, and on images of three squares, which can be counted."""

from functools import cache, partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from digit_models import as_images, draw_samples, train_each
from effects import mean, verdict
from populations import train
from rings import covered, high_quality, ring_gan, samples
from scipy import ndimage

from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.networks.layers import Conv, MinibatchDiscrimination, leaky_relu
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan

SIDE, SQUARES, LENGTH = 12, 3, 3
RELIEF, WRONG = 0.5, 0.02


class Points(nn.Module):
    """Maps points (N, 2) to logits (N,), like `mlp.Discriminator`, and may compare the points of a batch."""

    compare: bool

    @nn.compact
    def __call__(self, points: jax.Array, train: bool) -> jax.Array:
        x = nn.relu(nn.Dense(64)(nn.relu(nn.Dense(64)(points))))
        return nn.Dense(1)(MinibatchDiscrimination(8, 3)(x) if self.compare else x)[:, 0]


class Images(nn.Module):
    """Maps images (N, 12, 12, 1) to logits (N,), and may compare the images of a batch."""

    compare: bool

    @nn.compact
    def __call__(self, images: jax.Array, train: bool) -> jax.Array:
        x = leaky_relu(Conv(24, 4, stride=2, padding=1)(images))
        x = leaky_relu(Conv(48, 4, stride=2, padding=1)(x)).reshape(len(images), -1)
        return nn.Dense(1)(MinibatchDiscrimination(16, 4)(x) if self.compare else x)[:, 0]


ARMS = {"alone": False, "compared": True}


@cache
def squares(count: int = 4000) -> np.ndarray:
    """Images uint8 (count, 12, 12, 1) of three squares of 3x3 pixels that do not touch."""
    rng, found = np.random.default_rng(0), []
    while len(found) < count:
        places = rng.integers(0, SIDE - LENGTH + 1, (SQUARES, 2))
        gaps = np.abs(places[:, None] - places[None]).max(-1) + 9 * np.eye(SQUARES, dtype=int)
        if gaps.min() > LENGTH:  # a pixel lies between them
            image = np.zeros((SIDE, SIDE, 1), np.uint8)
            for y, x in places:
                image[y : y + LENGTH, x : x + LENGTH] = 255
            found.append(image)
    return np.stack(found)


def draw_squares(key, count, values):
    images = jnp.asarray(squares())
    return {"image": images[jax.random.randint(key, (count,), 0, len(images))] / 127.5 - 1}


def counted(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Shares of images (..., N, H, W, 1) without just three connected parts, and without parts of 7 to 11 pixels."""
    wrong = []
    for each in images.reshape(-1, *images.shape[-3:]):
        parts, count = ndimage.label(each[..., 0] > 127)
        sizes = np.bincount(parts.ravel())[1:]
        wrong.append((count != SQUARES, bool(np.any(np.abs(sizes - LENGTH**2) > 2)) or count == 0))
    return tuple(np.reshape(wrong, (*images.shape[:-3], 2)).mean(-2).T)


def measure(name, seeds, quick):
    compare, slow, fast = ARMS[name], optax.adam(2e-4, b1=0.5), optax.adam(1e-3, b1=0.5)
    ring = train(
        lambda values: ring_gan(non_saturating, fast, judge=Points(compare)), seeds, 20 if quick else 3000, samples
    )

    def build(values):
        players = dcgan.Generator(SIDE, 1, 24), Images(compare)
        return gan(*players, non_saturating, slow, slow, latent=normal(32), ema=0.995)

    steps, look = 4 if quick else 4000, partial(draw_samples, count=24 if quick else 500)
    made = as_images(train_each(build, seeds, steps, look, draw_squares))
    miscounted, misshapen = counted(made)
    points = ring["samples"][:, -1]
    return {
        "covered": covered(points),
        "good": high_quality(points),
        "miscounted": miscounted,
        "misshapen": misshapen,
        "shown": made[:, :12],
    }


def judge(found: Found) -> Judgement:
    alone, compared = found["alone"], found["compared"]
    effects = [
        mean("modes covered more with it", compared["covered"] - alone["covered"], above=RELIEF, tests=2),
        mean("share miscounted more with it", compared["miscounted"] - alone["miscounted"], above=WRONG, tests=2),
    ]
    return Judgement(
        verdict(effects),
        f"With minibatch discrimination samples cover {compared['covered'].mean():.1f} of 8 modes, and without it "
        f"{alone['covered'].mean():.1f}. Of the images, {compared['miscounted'].mean():.0%} do not have three squares, "
        f"and {alone['miscounted'].mean():.0%} without it; {compared['misshapen'].mean():.0%} and "
        f"{alone['misshapen'].mean():.0%} have a part of a wrong size.",
        effects,
    )


def draw(figure, found: Found) -> None:
    axes = figure.subplots(1, 3)
    axes[0].boxplot([x["covered"] for x in found.values()], tick_labels=list(found))
    axes[0].set_title("modes covered")
    for ax, (name, x) in zip(axes[1:], found.items(), strict=True):
        shown = x["shown"][0].reshape(3, 4, SIDE, SIDE).transpose(0, 2, 1, 3).reshape(3 * SIDE, 4 * SIDE)
        ax.imshow(shown, cmap="gray")
        ax.set(title=f"{name}: {x['miscounted'].mean():.0%} miscounted", xticks=[], yticks=[])


CLAIM = Claim(
    number=14,
    says="Minibatch discrimination relieves collapse, but brings problems of counting.",
    expects=f"{RELIEF:g} modes more of the ring are covered, and {WRONG:.0%} more of the images are miscounted.",
    arms={name: partial(measure, name) for name in ARMS},
    judge=judge,
    draw=draw,
    seeds=32,
)
