"""Run folders that versions before 0.2 wrote: they are sampled, evaluated and resumed as they are.

Version 0.2 gave modules, arguments, settings and entries of the memory other names. A run folder keeps its experiment's
code, which uses the old ones. Here they are understood; code of one's own is better brought up to date by hand.
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

# By their old names, the modules that experiments import.
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

# By function, the old names of arguments and their new ones.
_ARGUMENTS = {
    "gan": {"round": "dynamics", "discriminator_steps": "discriminator_updates"},
    "cyclegan": {"history_size": "pool_size"},
}
_SETTINGS = {"steps_per_dispatch": "steps_per_call"}
_MEMORY = {"history_A": "pool_A", "history_B": "pool_B"}


def understand_old_names() -> None:
    """Lets code import the old names from now on."""
    if not any(isinstance(finder, _OldNames) for finder in sys.meta_path):
        sys.meta_path.append(_OldNames())  # last: it is asked for names that are no modules any more


def upgrade_settings(values: dict[str, Any]) -> dict[str, Any]:
    """The settings of a config.json by their new names."""
    return {_SETTINGS.get(name, name): value for name, value in values.items()}


def upgrade_checkpoint(saved: dict[tuple[str, ...], Any], wanted: Iterable[tuple[str, ...]]) -> dict:
    """A checkpoint's arrays by the names that the game has for them.

    Lazy regularizers have come to remember what they last logged; until they are applied again it is 0.
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
    """Makes modules of the old names with what is in the new ones."""

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
