import os
import tracemalloc  # noqa: F401  pytest's report of an object that was not closed imports it, wherever that happens

import pytest


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """Tests, and the processes they start, leave the user's cache alone."""
    if "GAN_JAX_CACHE" in os.environ:
        yield
        return
    os.environ["GAN_JAX_CACHE"] = str(tmp_path_factory.mktemp("cache"))
    yield
    del os.environ["GAN_JAX_CACHE"]
