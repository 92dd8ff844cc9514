"""The update of a critic with a gradient penalty in PyTorch: the gradient in the images has a graph of its own.

The fakes are made without one. R1 takes the gradient of the logits that the objective uses. WGAN-GP makes another
forward pass.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F
from torch_dcgan import discriminator, generator, initialize

Step = Callable[[], None]


def r1_step(*arguments: int, **how: Any) -> Step:
    def loss(critic: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        real = _differentiable(real)
        logits = critic(real)
        return _adversarial(logits, critic(fake)) + 10 / 2 * _squared_norms(logits, real).mean()

    return _make_step(loss, *arguments, **how)


def wgan_gp_step(*arguments: int, **how: Any) -> Step:
    def loss(critic: nn.Module, real: torch.Tensor, fake: torch.Tensor) -> torch.Tensor:
        u = torch.rand(len(real), 1, 1, 1, device=real.device)
        between = _differentiable(u * real + (1 - u) * fake)
        norms = _squared_norms(critic(between), between).sqrt()
        return _adversarial(critic(real), critic(fake)) + 10 * (norms - 1).square().mean()

    return _make_step(loss, *arguments, **how)


def _adversarial(real_logits: torch.Tensor, fake_logits: torch.Tensor) -> torch.Tensor:
    return F.softplus(-real_logits.float()).mean() + F.softplus(fake_logits.float()).mean()


def _differentiable(images: torch.Tensor) -> torch.Tensor:
    # Not a leaf of the graph: the counter of operations cannot do with a gradient in one.
    return images.detach().requires_grad_().view_as(images)


def _squared_norms(logits: torch.Tensor, images: torch.Tensor) -> torch.Tensor:
    (gradients,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradients.float().square().sum((1, 2, 3))


def _make_step(
    loss: Callable[[nn.Module, torch.Tensor, torch.Tensor], torch.Tensor],
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
) -> Step:
    g = generator(resolution, channels, width, latent_size)
    d = discriminator(resolution, channels, width, normalize=False)
    for network in (g, d):
        initialize(network)
        network.to(device=device, memory_format=memory_format)
    shape = (batch_size, channels, resolution, resolution)
    images = (torch.rand(shape, device=device) * 2 - 1).to(memory_format=memory_format)
    adam = torch.optim.Adam(d.parameters(), 2e-4, betas=(0.5, 0.999), fused=True, capturable=device == "cuda")
    run_g, run_d = compiled(g), compiled(d)

    def step() -> None:
        with autocast():
            with torch.no_grad():
                fakes = run_g(torch.randn(batch_size, latent_size, 1, 1, device=device))
            total = loss(run_d, images, fakes)
        total.backward()
        adam.step()
        adam.zero_grad(set_to_none=True)

    return step
