import os
import tracemalloc  # noqa: F401  pytest's report of an object that was not closed imports it, wherever that happens

import pytest
from support.compiling import QUICKLY

# Unless told otherwise; read when jax starts, here and in the processes that tests start.
os.environ.setdefault("XLA_FLAGS", QUICKLY)


# Programs are compiled once, and those of the last run are still there. Those of commands are in their own cache.
CACHE = "JAX_COMPILATION_CACHE_DIR"
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")


def pytest_configure(config):
    """The processes of pytest-xdist inherit the folder from the first one. `pytest --cache-clear` empties it."""
    if CACHE not in os.environ and hasattr(config, "cache"):
        os.environ[CACHE] = str(config.cache.mkdir("jax_programs"))


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_xdist_make_scheduler(config, log):
    """Each file is run by one process, so that what its tests share is made once."""
    from xdist.scheduler import LoadFileScheduling

    return LoadFileScheduling(config, log)


@pytest.fixture(scope="module", autouse=True)
def forget_programs():
    """Frees the compiled programs of each file, which would fill the memory."""
    yield
    import jax

    jax.clear_caches()


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory):
    """Tests, and the processes they start, leave the user's cache alone; pytest-xdist's workers share one."""
    if "GAN_JAX_CACHE" in os.environ:
        yield
        return
    session = tmp_path_factory.getbasetemp()
    session = session.parent if "PYTEST_XDIST_WORKER" in os.environ else session
    os.environ["GAN_JAX_CACHE"] = str(session / "cache")
    yield
    del os.environ["GAN_JAX_CACHE"]
