"""Photographs, and where people looked in them: pairs of a picture and a map of attention."""

import csv
import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Fixations, Resolution, Split, height_and_width
from gan_jax.data.fingerprint import Part
from gan_jax.data.fixation_maps import density, gray
from gan_jax.data.pixels import upright_size
from gan_jax.data.sources.folder import digest, find_folder, list_images
from gan_jax.data.sources.image_files import FileImages, read_headers
from gan_jax.data.splits import shuffled

FOLDS = 5

_TABLE, _PICTURES = "fixations.csv", "stimuli"
_COLUMNS = ("image", "subject", "x", "y")

# The deviation of the Gaussian that blurs fixations, in longer sides of the image. In MIT1003 (Judd et al. 2009) one
# degree of the field of view is about 35 of 1024 pixels.
DEGREE = 35 / 1024


def fixations(argument: str, resolution: Resolution) -> tuple[Dataset, object]:
    """Pictures in the folder `stimuli`, and the fixations in the table `fixations.csv` beside it.

    The table has the columns image (the picture's file name without its ending), subject (who looked), and x and y, in
    pixels of the picture from its upper left corner. Each picture has a target: its fixations, blurred to a density,
    gray (`fixation_maps`). A picture is resized and cropped as in `pixels.fit`. Fixations outside of the crop are left
    out.

    argument: the folder, or FOLDER@K to hold out the fold K of five, from 0 to 4, instead of the fold 0.

    Returns the same as `folder`. Raises UsageError for a folder without these, for a table without one of the columns,
    for text in the place of a number, for a fixation outside of its picture, and for pictures without fixations.
    """
    path, fold = _fold(argument)
    root = find_folder(path)
    for name in (_TABLE, _PICTURES):
        if not (root / name).exists():
            raise UsageError(f"{root}: there is no {name}; fixations:PATH has pictures in {_PICTURES} and {_TABLE}")
    files = list_images(root, _PICTURES)
    names = [Path(file.name).stem for file in files]
    sizes = dict(zip(names, read_headers(str(root), [file.name for file in files], upright_size), strict=True))
    found = read_fixations(root / _TABLE, sizes)
    if missing := sorted(sizes.keys() - found.keys()):
        raise UsageError(f"{root / _TABLE} has no fixations of {_PICTURES}/{missing[0]} ({len(missing)} in all)")
    if len(files) < FOLDS:
        raise UsageError(f"{root} has {len(files)} pictures; five folds need at least {FOLDS}")

    size = height_and_width(resolution)
    seen = [_fitted(found[name], sizes[name], size) for name in names]
    if empty := next((name for name, each in zip(names, seen, strict=True) if not len(each)), None):
        raise UsageError(f"no fixation of {empty} is left after cropping it to {size[0]}x{size[1]}")
    deviation = DEGREE * max(size)
    held = np.zeros(len(files), bool)
    held[shuffled(len(files), 0)[fold::FOLDS]] = True

    def split(part: np.ndarray) -> Split:
        chosen = np.flatnonzero(part)
        pictures = FileImages(str(root), [files[i] for i in chosen], resolution, 3)
        return Split(pictures, None, Maps([seen[i] for i in chosen], size, deviation))

    people = Fixations(tuple(seen[i] for i in np.flatnonzero(held)), deviation)
    table = (root / _TABLE).stat()
    identity = digest(files), table.st_size, table.st_mtime_ns, fold
    return Dataset(f"fixations:{argument}", split(~held), split(held), (), people), identity


class Maps:
    """Random access to maps of attention, uint8 (height, width, 1), which are drawn when they are indexed.

    seen: the fixations of each picture, (K, 3): subject, row and column. deviation: see `fixation_maps.density`.
    """

    def __init__(self, seen: Sequence[np.ndarray], size: tuple[int, int], deviation: float):
        self._seen, self._deviation = seen, deviation
        self.shape = (len(seen), *size, 1)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        _, height, width, _ = self.shape
        return gray(density(self._seen[index][:, 1:], height, width, self._deviation))

    def parts(self) -> Iterator[Part]:
        """All fixations."""
        yield from self._seen


def read_fixations(path: Path, sizes: dict[str, tuple[int, int]]) -> dict[str, np.ndarray]:
    """The fixations in the table at `path` by picture, float64 (K, 3): subject (numbered), row and column in pixels.

    sizes: the width and height of each picture by its name. Raises UsageError as `fixations` does.
    """
    found: dict[str, list[tuple[float, float, float]]] = {}
    subjects: dict[str, int] = {}
    try:
        with path.open(newline="", encoding="utf-8") as file:
            rows = csv.DictReader(file)
            if missing := [name for name in _COLUMNS if name not in (rows.fieldnames or ())]:
                raise UsageError(f"{path} has no column {missing[0]}; it has {', '.join(rows.fieldnames or ())}")
            for row in rows:
                where = f"{path}, line {rows.line_num}"
                name = row["image"]
                if name not in sizes:
                    raise UsageError(f"{where}: there is no picture {name!r} in {_PICTURES}")
                x, y = (_number(row[axis], axis, where) for axis in ("x", "y"))
                width, height = sizes[name]
                if not (0 <= x < width and 0 <= y < height):
                    raise UsageError(f"{where}: the fixation ({x:g}, {y:g}) is outside of {name}, {width}x{height}")
                subject = subjects.setdefault(row["subject"], len(subjects))
                found.setdefault(name, []).append((subject, y, x))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"cannot read {path}: {error}") from error
    return {name: np.array(each) for name, each in found.items()}


def _number(text: str | None, column: str, where: str) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UsageError(f"{where}: {column} is {text!r}, which is not a number")
    return value


def _fitted(seen: np.ndarray, size: tuple[int, int], fitted: tuple[int, int]) -> np.ndarray:
    """The fixations after the picture, of this (width, height), is resized and cropped to (height, width) `fitted`."""
    width, height = size
    high, wide = fitted
    scale = max(high / height, wide / width)  # as `pixels.fit` covers the result, and crops about the centre
    rows = (seen[:, 1] - height / 2) * scale + high / 2
    columns = (seen[:, 2] - width / 2) * scale + wide / 2
    inside = (rows >= 0) & (rows < high) & (columns >= 0) & (columns < wide)
    return np.stack([seen[:, 0], rows, columns], 1)[inside]


def _fold(argument: str) -> tuple[str, int]:
    path, at, fold = argument.rpartition("@")
    if not at or not fold.isdigit():
        return argument, 0
    if int(fold) >= FOLDS:
        raise UsageError(f"fixations:{argument}: there are the folds 0 to {FOLDS - 1}, not {fold}")
    return path, int(fold)
