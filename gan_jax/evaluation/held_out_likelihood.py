"""How probable held-out images are to a game whose probabilities, or bounds on them, are known."""

import math
from typing import Any

import numpy as np

from gan_jax.data import Dataset
from gan_jax.evaluation.subsets import pick_subset
from gan_jax.game import Game
from gan_jax.inference import make_elbo, make_likelihood

# A bound by importance sampling takes thousands of passes of the decoder for each image.
_MOST = 1000


def held_out_likelihood(
    dataset: Dataset, game: Game, networks: dict[str, Any], seed: int
) -> tuple[dict[str, float], dict[str, int]]:
    """The figures of at most 1,000 held-out images, those that the game has, and what they depend on, by name:

    - log_likelihood: the mean of `Game.log_likelihood`, in nats per image;
    - bits_per_pixel: the same, negated, in bits per pixel;
    - elbo: the mean of `Game.elbo`, in nats per image.

    They compare games of the same values only: a PixelCNN has the probabilities of gray levels, and a VAE bounds those
    of black and white.

    seed: of what an estimate draws. Raises UserError for values that are no numbers.
    """
    images = pick_subset(dataset.test.images, _MOST)
    means = {
        name: float(np.mean(values(images), dtype=np.float64))
        for name, make in (("log_likelihood", make_likelihood), ("elbo", make_elbo))
        if (values := make(game, networks, seed)) is not None
    }
    if not means:
        return {}, {}
    if "log_likelihood" in means:
        height, width, _ = dataset.image_shape
        means["bits_per_pixel"] = -means["log_likelihood"] / (height * width * math.log(2))
    return means, {"likelihood_images": len(images)}
