"""Compatibility with run folders of versions before 0.2, so that they can be sampled, evaluated and resumed.

Version 0.2 renamed modules, arguments, settings and entries of the memory. A run folder contains the code of its
experiment, which uses the old names. This module maps them to the new ones. Other code should be updated by hand.
"""

import functools
import importlib
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import numpy as np

# The modules that experiments import, from old names to new ones.
_MODULES = {
    "ada": "augmentation",
    "ada_transforms": "augmentation.ada_transforms",
    "checks": "common.checks",
    "classification": "regularizers",
    "diffaugment": "augmentation",
    "divergences": "objectives",
    "errors": "common.errors",
    "games.began": "recipes",
    "games.cyclegan": "recipes",
    "games.gan": "recipes",
    "games.pix2pix": "recipes",
    "information": "regularizers",
    "instance_noise": "augmentation",
    "latents": "networks.latents",
    "networks.attention": "networks.layers",
    "networks.conditioning": "networks.layers",
    "networks.convolution": "networks.ops",
    "networks.heads": "networks.layers",
    "networks.initializers": "networks.layers.initializers",
    "networks.noise": "networks.layers",
    "networks.normalization": "networks.layers",
    "networks.resizing": "networks.ops",
    "networks.sets": "networks.layers",
    "networks.translation": "networks.cyclegan_resnet",
    "optimizers": "game",
    "parallel": "common.parallel",
    "populations": "game",
    "rounds": "game",
    "settings": "training.settings",
    "unrolling": "game",
}
_PACKAGES = {"games"}

# The arguments of functions, from old names to new ones.
_ARGUMENTS = {
    "gan": {"round": "dynamics", "discriminator_steps": "discriminator_updates"},
    "cyclegan": {"history_size": "pool_size"},
}
_SETTINGS = {"steps_per_dispatch": "steps_per_call"}
_MEMORY = {"history_A": "pool_A", "history_B": "pool_B"}


def understand_old_names() -> None:
    """Makes the old names of modules importable from now on."""
    if not any(isinstance(finder, _OldNames) for finder in sys.meta_path):
        sys.meta_path.append(_OldNames())  # it comes last, for names that no other finder knows


def upgrade_settings(values: dict[str, Any]) -> dict[str, Any]:
    """Returns the settings of a config.json by their new names."""
    return {_SETTINGS.get(name, name): value for name, value in values.items()}


def upgrade_checkpoint(saved: dict[tuple[str, ...], Any], wanted: Iterable[tuple[str, ...]]) -> dict:
    """Returns the arrays of a checkpoint by their new names.

    The memory of lazy regularizers now has the number that they last logged. It is 0 until they are next applied.
    """
    upgraded = {tuple(_MEMORY.get(part, part) for part in name): array for name, array in saved.items()}
    for name in wanted:
        *above, last = name
        if name in upgraded or name[0] != "memory":
            continue
        if last == "last":
            upgraded[name] = np.zeros((), np.float32)
        elif "inner" in above:
            old = tuple(part for part in name if part != "inner")
            if old in upgraded:
                upgraded[name] = upgraded.pop(old)
    return upgraded


class _OldNames(MetaPathFinder, Loader):
    """Imports modules under their old names, with the contents of the new ones."""

    def find_spec(self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None) -> Any:
        package, _, name = fullname.partition(".")
        if package != "gan_jax" or name not in _MODULES.keys() | _PACKAGES:
            return None
        return ModuleSpec(fullname, self, is_package=name in _PACKAGES)

    def exec_module(self, module: ModuleType) -> None:
        name = module.__name__.partition(".")[2]
        if name in _PACKAGES:
            return
        found = vars(importlib.import_module(f"gan_jax.{_MODULES[name]}"))
        public = {key: value for key, value in found.items() if not key.startswith("__")}
        renamed = {key: _with_old_arguments(public[key], new) for key, new in _ARGUMENTS.items() if key in public}
        vars(module).update(public | renamed)


def _with_old_arguments(function: Callable, names: dict[str, str]) -> Callable:
    @functools.wraps(function)
    def renamed(*arguments: Any, **options: Any) -> Any:
        return function(*arguments, **{names.get(name, name): value for name, value in options.items()})

    return renamed
