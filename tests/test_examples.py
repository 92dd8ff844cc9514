"""The examples in docstrings do what they say, and so does the code of the pages."""

import doctest
import importlib
import inspect
import re
from pathlib import Path

import pytest
from test_site import LISTED, ROOT

SOURCES = [path for path in sorted((ROOT / "gan_jax").rglob("*.py")) if ">>> " in path.read_text()]
# The page of measures has a test of its own, of fewer images.
PAGES = [page for page in sorted((ROOT / "docs").rglob("*.md")) if "```python" in page.read_text()]
PAGES.remove(ROOT / "docs" / "measures.md")

# A page trains for as long as a reader would. A test does it for two steps.
STEPS = re.compile(r"(play\w*\(.*, )\d{3,}")


def blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.fixture(scope="module")
def scope():
    """The names that examples have, as the page of the reference says."""
    names = {}
    (imports,) = blocks(ROOT / "docs" / "reference" / "index.md")
    exec(imports, names)
    return names


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: str(path.relative_to(ROOT / "gan_jax")))
def test_docstrings(source, scope, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    name = ".".join(source.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for example in doctest.DocTestFinder().find(importlib.import_module(name), globs=scope.copy()):
        said = []
        assert runner.run(example, out=said.append).failed == 0, "".join(said)
    assert runner.tries


@pytest.mark.parametrize("page", PAGES, ids=lambda path: str(path.relative_to(ROOT / "docs")))
def test_pages(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in blocks(page):
        exec(STEPS.sub(r"\g<1>2", block), names)


def test_functions_of_the_reference_have_an_example():
    """Those of exports apart, which need a run: the tests of sharing make one."""
    without = []
    for module in LISTED.keys() - {"gan_jax.sharing"}:
        face = importlib.import_module(module)
        functions = {name: thing for name in LISTED[module] if inspect.isfunction(thing := getattr(face, name))}
        without += [f"{module}.{name}" for name, thing in functions.items() if ">>> " not in (thing.__doc__ or "")]
    assert not without
