"""Writing an export: of a run, or of weights that came from elsewhere."""

import importlib.metadata
import os
import shutil
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import Any, Literal

import numpy as np
import safetensors.numpy
from PIL import Image

from gan_jax.common.errors import UsageError
from gan_jax.common.files import attempt, write_text
from gan_jax.game import Game
from gan_jax.sharing.load import WEIGHTS
from gan_jax.sharing.manifest import Manifest, file_of, write_manifest
from gan_jax.sharing.model_card import PICTURE, Origin, model_card
from gan_jax.sharing.names import by_name
from gan_jax.sharing.programs import Program, UnsafeProgram, export_sampling, export_translation
from gan_jax.training import settings as settings_module
from gan_jax.training.run_folder import Run, read_evaluations

_LARGEST_PICTURE = 1024  # pixels of its longer side


def export_run(
    run: Run, out: Path, checkpoint: int | Literal["best"] | None = None, licence: str | None = None
) -> Manifest:
    """Writes the networks of a run to the new folder `out`, in a form that needs no code of the run.

    checkpoint: as `Run.restore` takes it.
    licence: the licence of the training data, for the model card.

    Returns what it is. The folder appears whole or not at all. Raises UsageError if it exists and is not empty, and for
    a game whose programs would call Python, and UserError if it cannot be written.
    """
    check_new(out)
    game, step, networks = run.restore(checkpoint)
    weights = _weights(run.experiment.name, networks)
    programs = make_programs(game, weights, run.info.example_shape, run.info.target_shape, run.experiment.name)
    manifest = Manifest(
        name=run.experiment.name,
        step=step,
        info=run.info,
        conditional=game.classes is not None,
        programs={name: program.sizes for name, program in programs.items()},
        digests={name: program.digest for name, program in programs.items()},
        settings={name: _without_folders(x) for name, x in settings_module.to_json(run.settings).items()},
        versions=versions(),
    )
    origin = Origin(
        description=run.experiment.doc,
        data=_without_folders(run.settings.dataset),
        images=_count_of_examples(run.config),
        licence=licence,
        figures=_figures(run.folder, step),
    )
    write_export(out, manifest, weights, programs, origin, _newest_picture(run.folder))
    return manifest


def make_programs(
    game: Game,
    weights: Mapping[str, Any],
    example_shape: tuple[int, ...],
    target_shape: tuple[int, ...] | None,
    name: str,
) -> dict[str, Program]:
    """Returns the programs of a game, for an export of this name. Raises UsageError if they cannot be made."""
    try:
        if not game.translate:
            return export_sampling(game, dict(weights))
        assert target_shape is not None
        (a, b, c), (d, e, f) = example_shape, target_shape
        return export_translation(game, dict(weights), {"AtoB": (a, b, c), "BtoA": (d, e, f)})
    except UnsafeProgram as error:
        raise UsageError(f"{name} cannot be exported: {error}") from error
    except Exception as error:  # the game's own code
        reason = (str(error).splitlines() or [""])[0]
        raise UsageError(f"{name} cannot be exported: {type(error).__name__}: {reason}") from error


def write_export(
    out: Path,
    manifest: Manifest,
    weights: Mapping[str, np.ndarray],
    programs: Mapping[str, Program],
    origin: Origin,
    picture: Image.Image | None = None,
) -> None:
    """Writes the files of an export to the new folder `out`, which appears whole or not at all.

    Raises UsageError if it exists and is not empty, and UserError if it cannot be written.
    """
    check_new(out)
    aside = out.absolute().with_name(f".{out.absolute().name}.{os.getpid()}.tmp")

    def write() -> None:
        aside.mkdir(parents=True)
        metadata = {"format": "gan-jax", "name": manifest.name, "step": str(manifest.step)}
        # The memory of an array is written as it lies, whatever its strides say.
        arrays = {name: np.asarray(x, order="C") for name, x in weights.items()}
        (aside / WEIGHTS).write_bytes(safetensors.numpy.save(arrays, metadata))
        for name, program in programs.items():
            (aside / file_of(name)).write_bytes(program.serialized)
        if picture is not None:
            picture.save(aside / PICTURE)
        write_text(aside / "README.md", model_card(manifest, origin, picture is not None))
        write_manifest(aside, manifest)
        aside.rename(out.absolute())

    try:
        attempt(out, write)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def check_new(out: Path) -> None:
    """Raises UsageError unless `out` is free for a new folder: it does not exist, or is an empty folder."""
    if out.is_symlink() or (out.exists() and not (out.is_dir() and not any(out.iterdir()))):
        raise UsageError(f"{out} exists, and an export is written to a new folder")


def versions() -> dict[str, str]:
    """The versions of the packages that write an export."""
    return {name: importlib.metadata.version(name) for name in ("gan-jax", "jax", "safetensors")}


def _weights(name: str, networks: Mapping[str, Any]) -> dict[str, np.ndarray]:
    try:
        return {name: np.asarray(x) for name, x in by_name(networks).items()}
    except ValueError as error:
        raise UsageError(f"{name} cannot be exported: {error}") from error


def _without_folders(value: Any) -> Any:
    """A setting without the folders of the machine it was trained on: folder:/home/me/birds becomes folder:birds."""
    if not isinstance(value, str) or ("/" not in value and os.sep not in value):
        return value
    kinds, _, place = value.rpartition(":")
    return f"{kinds}:{PurePath(place).name}" if kinds else PurePath(place).name


def _count_of_examples(config: Mapping[str, Any]) -> int | None:
    try:
        count = config["data"]["fingerprint"]["train"]["count"]
    except (KeyError, TypeError):  # a run of an older version
        return None
    return count if isinstance(count, int) else None


def _figures(folder: Path, step: int) -> dict[str, Any]:
    """The numbers of evaluation.json that were measured at this step."""
    for each in read_evaluations(folder):
        if each.get("step") == step:
            numbers = {name: x for name, x in each.items() if isinstance(x, int | float) and not isinstance(x, bool)}
            return {name: x for name, x in numbers.items() if name != "step"}
    return {}


def _newest_picture(folder: Path) -> Image.Image | None:
    """The newest picture of samples in a run folder, made smaller, or None if there is none."""
    pictures = sorted((folder / "samples").glob("step_*.png"))
    if not pictures:
        return None
    try:
        with Image.open(pictures[-1]) as picture:
            picture.thumbnail((_LARGEST_PICTURE, _LARGEST_PICTURE))
            return picture.copy()
    except (OSError, ValueError):  # it is damaged; the export is whole without it
        return None
