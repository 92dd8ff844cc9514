"""The discriminator of FastGAN in PyTorch, on images (N, C, H, W), drawn as the authors' code has it.

An independent reference. `load` copies our variables into one, and `pairs` says which belongs to which.
"""

from itertools import pairwise

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

# Features by the width, of what the authors number by the side that a map of 1024x1024 would have after as many steps.
MULTIPLES = {8: 16, 16: 8, 32: 4, 64: 2, 128: 1, 256: 0.5, 512: 0.25, 1024: 0.125}
DECODED = {16: 4, 32: 2, 64: 2, 128: 1}


def direction(x):
    return x / x.norm()


class Conv(nn.Module):
    """Without bias, and divided by its spectral norm, which one step of power iteration estimates in training."""

    def __init__(self, before, after, size, stride=1, padding=0):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(after, before, size, size))
        self.register_buffer("u", torch.zeros(after))
        self.stride, self.padding = stride, padding

    def forward(self, x):
        matrix, u = self.weight.flatten(1), direction(self.u)
        with torch.no_grad():
            v = direction(matrix.T @ u)
            u = direction(matrix @ v) if self.training else u
        return F.conv2d(x, self.weight / (u @ matrix @ v), None, self.stride, self.padding)


class Excitation(nn.Module):
    def __init__(self, other, features):
        super().__init__()
        self.first, self.second = Conv(other, features, 4), Conv(features, features, 1)

    def forward(self, other, x):
        return x * torch.sigmoid(self.second(F.silu(self.first(F.adaptive_avg_pool2d(other, 4)))))


class Down(nn.Module):
    def __init__(self, before, after, normalized=True):
        super().__init__()
        self.conv = Conv(before, after, 4, 2, 1)
        self.norm = nn.BatchNorm2d(after) if normalized else None

    def forward(self, x):
        x = self.conv(x)
        return F.leaky_relu(x if self.norm is None else self.norm(x), 0.2)


class TwoBranches(nn.Module):
    def __init__(self, before, after):
        super().__init__()
        self.down = Down(before, after)
        self.second, self.norm = Conv(after, after, 3, 1, 1), nn.BatchNorm2d(after)
        self.direct, self.direct_norm = Conv(before, after, 1), nn.BatchNorm2d(after)

    def forward(self, x):
        y = F.leaky_relu(self.norm(self.second(self.down(x))), 0.2)
        return (y + F.leaky_relu(self.direct_norm(self.direct(F.avg_pool2d(x, 2))), 0.2)) / 2


class Decoder(nn.Module):
    def __init__(self, before, features, channels):
        super().__init__()
        self.convs, self.norms = nn.ModuleList(), nn.ModuleList()
        for after in features:
            self.convs.append(Conv(before, 2 * after, 3, 1, 1))
            self.norms.append(nn.BatchNorm2d(2 * after))
            before = after
        self.last = Conv(before, channels, 3, 1, 1)

    def forward(self, x):
        for conv, norm in zip(self.convs, self.norms, strict=True):
            x = F.glu(norm(conv(F.interpolate(x, scale_factor=2, mode="nearest"))), 1)
        return torch.tanh(self.last(x))


class Discriminator(nn.Module):
    """side: of images, a power of two from 32 to 1024. Those below 256 leave out the first blocks."""

    def __init__(self, width, channels, side):
        super().__init__()
        nfc = {key: int(width * multiple) for key, multiple in MULTIPLES.items()}
        start = min(2 * side, 512)
        if side == 1024:
            stem = [Down(channels, nfc[1024], normalized=False), Down(nfc[1024], nfc[512])]
        elif side == 512:
            stem = [Down(channels, nfc[512], normalized=False)]
        else:
            stem = [Conv(channels, nfc[start], 3, 1, 1), nn.LeakyReLU(0.2)]
        self.stem = nn.Sequential(*stem)
        keys = [key for key in (512, 256, 128, 64, 32, 16) if key <= start]
        self.blocks = nn.ModuleList([TwoBranches(nfc[a], nfc[b]) for a, b in pairwise(keys)])
        self.excitations = nn.ModuleList([Excitation(nfc[a], nfc[b]) for a, b in zip(keys, keys[3:], strict=False)])
        self.judge, self.judge_norm = Conv(nfc[16], nfc[8], 1), nn.BatchNorm2d(nfc[8])
        self.last = Conv(nfc[8], 1, 4)

        keys = [key for key in (256, 128, 64, 32) if key < start]
        small = [Down(nfc[a], nfc[b]) for a, b in pairwise(keys)]
        self.small = nn.Sequential(Down(channels, nfc[keys[0]], normalized=False), *small)
        self.small_last, self.small_side = Conv(nfc[32], 1, 4), 8 << len(keys)
        decoded = [int(width / 2 * DECODED[16 << i]) for i in range(len(keys))]
        self.decoders = nn.ModuleList([Decoder(nfc[key], decoded, channels) for key in (16, 32, 32)])

    def forward(self, images, places):
        """places: of each image, whether its quarter lies below and to the right."""
        maps = [self.stem(images)]
        for i, block in enumerate(self.blocks):
            x = block(maps[-1])
            maps.append(self.excitations[i - 2](maps[i - 2], x) if i >= 2 else x)
        judged = self.last(F.leaky_relu(self.judge_norm(self.judge(maps[-1])), 0.2))
        small = F.adaptive_avg_pool2d(images, self.small_side)
        y = self.small(small)
        whole, other, part = self.decoders
        part_of_image = F.adaptive_avg_pool2d(quarters(images, places), self.small_side)
        return {
            "logits": torch.cat([judged.flatten(1), self.small_last(y).flatten(1)], 1),
            "reconstructions": torch.stack([whole(maps[-1]), other(y), part(quarters(maps[-2], places))], 1),
            "originals": torch.stack([small, small, part_of_image], 1),
        }


def quarters(x, places):
    half = x.shape[2] // 2
    return torch.stack(
        [
            each[:, half * a : half * a + half, half * b : half * b + half]
            for each, (a, b) in zip(x, places, strict=True)
        ]
    )


def count(network):
    return sum(p.numel() for p in network.parameters())


def modules(network):
    """(the path of a layer in our variables, their layer), every convolution and normalization."""

    def down(path, layer):
        yield (*path, "Conv_0"), layer.conv
        if layer.norm is not None:
            yield (*path, "BatchNorm_0"), layer.norm

    halving = [layer for layer in (*network.stem, *network.small) if isinstance(layer, Down)]
    for i, layer in enumerate(halving):
        yield from down((f"_Down_{i}",), layer)
    for i, block in enumerate(network.blocks):
        name = f"_TwoBranches_{i}"
        yield from down((name, "_Down_0"), block.down)
        yield from [((name, "Conv_0"), block.second), ((name, "BatchNorm_0"), block.norm)]
        yield from [((name, "Conv_1"), block.direct), ((name, "BatchNorm_1"), block.direct_norm)]
    for i, layer in enumerate(network.excitations):
        yield from [((f"Excitation_{i}", "Conv_0"), layer.first), ((f"Excitation_{i}", "Conv_1"), layer.second)]
    for i, decoder in enumerate(network.decoders):
        name = f"_Decoder_{i}"
        yield from [((name, f"UpConv_{j}"), layer) for j, layer in enumerate(decoder.convs)]
        yield from [((name, f"BatchNorm_{j}"), layer) for j, layer in enumerate(decoder.norms)]
        yield (name, "Conv_0"), decoder.last
    convs = [
        *(layer for layer in network.stem if isinstance(layer, Conv)),
        network.judge,
        network.last,
        network.small_last,
    ]
    yield from [((f"Conv_{i}",), layer) for i, layer in enumerate(convs)]
    yield ("BatchNorm_0",), network.judge_norm


def pairs(network, params):
    """(our parameter, their tensor, how theirs is made of ours), every one of both."""
    for path, layer in modules(network):
        own = at(params, path)
        if isinstance(layer, Conv):
            yield own["kernel"], layer.weight, lambda x: x.transpose(3, 2, 0, 1)
        else:
            yield own["scale"], layer.weight, lambda x: x
            yield own["bias"], layer.bias, lambda x: x


def at(tree, path):
    for name in path:
        tree = tree[name]
    return tree


def load(network, variables):
    """`network`, in float64 and with our variables."""
    network.double()
    filled = 0
    for ours, theirs, change in pairs(network, variables["params"]):
        theirs.data.copy_(torch.tensor(change(np.float64(ours))))
        filled += theirs.numel()
    assert filled == count(network)
    for path, layer in modules(network):
        if isinstance(layer, Conv):
            layer.u.copy_(torch.tensor(np.float64(at(variables["spectral"], path)["SpectralNorm_0"]["u"])))
        else:
            seen = at(variables["batch_stats"], path)
            layer.running_mean.copy_(torch.tensor(np.float64(seen["mean"])))
            layer.running_var.copy_(torch.tensor(np.float64(seen["var"])))
    return network
