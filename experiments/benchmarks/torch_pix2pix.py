"""The step of pix2pix in PyTorch, as a careful user of it writes it.

The fakes are made once a step. D's update sees them detached, and D's weights take no gradient in G's update. Adam is
fused.
"""

from collections.abc import Callable

import torch
from torch import nn
from torch.nn import functional as F
from torch_translation import UNet, initialize, patchgan


def make_step(
    resolution: int,
    channels: int,
    width: int,
    batch_size: int,
    *,
    device: str,
    memory_format: torch.memory_format,
    compiled: Callable[[nn.Module], nn.Module],
    autocast: Callable[[], torch.autocast],
) -> Callable[[], None]:
    """The function that makes one training step, on a fixed batch of random images."""
    g, d = UNet(resolution, channels, width), patchgan(2 * channels, width, nn.BatchNorm2d)
    for network in (g, d):
        initialize(network)
        network.to(device=device, memory_format=memory_format)
    shape = (batch_size, channels, resolution, resolution)
    sources, targets = ((torch.rand(shape, device=device) * 2 - 1).to(memory_format=memory_format) for _ in range(2))
    capturable = device == "cuda"
    optimizers = [
        torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999), fused=True, capturable=capturable)
        for network in (d, g)
    ]
    run_g, run_d = compiled(g), compiled(d)

    def step() -> None:
        with autocast():
            fakes = run_g(sources)
            real_logits = run_d(torch.cat([sources, targets], 1))
            fake_logits = run_d(torch.cat([sources, fakes.detach()], 1))
        loss = F.softplus(-real_logits.float()).mean() + F.softplus(fake_logits.float()).mean()
        (loss / 2).backward()
        optimizers[0].step()
        optimizers[0].zero_grad(set_to_none=True)

        d.requires_grad_(False)
        with autocast():
            fake_logits = run_d(torch.cat([sources, fakes], 1))
        (F.softplus(-fake_logits.float()).mean() + 100 * F.l1_loss(fakes.float(), targets)).backward()
        d.requires_grad_(True)
        optimizers[1].step()
        optimizers[1].zero_grad(set_to_none=True)

    return step
