"""Memory that is not enough: one line that says what to lower."""

import jax.numpy as jnp
import numpy as np
import pytest
from support.command import DIGITS, gan_jax, refused

from gan_jax.commands.out_of_memory import advise, is_out_of_memory


def test_a_network_that_is_too_large(capsys, tmp_path):
    result = gan_jax(capsys, "train", DIGITS, "--width", 2_000_000, "--steps", 1, "--workdir", tmp_path / "run")
    refused(result, "not enough memory", "TiB", "--batch-size", "--remat", "--precision bfloat16", status=1)
    assert len(result.err.splitlines()) == 1


@pytest.mark.parametrize(
    "allocate", [lambda: np.empty(2**58), lambda: jnp.zeros(2**46).block_until_ready(), lambda: bytearray(2**62)]
)
def test_errors_of_jax_numpy_and_python_are_known(allocate):
    with pytest.raises((MemoryError, RuntimeError)) as caught:
        allocate()
    assert is_out_of_memory(caught.value)


def test_other_errors_are_not_of_memory():
    assert not is_out_of_memory(RuntimeError("INTERNAL: no kernel"))
    assert not is_out_of_memory(ValueError("out of memory"))


@pytest.mark.parametrize(
    ("message", "amount"),
    [
        ("RESOURCE_EXHAUSTED: Out of memory while trying to allocate 12884901888 bytes.", "(12 GiB could"),
        ("RESOURCE_EXHAUSTED: Attempting to allocate 12.50G. That was not possible.", "(12.50 G could"),
        ("RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm.", "not enough memory: lower"),
    ],
)
def test_the_amount_is_told_if_it_is_known(message, amount):
    error = RuntimeError(message)
    assert is_out_of_memory(error)
    assert amount in advise("train", error)


def test_the_advice_is_that_of_the_command():
    assert "--seeds" in advise("sweep", MemoryError())
    assert "--count" in advise("sample", MemoryError())
    assert "--batch-size" not in advise("evaluate", MemoryError())
