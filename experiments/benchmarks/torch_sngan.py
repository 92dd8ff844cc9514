"""The step of SNGAN's residual networks in PyTorch, as a careful user of it writes it: see `torch_dcgan`."""

import itertools
from collections.abc import Callable, Sequence

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.parametrizations import spectral_norm


def _conv(before: int, features: int, size: int, gain: float = 1.0) -> nn.Conv2d:
    conv = nn.Conv2d(before, features, size, padding=size // 2)
    nn.init.xavier_uniform_(conv.weight, gain)
    nn.init.zeros_(conv.bias)
    return conv


class _Up(nn.Module):
    """Shortcuts' 1x1 convolutions run at the smaller side, here and below: they commute with resizing."""

    def __init__(self, before: int, features: int):
        super().__init__()
        self.residual = nn.Sequential(
            *(nn.BatchNorm2d(before), nn.ReLU(inplace=True), nn.UpsamplingNearest2d(scale_factor=2)),
            *(_conv(before, features, 3, 2**0.5), nn.BatchNorm2d(features), nn.ReLU(inplace=True)),
            _conv(features, features, 3, 2**0.5),
        )
        self.shortcut = nn.Sequential(_conv(before, features, 1), nn.UpsamplingNearest2d(scale_factor=2))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.residual(x) + self.shortcut(x)


class _Down(nn.Module):
    def __init__(self, before: int, features: int, *, first: bool = False, halve: bool = True):
        super().__init__()
        hidden = features if first else before
        layers = [] if first else [nn.ReLU()]
        layers += [spectral_norm(_conv(before, hidden, 3, 2**0.5)), nn.ReLU(inplace=True)]
        layers += [spectral_norm(_conv(hidden, features, 3, 2**0.5))]
        self.residual = nn.Sequential(*layers, *([nn.AvgPool2d(2)] if halve else []))
        shortcut = [nn.AvgPool2d(2), spectral_norm(_conv(before, features, 1))] if halve else []
        self.shortcut = nn.Sequential(*shortcut)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.residual(x) + self.shortcut(x)


class Generator(nn.Module):
    """features: those of the smallest map, 4x4, and after each block, which doubles the sides."""

    def __init__(self, channels: int, features: Sequence[int], latent_size: int):
        super().__init__()
        self.dense = nn.Linear(latent_size, 4 * 4 * features[0])
        nn.init.xavier_uniform_(self.dense.weight)
        nn.init.zeros_(self.dense.bias)
        blocks = [_Up(before, after) for before, after in itertools.pairwise(features)]
        last = features[-1]
        self.body = nn.Sequential(*blocks, nn.BatchNorm2d(last), nn.ReLU(inplace=True), _conv(last, channels, 3))

    def forward(self, latents: torch.Tensor) -> torch.Tensor:
        return torch.tanh(self.body(self.dense(latents).unflatten(1, (-1, 4, 4))))


class Discriminator(nn.Module):
    """features: those after each block that halves the sides. `beside`: how many blocks follow that keep them."""

    def __init__(self, channels: int, features: Sequence[int], beside: int):
        super().__init__()
        last = features[-1]
        self.body = nn.Sequential(
            _Down(channels, features[0], first=True),
            *(_Down(before, after) for before, after in itertools.pairwise(features)),
            *(_Down(last, last, halve=False) for _ in range(beside)),
            nn.ReLU(),
        )
        dense = nn.Linear(last, 1)
        nn.init.xavier_uniform_(dense.weight)
        nn.init.zeros_(dense.bias)
        self.dense = spectral_norm(dense)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return self.dense(self.body(images).sum((2, 3))).flatten()


def make_step(
    resolution: int,
    channels: int,
    width: int,
    latent_size: int,
    batch_size: int,
    *,
    device: str,
    memory_format: torch.memory_format,
    compiled: Callable[[nn.Module], nn.Module],
    autocast: Callable[[], torch.autocast],
) -> Callable[[], None]:
    """The function that makes one training step of the hinge game, on a fixed batch of random images."""
    g = Generator(channels, [width] * (resolution // 4).bit_length(), latent_size)
    d = Discriminator(channels, [width] * 2, beside=2)
    for network in (g, d):
        network.to(device=device, memory_format=memory_format)
    images = (torch.rand(batch_size, channels, resolution, resolution, device=device) * 2 - 1).to(
        memory_format=memory_format
    )
    capturable = device == "cuda"
    optimizers = [
        torch.optim.Adam(network.parameters(), 2e-4, betas=(0.0, 0.9), fused=True, capturable=capturable)
        for network in (d, g)
    ]
    run_g, run_d = compiled(g), compiled(d)

    def step() -> None:
        latents = torch.randn(batch_size, latent_size, device=device)
        with autocast():
            fakes = run_g(latents)
            real_logits = run_d(images)
        # Before the next pass makes its power iteration, which changes in place what a compiled backward pass reads.
        F.relu(1 - real_logits.float()).mean().backward()
        with autocast():
            fake_logits = run_d(fakes.detach())
        F.relu(1 + fake_logits.float()).mean().backward()
        optimizers[0].step()
        optimizers[0].zero_grad(set_to_none=True)

        d.requires_grad_(False)
        with autocast():
            fake_logits = run_d(fakes)
        (-fake_logits.float()).mean().backward()
        d.requires_grad_(True)
        optimizers[1].step()
        optimizers[1].zero_grad(set_to_none=True)

    return step
