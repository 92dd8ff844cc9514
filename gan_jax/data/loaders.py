"""The kinds of dataset that a spec can name: how each is written, what it holds and how it is loaded.

A loader imports its source when it is called. Some sources take seconds to import, and the others do not need them.
"""

from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from gan_jax.data.dataset import Dataset, Resolution

# A dataset, and what its images depend on besides the resolution. That is None if its images are quick to make: they
# are then not cached.
Loaded = tuple[Dataset, object]


class Group(Enum):
    """Headings of the help."""

    IMAGES = "Images"
    POINTS = "Points in the plane"
    VOLUMES = "Volumes"
    TEXTS = "Texts"
    TABLES = "Rows of a table"
    TRANSLATION = "Images with targets, for translation"
    DERIVED = "Made from another dataset"


class Request(NamedTuple):
    """What a loader is asked for.

    argument: the part of the spec after the first colon, or "" if there is no colon.
    resolution, data_dir: as in `load`.
    load: loads another dataset by its spec, with the same arguments otherwise.
    """

    argument: str
    resolution: Resolution
    data_dir: Path | str | None
    load: Callable[[str], Dataset]

    def base(self) -> Dataset:
        """The dataset that the argument names."""
        return self.load(self.argument)


class Loader(NamedTuple):
    """A kind of dataset.

    form: how users write it, either "name" or "name:PLACEHOLDER".
    group: the heading that the help lists it under.
    help: one or two sentences that say what it holds.
    load: loads it. Raises UsageError if it cannot be used.
    """

    form: str
    group: Group
    help: str
    load: Callable[[Request], Loaded]

    @property
    def name(self) -> str:
        return self.form.partition(":")[0]

    @property
    def takes_argument(self) -> bool:
        return ":" in self.form

    def accepts(self, spec: str) -> bool:
        """Whether `spec` has this form."""
        name, _, argument = spec.partition(":")
        return name == self.name and argument != "" if self.takes_argument else spec == self.form


def _digits(request: Request) -> Loaded:
    from gan_jax.data.sources.digits import digits

    return digits(request.resolution), None


def _glyphs(request: Request) -> Loaded:
    from gan_jax.data.sources.glyphs import FONTS, glyphs

    return glyphs(request.resolution), FONTS


def _styled_glyphs(request: Request) -> Loaded:
    from gan_jax.data.sources.glyphs import FONTS, styled_glyphs

    return styled_glyphs(request.argument, request.resolution), FONTS


def _ring(request: Request) -> Loaded:
    from gan_jax.data.sources.mixtures import RING, mixture_dataset

    return mixture_dataset("ring", RING), None


def _grid(request: Request) -> Loaded:
    from gan_jax.data.sources.mixtures import GRID, mixture_dataset

    return mixture_dataset("grid", GRID), None


def _swissroll(request: Request) -> Loaded:
    from gan_jax.data.sources.swissroll import swissroll

    return swissroll(), None


def _stacked(request: Request) -> Loaded:
    from gan_jax.data.derived.stacked import stacked

    return stacked(request.base()), None


def _tfds(request: Request) -> Loaded:
    from gan_jax.data.sources.tfds import tfds

    return tfds(request.argument, request.resolution, request.data_dir)


def _folder(request: Request) -> Loaded:
    from gan_jax.data.sources.folder import folder

    return folder(request.argument, request.resolution)


def _npz(request: Request) -> Loaded:
    from gan_jax.data.sources.npz import npz

    return npz(request.argument, request.resolution)


def _scenes(request: Request) -> Loaded:
    from gan_jax.data.sources.scenes import scenes

    return scenes(request.resolution), None


def _popout(request: Request) -> Loaded:
    from gan_jax.data.sources.popout import popout

    return popout(request.resolution), None


def _fixations(request: Request) -> Loaded:
    from gan_jax.data.sources.fixations import fixations

    return fixations(request.argument, request.resolution)


def _shapes(request: Request) -> Loaded:
    from gan_jax.data.sources.shapes import shapes

    return shapes(request.resolution), None


def _voxels(request: Request) -> Loaded:
    from gan_jax.data.sources.voxels import voxels

    return voxels(request.argument, request.resolution), None


def _grammar(request: Request) -> Loaded:
    from gan_jax.data.sources.grammar import grammar

    return grammar(request.resolution), None


def _text(request: Request) -> Loaded:
    from gan_jax.data.sources.text_file import text_file

    return text_file(request.argument, request.resolution), None


def _nsl_kdd(request: Request) -> Loaded:
    from gan_jax.data.sources.nsl_kdd import nsl_kdd

    return nsl_kdd(request.argument), None


def _anomalies(request: Request) -> Loaded:
    from gan_jax.data.derived.anomalies import anomalies

    name, _, base = request.argument.partition(":")
    return anomalies(name, request.load(base)), None


def _translation_folder(layout: str) -> Callable[[Request], Loaded]:
    """The loader of a folder in one of the layouts of `sources.pairs`."""

    def load(request: Request) -> Loaded:
        from gan_jax.data.sources import pairs

        return getattr(pairs, layout)(request.argument, request.resolution)

    return load


def _reverse(request: Request) -> Loaded:
    from gan_jax.data.derived.directions import reverse

    return reverse(request.base()), None


def _shuffled(request: Request) -> Loaded:
    from gan_jax.data.derived.directions import shuffled_pairs

    return shuffled_pairs(request.base()), None


def _degraded(task: str) -> Callable[[Request], Loaded]:
    """The loader of a dataset that one of `derived.degradations` degrades."""

    def load(request: Request) -> Loaded:
        from gan_jax.data.derived import degradations

        return getattr(degradations, task)(request.base()), None

    return load


# In the order in which the message about an unknown dataset lists them.
LOADERS = (
    Loader("digits", Group.IMAGES, "Scikit-learn's 1,797 scans of handwritten digits.", _digits),
    Loader("glyphs", Group.IMAGES, "12,000 drawn letters from A to J in Matplotlib's fonts.", _glyphs),
    Loader(
        "glyphs:NAME",
        Group.IMAGES,
        "The same letters with two classes: whether the font is NAME, which is bold, slanted or serif.",
        _styled_glyphs,
    ),
    Loader("ring", Group.POINTS, "A mixture of 8 Gaussians on a circle.", _ring),
    Loader("grid", Group.POINTS, "A mixture of 25 Gaussians on a square grid.", _grid),
    Loader("swissroll", Group.POINTS, "A spiral.", _swissroll),
    Loader(
        "stacked:DATASET",
        Group.DERIVED,
        "Three gray images of DATASET as the channels of one image. DATASET needs labels.",
        _stacked,
    ),
    Loader(
        "tfds:NAME",
        Group.IMAGES,
        "A prepared dataset of TensorFlow Datasets. tfds:cycle_gan/NAME has unpaired images and targets.",
        _tfds,
    ),
    Loader("folder:PATH", Group.IMAGES, "All image files below a folder.", _folder),
    Loader("npz:PATH", Group.IMAGES, "The images in a NumPy archive.", _npz),
    Loader("shapes", Group.VOLUMES, "3,000 drawn chairs, tables, lamps, sofas and shelves.", _shapes),
    Loader(
        "voxels:PATH",
        Group.VOLUMES,
        "The volumes in a NumPy archive: its array voxels, (N, S, S, S), of zeros and ones.",
        _voxels,
    ),
    Loader("grammar", Group.TEXTS, "6,000 short sentences, drawn from a grammar with known probabilities.", _grammar),
    Loader(
        "text:PATH",
        Group.TEXTS,
        "The lines of a text file in UTF-8. Longer ones are broken between words.",
        _text,
    ),
    Loader(
        "nsl_kdd:PATH",
        Group.TABLES,
        "NSL-KDD's connections of a network, from KDDTrain+.txt or KDDTrain+_20Percent.txt and KDDTest+.txt in a "
        "folder. Training connections are the normal ones.",
        _nsl_kdd,
    ),
    Loader("scenes", Group.TRANSLATION, "1,800 drawn street fronts: label maps and pictures of them.", _scenes),
    Loader(
        "pairs:PATH",
        Group.TRANSLATION,
        "The pictures below a folder. Each holds an image on the left and its target on the right.",
        _translation_folder("pairs"),
    ),
    Loader(
        "matched:PATH",
        Group.TRANSLATION,
        "Images in the folder PATH/A and their targets in PATH/B, under the same names.",
        _translation_folder("matched"),
    ),
    Loader(
        "unpaired:PATH",
        Group.TRANSLATION,
        "Unpaired images in the folders trainA and testA of PATH, and targets in trainB and testB.",
        _translation_folder("unpaired"),
    ),
    Loader(
        "popout",
        Group.TRANSLATION,
        "600 drawn displays in which one item is odd, and maps of where simulated people look.",
        _popout,
    ),
    Loader(
        "fixations:PATH",
        Group.TRANSLATION,
        "The pictures in PATH/stimuli, and maps of where people looked by PATH/fixations.csv. PATH@K holds out another "
        "fifth, K from 0 to 4.",
        _fixations,
    ),
    Loader(
        "anomalies:CLASS:DATASET",
        Group.DERIVED,
        "DATASET without the examples of CLASS, which are the anomalies among the held-out ones.",
        _anomalies,
    ),
    Loader("reverse:DATASET", Group.DERIVED, "DATASET with images and targets exchanged.", _reverse),
    Loader(
        "shuffled:DATASET",
        Group.DERIVED,
        "DATASET without its training pairs: images and targets are drawn independently.",
        _shuffled,
    ),
    Loader(
        "colorization:DATASET",
        Group.DERIVED,
        "Gray versions of colour images. The originals are targets.",
        _degraded("colorization"),
    ),
    Loader(
        "superresolution:DATASET",
        Group.DERIVED,
        "Images at a quarter of their resolution. The originals are targets.",
        _degraded("superresolution"),
    ),
    Loader(
        "inpainting:DATASET",
        Group.DERIVED,
        "Images with a hole in the middle. The originals are targets.",
        _degraded("inpainting"),
    ),
    Loader(
        "denoising:DATASET",
        Group.DERIVED,
        "Images with Gaussian noise. The originals are targets.",
        _degraded("denoising"),
    ),
    Loader("edges:DATASET", Group.DERIVED, "Edges of images. The originals are targets.", _degraded("edges")),
)
