"""A stack of residual blocks in PyTorch: see `ours.residual`."""

from collections.abc import Callable

import torch
from torch import nn


class _Block(nn.Module):
    def __init__(self, features: int):
        super().__init__()
        self.first = nn.Conv2d(features, features, 3, padding=1)
        self.second = nn.Conv2d(features, features, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.second(torch.relu(self.first(x)))


def make_step(
    side: int,
    features: int,
    blocks: int,
    batch_size: int,
    *,
    device: str,
    memory_format: torch.memory_format,
    compiled: Callable[[nn.Module], nn.Module],
    autocast: Callable[[], torch.autocast],
) -> Callable[[], None]:
    """The function that makes one step of Adam on the mean square of the stack's output."""
    stack = nn.Sequential(*(_Block(features) for _ in range(blocks)))
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
