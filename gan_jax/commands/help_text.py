"""Help texts that fit the terminal.

tyro breaks the lines of a field's docstring where its source does, and neither wraps the usage nor the description.
"""

import dataclasses
import io
import re
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from typing import Annotated, Any, get_args, get_origin

from tyro.constructors import ConstructorRegistry, StructConstructorSpec, StructTypeInfo

# The columns that the names of flags and the frame take beside the help of a flag, at most.
_BESIDE = 31


@contextmanager
def wrapped_help() -> Iterator[None]:
    """Wraps the help that tyro prints in this context, so that it fits the width of the terminal."""
    width = shutil.get_terminal_size().columns
    out, text = sys.stdout, _Text(sys.stdout)
    try:
        with _flowing(width), redirect_stdout(text):
            yield
    finally:
        out.write("".join(_wrapped(line, width) for line in text.getvalue().splitlines(keepends=True)))


class _Text(io.StringIO):
    """What is printed, for a program that asks whether it may draw frames and colours."""

    def __init__(self, like: Any):
        super().__init__()
        self._like = like

    @property
    def encoding(self) -> str:
        return self._like.encoding

    def isatty(self) -> bool:
        return self._like.isatty()


def _flowing(width: int) -> ConstructorRegistry:
    """A registry that changes the help texts of fields, and nothing else."""
    registry = ConstructorRegistry()
    inside = False

    @registry.struct_rule
    def flow(info: StructTypeInfo) -> StructConstructorSpec | None:
        nonlocal inside
        if inside or not dataclasses.is_dataclass(info.type):
            return None
        inside = True  # so that the next call asks the other rules
        try:
            spec = ConstructorRegistry.get_struct_spec(info)
        finally:
            inside = False
        if not isinstance(spec, StructConstructorSpec):
            return None
        fields = [
            dataclasses.replace(field, helptext=_joined(field.helptext), type=_hanging(field.type, width - _BESIDE))
            for field in spec.fields
        ]
        return dataclasses.replace(spec, fields=tuple(fields))

    return registry


def _joined(help_text: Any) -> Any:
    """Joins the lines of each paragraph of a docstring. It may be a function that returns it."""
    text = help_text() if callable(help_text) else help_text
    return re.sub(r"(?<!\n)\n(?!\s)", " ", text) if isinstance(text, str) else text


def _hanging(kind: Any, width: int) -> Any:
    """Breaks the lines of a list in a help text that is an annotation. Lines that go on are indented further."""
    if get_origin(kind) is not Annotated:
        return kind
    plain, *notes = get_args(kind)
    for i, note in enumerate(notes):
        if dataclasses.is_dataclass(note) and isinstance(text := getattr(note, "help", None), str):
            lines = [
                textwrap.fill(line, width, subsequent_indent=" " * 6, break_on_hyphens=False)
                if line.startswith(" ")
                else line
                for line in text.splitlines()
            ]
            notes[i] = dataclasses.replace(note, help="\n".join(lines))  # type: ignore
    return Annotated[plain, *notes]


def _wrapped(line: str, width: int) -> str:
    """Wraps a line that is too long and not part of a frame."""
    if len(line.rstrip("\n")) <= width or set(line) & set("│╭╰"):
        return line
    indent = " " * len("usage: ") if "usage:" in line else ""
    return textwrap.fill(line, width, subsequent_indent=indent, break_on_hyphens=False) + "\n"
