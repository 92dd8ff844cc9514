"""An experiment: a Python file, anywhere on disk, that defines `Config` and `build`.

@dataclass(frozen=True, kw_only=True)
class Config(Settings): ...                       # its fields become the command's flags

def build(config: Config, data: DataInfo) -> Game: ...
"""

import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from gan_jax.data.dataset import DataInfo
from gan_jax.errors import UsageError
from gan_jax.game import Game
from gan_jax.settings import Settings


@dataclass(frozen=True)
class Experiment:
    """name: of its file, without suffix. path: of its file. source: its text. doc: its docstring."""

    name: str
    path: Path
    source: str
    config: type[Settings]
    build: Callable[[Any, DataInfo], Game]
    doc: str


def load_experiment(path: Path, source: str | None = None) -> Experiment:
    """The experiment in the file at `path`, or in `source` as if it stood there.

    Modules beside the file can be imported by it. Raises UsageError where the file is missing or not an experiment.
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
    sys.path.insert(0, str(path.parent.resolve()))
    try:
        exec(code, module.__dict__)
    except Exception as error:
        lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
        where = f", line {lines[-1]}" if lines else ""
        raise UsageError(f"{path}{where}: {type(error).__name__}: {error}") from error
    finally:
        sys.path.pop(0)

    config: Any = getattr(module, "Config", None)
    build: Any = getattr(module, "build", None)
    if not (isinstance(config, type) and issubclass(config, Settings)):
        raise UsageError(f"{path} defines no class Config that extends gan_jax.settings.Settings")
    if not callable(build):
        raise UsageError(f"{path} defines no function build(config, data) that returns a Game")
    return Experiment(path.stem, path, source, config, module.build, (module.__doc__ or "").strip())


def _read(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        beside = sorted(p.name for p in path.parent.glob("*.py")) if path.parent.is_dir() else []
        hint = f"; {path.parent} has {', '.join(beside)}" if beside else ""
        raise UsageError(f"no experiment file {path}{hint}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"cannot read the experiment {path}: {error}") from None
