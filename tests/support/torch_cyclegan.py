"""The generators of pytorch-CycleGAN-and-pix2pix as its models/networks.py nests them, with its names."""

from functools import partial

import torch
from torch import nn

NORMS = {
    "batch": partial(nn.BatchNorm2d, affine=True, track_running_stats=True),
    "instance": partial(nn.InstanceNorm2d, affine=False, track_running_stats=False),
}


class _ResnetBlock(nn.Module):
    def __init__(self, dim, norm, dropout, bias):
        super().__init__()
        block = [nn.ReflectionPad2d(1), nn.Conv2d(dim, dim, 3, bias=bias), norm(dim), nn.ReLU(True)]
        block += [nn.Dropout(0.5)] if dropout else []
        block += [nn.ReflectionPad2d(1), nn.Conv2d(dim, dim, 3, bias=bias), norm(dim)]
        self.conv_block = nn.Sequential(*block)

    def forward(self, x):
        return x + self.conv_block(x)


class ResnetGenerator(nn.Module):
    def __init__(self, before, after, width, norm, dropout, blocks):
        super().__init__()
        bias, norm = norm == "instance", NORMS[norm]
        model = [nn.ReflectionPad2d(3), nn.Conv2d(before, width, 7, bias=bias), norm(width), nn.ReLU(True)]
        for i in (1, 2):
            model += [nn.Conv2d(width * i, width * i * 2, 3, 2, 1, bias=bias), norm(width * i * 2), nn.ReLU(True)]
        model += [_ResnetBlock(width * 4, norm, dropout, bias) for _ in range(blocks)]
        for i in (4, 2):
            up = nn.ConvTranspose2d(width * i, width * i // 2, 3, 2, 1, output_padding=1, bias=bias)
            model += [up, norm(width * i // 2), nn.ReLU(True)]
        self.model = nn.Sequential(*model, nn.ReflectionPad2d(3), nn.Conv2d(width, after, 7), nn.Tanh())

    def forward(self, x):
        return self.model(x)


class _UnetBlock(nn.Module):
    def __init__(self, outer, inner, before=None, inside=None, outermost=False, norm=None, bias=False, dropout=False):
        super().__init__()
        self.outermost = outermost
        before = outer if before is None else before
        down = nn.Conv2d(before, inner, 4, 2, 1, bias=bias)
        relus = nn.LeakyReLU(0.2, True), nn.ReLU(True)
        if outermost:
            model = [down, inside, relus[1], nn.ConvTranspose2d(inner * 2, outer, 4, 2, 1), nn.Tanh()]
        elif inside is None:
            model = [relus[0], down, relus[1], nn.ConvTranspose2d(inner, outer, 4, 2, 1, bias=bias), norm(outer)]
        else:
            up = nn.ConvTranspose2d(inner * 2, outer, 4, 2, 1, bias=bias)
            model = [relus[0], down, norm(inner), inside, relus[1], up, norm(outer)]
            model += [nn.Dropout(0.5)] if dropout else []
        self.model = nn.Sequential(*model)

    def forward(self, x):
        return self.model(x) if self.outermost else torch.cat([x, self.model(x)], 1)


class UnetGenerator(nn.Module):
    def __init__(self, before, after, downs, width, norm, dropout):
        super().__init__()
        block = partial(_UnetBlock, norm=NORMS[norm], bias=norm == "instance")
        inside = block(width * 8, width * 8)
        for _ in range(downs - 5):
            inside = block(width * 8, width * 8, inside=inside, dropout=dropout)
        for i in (4, 2, 1):
            inside = block(width * i, width * i * 2, inside=inside)
        self.model = block(after, width, before=before, inside=inside, outermost=True)

    def forward(self, x):
        return self.model(x)


def randomized(network, seed):
    """The network with random weights and biases everywhere, and statistics of batches as after some training."""
    generator = torch.Generator().manual_seed(seed)
    for name, x in network.state_dict().items():
        if x.is_floating_point():
            noise = torch.randn(x.shape, generator=generator)
            fan = x[0].numel() if x.ndim == 4 else 1
            scale = {"running_var": noise.abs() + 0.5, "weight": noise / fan**0.5 if x.ndim == 4 else 1 + 0.2 * noise}
            x.copy_(scale.get(name.rsplit(".", 1)[-1], 0.1 * noise))
    return network
