"""The values of a setting that a sweep varies, as they are given on the command line and checked against its type."""

import difflib
import math
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from gan_jax.common.errors import UsageError

Value = float | int | bool | str | None

_PLAIN = (int, bool, str, NoneType)


def can_vary(kind: Any) -> bool:
    """Whether settings of this type can vary: numbers, bool, str, choices, and each of them or None."""
    alternatives = _alternatives(kind)
    if float in alternatives:  # the program has one type for all values, so they cannot be of another one too
        return set(alternatives) <= {float, NoneType}
    return all(each in _PLAIN or get_origin(each) is Literal for each in alternatives)


def parse_values(name: str, given: str, kind: Any) -> tuple[Value, ...]:
    """Returns the values in a text such as "8,16" for the setting `name` of type `kind`, for which `can_vary` holds.

    Raises UsageError for values that are not of this type, that are missing, or that are given twice.
    """
    values: list[Value] = []
    for text in map(str.strip, given.split(",")):
        try:
            value = _parse(text, kind)
        except ValueError as error:
            what = str(error) if text else "a value is missing"
            raise UsageError(f"--vary {name}={given}: {what}; give {name}=V1,V2,...") from None
        if any(value == other and type(value) is type(other) for other in values):
            raise UsageError(f"--vary {name}={given}: {value} is given twice")
        values.append(value)
    return tuple(values)


def _parse(text: str, kind: Any) -> Value:
    """Raises ValueError with what is wrong if `text` is not of this type."""
    alternatives = _alternatives(kind)
    if float in alternatives:
        return _number(text)
    if not text:
        raise ValueError("a value is missing")
    if NoneType in alternatives and text.lower() == "none":
        return None
    if bool in alternatives and text.lower() in ("true", "false"):
        return text.lower() == "true"
    choices = {str(choice): choice for each in alternatives for choice in get_args(each)}
    if text in choices:
        return choices[text]
    if int in alternatives and text.removeprefix("-").isdecimal():
        return int(text)
    if str in alternatives:
        return text
    near = difflib.get_close_matches(text, choices, n=1)
    raise ValueError(f"{text!r} is not {_described(alternatives)}" + (f"; did you mean {near[0]}?" if near else ""))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError(f"{text!r} is not a number")
    return value


def _described(alternatives: tuple) -> str:
    words = {int: "a whole number", bool: "true or false", NoneType: "none"}
    return " or ".join(words[each] if each in words else ", ".join(map(str, get_args(each))) for each in alternatives)


def _alternatives(kind: Any) -> tuple:
    return get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,)
