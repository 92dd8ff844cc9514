"""The networks of BigGAN and BigGAN-deep in PyTorch, on images (N, C, H, W), as the paper draws them.

An independent reference. Every network is told its features, map by map. `load` copies our variables into one.
"""

from functools import partial
from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


class Layer(nn.Module):
    """A spectrally normalized convolution (size 1 or 3), or a linear layer or table of embeddings (size 0)."""

    def __init__(self, before, after, size, bias=True):
        super().__init__()
        self.size = size
        self.weight = nn.Parameter(torch.zeros(after, before, *[size] * (2 if size else 0)))
        self.bias = nn.Parameter(torch.zeros(after)) if bias else None
        self.register_buffer("u", torch.ones(after))

    def normalized(self):
        matrix = self.weight.flatten(1)
        with torch.no_grad():
            v = F.normalize(matrix.T @ self.u, dim=0)
            u = F.normalize(matrix @ v, dim=0)
        return self.weight / (u @ matrix @ v)

    def forward(self, x):
        if self.size:
            return F.conv2d(x, self.normalized(), self.bias, padding=self.size // 2)
        return F.linear(x, self.normalized(), self.bias)


class Modulated(nn.Module):
    def __init__(self, features, codes):
        super().__init__()
        self.scale, self.bias = (Layer(codes, features, 0, bias=False) for _ in range(2))

    def forward(self, x, codes):
        y = F.batch_norm(x, None, None, training=True)
        return y * (1 + self.scale(codes))[:, :, None, None] + self.bias(codes)[:, :, None, None]


class Attention(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.f, self.g = (Layer(features, features // 8, 1, bias=False) for _ in range(2))
        self.h, self.v = Layer(features, features // 2, 1, bias=False), Layer(features // 2, features, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        keys, values = (F.max_pool2d(layer(x), 2).flatten(2) for layer in (self.f, self.h))
        queries = self.g(x).flatten(2)
        attended = F.scaled_dot_product_attention(*(each.mT for each in (queries, keys, values)), scale=1.0)
        return x + self.gamma * self.v(attended.mT.reshape(len(x), -1, *x.shape[2:]))


def doubled(x):
    return F.interpolate(x, scale_factor=2, mode="nearest")


class Up(nn.Module):
    def __init__(self, before, after, codes):
        super().__init__()
        self.norms = nn.ModuleList([Modulated(before, codes), Modulated(after, codes)])
        self.layers = nn.ModuleList([Layer(before, after, 3), Layer(after, after, 3)])
        self.shortcut = Layer(before, after, 1)

    def forward(self, x, codes):
        y = self.layers[0](doubled(F.relu(self.norms[0](x, codes))))
        y = self.layers[1](F.relu(self.norms[1](y, codes)))
        return y + self.shortcut(doubled(x))


class DeepUp(nn.Module):
    def __init__(self, before, after, codes, double):
        super().__init__()
        fewer = before // 4
        self.double, self.after = double, after
        self.norms = nn.ModuleList([Modulated(features, codes) for features in (before, fewer, fewer, fewer)])
        sizes = [(before, fewer, 1), (fewer, fewer, 3), (fewer, fewer, 3), (fewer, after, 1)]
        self.layers = nn.ModuleList([Layer(*each) for each in sizes])

    def forward(self, x, codes):
        y = x
        for number, (norm, layer) in enumerate(zip(self.norms, self.layers, strict=True)):
            y = F.relu(norm(y, codes))
            y = layer(doubled(y) if self.double and number == 1 else y)
        x = x[:, : self.after]
        return y + (doubled(x) if self.double else x)


class Generator(nn.Module):
    def __init__(
        self, features, latent, classes=None, deep=False, attended=(), embedding=128, channels=3, smallest=(4, 4)
    ):
        """features: of each size of maps, from the smallest on. attended: the numbers of the sizes that attend."""
        super().__init__()
        self.features, self.deep, self.smallest = features, deep, smallest
        self.chunk = latent if deep else latent // len(features)
        self.embedding = nn.Embedding(classes, embedding) if classes else None
        codes = self.chunk + (embedding if classes else 0)
        self.linear = Layer(codes if deep else self.chunk, features[0] * smallest[0] * smallest[1], 0)
        self.blocks = nn.ModuleList()
        for a, b in pairwise(features):
            own = [DeepUp(a, a, codes, False), DeepUp(a, b, codes, True)] if deep else [Up(a, b, codes)]
            self.blocks.append(nn.ModuleList(own))
        self.attentions = nn.ModuleDict({str(i): Attention(features[i]) for i in attended})
        self.scale, self.shift = (nn.Parameter(torch.zeros(features[-1])) for _ in range(2))
        self.last = Layer(features[-1], channels, 3)

    def forward(self, z, labels=None):
        known = [] if self.embedding is None else [self.embedding(labels)]
        if self.deep:
            codes = [torch.cat([*known, z], 1)] * len(self.features)
            first = codes[0]
        else:
            first, *others = z.split(self.chunk, 1)
            codes = [None, *(torch.cat([*known, other], 1) for other in others)]
        x = self.linear(first).reshape(len(z), -1, *self.smallest)
        for number, blocks in enumerate(self.blocks, 1):
            for block in blocks:
                x = block(x, codes[number])
            if str(number) in self.attentions:
                x = self.attentions[str(number)](x)
        x = F.batch_norm(x, None, None, self.scale, self.shift, training=True)
        return torch.tanh(self.last(F.relu(x)))


class Down(nn.Module):
    def __init__(self, before, after, halve, first):
        super().__init__()
        self.halve, self.first = halve, first
        self.layers = nn.ModuleList([Layer(before, after, 3), Layer(after, after, 3)])
        self.shortcut = Layer(before, after, 1) if halve or before != after else None

    def forward(self, x):
        y = self.layers[1](F.relu(self.layers[0](x if self.first else F.relu(x))))
        beside = x if self.shortcut is None else self.shortcut(x)
        return y + beside if not self.halve else F.avg_pool2d(y, 2) + F.avg_pool2d(beside, 2)


class DeepDown(nn.Module):
    def __init__(self, before, after, halve):
        super().__init__()
        fewer = after // 4
        self.halve = halve
        sizes = [(before, fewer, 1), (fewer, fewer, 3), (fewer, fewer, 3), (fewer, after, 1)]
        self.layers = nn.ModuleList([Layer(*each) for each in sizes])
        self.shortcut = Layer(before, after - before, 1) if after != before else None

    def forward(self, x):
        y = x
        for layer in self.layers[:3]:
            y = layer(F.relu(y))
        y = F.relu(y)
        if self.halve:
            y, x = F.avg_pool2d(y, 2), F.avg_pool2d(x, 2)
        return self.layers[3](y) + (x if self.shortcut is None else torch.cat([x, self.shortcut(x)], 1))


class Discriminator(nn.Module):
    def __init__(self, features, halvings, classes=None, deep=False, attended=(), channels=3):
        """features: of each block, or of the first layer and each two blocks. attended: the numbers of blocks."""
        super().__init__()
        self.first = Layer(channels, features[0], 3) if deep else None
        self.blocks = nn.ModuleList()
        for number, (a, b) in enumerate(pairwise(features if deep else (channels, *features))):
            halve = number < halvings
            own = [DeepDown(a, b, halve), DeepDown(b, b, False)] if deep else [Down(a, b, halve, number == 0)]
            self.blocks.append(nn.ModuleList(own))
        outs = features[1:] if deep else features
        self.attentions = nn.ModuleDict({str(i): Attention(outs[i]) for i in attended})
        self.linear = Layer(features[-1], 1, 0)
        self.embedding = Layer(features[-1], classes, 0, bias=False) if classes else None

    def forward(self, x, labels=None):
        x = x if self.first is None else self.first(x)
        for number, blocks in enumerate(self.blocks):
            for block in blocks:
                x = block(x)
            if str(number) in self.attentions:
                x = self.attentions[str(number)](x)
        x = F.relu(x).sum((2, 3))
        y = self.linear(x)[:, 0]
        return y if self.embedding is None else y + (self.embedding.normalized()[labels] * x).sum(1)


def count(network):
    return sum(p.numel() for p in network.parameters())


def pairs(network):
    """(path of our parameter, or of our vector u, their tensor, how theirs is made of ours), all of both."""
    numbers = {}

    def following(kind, path=()):
        numbers[path, kind] = numbers.get((path, kind), -1) + 1
        return (*path, f"{kind}_{numbers[path, kind]}")

    def same(x):
        return x

    def layer(path, own, change=None, last=same):
        usual = (lambda x: x.transpose(3, 2, 0, 1)) if own.size else (lambda x: x.T)
        yield ("params", *path, "kernel"), own.weight, change or usual
        if own.bias is not None:
            yield ("params", *path, "bias"), own.bias, last
        yield ("spectral", *path, "SpectralNorm_0", "u"), own.u, last

    def attention(own):
        path = following("PooledSelfAttention")
        for name in "fghv":
            yield from layer((*path, name), getattr(own, name))
        yield ("params", *path, "gamma"), own.gamma, same

    def block(own, kind):
        path = following(kind)
        for norm in getattr(own, "norms", ()):
            inner = following("ModulatedBatchNorm", path)
            yield from layer((*inner, "scale"), norm.scale)
            yield from layer((*inner, "bias"), norm.bias)
        for number, each in enumerate(own.layers):
            fused = (isinstance(own, Up) and number == 0) or (isinstance(own, DeepUp) and own.double and number == 1)
            fused = "UpConv" if fused else "DownConv" if isinstance(own, Down) and own.halve and number else "Conv"
            yield from layer(following(fused, path), each)
        if getattr(own, "shortcut", None) is not None:
            yield from layer((*path, "shortcut"), own.shortcut)

    generator = isinstance(network, Generator)
    if generator:

        def places(x):
            """Our features of the first map are the last axis, and theirs are the first."""
            high, wide = network.smallest
            return np.moveaxis(x.reshape(*x.shape[:-1], high, wide, -1), -1, -3).reshape(x.shape)

        yield from layer(following("Dense"), network.linear, lambda x: places(x).T, places)
    elif network.first is not None:
        yield from layer(following("Conv"), network.first)
    for number, blocks in enumerate(network.blocks, 1 if generator else 0):
        for each in blocks:
            yield from block(each, "_Up" if generator else "_Down")
        if str(number) in network.attentions:
            yield from attention(network.attentions[str(number)])
    if generator:
        yield ("params", "ToImages_0", "BatchNorm_0", "scale"), network.scale, same
        yield ("params", "ToImages_0", "BatchNorm_0", "bias"), network.shift, same
        yield from layer(("ToImages_0", "Conv_0"), network.last)
        if network.embedding is not None:
            yield ("params", "embedding"), network.embedding.weight, same
        return
    yield from layer(("ProjectedLogits_0", "Dense_0"), network.linear)
    if network.embedding is not None:
        yield ("params", "ProjectedLogits_0", "embedding"), network.embedding.weight, same
        yield ("spectral", "ProjectedLogits_0", "SpectralNorm_0", "u"), network.embedding.u, same


def at(tree, path):
    for name in path:
        tree = tree[name]
    return np.float64(tree)


def load(network, variables):
    """`network`, in float64 and with our parameters and vectors u."""
    network.double()
    filled = 0
    for path, theirs, change in pairs(network):
        theirs.data.copy_(torch.tensor(change(at(variables, path))))
        filled += theirs.numel()
    assert filled == count(network) + sum(u.numel() for u in network.buffers())
    return network


meta = partial(torch.device, "meta")
