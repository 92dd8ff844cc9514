import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """A cache of its own for every test, beside the folder it works in."""
    folder = tmp_path.with_name(tmp_path.name + "-cache")
    monkeypatch.setenv("GAN_JAX_CACHE", str(folder))
    return folder
