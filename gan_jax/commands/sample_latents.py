"""Which latents `gan-jax sample` draws: of seeds or from a file, on walks, and mixed."""

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gan_jax.commands.sample_output import Form
from gan_jax.commands.shared import check_seed
from gan_jax.common.errors import UsageError, refused

if TYPE_CHECKING:
    from gan_jax.commands.sample import Sample
    from gan_jax.game import Game
    from gan_jax.inference import Between
    from gan_jax.sharing import Exported
    from gan_jax.training.run_folder import Run

_MOST_SEEDS = 100_000

# Walks and steps of interpolations by default.
_WALKS = 8
_WALKS_OF_ANIMATION = 24


@dataclass(frozen=True)
class Chosen:
    """Latents or styles, a name for each, and the columns of a grid or of mixtures, or the steps of a walk."""

    latents: Any
    names: list[str]
    columns: int | None


def checked_seeds(options: "Sample") -> list[int] | None:
    """The seeds of --seeds, if it is given. Raises UsageError for numbers out of range and for flags beside others."""
    ways = {"--seeds": options.seeds, "--latents": options.latents}
    given = [flag for flag, value in ways.items() if value is not None]
    others = {**ways, "--seed": options.seed, "--count": options.count}
    for flag in given:
        for other, value in others.items():
            if other != flag and value is not None:
                raise UsageError(f"{flag} says which samples to draw, so {other} cannot be given too")
    if options.count is not None and options.count < 1:
        raise UsageError(f"--count must be at least 1, not {options.count}")
    if options.seed is not None:
        check_seed(options.seed)
    return None if options.seeds is None else parse_seeds(options.seeds)


def parse_seeds(words: str) -> list[int]:
    """The seeds that a list such as "1,5-8" names: 1, 5, 6, 7, 8. Raises UsageError if it is not such a list."""
    seeds: list[int] = []
    for word in words.split(","):
        match = re.fullmatch(r"(\d{1,10})(?:-(\d{1,10}))?", word.strip())
        if match is None:
            raise UsageError(f"--seeds {words}: {word!r} is neither a seed nor a range of seeds such as 5-8")
        first, last = int(match[1]), int(match[2] or match[1])
        if last < first:
            raise UsageError(f"--seeds {words}: the range {word} ends before it begins")
        check_seed(last, "--seeds")
        if len(seeds) + last - first >= _MOST_SEEDS:
            raise UsageError(f"--seeds {words}: these are more than {_MOST_SEEDS:,} seeds")
        seeds += range(first, last + 1)
    if len(set(seeds)) < len(seeds):
        twice, _ = Counter(seeds).most_common(1)[0]
        raise UsageError(f"--seeds {words}: the seed {twice} is there twice")
    return seeds


def choose(options: "Sample", seeds: list[int] | None, form: Form, run: "Run | Exported", game: "Game") -> Chosen:
    """The latents to draw, to walk between or to mix. For a walk and a mixture, they are those of the sources."""
    from gan_jax.inference import draw_latents, first_latents, grid_columns, latent_count, picture_count, read_latents

    walks = _WALKS_OF_ANIMATION if form is Form.ANIMATION else _WALKS
    mixes = options.mix_styles is not None
    given = None
    if seeds is not None:
        given = first_latents(game, seeds), [f"seed{seed}" for seed in seeds]
    elif options.latents is not None:
        latents = read_latents(options.latents, game, run.info.classes, with_labels=options.class_name is None)
        given = latents, _numbered("latent", latent_count(latents))
    if given is not None:
        latents, names = given
        if options.walks and len(names) % 2:
            flag = options.by_styles or "--interpolate"
            raise UsageError(f"{flag} walks between two latents, and then two others; {len(names)} are given")
        if mixes and len(names) % 2:
            raise UsageError(f"--mix-styles takes as many latents on the left as on top; {len(names)} are given")
        return Chosen(latents, names, walks if options.walks else len(names) // 2 if mixes else None)

    seed = 1 if options.seed is None else options.seed
    points = len(run.info.example_shape) == 1
    count = options.count or (walks**2 if options.walks and not points else picture_count(run.info))
    columns = grid_columns(game, count) if options.class_name is None else None
    if options.walks:
        columns = max(2, round(count**0.5))
        count = 2 * -(-count // columns)
    elif mixes:
        columns = round(count**0.5)
        count = columns + -(-count // columns)
    elif options.count is None:
        count -= count % (columns or 1)  # A grid of whole rows.
    return Chosen(draw_latents(game, count, seed), _numbered(f"seed{seed}_", count), columns)


def walked(ends: Chosen, between: "Between") -> Chosen:
    """The steps of walks between each two latents."""
    from gan_jax.inference import walk_latents

    assert ends.columns is not None
    pairs = zip(ends.names[::2], ends.names[1::2], strict=True)
    names = [f"{start}-{stop}_step{i:03d}" for start, stop in pairs for i in range(ends.columns)]
    return Chosen(walk_latents(ends.latents, ends.columns, between), names, ends.columns)


def mixed(sources: Chosen, layers: int) -> Chosen:
    """Sources and mixtures of their styles: the last `columns` are on top, and the others on the left."""
    from gan_jax.inference import mixed_styles

    assert sources.columns is not None
    rows = len(sources.names) - sources.columns
    with refused(f"--mix-styles {layers}"):
        styles = mixed_styles(sources.latents[:rows], sources.latents[rows:], layers)
    top = sources.names[rows:]
    names = [*top, *(name for left in sources.names[:rows] for name in (left, *(f"{left}-{other}" for other in top)))]
    return Chosen(styles, names, sources.columns)


def _numbered(stem: str, count: int) -> list[str]:
    width = len(str(count - 1))
    return [f"{stem}{i:0{width}d}" for i in range(count)]
