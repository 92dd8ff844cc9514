"""How smoothly the images of a generator follow its latents: the perceptual path length."""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.features import Features
from gan_jax.game import Game
from gan_jax.inference import draw_latents, slerp

# The share of the shortest and of the longest paths that is left out.
_CUT = 0.01


def path_length(game: Game, networks: dict[str, Any], features: Features, count: int, seed: int) -> float:
    """The perceptual path length: E |d/dt phi(G(slerp(a, b; t)))|^2 for latents a and b and t uniform in [0, 1].

    It is the mean squared speed at which what the features phi see changes on the way between two latents. It is large
    if images change suddenly, as they do where a generator has to pass between images that it does not know. As in the
    code of StyleGAN, the lowest and the highest 1% are left out.

    The paper takes (d(G(a'), G(b')) / epsilon)^2 with epsilon = 1e-4 and a distance d that is learned (LPIPS). Here the
    derivative is exact, by `jax.jvp`, and the distance is that of the features. So it cannot be compared with published
    numbers, but with those of other runs in the same features. Latents of a class stay in the class.

    networks: as `Game.sample` takes them. features: with images of the game's size.
    count: the number of paths, at least 100. The paper takes 100,000.
    seed: of the latents.

    Source: Karras et al. 2019, "A style-based generator architecture" (arXiv 1812.04948), section 4.1.
    Raises UsageError for fewer than 100 paths.
    """
    if count < 100:
        raise UsageError(f"the perceptual path length needs at least 100 paths, not {count}")
    size = min(features.batch_size, count)

    @jax.jit
    def speeds(networks: Any, params: Any, ends: Any, ts: jax.Array) -> jax.Array:
        starts, stops = (jax.tree.map(lambda x, i=i: x[i * size : (i + 1) * size], ends) for i in (0, 1))

        def seen(ts: jax.Array) -> jax.Array:
            images = game.sample(networks, jax.tree.map(lambda a, b: slerp(a, b, ts), starts, stops))
            return features.see(params, (images + 1) * 127.5).features

        _, speed = jax.jvp(seen, (ts,), (jnp.ones_like(ts),))
        return jnp.sum(jnp.square(speed), axis=1)

    latents = draw_latents(game, 2 * count, seed)
    ts = jax.random.uniform(jax.random.fold_in(jax.random.key(seed), 1), (count,))
    found = []
    for start in range(0, count, size):
        # The last batch is padded with repeated paths: with one shape for all, the program is compiled once.
        paths = np.arange(start, start + size) % count
        rows = np.concatenate([paths, count + paths])  # so that paths start in all classes
        ends = jax.tree.map(lambda x, rows=rows: x[rows], latents)
        found.append(np.asarray(speeds(networks, features.params, ends, ts[paths])))
    ordered = np.sort(np.concatenate(found)[:count].astype(np.float64))
    cut = int(_CUT * count)
    return float(ordered[cut : count - cut].mean())
