import pytest


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """Gives every test its own cache, beside its temporary folder."""
    folder = tmp_path.with_name(tmp_path.name + "-cache")
    monkeypatch.setenv("GAN_JAX_CACHE", str(folder))
    return folder
