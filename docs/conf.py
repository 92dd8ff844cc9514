"""How Sphinx builds the site: `sphinx-build -c docs . site`. Pages stay where they are read in the repository."""

import dataclasses
import inspect
import os
import re
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

ROOT = Path(__file__).parents[1]

project = "gan-jax"
html_title = "gan-jax"
copyright = "the developers of gan-jax"
root_doc = "docs/index"
include_patterns = [
    *("docs/**", "experiments/README.md", "experiments/*/README.md", "notebooks/**"),
    *("CHANGELOG.md", "CONTRIBUTING.md"),
]
exclude_patterns = ["**/.*", "**/runs", "site"]
extensions = [
    *("sphinx.ext.autodoc", "sphinx.ext.autosummary", "sphinx.ext.napoleon", "sphinx.ext.viewcode"),
    *("sphinx.ext.mathjax", "myst_nb"),
]
html_theme = "furo"
html_static_path = ["static"]
html_css_files = ["wide.css"]
html_extra_path = ["front"]  # index.html, which leads to docs/index.html
html_copy_source = False

myst_enable_extensions = ["dollarmath"]
myst_heading_anchors = 4  # levels of headings that links may name
nb_execution_mode = "off"  # notebooks hold their pictures, and the tests run them
suppress_warnings = ["misc.highlighting_failure"]  # notebooks have lines for the shell

default_role = "code"
add_module_names = False
autodoc_preserve_defaults = True
maximum_signature_line_length = 88

API = re.compile(r"^```\{api\} (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)#:]+?)/?\)")


def setup(app: Sphinx) -> None:
    app.connect("source-read", read_page)
    app.connect("autodoc-process-docstring", as_rst, priority=400)  # before napoleon
    app.connect("autodoc-process-signature", shortened)
    app.connect("autodoc-skip-member", skip_fields)


def read_page(app: Sphinx, name: str, source: list[str]) -> None:
    """Lets links to folders lead to pages, and lists of names become their documentation."""
    folder = (ROOT / name).parent

    def page_of(link: re.Match) -> str:
        text, path = link.groups()
        target = (folder / path).resolve()
        if not target.is_dir():
            return link[0]
        if (target / "README.md").exists():
            return f"[{text}]({path}/README.md)"
        if target.parent.name != "experiments" or target.name == "studies":
            return text
        gallery = os.path.relpath(ROOT / "docs" / "gallery.md", folder)
        return f"[{text}]({gallery}#{target.name.replace('_', '-')})"

    source[0] = API.sub(entries, LINK.sub(page_of, source[0]))


def entries(found: re.Match) -> str:
    """The documentation of the functions and classes of a module that are named."""
    module, names = found[1], found[2].split()
    lines = [".. autosummary::\n   :nosignatures:\n\n" + "".join(f"   ~{module}.{name}\n" for name in names)]
    for name in names:
        kind = "autoclass" if name[0].isupper() else "autofunction"
        lines.append(f".. {kind}:: {module}.{name}")
    return "```{eval-rst}\n" + "\n".join(lines) + "\n```"


def as_rst(app: Sphinx, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Turns a docstring into reStructuredText: its characters that would be markup, and its lines `parameter: ...`."""
    parameters = names_of(thing)
    written, in_example, in_field = [], False, False
    for line in lines:
        in_example = line.lstrip().startswith(">>>") or (in_example and bool(line.strip()))
        field = re.match(r"(\w+(?:, \w+)*): ", line)
        if field and set(field[1].split(", ")) <= parameters:
            if written and written[-1] and not in_field:
                written.append("")
            line, in_field = f":param {field[1]}: {line[field.end() :]}", True
        elif in_field and line and not line.startswith(" "):
            if written[-1]:
                line = f"    {line}"  # the paragraph goes on
            else:
                in_field = False
        written.append(line if in_example else escaped(line))
    lines[:] = written


def names_of(thing: Any) -> set[str]:
    """The names of the parameters of a function, or of the fields of a class."""
    if dataclasses.is_dataclass(thing):
        return {field.name for field in dataclasses.fields(thing)}
    try:
        return set(inspect.signature(thing).parameters)
    except (TypeError, ValueError):
        return set()


def escaped(line: str) -> str:
    """A line of prose, whose `code` stays, and in which nothing else is markup."""
    parts = line.split("`")
    parts[::2] = [re.sub(r"([*|\\]|_(?=\W|$))", r"\\\1", part) for part in parts[::2]]
    return "`".join(parts)


def shortened(app: Sphinx, what: str, name: str, thing: Any, options: Any, arguments: str, returns: str) -> tuple:
    """The signature of a function without the modules of types. Fields of classes are in their docstrings."""
    short = (text and re.sub(r"~?(?<!\w)(?:[A-Za-z_]\w*\.)+(?=[A-Z_a-z])", "", text) for text in (arguments, returns))
    return ("", "") if what == "class" else tuple(short)


def skip_fields(app: Sphinx, what: str, name: str, thing: Any, skip: bool, options: Any) -> bool | None:
    """Fields are in the docstring of their class."""
    return True if what == "class" and not callable(thing) else None
