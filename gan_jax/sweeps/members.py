"""The members of a sweep: every combination of the varied settings with every seed."""

import dataclasses
import difflib
import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from gan_jax.common.errors import UsageError
from gan_jax.training import Settings

Varied = dict[str, tuple[float, ...]]

# JAX uses 32-bit integers by default.
_MAX_SEED = 2**31 - 1


@dataclass(frozen=True)
class Member:
    """One run of a sweep. `values` are the values of the varied settings."""

    seed: int
    values: dict[str, float]

    @property
    def name(self) -> str:
        """The name of its folder."""
        return ",".join(f"{name}={value}" for name, value in {"seed": self.seed, **self.values}.items())

    def apply_to(self, settings: Settings) -> Settings:
        """Returns the settings of this run."""
        return dataclasses.replace(settings, **self.changes, workdir=None)

    @property
    def changes(self) -> dict[str, Any]:
        """The seed and the values of the varied settings."""
        return {"seed": self.seed, **self.values}


def parse_varied(words: Sequence[str], config: type[Settings]) -> Varied:
    """Parses words such as `learning_rate=1e-4,2e-4`. Returns the values of each setting, in the order of the fields.

    Raises UsageError for a setting that does not exist or cannot vary inside one compiled program, and for values that
    are not numbers or are given twice.
    """
    varied: Varied = {}
    for word in words:
        name, _, given = word.partition("=")
        name = name.strip().replace("-", "_")
        _check_can_vary(name, config)
        if name in varied:
            raise UsageError(f"--vary {name} is given twice; give all its values at once: {name}=V1,V2")
        varied[name] = _numbers(name, given)
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


def _check_can_vary(name: str, config: type[Settings]) -> None:
    kinds = get_type_hints(config)
    names = [field.name for field in dataclasses.fields(config)]
    floats = [field for field in names if _is_float(kinds[field])]
    allowed = f"settings that can vary: {', '.join(floats)}" if floats else "no setting of this experiment can vary"
    if name not in names:
        near = difflib.get_close_matches(name, floats, n=1) or difflib.get_close_matches(name, names, n=1)
        hint = f"did you mean {near[0]}?" if near else allowed
        raise UsageError(f"--vary {name!r}: the experiment has no such setting; {hint}")
    if name == "seed":
        raise UsageError("--vary seed: give --seeds N for the seeds from --seed on")
    if name not in floats:
        kind = getattr(kinds[name], "__name__", str(kinds[name]))
        raise UsageError(
            f"--vary {name}: it is of type {kind}, and settings that are not float change the compiled program itself "
            f"(its shapes, its data or its length), so each value needs a separate run; {allowed}"
        )


def _is_float(kind: Any) -> bool:
    if get_origin(kind) in (Union, UnionType):
        return set(get_args(kind)) == {float, NoneType}
    return kind is float


def _numbers(name: str, given: str) -> tuple[float, ...]:
    values = []
    for text in given.split(","):
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            what = f"{text.strip()!r} is not a number" if text.strip() else "a value is missing"
            raise UsageError(f"--vary {name}={given}: {what}; give {name}=V1,V2,...")
        if value in values:
            raise UsageError(f"--vary {name}={given}: {value} is given twice")
        values.append(value)
    return tuple(values)
