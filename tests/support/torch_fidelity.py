"""torch-fidelity, where it is installed, to compare with."""

import importlib.util
import sys
from types import ModuleType
from unittest.mock import MagicMock

import pytest

# What torch-fidelity imports and the parts that are compared here do not use.
_STAND_INS = ("torchvision", "torchvision.datasets", "torchvision.transforms", "torchvision.transforms.functional")


def torch_fidelity() -> ModuleType:
    """The package. Skips the test where it or PyTorch is not installed. torchvision is not needed."""
    for name in ("torch", "tqdm"):
        pytest.importorskip(name)
    if "torchvision" not in sys.modules and importlib.util.find_spec("torchvision") is None:
        for name in _STAND_INS:
            sys.modules[name] = MagicMock()
    return pytest.importorskip("torch_fidelity")
