"""Weights of published networks, read from the PyTorch files in which they are distributed.

Such a file is named by its SHA-256, and read without PyTorch and without running the pickle in it.
"""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.common.torch_file import read_tensors


def read_published(path: Path, sha256: str | None, what: str) -> dict[str, np.ndarray]:
    """The state dictionary in a file: arrays by their names in PyTorch.

    sha256: what the file's SHA-256 must be, or begin with, in hexadecimal digits. None for any.
    what: a phrase for messages, such as "the weights of Inception-v3".

    Raises UsageError if the file is missing, is another one, or cannot be read.
    """
    if not path.is_file():
        raise UsageError(f"{what}: there is no file {path}")
    if sha256 is not None and not (found := _sha256(path)).startswith(sha256):
        begins = "begins with" if len(sha256) < len(found) else "is"
        raise UsageError(
            f"{path} does not hold {what}: its SHA-256 is {found}, and theirs {begins} {sha256}. Download it again"
        )
    return read_tensors(path)


def take(state: Mapping[str, np.ndarray], name: str, shape: tuple[int, ...], what: str) -> np.ndarray:
    """The array of this name. Raises UsageError if it is missing, has another shape or is not finite."""
    if name not in state:
        raise UsageError(f"{what}: the file has no {name}")
    if state[name].shape != shape:
        raise UsageError(f"{what}: {name} has the shape {state[name].shape}, not {shape}")
    if not np.isfinite(state[name]).all():
        raise UsageError(f"{what}: {name} holds values that are not finite")
    return state[name]


def fold(
    state: Mapping[str, np.ndarray], conv: str, norm: str, shape: tuple[int, ...], epsilon: float, what: str
) -> dict[str, np.ndarray]:
    """The kernel and the bias of a convolution together with the batch normalization that follows it, float32.

    conv, norm: the names of the two layers. shape: that of the kernel in PyTorch, (out, in, height, width).

    Raises UsageError as `take` does.
    """
    kernel = take(state, f"{conv}.weight", shape, what).astype(np.float64)
    parts = {part: take(state, f"{norm}.{part}", shape[:1], what) for part in ("bias", "running_mean", "running_var")}
    scale = take(state, f"{norm}.weight", shape[:1], what) / np.sqrt(parts["running_var"].astype(np.float64) + epsilon)
    bias = parts["bias"] - parts["running_mean"] * scale
    return {"kernel": (kernel * scale[:, None, None, None]).astype(np.float32), "bias": bias.astype(np.float32)}


def _sha256(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
