"""What `gan-jax sample` writes: the ending of the output's name decides."""

import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from gan_jax.commands.shared import names_folder
from gan_jax.common.errors import UsageError
from gan_jax.common.files import attempt, write_aside, write_text

if TYPE_CHECKING:
    import numpy as np

_SECONDS = 0.5  # for each sample of an animation
_SECONDS_OF_WALK = 0.1  # for each step of an animated interpolation
_LONGEST = 40  # characters of a class in a file's name


class Form(Enum):
    """The forms of output."""

    PICTURE = "one picture"
    ANIMATION = "an animation"
    ARRAYS = "arrays"
    FOLDER = "single images"
    LINES = "lines of text"


@dataclass(frozen=True)
class Drawn:
    """Samples and what they were drawn from.

    samples: images uint8 (N, H, W, C), volumes uint8 (N, D, H, W, 1), texts uint8 (N, L, V) or points float32 (N, D).
    latents: (N, ...), or None where they are not needed.
    labels: the names of the classes of the samples, or None if the run is not conditional.
    names: a name for each sample that tells how to draw it again, without its class.
    columns: the length of each walk if the samples are interpolations, else the number of columns of a grid or of
        mixtures, or None for a grid as square as possible.
    interpolated: whether they are interpolations.
    real: real points, which are drawn behind samples of points.
    characters: those of texts.
    of_styles: whether `latents` are styles.
    mixed: whether the samples are a table of mixed styles.
    """

    samples: "np.ndarray"
    latents: "np.ndarray | None"
    labels: Sequence[str] | None
    names: Sequence[str]
    columns: int | None
    interpolated: bool
    real: "np.ndarray | None"
    characters: str = ""
    of_styles: bool = False
    mixed: bool = False


def form_of(out: str) -> Form:
    """The form of output that the name `out` asks for. Raises UsageError for an ending that none has."""
    from gan_jax.reporting import PICTURE_ENDINGS

    if names_folder(out):
        return Form.FOLDER
    ending = Path(out).suffix.lower()
    if ending in PICTURE_ENDINGS:
        return Form.PICTURE
    others = {".gif": Form.ANIMATION, ".npz": Form.ARRAYS, ".txt": Form.LINES}
    if ending not in others:
        raise UsageError(
            f"--out {out}: the name must end in {', '.join(PICTURE_ENDINGS)} for a picture, .gif for an animation, "
            ".npz for arrays, .txt for texts, or / for a folder of single images"
        )
    return others[ending]


def write_samples(drawn: Drawn, out: Path, form: Form) -> None:
    """Writes the samples to `out`, which is never left half-written. Raises UserError if that cannot be done."""
    writers = {
        Form.PICTURE: _write_picture,
        Form.ANIMATION: _write_animation,
        Form.ARRAYS: _write_arrays,
        Form.FOLDER: _write_folder,
        Form.LINES: _write_lines,
    }
    writers[form](drawn, out)


def _write_picture(drawn: Drawn, out: Path) -> None:
    from gan_jax.inference import interpolation_picture, mixing_picture, sample_picture
    from gan_jax.reporting import save_image

    if drawn.interpolated:
        assert drawn.columns is not None
        picture = interpolation_picture(drawn.samples, drawn.columns, drawn.real)
    elif drawn.mixed:
        assert drawn.columns is not None
        picture = mixing_picture(drawn.samples, drawn.columns)
    else:
        picture = sample_picture(drawn.samples, drawn.real, drawn.columns, drawn.characters)
    attempt(out, lambda: save_image(picture, out))


def _write_animation(drawn: Drawn, out: Path) -> None:
    from gan_jax.inference import animation_frames
    from gan_jax.reporting import save_animation

    walk = drawn.columns if drawn.interpolated else None
    frames = animation_frames(drawn.samples, walk, drawn.real, drawn.characters)
    seconds = _SECONDS_OF_WALK if drawn.interpolated else _SECONDS
    attempt(out, lambda: save_animation(frames, out, seconds))


def _write_arrays(drawn: Drawn, out: Path) -> None:
    """Writes the arrays by which `--dataset` (npz: or voxels:) and `--latents` read the samples and their latents.

    Texts are an array of strings. Styles are not read.
    """
    import numpy as np

    from gan_jax.data.texts import texts_of

    assert drawn.latents is not None
    name = {2: "points", 3: "texts", 4: "images", 5: "voxels"}[drawn.samples.ndim]
    samples = np.array(texts_of(drawn.samples, drawn.characters)) if name == "texts" else drawn.samples
    arrays = {name: samples, "styles" if drawn.of_styles else "latents": drawn.latents}
    if drawn.labels is not None:
        arrays["labels"] = np.array(drawn.labels)
    attempt(out, lambda: write_aside(out, lambda file: np.savez(file, allow_pickle=False, **arrays)))


def _write_folder(drawn: Drawn, out: Path) -> None:
    from gan_jax.reporting import save_image, save_mesh

    save, ending = (save_mesh, ".obj") if drawn.samples.ndim == 5 else (save_image, ".png")
    for i, (name, sample) in enumerate(zip(drawn.names, drawn.samples, strict=True)):
        path = out / f"{name}{'' if drawn.labels is None else f'_{_safe(drawn.labels[i])}'}{ending}"
        attempt(path, partial(save, sample, path))


def _write_lines(drawn: Drawn, out: Path) -> None:
    from gan_jax.data.texts import texts_of

    lines = texts_of(drawn.samples, drawn.characters)
    write_text(out, "".join(f"{line}\n" for line in lines))


def _safe(name: str) -> str:
    """The name of a class as a part of a file's name: letters, digits and underscores, at most 40 of them."""
    coding = sys.getfilesystemencoding()
    return re.sub(r"\W+", "_", name.encode(coding, "replace").decode(coding))[:_LONGEST]
