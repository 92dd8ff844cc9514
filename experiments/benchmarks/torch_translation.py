"""The networks of pix2pix and CycleGAN in PyTorch, as a careful user of it writes them: see `torch_pix2pix`."""

import torch
from torch import nn


def initialize(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.02)


class UNet(nn.Module):
    """With batch normalization and, from 64x64 on, dropout."""

    def __init__(self, resolution: int, channels: int, width: int):
        super().__init__()
        depth = resolution.bit_length() - 1
        features = [width * min(2**i, 8) for i in range(depth)]
        self.first = nn.Conv2d(channels, width, 4, 2, 1, bias=False)
        self.down = nn.ModuleList(
            nn.Sequential(
                nn.LeakyReLU(0.2),
                nn.Conv2d(features[i - 1], features[i], 4, 2, 1, bias=False),
                *([nn.BatchNorm2d(features[i])] if i < depth - 1 else []),
            )
            for i in range(1, depth)
        )
        self.up = nn.ModuleList(
            nn.Sequential(
                nn.ReLU(inplace=True),
                nn.ConvTranspose2d(
                    features[i] if i == depth - 1 else 2 * features[i], features[i - 1], 4, 2, 1, bias=False
                ),
                nn.BatchNorm2d(features[i - 1]),
                *([nn.Dropout(0.5)] if 0 < depth - 1 - i <= depth - 5 else []),
            )
            for i in range(depth - 1, 0, -1)
        )
        self.last = nn.Sequential(nn.ReLU(inplace=True), nn.ConvTranspose2d(2 * width, channels, 4, 2, 1), nn.Tanh())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        skips = [self.first(x)]
        for layer in self.down:
            skips.append(layer(skips[-1]))
        x = skips.pop()
        for layer in self.up:
            x = torch.cat([skips.pop(), layer(x)], 1)
        return self.last(x)


class _Residual(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        layers: list[nn.Module] = []
        for _ in range(2):
            layers += [nn.ReflectionPad2d(1), nn.Conv2d(features, features, 3), nn.InstanceNorm2d(features)]
        self.branch = nn.Sequential(*layers[:3], nn.ReLU(inplace=True), *layers[3:])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.branch(x)


def resnet(channels: int, width: int, blocks: int) -> nn.Sequential:
    def after(features: int) -> list[nn.Module]:
        return [nn.InstanceNorm2d(features), nn.ReLU(inplace=True)]

    layers: list[nn.Module] = [nn.ReflectionPad2d(3), nn.Conv2d(channels, width, 7), *after(width)]
    for a in (width, 2 * width):
        layers += [nn.Conv2d(a, 2 * a, 3, 2, 1), *after(2 * a)]
    layers += [_Residual(4 * width) for _ in range(blocks)]
    for a in (4 * width, 2 * width):
        layers += [nn.ConvTranspose2d(a, a // 2, 3, 2, 1, output_padding=1), *after(a // 2)]
    return nn.Sequential(*layers, nn.ReflectionPad2d(3), nn.Conv2d(width, channels, 7), nn.Tanh())


def patchgan(channels: int, width: int, norm: type[nn.Module]) -> nn.Sequential:
    """70x70."""
    bias = norm is nn.InstanceNorm2d
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    for i in range(1, 4):
        before, features = width * 2 ** (i - 1), width * 2**i
        layers += [nn.Conv2d(before, features, 4, 2 if i < 3 else 1, 1, bias=bias), norm(features)]
        layers += [nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(8 * width, 1, 4, 1, 1))
