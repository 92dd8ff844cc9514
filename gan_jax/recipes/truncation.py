"""Truncated samples: more typical ones, and less varied.

Both functions take a game and what holds its pure functions, a dataclass, and return the game with `Game.truncated`.
"""

from dataclasses import replace
from typing import Any

from gan_jax.game import Game
from gan_jax.networks.latents import Normal


def with_truncated_styles(game: Game, functions: Any) -> Game:
    """Samples move towards the mean style, by the field `truncation` of `functions.generator`.

    (Karras et al. 2019, "A style-based generator architecture", arXiv 1812.04948, appendix B.)
    """

    def truncated(psi: float) -> Game:
        if not 0 <= psi <= 1:
            raise ValueError(f"the truncation of styles is from 0 to 1, not {psi:g}")
        cut = replace(functions, generator=functions.generator.clone(truncation=psi))
        return replace(game, sample=cut.sample, styles=game.styles and cut.styles)

    return replace(game, truncated=truncated)


def with_truncated_latents(game: Game, functions: Any) -> Game:
    """Latents `functions.latent` are truncated, as `Normal.truncated` says. Others than normal ones cannot be."""
    latent = functions.latent
    if not isinstance(latent, Normal):
        return game

    def truncated(psi: float) -> Game:
        return replace(game, latents=replace(functions, latent=latent.truncated(psi)).latents)

    return replace(game, truncated=truncated)
