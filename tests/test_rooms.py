"""Who imports whom: the packages of gan_jax are layers, each with a face. Read from the sources, importing nothing."""

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "gan_jax"

# A package imports those in lower layers only, not those beside it.
LAYERS = (
    {"commands"},
    {"sweeps", "sharing", "viewing"},
    {"applications"},
    {"training", "evaluation"},
    {"recipes"},
    {"inference"},
    {"analysis"},
    {"regularizers", "augmentation", "objectives"},
    {"game"},
    {"networks"},
    {"data"},
    {"reporting"},
    {"common"},
)

# What these may import is less than their layer allows.
APART = {
    "reporting": {"common"},
    "data": {"reporting", "common"},
    "objectives": {"common"},
    "regularizers": {"networks", "common"},
    "augmentation": {"common"},
}


class Import(NamedTuple):
    """`from module import names`, or `import module` without names. at_once: when its file is imported, not later."""

    module: str
    names: tuple[str, ...]
    at_once: bool
    line: int


@cache
def modules() -> dict[str, Path]:
    """The file of every module of gan_jax by its dotted name; a package is its `__init__`."""

    def name(path: Path) -> str:
        parts = path.relative_to(ROOT).with_suffix("").parts
        return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)

    return {name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), path)


@cache
def imports(path: Path) -> tuple[Import, ...]:
    return tuple(_imports(tree(path).body, at_once=True))


def _imports(nodes: Iterable[ast.AST], at_once: bool) -> Iterator[Import]:
    for node in nodes:
        match node:
            case ast.Import():
                yield from (Import(alias.name, (), at_once, node.lineno) for alias in node.names)
            case ast.ImportFrom():
                assert not node.level, "relative imports are not read here"
                yield Import(node.module or "", tuple(alias.name for alias in node.names), at_once, node.lineno)
            case ast.If(test=ast.Name("TYPE_CHECKING")):
                yield from _imports(node.body, at_once=False)
                yield from _imports(node.orelse, at_once)
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _imports(node.body, at_once=False)
            case _:
                yield from _imports(ast.iter_child_nodes(node), at_once)


def imported(found: Import) -> list[str]:
    """The modules of gan_jax that an import names: `from gan_jax.networks import dcgan` names the module dcgan."""
    named = [f"{found.module}.{name}" for name in found.names]
    submodules = [name for name in named if name in modules()]
    own = [] if named and len(submodules) == len(named) else [found.module]
    return [name for name in (*own, *submodules) if name in modules()]


def room(module: str) -> str:
    """The package right below gan_jax that a module belongs to; "" for gan_jax itself."""
    return module.split(".")[1] if "." in module and module != "gan_jax.__main__" else ""


def rooms() -> list[str]:
    return sorted({room(module) for module in modules()} - {""})


def edges() -> Iterator[tuple[str, str, str]]:
    """(module, module that it imports, where): at any time, within gan_jax."""
    for module, path in modules().items():
        for found in imports(path):
            for target in imported(found):
                yield module, target, f"{path.relative_to(ROOT)}:{found.line}"


def test_the_reader_sees_imports_wherever_they_are(tmp_path):
    path = tmp_path / "sample.py"
    path.write_text(
        "import a.b\n"
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from c import d\nelse:\n    import e\n"
        "try:\n    import f\nexcept ImportError:\n    pass\n"
        "class G:\n    import h\n    def i(self):\n        from j import k, l\n"
    )
    found = {(x.module, x.names): x.at_once for x in imports(path)}
    assert found == {
        ("a.b", ()): True,
        ("typing", ("TYPE_CHECKING",)): True,
        ("c", ("d",)): False,
        ("e", ()): True,
        ("f", ()): True,
        ("h", ()): True,
        ("j", ("k", "l")): False,
    }


def test_every_package_is_in_a_layer():
    assert set(rooms()) <= set().union(*LAYERS)
    assert {"game", "recipes", "training", "common"} <= set(rooms())


def test_imports_point_down():
    depth = {name: i for i, layer in enumerate(LAYERS) for name in layer}
    wrong = [
        f"{where}: {room(module)} imports {room(target)}"
        for module, target, where in edges()
        if room(module) and room(module) != room(target) and depth[room(target)] <= depth[room(module)]
    ]
    assert not wrong


@pytest.mark.parametrize("name", APART)
def test_a_package_that_stands_apart_imports_what_it_may(name):
    used = {room(target): where for module, target, where in edges() if room(module) == name}
    assert not {target: where for target, where in used.items() if target not in {name} | APART[name]}


def test_evaluation_and_training_know_nothing_of_recipes_and_of_each_other():
    pairs = {(room(module), room(target)) for module, target, _ in edges()}
    assert not pairs & {
        ("training", "evaluation"),
        ("evaluation", "training"),
        ("training", "recipes"),
        ("evaluation", "recipes"),
    }


def test_no_modules_import_each_other_in_a_circle():
    graph = {
        module: {target for found in imports(path) if found.at_once for target in imported(found)}
        for module, path in modules().items()
    }
    done, circles = set(), []

    def visit(module: str, path: tuple[str, ...]) -> None:
        if module in path:
            circles.append(" -> ".join((*path[path.index(module) :], module)))
        elif module not in done:
            for target in sorted(graph[module]):
                visit(target, (*path, module))
            done.add(module)

    for module in graph:
        visit(module, ())
    assert not circles


def packages() -> list[str]:
    return [name for name, path in modules().items() if path.name == "__init__.py"]


def test_every_folder_of_sources_is_a_package():
    assert {path.parent for path in PACKAGE.rglob("*.py")} == {modules()[name].parent for name in packages()}


@pytest.mark.parametrize("name", packages())
def test_every_package_has_a_face_that_says_what_lives_there(name):
    face = tree(modules()[name])
    assert ast.get_docstring(face)
    # Nothing but what it exports.
    assert all(isinstance(statement, ast.ImportFrom) for statement in face.body[1:])


@cache
def exported(package: str) -> frozenset[str]:
    """The names that a package's face imports, which are those that it exports."""
    return frozenset(name for found in imports(modules()[package]) for name in found.names)


def past_faces(path: Path, module: str = "") -> list[str]:
    """The imports of a file, of the module's name in gan_jax if it is there, that reach for what a face exports."""
    wrong = []
    for found in imports(path):
        parents = [".".join(found.module.split(".")[:i]) for i in range(2, found.module.count(".") + 1)]
        for package in parents:
            inside = module == package or module.startswith(f"{package}.")
            names = exported(package) & set(found.names) if package in modules() and not inside else ()
            wrong += [f"{path.relative_to(ROOT)}:{found.line}: {package} exports {name}" for name in sorted(names)]
    return wrong


def test_packages_use_what_the_faces_of_others_export():
    assert not [wrong for module, path in modules().items() for wrong in past_faces(path, module)]


@pytest.mark.parametrize("folder", ["tests", "experiments"])
def test_tests_and_experiments_use_faces_too(folder):
    assert not [wrong for path in sorted((ROOT / folder).rglob("*.py")) for wrong in past_faces(path)]


@pytest.mark.parametrize("name", ["gan_jax.data", "gan_jax.common", "gan_jax.reporting"])
def test_what_loads_and_draws_data_does_not_import_jax(name):
    """The processes that decode images would each start it, for nothing."""
    seen, waiting = set(), [name]
    while waiting:
        module = waiting.pop()
        parents = [".".join(module.split(".")[:i]) for i in range(1, module.count(".") + 1)]
        waiting += [parent for parent in parents if parent not in seen]
        seen.add(module)
        for found in imports(modules()[module]):
            if found.at_once:
                assert found.module.split(".")[0] not in ("jax", "flax", "optax", "orbax"), (module, found)
                waiting += [target for target in imported(found) if target not in seen]
