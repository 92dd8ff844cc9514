"""An experiment's file and the modules next to it: which of them are kept, and that each experiment gets its own."""

import os
import subprocess
import sys
import textwrap

import pytest

from gan_jax.training.experiment import load_experiment

# `build` gives away what the experiment imported.
EXPERIMENT = """
{imports}
from gan_jax.training import Settings

class Config(Settings):
    pass

def build(config, data):
    return {value}
"""


def write(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def experiment_in(folder, imports, value, files):
    """The path of an experiment with these lines of imports, next to these files."""
    write(folder, {"experiment.py": EXPERIMENT.format(imports=imports, value=value), **files})
    return folder / "experiment.py"


def test_an_experiment_that_imports_nothing_has_no_modules(tmp_path):
    path = experiment_in(tmp_path, "", "None", {"unused.py": "X = 1\n"})
    assert load_experiment(path).modules == {}


def test_modules_and_packages_next_to_it_are_kept_as_they_are(tmp_path):
    files = {
        "rates.py": "from lab.deep.tables import TABLE\nRATE = TABLE[0]\n",
        "lab/__init__.py": "",
        "lab/losses.py": "from . import scales\nLOSS = scales.SCALE\n",
        "lab/scales.py": "SCALE = 3\n",
        "lab/deep/__init__.py": '"""Tables."""\n',
        "lab/deep/tables.py": "TABLE = [5]\n",
    }
    unused = {"other.py": "", "lab/other.py": "", "lab/data.txt": "7"}
    path = experiment_in(tmp_path, "import rates\nfrom lab.losses import LOSS", "(rates.RATE, LOSS)", files | unused)
    experiment = load_experiment(path)
    assert experiment.build(None, None) == (5, 3)
    assert experiment.modules == files


def test_installed_packages_the_standard_library_and_gan_jax_are_not_kept(tmp_path):
    # In a process of its own, where none of them has been imported before.
    imports = "import zipapp, optax, sklearn.svm, gan_jax.recipes, gan_jax.sweeps.members, mine"
    path = experiment_in(tmp_path, imports, "None", {"mine.py": "import wave, tyro, gan_jax.inference\n"})
    code = """
        import sys
        from pathlib import Path
        from gan_jax.training.experiment import load_experiment

        imported = ("zipapp", "wave", "sklearn.svm", "gan_jax.recipes", "gan_jax.sweeps.members")
        assert not sys.modules.keys() & set(imported)
        modules = load_experiment(Path(sys.argv[1])).modules
        assert sys.modules.keys() >= set(imported)
        print(*modules)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), path]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "JAX_PLATFORMS": "cpu"})
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["mine.py"]


@pytest.mark.parametrize(
    ("imports", "files"),
    [
        ("from sizes import SIZE", ["sizes.py"]),
        ("from lab import SIZE", ["lab/__init__.py"]),
        ("from lab.sizes import SIZE", ["lab/__init__.py", "lab/sizes.py"]),
        ("from lab import sizes\nSIZE = sizes.SIZE", ["lab/sizes.py"]),  # a package without __init__.py
    ],
)
def test_experiments_with_neighbours_of_the_same_names_each_get_their_own(tmp_path, imports, files):
    def load(number):
        texts = dict.fromkeys(files, f"SIZE = {number}\n")
        experiment = load_experiment(experiment_in(tmp_path / str(number), imports, "SIZE", texts))
        assert experiment.modules == texts
        return experiment

    first, second = load(1), load(2)
    assert (first.build(None, None), second.build(None, None)) == (1, 2)
    assert load(1).build(None, None) == 1
    assert second.build(None, None) == 2


def test_a_neighbour_that_only_one_of_two_experiments_has(tmp_path):
    imports = "try:\n    from sizes import SIZE\nexcept ImportError:\n    SIZE = None"
    with_it = experiment_in(tmp_path / "with", imports, "SIZE", {"sizes.py": "SIZE = 1\n"})
    without = experiment_in(tmp_path / "without", imports, "SIZE", {})
    assert load_experiment(with_it).build(None, None) == 1
    experiment = load_experiment(without)
    assert experiment.build(None, None) is None
    assert experiment.modules == {}


def test_a_package_takes_the_place_of_a_folder_of_the_same_name(tmp_path):
    imports, without = "from lab import sizes", {"lab/sizes.py": "SIZE = 1\n"}
    load_experiment(experiment_in(tmp_path / "without", imports, "sizes.SIZE", without))
    files = {"lab/__init__.py": "", "lab/sizes.py": "SIZE = 2\n"}
    experiment = load_experiment(experiment_in(tmp_path / "with", imports, "sizes.SIZE", files))
    assert experiment.build(None, None) == 2
    assert experiment.modules == files


def test_a_neighbour_that_was_edited_since_is_imported_anew(tmp_path, monkeypatch):
    # Also within a second and at the same size, by which Python would take its bytecode for new.
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    path = experiment_in(tmp_path, "from sizes import SIZE", "SIZE", {})
    for size in (1, 2):
        write(tmp_path, {"sizes.py": f"SIZE = {size}\n"})
        os.utime(tmp_path / "sizes.py", (10**9, 10**9))
        experiment = load_experiment(path)
        assert experiment.build(None, None) == size
        assert experiment.modules == {"sizes.py": f"SIZE = {size}\n"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["experiment.py", "sizes.py"]


def test_a_neighbour_that_something_else_has_imported_is_kept_all_the_same(tmp_path, monkeypatch):
    path = experiment_in(tmp_path, "from sizes_of_mine import SIZE", "SIZE", {"sizes_of_mine.py": "SIZE = 1\n"})
    monkeypatch.syspath_prepend(tmp_path)
    import sizes_of_mine

    write(tmp_path, {"sizes_of_mine.py": "SIZE = 10\n"})
    experiment = load_experiment(path)
    assert (sizes_of_mine.SIZE, experiment.build(None, None)) == (1, 10)
    assert experiment.modules == {"sizes_of_mine.py": "SIZE = 10\n"}


@pytest.mark.parametrize("name", ["wave", "toolbox_of_mine"])
def test_a_neighbour_may_have_the_name_of_something_installed(tmp_path, monkeypatch, name):
    monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setattr("importlib.metadata.packages_distributions", lambda: {"toolbox_of_mine": ["toolbox"]})
    path = experiment_in(tmp_path, f"from {name} import SIZE", "SIZE", {f"{name}.py": "SIZE = 1\n"})
    experiment = load_experiment(path)
    assert experiment.build(None, None) == 1
    assert experiment.modules == {f"{name}.py": "SIZE = 1\n"}


def test_a_module_elsewhere_that_is_not_installed_is_kept_and_taken_from_there(tmp_path, monkeypatch):
    elsewhere, kept = tmp_path / "elsewhere", tmp_path / "kept"
    write(elsewhere, {"sizes_of_mine.py": "SIZE = 1\n"})
    monkeypatch.syspath_prepend(elsewhere)
    path = experiment_in(tmp_path / "here", "from sizes_of_mine import SIZE", "SIZE", {})
    modules = load_experiment(path).modules
    assert modules == {"sizes_of_mine.py": "SIZE = 1\n"}
    write(kept, modules)
    write(elsewhere, {"sizes_of_mine.py": "SIZE = 10\n"})
    assert load_experiment(path).build(None, None) == 10
    assert load_experiment(path, path.read_text(), [kept]).build(None, None) == 1


def test_modules_are_looked_for_in_the_folders_that_are_given(tmp_path):
    path = experiment_in(tmp_path / "here", "from sizes import SIZE", "SIZE", {"sizes.py": "SIZE = 1\n"})
    there, source = tmp_path / "there", path.read_text()
    write(there, {"sizes.py": "SIZE = 2\n"})
    path.unlink()
    experiment = load_experiment(path, source, [there])
    assert experiment.build(None, None) == 2
    assert experiment.modules == {"sizes.py": "SIZE = 2\n"}


def test_a_folder_that_was_made_after_it_was_first_looked_for(tmp_path):
    imports = "try:\n    from sizes import SIZE\nexcept ImportError:\n    SIZE = None"
    path = experiment_in(tmp_path, imports, "SIZE", {})
    source, modules = path.read_text(), tmp_path / "modules"
    assert load_experiment(path, source, [modules]).build(None, None) is None
    write(modules, {"sizes.py": "SIZE = 1\n"})
    assert load_experiment(path, source, [modules]).build(None, None) == 1


def test_python_looks_for_modules_where_it_did_before(tmp_path):
    before = list(sys.path)
    load_experiment(experiment_in(tmp_path, "import sizes", "None", {"sizes.py": ""}))
    assert sys.path == before
    with pytest.raises(Exception, match="line 2: ZeroDivisionError"):
        load_experiment(experiment_in(tmp_path, "1 / 0", "None", {}))
    assert sys.path == before
