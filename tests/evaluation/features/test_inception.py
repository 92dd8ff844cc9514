import hashlib
import importlib
from pathlib import Path

import jax
import numpy as np
import pytest
from support.torch_fidelity import inception_with_random_weights

from gan_jax.common.errors import UsageError
from gan_jax.common.torch_file import read_tensors
from gan_jax.evaluation.features import extract, inception
from gan_jax.evaluation.features.inception import convert, of_state
from gan_jax.evaluation.features.resizing import tensorflow_1_bilinear

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def theirs(tmp_path_factory):
    """torch-fidelity's extractor and the file of its weights."""
    path = tmp_path_factory.mktemp("inception") / "weights.pth"
    return inception_with_random_weights(path), path


@pytest.fixture(scope="module")
def ours(theirs):
    return of_state(read_tensors(theirs[1]), "random")


def waves(height: int, width: int, channels: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    y, x, k = np.arange(height)[:, None, None], np.arange(width)[:, None], np.arange(channels)
    phases = rng.uniform(0.5, 4, (2, 1, 1, channels))
    images = 128 + 90 * np.sin(phases * (7 * y / height + 5 * x / width + k)) + rng.normal(0, 30, (2, height, width, 1))
    return images.clip(0, 255).astype(np.uint8)


@pytest.mark.parametrize("shape", [(8, 8, 1), (32, 32, 3), (64, 48, 3), (299, 299, 3), (400, 310, 3)])
def test_agrees_with_torch_fidelity_at_any_size(theirs, ours, shape):
    import torch

    images = waves(*shape)
    rgb = torch.from_numpy(np.broadcast_to(images, (*images.shape[:3], 3)).transpose(0, 3, 1, 2).copy())
    expected = [x.numpy() for x in theirs[0](rgb)]
    found = extract(ours, images)
    for name, mine, right in zip(("features", "logits"), found, expected, strict=True):
        assert right.std() > 0.01, name
        assert np.abs(right[0] - right[1]).max() > 0.01 * np.abs(right).max(), name
        assert np.abs(mine - right).max() < 1e-4 * np.abs(right).max(), name


@pytest.mark.parametrize("shape", [(1, 1), (32, 32), (48, 64), (299, 299), (512, 333)])
def test_resizing_is_that_of_tensorflow_1(shape):
    tensorflow = pytest.importorskip("tensorflow")
    images = np.random.default_rng(0).uniform(0, 255, (2, *shape, 3)).astype(np.float32)
    resize = tensorflow.raw_ops.ResizeBilinear
    expected = resize(images=images, size=[299, 299], align_corners=False, half_pixel_centers=False).numpy()
    found = jax.jit(tensorflow_1_bilinear, static_argnums=1)(images, (299, 299))
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-3)


def test_the_file_is_found_by_its_path_or_by_the_environment(theirs, monkeypatch, tmp_path):
    module = importlib.import_module("gan_jax.evaluation.features.inception")
    monkeypatch.setenv("GAN_JAX_CACHE", str(tmp_path))
    monkeypatch.delenv("GAN_JAX_INCEPTION", raising=False)
    with pytest.raises(UsageError, match=r"are not at .*6726825d.pth: download https://.*, or let GAN_JAX_INCEPTION"):
        inception()
    monkeypatch.setenv("GAN_JAX_INCEPTION", str(theirs[1]))
    with pytest.raises(UsageError, match=r"weights.pth does not hold .*SHA-256 is [0-9a-f]{64}.*begins with 6726825d"):
        inception()
    digest = hashlib.sha256(Path(theirs[1]).read_bytes()).hexdigest()
    monkeypatch.setattr(module, "_SHA256", digest[:8])
    assert digest[:8] in inception().version
    assert inception(theirs[1]) is inception()


def test_a_missing_layer_and_one_of_another_shape_are_named(theirs):
    state = read_tensors(theirs[1])
    with pytest.raises(UsageError, match=r"Mixed_6b.branch1x1.bn.bias has the shape \(3,\), not \(192,\)"):
        convert({**state, "Mixed_6b.branch1x1.bn.bias": np.zeros(3)})
    del state["Mixed_7c.branch3x3_2a.conv.weight"]
    with pytest.raises(UsageError, match=r"the file has no Mixed_7c.branch3x3_2a.conv.weight"):
        convert(state)
