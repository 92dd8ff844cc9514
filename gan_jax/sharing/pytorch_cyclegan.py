"""Generators of pytorch-CycleGAN-and-pix2pix (Zhu, Park and Isola) as networks of this package, with their weights.

Its state dictionaries say which network they belong to: the ResNet of CycleGAN with any number of blocks, or the U-Net
of pix2pix for any resolution, with instance or batch normalization. Only the dropout of a U-Net leaves no trace.
"""

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gan_jax.networks import cyclegan_resnet, unet
from gan_jax.networks.layers import batch_norm, plain_instance_norm

_DROPOUT = 0.5
_DEEPEST = 12  # levels of a U-Net, for images of 4096x4096

# Statistics of instance normalization in files of PyTorch before version 0.4. They were never used.
_STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


class Generator(NamedTuple):
    """A network and its Flax variables.

    description: what it is, for people. channels: those of the images that it takes, and of those that it makes.
    side: the side of the images for which the authors' code uses it.
    """

    network: nn.Module
    variables: dict[str, Any]
    description: str
    channels: tuple[int, int]
    side: int


class _Layer(NamedTuple):
    """Our name of a layer, its prefix in the state dictionary, and whether it has a bias."""

    ours: str
    theirs: str
    biased: bool


def generator(tensors: Mapping[str, np.ndarray], dropout: bool) -> Generator:
    """The generator whose state dictionary this is.

    dropout: whether a U-Net has dropout, as it does unless it was trained with --no_dropout. A ResNet's names tell.

    Raises ValueError if the names or shapes are not those of such a generator, with the first that differs.
    """
    named = {name.removeprefix("module."): x for name, x in tensors.items()}  # of networks that DataParallel wraps
    if "model.model.0.weight" in named:
        found = _unet(named, dropout)
    elif "model.1.weight" in named:
        found = _resnet(named)
    else:
        raise ValueError("its names are not those of a ResNet or U-Net generator of pytorch-CycleGAN-and-pix2pix")
    images = jax.ShapeDtypeStruct((1, found.side, found.side, found.channels[0]), jnp.float32)
    expected = jax.eval_shape(partial(found.network.init, train=True), {"params": jax.random.key(0)}, images)
    for path, shape in jax.tree.leaves_with_path(expected):
        own: Any = found.variables
        for key in path:
            own = own[key.key]
        if np.shape(own) != shape.shape:
            raise ValueError(f"its {'/'.join(key.key for key in path[1:])} is {np.shape(own)}, not {shape.shape}")
    return found


def _resnet(named: Mapping[str, np.ndarray]) -> Generator:
    norm = "model.2.weight" in named
    blocks = len({name.split(".")[1] for name in named if ".conv_block." in name})
    again = 5 if any(".conv_block.5." in name for name in named) else 6  # dropout moves the second convolution by one
    bias, last = not norm, 10 + blocks
    convs = [_Layer(f"Conv_{i}", f"model.{n}", bias) for i, n in enumerate((1, 4, 7))]
    inner = [f"model.{10 + i}.conv_block.{n}" for i in range(blocks) for n in (1, again)]
    convs += [_Layer(f"Conv_{3 + i}", name, bias) for i, name in enumerate(inner)]
    convs.append(_Layer(f"Conv_{len(convs)}", f"model.{last + 7}", True))
    ups = [_Layer(f"ConvTranspose_{i}", f"model.{last + n}", bias) for i, n in enumerate((0, 3))]
    norms = [f"model.{n}" for n in (2, 5, 8)]
    norms += [f"model.{10 + i}.conv_block.{n}" for i in range(blocks) for n in (2, again + 1)]
    norms += [f"model.{last + n}" for n in (1, 4)]
    variables = _variables(named, [*convs, *ups], norms, norm)
    width, before = named["model.1.weight"].shape[:2]
    after = len(named[f"model.{last + 7}.weight"])
    network = cyclegan_resnet.Generator(
        after,
        width=width,
        blocks=blocks,
        normalization=batch_norm if norm else plain_instance_norm,
        dropout=_DROPOUT if again == 6 else 0.0,
    )
    kind = f"the residual generator of CycleGAN with {blocks} blocks"
    return Generator(network, variables, kind, (before, after), 256 if blocks > 6 else 128)


def _unet(named: Mapping[str, np.ndarray], dropout: bool) -> Generator:
    downs = list(_prefixes(named))
    depth = len(downs)
    if not 3 <= depth <= _DEEPEST:
        raise ValueError(f"its U-Net has {depth} levels")
    norm = any(name.endswith((".2.weight", ".4.weight")) for name in named)
    convs = [_Layer(f"Conv_{i}", f"{prefix}.{1 if i else 0}", not norm) for i, prefix in enumerate(downs)]
    # From the innermost block outwards. There the layers lie one place further in, but in the innermost one.
    ups, places = [], [3, *[5] * (depth - 2), 3]
    for i, (prefix, place) in enumerate(zip(reversed(downs), places, strict=True)):
        ups.append(_Layer(f"ConvTranspose_{i}", f"{prefix}.{place}", not norm or i == depth - 1))
    norms = [f"{prefix}.2" for prefix in downs[1:-1]]
    norms += [f"{prefix}.{place + 1}" for prefix, place in zip(reversed(downs[1:]), places[:-1], strict=True)]
    variables = _variables(named, [*convs, *ups], norms, norm)
    first, last = named[f"{convs[0].theirs}.weight"], named[f"{ups[-1].theirs}.weight"]
    side = 2**depth
    network = unet.Generator(
        side,
        last.shape[1],
        width=first.shape[0],
        dropout=_DROPOUT if dropout else 0.0,
        normalization=batch_norm if norm else plain_instance_norm,
    )
    kind = f"the U-Net generator of pix2pix at {side}x{side}"
    return Generator(network, variables, kind, (first.shape[1], last.shape[1]), side)


def _prefixes(named: Mapping[str, np.ndarray]) -> Iterator[str]:
    """The prefixes of the nested blocks of a U-Net, from the outermost one on."""
    prefix, place, inside = "model.model", 0, 1
    while f"{prefix}.{place}.weight" in named:
        yield prefix
        prefix, place, inside = f"{prefix}.{inside}.model", 1, 3


def _variables(
    named: Mapping[str, np.ndarray], layers: list[_Layer], norms: list[str], normalized: bool
) -> dict[str, dict]:
    """Our variables, of convolutions and of layers of normalization, which have weights if `normalized`.

    Raises ValueError if a tensor is missing or is left over.
    """
    left = dict(named)

    def take(name: str, dimensions: int) -> np.ndarray:
        if name not in left:
            raise ValueError(f"it has no {name}")
        x = left.pop(name)
        if x.ndim != dimensions or x.dtype.kind != "f":
            raise ValueError(f"its {name} is {x.dtype} of shape {x.shape}")
        return x.astype(np.float32)

    params: dict[str, dict] = {}
    for layer in layers:
        # PyTorch's kernels are (features, channels, k, k), and those of transposed convolutions the other way round.
        params[layer.ours] = {"kernel": take(f"{layer.theirs}.weight", 4).transpose(2, 3, 1, 0)}
        if layer.biased:
            params[layer.ours]["bias"] = take(f"{layer.theirs}.bias", 1)
    statistics = {}
    for i, prefix in enumerate(norms):
        if normalized:
            params[f"BatchNorm_{i}"] = {"scale": take(f"{prefix}.weight", 1), "bias": take(f"{prefix}.bias", 1)}
            mean, var = take(f"{prefix}.running_mean", 1), take(f"{prefix}.running_var", 1)
            statistics[f"BatchNorm_{i}"] = {"mean": mean, "var": var}
        for name in _STATISTICS:
            left.pop(f"{prefix}.{name}", None)
    if left:
        raise ValueError(f"it has {min(left)}, which the network has not")
    return {"params": params, "batch_stats": statistics} if normalized else {"params": params}
