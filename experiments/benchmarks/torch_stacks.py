"""Stacks in PyTorch: residual blocks, and grouped, modulated and resampled convolutions, as `ours` has them."""

from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn import functional as F


class _Block(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.first = nn.Conv2d(features, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(torch.relu(self.first(x)))


class _Modulated(nn.Module):
    """The scales are put on the feature maps, as StyleGAN2's authors do it without fusing."""

    def __init__(self, features: int, styles: torch.Tensor):
        super().__init__()
        self.kernels = nn.ParameterList(torch.randn(features, features, 3, 3) for _ in range(2))
        self.styles = nn.Buffer(styles)
        self.filter = nn.Buffer(_filter(features, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for kernel, up in zip(self.kernels, (True, False), strict=True):
            power = self.styles.square() @ kernel.square().sum((2, 3)).t()
            x = x * self.styles[:, :, None, None]
            if up:
                y = F.conv_transpose2d(x, kernel.transpose(0, 1), stride=2)
                x = F.conv2d(y, self.filter, padding=1, groups=len(self.filter))
            else:
                x = F.conv2d(x, kernel, padding=1)
            x = x * (power + 1e-8).rsqrt()[:, :, None, None]
        return x


class _Resampled(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.conv = nn.Conv2d(features, features, 3, stride=2, bias=False)
        self.before, self.after = nn.Buffer(_filter(features, 1)), nn.Buffer(_filter(features, 4))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        features = len(self.before)
        y = self.conv(F.conv2d(x, self.before, padding=2, groups=features))
        return F.conv_transpose2d(y, self.after, stride=2, padding=1, groups=features)


def _filter(features: int, gain: float) -> torch.Tensor:
    """StyleGAN2's filter 1, 3, 3, 1 along both axes, for each channel: (features, 1, 4, 4)."""
    taps = torch.tensor([1.0, 3.0, 3.0, 1.0])
    return (gain * taps[:, None] * taps / 64).expand(features, 1, 4, 4).contiguous()


def make_step(side: int, features: int, blocks: int, batch_size: int, **how: Any) -> Callable[[], None]:
    """The function that makes one step of Adam on the mean square of the stack's output."""
    return _step(nn.Sequential(*(_Block(features) for _ in range(blocks))), side, features, batch_size, **how)


def grouped_step(side: int, features: int, groups: int, batch_size: int, **how: Any) -> Callable[[], None]:
    layers = (nn.Conv2d(features, features, 3, padding=1, groups=groups, bias=False) for _ in range(2))
    return _step(nn.Sequential(*layers), side, features, batch_size, **how)


def modulated_step(side: int, features: int, batch_size: int, **how: Any) -> Callable[[], None]:
    return _step(_Modulated(features, torch.randn(batch_size, features)), side, features, batch_size, **how)


def resampled_step(side: int, features: int, batch_size: int, **how: Any) -> Callable[[], None]:
    return _step(_Resampled(features), side, features, batch_size, **how)


def _step(
    stack: nn.Module,
    side: int,
    features: int,
    batch_size: int,
    *,
    device: str,
    memory_format: torch.memory_format,
    compiled: Callable[[nn.Module], nn.Module],
    autocast: Callable[[], torch.autocast],
) -> Callable[[], None]:
    stack.to(device=device, memory_format=memory_format)
    images = torch.randn(batch_size, features, side, side, device=device).to(memory_format=memory_format)
    optimizer = torch.optim.Adam(stack.parameters(), 1e-4, fused=True, capturable=device == "cuda")
    run = compiled(stack)

    def step() -> None:
        with autocast():
            out = run(images)
        out.float().square().mean().backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)

    return step
