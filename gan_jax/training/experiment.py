"""An experiment: a Python file, anywhere on disk, that defines `Config` and `build`.

@dataclass(frozen=True, kw_only=True)
class Config(Settings): ...                       # its fields become flags of the command

def build(config: Config, data: DataInfo) -> Game: ...
"""

import difflib
import importlib.metadata
import sys
import sysconfig
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.machinery import (
    EXTENSION_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    SourceFileLoader,
)
from pathlib import Path
from types import ModuleType
from typing import Any

from gan_jax.common.errors import UsageError
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.training.settings import Settings


@dataclass(frozen=True)
class Experiment:
    """A loaded experiment.

    name: the name of its file without suffix.
    path: the path of its file.
    source: the text of its file.
    config, build: its `Config` and `build`.
    doc: its docstring.
    modules: the text of every imported module that is not installed, by a path such as "losses.py" or "lab/losses.py".
    """

    name: str
    path: Path
    source: str
    config: type[Settings]
    build: Callable[[Any, DataInfo], Game]
    doc: str
    modules: Mapping[str, str]


def load_experiment(path: Path, source: str | None = None, beside: Sequence[Path] = ()) -> Experiment:
    """Loads the experiment in the file at `path`, or the text `source` as if it were that file.

    The experiment can import modules from the folder of the file, or from the folders `beside` if they are given.
    Raises UsageError if the file is missing or is not an experiment.
    """
    if source is None:
        source = _read(path)
    try:
        code = compile(source, str(path), "exec")
    except SyntaxError as error:
        raise UsageError(f"{path}, line {error.lineno}: {error.msg}") from None
    module = ModuleType("gan_jax_experiment")
    module.__file__ = str(path)
    sys.modules[module.__name__] = module  # dataclasses and tyro look up annotations there
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


# The names of the modules that the last experiment imported and that are not installed.
_beside: set[str] = set()


# The folders of this package, of Python's own modules and of installed packages.
_ROOTS = {Path(__file__).resolve().parents[1]} | {
    Path(sysconfig.get_path(kind)).resolve() for kind in ("stdlib", "platstdlib", "purelib", "platlib")
}


class _UncachedLoader(SourceFileLoader):
    """Compiles a module from its text. Bytecode would lie in run folders, and hide changes within a second."""

    def get_code(self, fullname: str) -> Any:
        path = self.get_filename(fullname)
        return self.source_to_code(self.get_data(path), path)


@contextmanager
def _importing_from(folders: Sequence[Path]) -> Iterator[dict[str, str]]:
    """Makes modules in these folders importable. Yields a dictionary that is filled with their texts on exit."""
    folders = [folder.resolve() for folder in folders]
    offered = {path.stem for folder in folders if folder.is_dir() for path in folder.iterdir()} - {"__main__"}
    # They are imported again, since they may have changed, or other modules with the same names may have been imported.
    other = {name for name in sys.modules if name.partition(".")[0] in offered and not _is_installed(name, folders)}
    for name in _beside | other:
        sys.modules.pop(name, None)
    _beside.clear()

    def is_beside(path: str) -> bool:
        folder = Path(path).resolve()
        within = {folder, *folder.parents}
        return not within.isdisjoint(folders) and within.isdisjoint(_ROOTS)

    def find_in(path: str) -> FileFinder:
        if not is_beside(path):
            raise ImportError(path)
        return FileFinder(path, (_UncachedLoader, SOURCE_SUFFIXES), (ExtensionFileLoader, EXTENSION_SUFFIXES))

    def forget_finders() -> None:
        for path in filter(is_beside, list(sys.path_importer_cache)):
            del sys.path_importer_cache[path]

    before, sys_path, kept = set(sys.modules), list(sys.path), {}
    forget_finders()
    sys.path[:0] = map(str, folders)
    sys.path_hooks.insert(0, find_in)
    try:
        yield kept
    finally:
        sys.path[:] = sys_path
        sys.path_hooks.remove(find_in)
        forget_finders()
        for name in _not_installed(sys.modules.keys() - before, folders):
            _beside.add(name)
            parts = [*name.split("."), "__init__"] if hasattr(sys.modules[name], "__path__") else name.split(".")
            file = _file(name)
            if file and file.suffix == ".py":  # it is a folder for a package without __init__.py
                kept["/".join(parts) + ".py"] = file.read_text()


def _not_installed(names: Set[str], folders: Sequence[Path]) -> list[str]:
    """Those of the imported modules that are not installed. A package's modules are what the package itself is."""
    tops = {name: name.partition(".")[0] for name in names}
    installed = {top: _is_installed(top, folders) for top in set(tops.values()) if top in sys.modules}
    return sorted(name for name, top in tops.items() if not installed.get(top, True))


def _is_installed(name: str, folders: Sequence[Path]) -> bool:
    """Whether an imported module belongs to Python, to an installed package or to this package.

    Modules in `folders` do not, regardless of their names.
    """
    top, file = name.partition(".")[0], _file(name)
    if file is None or not _ROOTS.isdisjoint([file.resolve(), *file.resolve().parents]):
        return True
    if any(folder in file.parents for folder in folders):
        return False
    return top in sys.stdlib_module_names or top in importlib.metadata.packages_distributions()  # an editable install


def _file(name: str) -> Path | None:
    """Returns the file of an imported module, the folder of a package without __init__.py, or None without either."""
    module = sys.modules[name]
    file = getattr(module, "__file__", None) or next(iter(getattr(module, "__path__", None) or ()), None)
    return Path(file) if file else None


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        raise UsageError(f"no experiment file {path}{_hint(path)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the experiment {path}: {error}") from None


def _hint(path: Path) -> str:
    """Where the missing file `path` may be: beside it, or in a folder beside it."""
    beside = sorted(other.name for other in path.parent.glob("*.py"))
    if beside:
        return f"; {path.parent} has {', '.join(beside)}"
    below = {other.name: other for other in sorted(path.parent.glob("*/*.py"))}
    near = difflib.get_close_matches(path.name, below, n=1)
    return f"; did you mean {below[near[0]]}?" if near else ""
