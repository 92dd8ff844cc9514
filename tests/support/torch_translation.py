"""The networks of pix2pix, CycleGAN and CUT in PyTorch, drawn as their papers and the authors' code have them.

An independent reference, on images (N, C, H, W). `load` copies our parameters into one, `names` says what is what.
"""

import jax
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


def _conv(before, after, size, stride, padding, bias):
    return nn.Conv2d(before, after, size, stride, padding, bias=bias)


class UNet(nn.Module):
    """The authors' network is a recursion of blocks; this is the same, as two lists."""

    def __init__(self, downs, before, after, width, norm=nn.BatchNorm2d):
        super().__init__()
        self.bias = norm is nn.InstanceNorm2d
        features = [width * min(2**i, 8) for i in range(downs)]
        inputs = [before, *features[:-1]]
        self.down = nn.ModuleList([_conv(a, b, 4, 2, 1, self.bias) for a, b in zip(inputs, features, strict=True)])
        self.down_norm = nn.ModuleList([norm(n) for n in features[1:-1]])
        ups = [(features[-1], features[-2])]
        ups += [(2 * features[i], features[i - 1]) for i in range(downs - 2, 0, -1)]
        self.up = nn.ModuleList([nn.ConvTranspose2d(a, b, 4, 2, 1, bias=self.bias) for a, b in ups])
        self.up_norm = nn.ModuleList([norm(b) for _, b in ups])
        self.last = nn.ConvTranspose2d(2 * features[0], after, 4, 2, 1)
        self.masks = {}  # of the dropout after the i-th layer on the way up, which keeps a half

    def forward(self, x):
        def down(i, x):
            """What the block from the i-th convolution on makes of x, which is the skip connection too."""
            y = self.down[i](F.leaky_relu(x, 0.2) if i else x)
            if i == len(self.down) - 1:
                return self.up_norm[0](self.up[0](F.relu(y)))
            if i:
                y = self.down_norm[i - 1](y)
            inner = torch.cat([y, down(i + 1, y)], 1)
            if not i:
                return torch.tanh(self.last(F.relu(inner)))
            j = len(self.down) - 1 - i
            y = self.up_norm[j](self.up[j](F.relu(inner)))
            return 2 * self.masks[j] * y if j in self.masks else y

        return down(0, x)

    def names(self):
        yield from ((f"Conv_{i}", layer) for i, layer in enumerate(self.down))
        yield from ((f"ConvTranspose_{i}", layer) for i, layer in enumerate([*self.up, self.last]))
        yield from _norms([*self.down_norm, *self.up_norm])


class _Sequential(nn.Sequential):
    def names(self):
        for kind, name in ((nn.Conv2d, "Conv"), (nn.ConvTranspose2d, "ConvTranspose")):
            layers = [layer for layer in self.modules() if isinstance(layer, kind)]
            yield from ((f"{name}_{i}", layer) for i, layer in enumerate(layers))
        yield from _norms([layer for layer in self.modules() if isinstance(layer, nn.BatchNorm2d)])


def _norms(layers):
    yield from ((f"BatchNorm_{i}", n) for i, n in enumerate(layers) if isinstance(n, nn.BatchNorm2d))


def _filters(taps, features):
    """A kernel for each feature by itself, (features, 1, n, n), whose sum is 1."""
    kernel = torch.outer(taps, taps) / taps.sum() ** 2
    return kernel.double().expand(features, 1, -1, -1)


class _Blur(nn.Module):
    """CUT's step down, by every second pixel of a blurred image."""

    def forward(self, x):
        features = x.shape[1]
        return F.conv2d(
            F.pad(x, (1,) * 4, "reflect"), _filters(torch.tensor([1, 2, 1]), features), None, 2, 0, 1, features
        )


class _Up(nn.Module):
    """CUT's step up, by a transposed convolution with a fixed filter."""

    def forward(self, x):
        features = x.shape[1]
        kernel = 4 * _filters(torch.tensor([1, 3, 3, 1]), features)
        y = F.conv_transpose2d(F.pad(x, (1,) * 4, "replicate"), kernel, None, 2, 2, groups=features)
        return y[:, :, 1:-1, 1:-1]


class PatchGAN(_Sequential):
    def __init__(self, layers, before, width, norm=nn.BatchNorm2d, antialias=False):
        bias = norm is nn.InstanceNorm2d
        stride, halved = (1, [_Blur()]) if antialias else (2, [])
        sequence = [nn.Conv2d(before, width, 4, stride, 1), nn.LeakyReLU(0.2), *halved]
        for i in range(1, layers + 1):
            a, b = (width * min(2**j, 8) for j in (i - 1, i))
            sequence += [_conv(a, b, 4, stride if i < layers else 1, 1, bias), norm(b), nn.LeakyReLU(0.2)]
            sequence += halved if i < layers else []
        super().__init__(*sequence, nn.Conv2d(width * min(2**layers, 8), 1, 4, 1, 1), nn.Flatten(0, 1))


class PixelGAN(_Sequential):
    def __init__(self, before, width, norm=nn.BatchNorm2d):
        bias = norm is nn.InstanceNorm2d
        super().__init__(
            *(nn.Conv2d(before, width, 1), nn.LeakyReLU(0.2)),
            *(_conv(width, 2 * width, 1, 1, 0, bias), norm(2 * width), nn.LeakyReLU(0.2)),
            *(_conv(2 * width, 1, 1, 1, 0, bias), nn.Flatten(0, 1)),
        )


class _Residual(nn.Module):
    def __init__(self, features, norm, bias):
        super().__init__()
        half = (nn.ReflectionPad2d(1), _conv(features, features, 3, 1, 0, bias), norm(features))
        again = (nn.ReflectionPad2d(1), _conv(features, features, 3, 1, 0, bias), norm(features))
        self.branch = nn.Sequential(*half, nn.ReLU(), *again)

    def forward(self, x):
        return x + self.branch(x)


class ResNet(_Sequential):
    def __init__(self, blocks, before, after, width, norm=nn.InstanceNorm2d, antialias=False):
        bias = norm is nn.InstanceNorm2d
        sequence = [nn.ReflectionPad2d(3), _conv(before, width, 7, 1, 0, bias), norm(width), nn.ReLU()]
        for a in (width, 2 * width):
            sequence += [_conv(a, 2 * a, 3, 1 if antialias else 2, 1, bias), norm(2 * a), nn.ReLU()]
            sequence += [_Blur()] if antialias else []
        sequence += [_Residual(4 * width, norm, bias) for _ in range(blocks)]
        for a in (4 * width, 2 * width):
            transposed = nn.ConvTranspose2d(a, a // 2, 3, 2, 1, output_padding=1, bias=bias)
            up = [_Up(), _conv(a, a // 2, 3, 1, 1, bias)] if antialias else [transposed]
            sequence += [*up, norm(a // 2), nn.ReLU()]
        super().__init__(*sequence, nn.ReflectionPad2d(3), nn.Conv2d(width, after, 7), nn.Tanh())


def count(network):
    return sum(p.numel() for p in network.parameters())


def nchw(images):
    return torch.tensor(np.float64(images)).movedim(-1, 1)


def _parameters(network):
    """(our layer's name, our parameter's name, tensor, whether it is a kernel)"""
    for name, layer in network.names():
        convolution = isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        yield name, "kernel" if convolution else "scale", layer.weight, convolution
        if layer.bias is not None:
            yield name, "bias", layer.bias, False


def load(network, params):
    """`network`, in float64 and with our parameters, every one of them."""
    network.double()
    known = {(name, own) for name, layer in params.items() for own in layer}
    for name, own, tensor, kernel in _parameters(network):
        known.remove((name, own))
        values = torch.tensor(np.float64(params[name][own]))
        tensor.data.copy_(values.permute(3, 2, 0, 1) if kernel else values)
    assert not known
    assert count(network) == sum(x.size for x in jax.tree.leaves(params))
    return network


def ours(network, of=lambda tensor: tensor):
    """What `of` says of every parameter of `network`, in the form of ours."""
    found = {}
    for name, own, tensor, kernel in _parameters(network):
        values = of(tensor).detach()
        found.setdefault(name, {})[own] = (values.permute(2, 3, 1, 0) if kernel else values).numpy().copy()
    return found
