"""Reading an export. It holds no Python code, and everything in it is checked, so it need not be trusted."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import jax
import jax.numpy as jnp
import numpy as np
import safetensors
import safetensors.numpy
from jax import export
from jax.custom_batching import sequential_vmap

from gan_jax.common.errors import UsageError
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.inference import decode, make_translator, of_class, sample_images
from gan_jax.sharing.manifest import NAME, Manifest, file_of, read_bytes, read_manifest
from gan_jax.sharing.names import by_name, by_path, nested
from gan_jax.sharing.programs import GENERATOR, LATENTS, Program, UnsafeProgram, call_in_parts, check_safe

WEIGHTS = "model.safetensors"

# Programs hold no weights, so they are small.
_MOST_BYTES_OF_A_PROGRAM = 2**26
_MOST_BYTES_OF_WEIGHTS = 2**38


@dataclass(frozen=True)
class Exported:
    """An export that was read: its folder, what it is, its weights by name, and its programs by name.

    `restore` gives a game, so that it can stand where a `Run` is sampled or translates.
    """

    folder: Path
    manifest: Manifest
    weights: dict[str, np.ndarray]
    programs: dict[str, Program]

    @property
    def info(self) -> DataInfo:
        """The shapes and classes of the data."""
        return self.manifest.info

    @property
    def embedded_dataset(self) -> str | None:
        """The name of the training data if they are made by this package, such as "ring".

        None for data that lie in files. No path that an export names is followed.
        """
        name = self.manifest.settings.get("dataset")
        return name if isinstance(name, str) and name.isidentifier() else None

    def restore(self, checkpoint: int | Literal["best"] | None = None) -> tuple[Game, int, dict[str, Any]]:
        """Returns the game, the step (0 if it is not known) and the networks, as `Run.restore` does.

        The game cannot be trained: it has no players. Raises UsageError if `checkpoint` is another step than the
        export's.
        """
        step = self.manifest.step or 0
        if checkpoint not in (None, self.manifest.step):
            raise UsageError(f"{self.folder} is an export of step {step}, and has no checkpoint {checkpoint}")
        return self.game, step, self.networks

    @cached_property
    def networks(self) -> dict[str, Any]:
        """The weights as `Game.sample` takes them, on the device."""
        return jax.tree.map(jnp.asarray, nested(self.weights))

    @cached_property
    def game(self) -> Game:
        """A game whose latents, samples and translations are those of the programs."""
        if self.manifest.translates:
            return Game((), no_training, translate={way: self._translation(way) for way in self.programs})
        classes = len(self.info.classes) if self.manifest.conditional else None
        return Game((), no_training, latents=self._latents, sample=self._sample, classes=classes)

    def sample(self, count: int, seed: int, label: int | None = None) -> np.ndarray:
        """Draws samples: images uint8 (count, H, W, C) or points float32 (count, D), those of the run with this seed.

        label: the class of all of them. By default they go through the classes in turn, if there are any.

        Raises ValueError for an export that translates, and for a label that it does not have.
        """
        if label is not None and not 0 <= label < len(self.info.classes):
            raise ValueError(f"its classes are 0 to {len(self.info.classes) - 1}, and {label} is none of them")
        game = self.game if label is None else of_class(self.game, label)
        return sample_images(game, self.networks, count, seed)

    def decode(self, latents: Any) -> np.ndarray:
        """Maps latents (count, L), or (latents, labels) of a conditional game, to what `sample` returns."""
        return decode(self.game, self.networks, latents)

    def translate(self, images: np.ndarray, direction: str = "AtoB", seed: int = 1) -> np.ndarray:
        """Translates images uint8 (N, H, W, C) to images uint8 (N, H', W', C').

        Raises ValueError for a direction or for sides of images that it does not have.
        """
        return make_translator(self.game, self.networks, direction, seed)(images)

    def _latents(self, key: jax.Array, count: int) -> Any:
        program = self.programs[LATENTS]
        most = program.sizes.count
        if most is not None and count > most:
            raise ValueError(f"the program draws {most} latents at most, not {count}")

        @sequential_vmap  # an exported program cannot be mapped
        def draw(data: jax.Array) -> Any:
            return program.exported.call(data, jnp.arange(most or count, dtype=jnp.int32))

        return jax.tree.map(lambda x: x[:count], draw(jax.random.key_data(key)))

    def _sample(self, networks: dict[str, Any], latents: Any) -> jax.Array:
        program, weights = self.programs[GENERATOR], by_name(networks)
        count = len(jax.tree.leaves(latents)[0])
        return call_in_parts(program, lambda rows, _: program.exported.call(weights, rows), latents, count)

    def _translation(self, way: str):
        program = self.programs[way]

        def translate(networks: dict[str, Any], images: jax.Array, key: jax.Array) -> jax.Array:
            count, height, width, _ = images.shape
            program.sizes.check(height, width)
            weights = by_name(networks)

            def call(rows: jax.Array, part: int) -> jax.Array:
                own = jax.random.fold_in(key, part) if part else key  # each part has noise of its own
                return program.exported.call(weights, rows, jax.random.key_data(own))

            return call_in_parts(program, call, images, count)

        return translate


def is_export(folder: Path) -> bool:
    """Whether `folder` seems to be an export: it has a model.json.

    >>> sharing.is_export(Path("runs/dcgan_digits"))  # there is no such folder
    False
    >>> Path("exported").mkdir()
    >>> Path("exported/model.json").touch()
    >>> sharing.is_export(Path("exported"))
    True
    """
    return (folder / NAME).exists()


def load_export(folder: Path) -> Exported:
    """Reads the export in `folder`, and checks all of it.

    No code in it is run: it has none but StableHLO, and a program that calls anything outside of it is refused. No path
    in it is followed.

    Raises UsageError, which says what is wrong, for a folder that is no export, is damaged, or is not safe.
    """
    folder = Path(folder)
    if not is_export(folder):
        raise UsageError(f"{folder} is not an export: it has no {NAME}")
    manifest = read_manifest(folder)
    weights = _read_weights(folder)
    programs = {}
    for name, sizes in manifest.programs.items():
        exported = _read_program(folder / file_of(name), manifest.digests[name])
        programs[name] = Program(exported, sizes)
    try:
        _check(manifest, weights, programs)
    except ValueError as error:
        raise UsageError(f"{folder} does not fit together: {error}") from error
    return Exported(folder, manifest, weights, programs)


def weights(folder: Path) -> dict[tuple[str, ...], np.ndarray]:
    """Reads the weights of an export by their paths, such as ("generator", "params", "Conv_0", "kernel").

    They are of all players, and averages where the run had them. Raises UsageError if they cannot be read.
    """
    if not is_export(folder):
        raise UsageError(f"{folder} is not an export: it has no {NAME}")
    read_manifest(folder)
    return by_path(_read_weights(folder))


def no_training(key: jax.Array) -> Any:
    """The `init` of a game without players."""
    raise ValueError("an export cannot be trained. Start a run from it by --init-from")


def _read_weights(folder: Path) -> dict[str, np.ndarray]:
    path = folder / WEIGHTS
    data = read_bytes(path, _MOST_BYTES_OF_WEIGHTS)
    try:
        found = safetensors.numpy.load(data)
        nested(found)  # the names are paths
    except (safetensors.SafetensorError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"cannot read {path}: it is no file of weights, or is damaged ({error})") from error
    return dict(sorted(found.items()))


def _read_program(path: Path, digest: str) -> export.Exported:
    data = read_bytes(path, _MOST_BYTES_OF_A_PROGRAM)
    if hashlib.sha256(data).hexdigest() != digest:
        raise UsageError(f"cannot read {path}: it is damaged, or is another program than {NAME} says")
    try:
        exported = export.deserialize(bytearray(data))
        check_safe(exported)
    except UnsafeProgram as error:
        raise UsageError(f"{path} is refused: {error}") from error
    except Exception as error:  # the parsers of FlatBuffers and MLIR, which can raise anything for a damaged file
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise UsageError(f"cannot read {path}: it is no program, or is damaged ({reason[:200]})") from error
    if jax.default_backend() not in _platforms(exported):
        raise UsageError(f"{path} is a program for {', '.join(exported.platforms)}, not {jax.default_backend()}")
    return exported


def _platforms(exported: export.Exported) -> set[str]:
    return {"gpu" if name in ("cuda", "rocm") else name for name in exported.platforms}


def _check(manifest: Manifest, weights: Mapping[str, np.ndarray], programs: Mapping[str, Program]) -> None:
    """Raises ValueError unless the programs take the weights and make what model.json says."""
    key, info = jax.ShapeDtypeStruct((2,), jnp.uint32), manifest.info
    given = {name: jax.ShapeDtypeStruct(x.shape, x.dtype) for name, x in weights.items()}
    if not manifest.translates:
        latents = _latents_of(manifest, programs[LATENTS], programs[GENERATOR].sizes.count or 2)
        _check_made(GENERATOR, programs[GENERATOR], (given, latents), info.example_shape)
        return
    there = info.translation_shapes
    for way, program in programs.items():
        source, target = there if way == "AtoB" else there[::-1]
        sizes = program.sizes
        sides = sizes.height or max(sizes.least, sizes.multiple), sizes.width or max(sizes.least, sizes.multiple)
        images = jax.ShapeDtypeStruct((sizes.count or 2, *sides, source[2]), jnp.float32)
        _check_made(way, program, (given, images, key), (None, None, target[2]))


def _latents_of(manifest: Manifest, program: Program, count: int) -> Any:
    """The shapes of `count` latents."""
    positions = jax.ShapeDtypeStruct((program.sizes.count or count,), jnp.int32)
    drawn = _shapes_of(LATENTS, program, (jax.ShapeDtypeStruct((2,), jnp.uint32), positions))
    if manifest.conditional and not (isinstance(drawn, tuple) and len(drawn) == 2):
        raise ValueError("it is conditional, and its latents have no labels")
    return jax.tree.map(lambda x: jax.ShapeDtypeStruct((count, *x.shape[1:]), x.dtype), drawn)


def _check_made(name: str, program: Program, inputs: tuple, shape: tuple[int | None, ...]) -> None:
    """Raises ValueError unless a program makes examples of this shape, in which None is any size."""
    made = _shapes_of(name, program, inputs)
    right = (program.sizes.count or 2, *shape)
    fits = isinstance(made, jax.ShapeDtypeStruct) and made.dtype == jnp.float32 and len(made.shape) == len(right)
    if not fits or any(side not in (None, own) for side, own in zip(right, made.shape, strict=True)):
        raise ValueError(f"the program {name} makes {made}, not what {NAME} says")


def _shapes_of(name: str, program: Program, inputs: tuple) -> Any:
    """The shapes of what a program makes of inputs of these shapes."""
    try:
        return jax.eval_shape(program.exported.call, *inputs)
    except (TypeError, ValueError) as error:
        raise ValueError(f"the program {name} takes something else ({str(error).splitlines()[0][:200]})") from error
