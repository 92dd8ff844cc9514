"""The members of a sweep: every combination of the varied settings with every seed."""

import dataclasses
import difflib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_type_hints
from urllib.parse import quote

from gan_jax.common.errors import UsageError
from gan_jax.sweeps.varied_values import Value, can_vary, parse_values
from gan_jax.training import Settings

Varied = dict[str, tuple[Value, ...]]

# JAX uses 32-bit integers by default.
_MAX_SEED = 2**31 - 1

_RECORDS = "it says what is kept of a run, and does not change its training"
_DATA = "the measures of runs on different data cannot be compared; start a sweep for each"

# Settings that cannot vary in spite of their types, and why.
_FIXED = {
    "seed": "give --seeds N for the seeds from --seed on",
    "steps": "a run passes through the steps of all shorter runs; train for the most steps",
    "dataset": _DATA,
    "resolution": _DATA,
    **dict.fromkeys(("log_every", "sample_every", "checkpoint_every", "keep"), _RECORDS),
    "steps_per_call": "it changes the speed alone",
    "init_optimizers": "members do not start from other runs",
}


@dataclass(frozen=True)
class Member:
    """One run of a sweep. `values` are the values of the varied settings."""

    seed: int
    values: dict[str, Value]

    @property
    def name(self) -> str:
        """The name of its folder."""
        return folder_name({"seed": self.seed, **self.values})

    def apply_to(self, settings: Settings) -> Settings:
        """Returns the settings of this run."""
        return dataclasses.replace(settings, **self.changes, workdir=None)

    @property
    def changes(self) -> dict[str, Any]:
        """The seed and the values of the varied settings."""
        return {"seed": self.seed, **self.values}

    @property
    def traced(self) -> dict[str, float]:
        """The seed and those values that vary inside of one compiled program, which are the numbers of type float."""
        return {"seed": self.seed, **{name: x for name, x in self.values.items() if isinstance(x, float)}}

    @property
    def compiled(self) -> dict[str, Value]:
        """The values that change the program itself: its shapes, its data or its code."""
        return {name: x for name, x in self.values.items() if not isinstance(x, float)}


def folder_name(values: Mapping[str, Value]) -> str:
    """The name of the folder for these values. Characters that cannot be in a folder's name are quoted as in URLs."""
    return ",".join(f"{name}={quote(str(value), safe=' !#$&()+:;<>@[]^{}~')}" for name, value in values.items())


def parse_varied(words: Sequence[str], config: type[Settings]) -> Varied:
    """Parses words such as `learning_rate=1e-4,2e-4`. Returns the values of each setting, in the order of the fields.

    Raises UsageError for a setting that does not exist or cannot vary, and for values that are not of its type or are
    given twice.
    """
    kinds, varied = get_type_hints(config), {}
    for word in words:
        name, _, given = word.partition("=")
        name = name.strip().replace("-", "_")
        _check_can_vary(name, config, kinds)
        if name in varied:
            raise UsageError(f"--vary {name} is given twice; give all its values at once: {name}=V1,V2")
        varied[name] = parse_values(name, given, kinds[name])
    return {field.name: varied[field.name] for field in dataclasses.fields(config) if field.name in varied}


def plan(settings: Settings, seeds: int, varied: Varied) -> list[Member]:
    """Returns the members: every combination of values, in order, with the `seeds` seeds from `settings.seed` on.

    Raises UsageError for fewer than one seed, and for seeds above 2^31 - 1.
    """
    if seeds < 1:
        raise UsageError(f"--seeds must be at least 1, not {seeds}")
    if settings.seed + seeds - 1 > _MAX_SEED:
        raise UsageError(f"the seeds of a sweep go up to {_MAX_SEED}, not {settings.seed + seeds - 1}")
    return [
        Member(settings.seed + i, dict(zip(varied, values, strict=True)))
        for values in itertools.product(*varied.values())
        for i in range(seeds)
    ]


def populations(members: Sequence[Member]) -> list[list[Member]]:
    """Returns the members that one compiled program can train, for each program, in order."""
    groups: dict[tuple, list[Member]] = {}
    for member in members:
        groups.setdefault(tuple(member.compiled.values()), []).append(member)
    return list(groups.values())


def _check_can_vary(name: str, config: type[Settings], kinds: Mapping[str, Any]) -> None:
    names = [field.name for field in dataclasses.fields(config)]
    free = [field for field in names if field not in _FIXED and can_vary(kinds[field])]
    if name not in names:
        near = difflib.get_close_matches(name, free, n=1) or difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"settings that can vary: {', '.join(free)}"
        raise UsageError(f"--vary {name!r}: the experiment has no such setting; {hint}")
    if name in _FIXED:
        raise UsageError(f"--vary {name}: {_FIXED[name]}")
    if name not in free:
        kind = getattr(kinds[name], "__name__", str(kinds[name]))
        raise UsageError(
            f"--vary {name}: it is of type {kind}, which cannot vary; settings that can: {', '.join(free)}"
        )
