"""The file model.json of an export: what it is, and what its programs take. It is checked when it is read."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from gan_jax.common.errors import UsageError
from gan_jax.common.files import write_text
from gan_jax.data import DataInfo
from gan_jax.sharing.programs import GENERATOR, LATENTS, Sizes

NAME = "model.json"

# Increase this number when the files of an export change.
FORMAT = 1

_DIRECTIONS = ("AtoB", "BtoA")
_PROGRAMS = (LATENTS, GENERATOR, *_DIRECTIONS)

# More would only be a mistake or an attack. An image is at most 2^14 pixels high and wide.
_MOST_BYTES = 2**24
_LARGEST = 2**14


class Malformed(Exception):
    """A model.json that does not say what it should."""


@dataclass(frozen=True)
class Manifest:
    """What an export is.

    name: the name of the experiment, or of the network.
    step: the training step of the weights, or None if it is not known.
    info: the shapes and classes of the data.
    conditional: whether the latents have labels, which are numbers of `info.classes`.
    programs: what each program takes, by the program's name. It lies in the file NAME.stablehlo.
    digests: the SHA-256 of each program's file, by the program's name.
    settings: the settings of the run, as plain values.
    versions: the versions of the packages that wrote it.
    """

    name: str
    step: int | None
    info: DataInfo
    conditional: bool
    programs: dict[str, Sizes]
    digests: dict[str, str]
    settings: dict[str, Any] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    @property
    def translates(self) -> bool:
        """Whether it translates images. Otherwise it makes samples from latents."""
        return GENERATOR not in self.programs


def file_of(program: str) -> str:
    """The name of the file that holds a program."""
    return f"{program}.stablehlo"


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Writes model.json atomically. Raises UserError if it cannot be written."""
    info = manifest.info
    described = {
        "format": FORMAT,
        "name": manifest.name,
        "step": manifest.step,
        "data": {
            "example_shape": info.example_shape,
            "classes": info.classes,
            "target_shape": info.target_shape,
            "paired": info.paired,
            "characters": info.characters,
        },
        "conditional": manifest.conditional,
        "programs": {name: asdict(sizes) for name, sizes in manifest.programs.items()},
        "digests": manifest.digests,
        "settings": manifest.settings,
        "versions": manifest.versions,
    }
    write_text(folder / NAME, json.dumps(described, indent=2) + "\n")


def read_manifest(folder: Path) -> Manifest:
    """Reads model.json. Raises UsageError if it is missing, or is not what `write_manifest` writes."""
    path = folder / NAME
    try:
        data = read_bytes(path, _MOST_BYTES)
        return _manifest(_object(json.loads(data), "it"))
    except Malformed as error:
        raise UsageError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise UsageError(f"cannot read {path}: {error}") from error


def read_bytes(path: Path, most: int) -> bytes:
    """Reads a file of an export. Raises UsageError if it is missing, a link, no file, or of more than `most` bytes."""
    if path.is_symlink():
        raise UsageError(f"{path} is a link, and the files of an export must lie in its folder: copy the file there")
    if not path.is_file():
        raise UsageError(f"{path.parent} is not a whole export: it has no file {path.name}")
    try:
        if (size := path.stat().st_size) > most:
            raise UsageError(f"{path} has {size:,} bytes, and at most {most:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot read {path}: {error.strerror or error}") from error


def _manifest(data: dict[str, Any]) -> Manifest:
    version = _number(data.get("format"), "format", 1, 2**31)
    if version > FORMAT:
        raise Malformed(f"it is of format {version}, which a newer version of gan-jax wrote")
    info = _info(_object(data.get("data"), "data"))
    programs = _programs(_object(data.get("programs"), "programs"), info)
    conditional = data.get("conditional")
    if not isinstance(conditional, bool):
        raise Malformed("conditional is not true or false")
    if conditional and len(info.classes) < 2:
        raise Malformed("it is conditional, and has no two classes")
    digests = _texts(data.get("digests"), "digests")
    if set(digests) != set(programs):
        raise Malformed("its digests are not those of its programs")
    step = data.get("step")
    name = _text(data.get("name"), "name")
    return Manifest(
        name=name,
        step=None if step is None else _number(step, "step", 0, 2**62),
        info=info,
        conditional=conditional,
        programs=programs,
        digests=digests,
        settings=_object(data.get("settings"), "settings"),
        versions=_texts(data.get("versions"), "versions"),
    )


def _info(data: dict[str, Any]) -> DataInfo:
    shape, target = _shape(data.get("example_shape"), "example_shape"), data.get("target_shape")
    classes = data.get("classes")
    if not isinstance(classes, list) or not isinstance(data.get("paired"), bool):
        raise Malformed("data has no list of classes, or does not say whether it is paired")
    target_shape = None if target is None else _shape(target, "target_shape")
    characters = _text(data.get("characters", ""), "characters")
    if len(characters) != (shape[1] if len(shape) == 2 else 0):
        raise Malformed("its characters are not those of its examples")
    return DataInfo(shape, tuple(_text(name, "a class") for name in classes), target_shape, data["paired"], characters)


def _programs(data: dict[str, Any], info: DataInfo) -> dict[str, Sizes]:
    names = set(data)
    if names != {LATENTS, GENERATOR} and not (names and names <= set(_DIRECTIONS)):
        raise Malformed(f"its programs are {', '.join(sorted(names)) or 'none'}, and not {', '.join(_PROGRAMS[:2])}")
    if not names & {GENERATOR} and (info.target_shape is None or len(info.example_shape) != 3):
        raise Malformed("it translates, and has no shapes of images and targets")
    programs = {}
    for name, values in data.items():
        given = _object(values, name)
        if set(given) != {"count", "multiple", "least", "height", "width"}:
            raise Malformed(f"the program {name} does not say what it takes")
        count = given.pop("count")
        sides = {key: _number(value, key, 0, _LARGEST) for key, value in given.items()}
        if name in _DIRECTIONS and not (sides["multiple"] or (sides["height"] and sides["width"])):
            raise Malformed(f"the program {name} does not say which images it takes")
        programs[name] = Sizes(None if count is None else _number(count, "count", 1, 2**20), **sides)
    return programs


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Malformed(f"{what} is not an object")
    return value


def _text(value: Any, what: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{what} is not a text")
    return value


def _texts(value: Any, what: str) -> dict[str, str]:
    return {key: _text(text, f"{what} of {key}") for key, text in _object(value, what).items()}


def _number(value: Any, what: str, least: int, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise Malformed(f"{what} is not a whole number from {least} to {most}")
    return value


def _shape(value: Any, what: str) -> tuple[int, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= 4:
        raise Malformed(f"{what} is not the shape of an image, a volume, a text or a point")
    return tuple(_number(side, what, 1, _LARGEST) for side in value)
