"""The site is built of all pages without a warning, and its reference has what users import."""

import ast
import importlib
import inspect
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def listed() -> dict[str, list[str]]:
    """The names that the reference lists, by module."""
    found: dict[str, list[str]] = {}
    for page in sorted((ROOT / "docs" / "reference").glob("*.md")):
        for module, names in re.findall(r"^```\{api\} (\S+)\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL):
            found.setdefault(module, []).extend(names.split())
    return found


LISTED = listed()


@pytest.mark.slow
def test_it_is_built(tmp_path):
    command = [sys.executable, "-m", "sphinx", "--fail-on-warning", "--keep-going", "-q", "-c", "docs", ".", tmp_path]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "docs/index.html" in (tmp_path / "index.html").read_text()
    reference = (tmp_path / "docs" / "reference" / "objectives.html").read_text()
    assert 'id="gan_jax.objectives.f_gan"' in reference
    assert (tmp_path / "notebooks" / "01_a_gan_is_a_game.html").exists()


@pytest.mark.parametrize("module", LISTED)
def test_what_the_reference_lists_is_there_and_explained(module):
    face = importlib.import_module(module)
    for name in LISTED[module]:
        thing = getattr(face, name)
        if not inspect.ismodule(thing):
            assert inspect.getdoc(thing), name
        if inspect.isfunction(thing):
            hints = inspect.signature(thing)
            assert all(each.annotation is not each.empty for each in hints.parameters.values()), name
            assert hints.return_annotation is not hints.empty, name
    assert len(set(LISTED[module])) == len(LISTED[module])


@pytest.mark.parametrize("notebook", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_import_what_the_reference_lists(notebook):
    cells = (cell for cell in json.loads(notebook.read_text())["cells"] if cell["cell_type"] == "code")
    lines = (line for cell in cells for line in "".join(cell["source"]).splitlines() if not line.startswith("!"))
    for node in ast.walk(ast.parse("\n".join(lines))):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        if module.startswith("gan_jax.") and module != "gan_jax.networks":
            assert {each.name for each in node.names} <= set(LISTED.get(module, ())) | mentioned(), module


def mentioned() -> set[str]:
    """The constants and modules that the reference mentions."""
    pages = (page.read_text() for page in (ROOT / "docs" / "reference").glob("*.md"))
    return {name for page in pages for name in re.findall(r"`(\w+)`", page)}
