"""The networks of R3GAN in PyTorch, on images (N, C, H, W), drawn as the authors' code has them.

An independent reference. `load` copies our parameters into one, in the order of their layers.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Block(nn.Module):
    def __init__(self, features):
        super().__init__()
        inside = 2 * features
        self.first = nn.Conv2d(features, inside, 1, bias=False)
        self.bias = nn.Parameter(torch.zeros(inside))
        self.second = nn.Conv2d(inside, inside, 3, 1, 1, groups=inside // 16, bias=False)
        self.other_bias = nn.Parameter(torch.zeros(inside))
        self.third = nn.Conv2d(inside, features, 1, bias=False)

    def forward(self, x):
        y = F.leaky_relu(self.first(x) + self.bias[:, None, None], 0.2)
        y = F.leaky_relu(self.second(y) + self.other_bias[:, None, None], 0.2)
        return x + self.third(y)


def _kernel():
    line = torch.tensor(np.convolve([1.0, 2.0, 1.0], [1.0, 1.0]))
    kernel = torch.outer(line, line)
    return (kernel / kernel.sum())[None, None]


def doubled(x):
    y = F.conv_transpose2d(x.reshape(-1, 1, *x.shape[2:]), 4 * _kernel(), stride=2, padding=1)
    return y.reshape(*x.shape[:2], *y.shape[2:])


def halved(x):
    y = F.conv2d(x.reshape(-1, 1, *x.shape[2:]), _kernel(), stride=2, padding=1)
    return y.reshape(*x.shape[:2], *y.shape[2:])


def _change(before, after):
    return None if before == after else nn.Conv2d(before, after, 1, bias=False)


class Generator(nn.Module):
    def __init__(self, stages, noise, blocks, classes=None, channels=3, smallest=(4, 4)):
        super().__init__()
        self.embedding = nn.Linear(classes, noise, bias=False) if classes else None
        self.basis = nn.Parameter(torch.zeros(stages[0], *smallest))
        self.linear = nn.Linear(noise * (2 if classes else 1), stages[0], bias=False)
        self.changes = nn.ModuleList([_change(a, b) for a, b in pairwise(stages)])
        self.blocks = nn.ModuleList([nn.ModuleList([Block(n) for _ in range(blocks)]) for n in stages])
        self.last = nn.Conv2d(stages[-1], channels, 1, bias=False)

    def forward(self, x, onehot=None):
        if self.embedding is not None:
            x = torch.cat([x, self.embedding(onehot)], 1)
        x = self.linear(x)[:, :, None, None] * self.basis
        for number, blocks in enumerate(self.blocks):
            if number:
                change = self.changes[number - 1]
                x = doubled(x if change is None else change(x))
            for block in blocks:
                x = block(x)
        return self.last(x)


class Discriminator(nn.Module):
    def __init__(self, stages, blocks, classes=None, channels=3, smallest=(4, 4)):
        """stages: from the smallest maps on, as of the generator."""
        super().__init__()
        size = stages[0] if classes else 1
        self.first = nn.Conv2d(channels, stages[-1], 1, bias=False)
        self.blocks = nn.ModuleList([nn.ModuleList([Block(n) for _ in range(blocks)]) for n in stages[::-1]])
        self.changes = nn.ModuleList([_change(a, b) for a, b in pairwise(stages[::-1])])
        self.basis = nn.Conv2d(stages[0], stages[0], smallest, groups=stages[0], bias=False)
        self.linear = nn.Linear(stages[0], size, bias=False)
        self.embedding = nn.Linear(classes, size, bias=False) if classes else None

    def forward(self, x, onehot=None):
        x = self.first(x)
        for number, blocks in enumerate(self.blocks):
            for block in blocks:
                x = block(x)
            if number < len(self.changes):
                x = halved(x)
                change = self.changes[number]
                x = x if change is None else change(x)
        x = self.linear(self.basis(x).flatten(1))
        return ((x * self.embedding(onehot)) if self.embedding is not None else x).sum(1)


def count(network):
    return sum(p.numel() for p in network.parameters())


def pairs(network, params):
    """(our parameter, their tensor, how theirs is made of ours), every one of both."""
    discriminator = isinstance(network, Discriminator)
    own = {"Conv": 0, "_Block": 0}

    def following(kind):
        own[kind] += 1
        return params[f"{kind}_{own[kind] - 1}"]

    def kernel(layer, values):
        return values["kernel"], layer.weight, lambda x: x.transpose(3, 2, 0, 1)

    def block(layer):
        values = following("_Block")
        yield kernel(layer.first, values["Conv_0"])
        yield values["Conv_0"]["bias"], layer.bias, lambda x: x
        yield kernel(layer.second, values["GroupedConv_0"])
        yield values["GroupedConv_0"]["bias"], layer.other_bias, lambda x: x
        yield kernel(layer.third, values["Conv_1"])

    if discriminator:
        yield kernel(network.first, following("Conv"))
    for number, blocks in enumerate(network.blocks):
        change = network.changes[number - 1] if number else None
        if change is not None:
            yield kernel(change, following("Conv"))
        for each in blocks:
            yield from block(each)
    if not discriminator:
        yield kernel(network.last, following("Conv"))
    basis = network.basis.weight if discriminator else network.basis
    yield params["basis"], basis, lambda x: x.transpose(2, 0, 1)[:, None] if discriminator else x.transpose(2, 0, 1)
    yield params["Dense_0"]["kernel"], network.linear.weight, lambda x: x.T
    if network.embedding is not None:
        yield params["embedding"], network.embedding.weight, lambda x: x.T


def load(network, params):
    """`network`, in float64 and with our parameters."""
    network.double()
    filled = 0
    for ours, theirs, change in pairs(network, params):
        theirs.data.copy_(torch.tensor(change(np.float64(ours))))
        filled += theirs.numel()
    assert filled == count(network)
    return network
