"""DCGAN's step in PyTorch, as a careful user of it writes it: the same networks and the same training step.

The fakes are made once a step. D's update sees them detached, and D's weights take no gradient in G's update. Adam is
fused.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F


def _base_side(resolution: int) -> int:
    return min(4, resolution // 4)


def generator(resolution: int, channels: int, width: int, latent_size: int) -> nn.Sequential:
    side = _base_side(resolution)
    features = width * resolution // (2 * side)
    layers: list[nn.Module] = [nn.ConvTranspose2d(latent_size, features, side, bias=False)]
    layers += [nn.BatchNorm2d(features), nn.ReLU(inplace=True)]
    while features > width:
        layers.append(nn.ConvTranspose2d(features, features // 2, 4, 2, 1, bias=False))
        features //= 2
        layers += [nn.BatchNorm2d(features), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.ConvTranspose2d(width, channels, 4, 2, 1), nn.Tanh())


def discriminator(resolution: int, channels: int, width: int, *, normalize: bool = True) -> nn.Sequential:
    layers: list[nn.Module] = [nn.Conv2d(channels, width, 4, 2, 1), nn.LeakyReLU(0.2, inplace=True)]
    side, features = resolution // 2, width
    while side > _base_side(resolution):
        layers.append(nn.Conv2d(features, 2 * features, 4, 2, 1, bias=not normalize))
        side, features = side // 2, 2 * features
        layers += [nn.BatchNorm2d(features)] * normalize + [nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Conv2d(features, 1, side), nn.Flatten(0))


def initialize(network: nn.Module) -> None:
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1, 0.02)


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
    """The function that makes one training step, on a fixed batch of random images."""
    g, d = generator(resolution, channels, width, latent_size), discriminator(resolution, channels, width)
    for network in (g, d):
        initialize(network)
        network.to(device=device, memory_format=memory_format)
    images = (torch.rand(batch_size, channels, resolution, resolution, device=device) * 2 - 1).to(
        memory_format=memory_format
    )
    capturable = device == "cuda"
    optimizers = [
        torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999), fused=True, capturable=capturable)
        for network in (d, g)
    ]
    run_g, run_d = compiled(g), compiled(d)

    def step() -> None:
        latents = torch.randn(batch_size, latent_size, 1, 1, device=device)
        with autocast():
            fakes = run_g(latents)
            real_logits, fake_logits = run_d(images), run_d(fakes.detach())
        loss = F.softplus(-real_logits.float()).mean() + F.softplus(fake_logits.float()).mean()
        loss.backward()
        optimizers[0].step()
        optimizers[0].zero_grad(set_to_none=True)

        d.requires_grad_(False)
        with autocast():
            fake_logits = run_d(fakes)
        F.softplus(-fake_logits.float()).mean().backward()
        d.requires_grad_(True)
        optimizers[1].step()
        optimizers[1].zero_grad(set_to_none=True)

    return step
