"""Generators of pytorch-CycleGAN-and-pix2pix give here what they give there."""

import jax
import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.common.torch_file import read_tensors
from gan_jax.networks import cyclegan_resnet, unet
from gan_jax.networks.functional import forward
from gan_jax.sharing.pytorch_cyclegan import generator

torch = pytest.importorskip("torch")
from support import torch_cyclegan  # noqa: E402  it imports torch

SIDES = {"resnet": 16, "unet_128": 128, "unet_256": 256}


def theirs(kind, norm, dropout):
    """A network of theirs, and the number of its levels or blocks."""
    if kind == "resnet":
        return torch_cyclegan.randomized(torch_cyclegan.ResnetGenerator(3, 1, 4, norm, dropout, 2), 0)
    downs = {"unet_128": 7, "unet_256": 8}[kind]
    return torch_cyclegan.randomized(torch_cyclegan.UnetGenerator(1, 3, downs, 2, norm, dropout), 0)


def without_noise(network):
    for layer in network.modules():
        if isinstance(layer, torch.nn.Dropout):
            layer.p = 0.0
    return network.train()


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize("norm", ["instance", "batch"])
@pytest.mark.parametrize("kind", SIDES)
def test_a_file_says_which_network_it_is(tmp_path, kind, norm, dropout, old):
    torch.save(theirs(kind, norm, dropout).state_dict(), tmp_path / "w.pth", _use_new_zipfile_serialization=not old)
    found = generator(read_tensors(tmp_path / "w.pth"), dropout)
    rate = 0.5 if dropout else 0.0
    if kind == "resnet":
        assert isinstance(found.network, cyclegan_resnet.Generator)
        assert (found.network.blocks, found.network.width, found.network.dropout) == (2, 4, rate)
        assert found.channels == (3, 1)
    else:
        assert isinstance(found.network, unet.Generator)
        assert (found.network.resolution, found.network.width, found.network.dropout) == (SIDES[kind], 2, rate)
        assert found.channels == (1, 3)
    assert ("batch_stats" in found.variables) == (norm == "batch")


CASES = [
    ("resnet", "instance", False),
    ("resnet", "instance", True),
    ("resnet", "batch", True),
    pytest.param("unet_128", "instance", False, marks=pytest.mark.slow),
    ("unet_128", "batch", True),
    pytest.param("unet_256", "batch", True, marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("kind", "norm", "dropout"), CASES)
def test_its_translations_are_theirs(tmp_path, kind, norm, dropout):
    """In training mode on a single image, as their test.py translates, but without the noise of dropout."""
    network = without_noise(theirs(kind, norm, dropout))
    torch.save(network.state_dict(), tmp_path / "w.pth")
    found = generator(read_tensors(tmp_path / "w.pth"), dropout=False)
    ours = found.network.clone(dropout=0.0)
    before = found.channels[0]
    image = np.random.default_rng(1).uniform(-1, 1, (1, SIDES[kind], SIDES[kind], before)).astype(np.float32)
    with torch.no_grad():
        right = network(torch.tensor(image).movedim(-1, 1)).movedim(1, -1).numpy()
    variables = dict(found.variables)
    params = variables.pop("params")
    made, _ = jax.jit(lambda *x: forward(ours, *x, key=jax.random.key(0)))(params, variables, image)
    assert np.std(right) > 0.05
    np.testing.assert_allclose(made, right, atol=1e-4)


def test_their_evaluation_mode_is_ours(tmp_path):
    network = theirs("resnet", "batch", False).eval()
    torch.save(network.state_dict(), tmp_path / "w.pth")
    found = generator(read_tensors(tmp_path / "w.pth"), dropout=False)
    image = np.random.default_rng(1).uniform(-1, 1, (2, 16, 16, 3)).astype(np.float32)
    with torch.no_grad():
        right = network(torch.tensor(image).movedim(-1, 1)).movedim(1, -1).numpy()
    made = jax.jit(lambda x: found.network.apply(found.variables, x, train=False))(image)
    np.testing.assert_allclose(made, right, atol=1e-4)


def test_statistics_of_old_instance_normalization_are_ignored():
    tensors = {name: x.numpy() for name, x in theirs("resnet", "instance", False).state_dict().items()}
    old = {"model.2.running_mean": np.ones(4, np.float32), "model.10.conv_block.6.running_var": np.ones(16, np.float32)}
    with_old, without = generator({**tensors, **old}, False), generator(tensors, False)
    jax.tree.map(np.testing.assert_array_equal, with_old.variables, without.variables)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda t: t.pop("model.4.weight"), "it has no model.4.weight"),
        (lambda t: t.update({"model.30.weight": t["model.4.weight"]}), "it has model.30.weight, which the network has"),
        (lambda t: t.update({"model.4.weight": t["model.4.weight"][:7]}), "kernel is .*not"),
        (lambda t: t.update({"model.4.weight": t["model.4.weight"].astype(int)}), "model.4.weight is int64"),
        (lambda t: [t.pop(name) for name in list(t) if "conv_block" in name], "it has no model.1[0-9]"),
        (lambda t: t.clear(), "not those of a ResNet or U-Net"),
    ],
)
def test_other_names_and_shapes_are_refused(change, says):
    tensors = {name: x.numpy() for name, x in theirs("resnet", "instance", False).state_dict().items()}
    change(tensors)
    with pytest.raises((ValueError, KeyError), match=says):
        generator(tensors, False)


def test_a_discriminator_is_refused(tmp_path):
    from gan_jax.sharing import import_generators

    layers = torch.nn.ModuleDict({"model": torch.nn.Sequential(torch.nn.Conv2d(3, 4, 4), torch.nn.LeakyReLU())})
    torch.save(layers.state_dict(), tmp_path / "net_D.pth")
    with pytest.raises(UsageError, match=r"net_D\.pth holds no generator that can be imported"):
        import_generators({"AtoB": tmp_path / "net_D.pth"}, tmp_path / "out")
    assert not (tmp_path / "out").exists()
