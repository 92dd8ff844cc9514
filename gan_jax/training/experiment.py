"""An experiment: a Python file, anywhere on disk, that defines `Config` and `build`.

@dataclass(frozen=True, kw_only=True)
class Config(Settings): ...                       # its fields become the command's flags

def build(config: Config, data: DataInfo) -> Game: ...
"""

import importlib.metadata
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from gan_jax.common.errors import UsageError
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.training.settings import Settings


@dataclass(frozen=True)
class Experiment:
    """An experiment that has been loaded.

    name: of its file, without suffix. path: of its file. source: its text. doc: its docstring.
    modules: the text of every module that it imported and that is not installed, by a path such as "losses.py" or
        "lab/losses.py".
    """

    name: str
    path: Path
    source: str
    config: type[Settings]
    build: Callable[[Any, DataInfo], Game]
    doc: str
    modules: Mapping[str, str]


def load_experiment(path: Path, source: str | None = None, beside: Sequence[Path] = ()) -> Experiment:
    """The experiment in the file at `path`, or in `source` as if it stood there.

    Modules beside the file can be imported by it; they are looked for in the folders `beside` if these are given.
    Raises UsageError where the file is missing or not an experiment.
    """
    if source is None:
        source = _read(path)
    try:
        code = compile(source, str(path), "exec")
    except SyntaxError as error:
        raise UsageError(f"{path}, line {error.lineno}: {error.msg}") from None
    module = ModuleType("gan_jax_experiment")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # where dataclasses and tyro look up the annotations
    with _importing_from(beside or [path.parent]) as imported:
        try:
            exec(code, module.__dict__)
        except Exception as error:
            lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
            where = f", line {lines[-1]}" if lines else ""
            raise UsageError(f"{path}{where}: {type(error).__name__}: {error}") from error

    config: Any = getattr(module, "Config", None)
    build: Any = getattr(module, "build", None)
    if not (isinstance(config, type) and issubclass(config, Settings)):
        raise UsageError(f"{path} defines no class Config that extends gan_jax.training.Settings")
    if not callable(build):
        raise UsageError(f"{path} defines no function build(config, data) that returns a Game")
    return Experiment(path.stem, path, source, config, module.build, (module.__doc__ or "").strip(), imported)


# The names of the modules that the experiment loaded last has imported and that are not installed.
_beside: set[str] = set()


@contextmanager
def _importing_from(folders: Sequence[Path]) -> Iterator[dict[str, str]]:
    """While inside, modules in these folders can be imported; afterwards, the text of those that were."""
    # Imported anew: they may have changed since, or another experiment has other modules of the same names.
    for name in _beside:
        sys.modules.pop(name, None)
    _beside.clear()
    before, sys_path, kept = set(sys.modules), list(sys.path), {}
    sys.path[:0] = [str(folder.resolve()) for folder in folders]
    try:
        yield kept
    finally:
        sys.path[:] = sys_path
        for name in sys.modules.keys() - before:
            file = getattr(sys.modules[name], "__file__", None)
            if file and file.endswith(".py") and not _is_installed(name, Path(file)):
                _beside.add(name)
                parts = [*name.split("."), "__init__"] if hasattr(sys.modules[name], "__path__") else name.split(".")
                kept["/".join(parts) + ".py"] = Path(file).read_text()


def _is_installed(name: str, file: Path) -> bool:
    """Whether a module belongs to Python, to an installed package or to this one."""
    top = name.partition(".")[0]
    roots = {Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib", "purelib", "platlib")}
    if top in sys.stdlib_module_names or top == __name__.partition(".")[0]:
        return True
    if any(root in file.resolve().parents for root in roots):
        return True
    return top in importlib.metadata.packages_distributions()  # installed in place


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        beside = sorted(p.name for p in path.parent.glob("*.py")) if path.parent.is_dir() else []
        hint = f"; {path.parent} has {', '.join(beside)}" if beside else ""
        raise UsageError(f"no experiment file {path}{hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the experiment {path}: {error}") from None
