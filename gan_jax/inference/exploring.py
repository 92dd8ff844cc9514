"""Single samples at places in the latent space, fast enough to follow a slider."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.data.transforms import to_uint8
from gan_jax.game import Game
from gan_jax.inference.directions import factorized_directions, moved
from gan_jax.inference.latents import first_latents, slerp
from gan_jax.inference.sampling import truncated

# Games, compiled for a truncation each, that are kept.
_KEPT = 32


@dataclass(frozen=True)
class Place:
    """A place in the latent space.

    seed, other: the latents of the first samples of two seeds.
    mix: how far to go from the one to the other, in [0, 1], by `slerp`.
    moves: then how far to go along each of the first directions, in units of latents.
    label: the class, in a conditional game. None is that of the seed.
    psi: the truncation, as `gan_jax.inference.truncated` takes it. None is without.
    """

    seed: int = 1
    other: int = 2
    mix: float = 0.0
    moves: tuple[float, ...] = ()
    label: int | None = None
    psi: float | None = None


class Explorer:
    """Draws the sample of a game at a place: `explorer.image(Place(seed=3, moves=(1.5,)))`.

    game: a game of images whose latents are vectors.
    networks: as `Game.sample` takes them.

    Attributes:
      directions: float32 (K, L), those of `factorized_directions`, along which images change most.

    Raises ValueError for a game without such latents or directions.

    >>> generator = nn.Dense(64)
    >>> gan = game.Game(
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     latents=lambda key, count: jax.random.normal(key, (count, 4)),
    ...     sample=lambda networks, latents: jnp.tanh(generator.apply(networks, latents)).reshape(-1, 8, 8, 1),
    ... )
    >>> explorer = inference.Explorer(gan, generator.init(jax.random.key(0), jnp.zeros((1, 4))))
    >>> explorer.directions.shape, explorer.image(inference.Place(seed=3, moves=(1.5, -0.5))).shape
    ((4, 4), (8, 8, 1))
    """

    def __init__(self, game: Game, networks: dict[str, Any]):
        self._game, self._networks = game, networks
        self.directions = factorized_directions(game, networks)
        self._at = lru_cache(_KEPT)(self._compiled)
        self._of_seed = lru_cache(256)(lambda psi, seed: first_latents(self._truncated(psi), [seed]))

    def latents(self, place: Place) -> Any:
        """The latents of one sample, as `Game.sample` takes them. Raises ValueError for more moves than directions."""
        if len(place.moves) > len(self.directions):
            raise ValueError(f"there are {len(self.directions)} directions, and {len(place.moves)} moves")
        ends = (self._of_seed(place.psi, seed) for seed in (place.seed, place.other))
        latents = jax.tree.map(lambda a, b: slerp(a, b, place.mix), *ends)
        if any(place.moves):
            direction = np.asarray(place.moves, np.float32) @ self.directions[: len(place.moves)]
            latents = moved(latents, direction, np.ones(1, np.float32))
        if place.label is not None:
            if not 0 <= place.label < (self._game.classes or 0):
                raise ValueError(f"there is no class number {place.label}")
            latents = (latents[0], jnp.full_like(latents[1], place.label))
        return latents

    def image(self, place: Place) -> np.ndarray:
        """The sample at a place, uint8 (H, W, C). Raises ValueError as `latents` does."""
        return to_uint8(np.asarray(self._at(place.psi)(self._networks, self.latents(place))))[0]

    def _truncated(self, psi: float | None) -> Game:
        return self._game if psi is None else truncated(self._game, psi)

    def _compiled(self, psi: float | None) -> Any:
        game = self._truncated(psi)
        # Truncated latents are drawn otherwise, and need no other program.
        return self._at(None) if psi is not None and game.sample is self._game.sample else jax.jit(game.sample)
