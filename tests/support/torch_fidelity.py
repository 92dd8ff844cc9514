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


def inception_with_random_weights(path):
    """torch-fidelity's Inception-v3, which gives the features and logits of FID and IS, with weights written to a file.

    The weights are such that all layers pass on what they see.
    """
    torch_fidelity()
    import torch
    from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

    # Its constructor takes a file of weights, which takes its layers to make.
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "load", lambda *args, **kwargs: {})
        patch.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda self, state: None)
        made = FeatureExtractorInceptionV3("random", ["2048", "logits_unbiased"], str(path))
    generator, state = torch.Generator().manual_seed(0), {}
    for name, x in made.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = x
        elif x.ndim > 1:
            state[name] = torch.randn(x.shape, generator=generator) * (2 / x[0].numel()) ** 0.5
        elif name.endswith(("bn.weight", "running_var")):
            state[name] = 0.5 + torch.rand(x.shape, generator=generator)
        else:
            state[name] = 0.2 * torch.randn(x.shape, generator=generator)
    torch.save(state, path)
    return FeatureExtractorInceptionV3("random", ["2048", "logits_unbiased"], str(path))
