"""The step of CycleGAN in PyTorch, as a careful user of it writes it: see `torch_pix2pix`.

The pool of generated images is a tensor that is full from the start, and its random choices are made on the device
without waiting for it.
"""

from collections.abc import Callable, Iterable
from itertools import chain

import torch
from torch import nn
from torch.nn import functional as F
from torch_translation import initialize, patchgan, resnet

_POOL_SIZE = 50


def make_step(
    resolution: int,
    channels: int,
    width: int,
    blocks: int,
    batch_size: int,
    *,
    device: str,
    memory_format: torch.memory_format,
    compiled: Callable[[nn.Module], nn.Module],
    autocast: Callable[[], torch.autocast],
) -> Callable[[], None]:
    """The function that makes one training step, on a fixed batch of random images."""
    a_to_b, b_to_a = (resnet(channels, width, blocks) for _ in range(2))
    judge_a, judge_b = (patchgan(channels, width, nn.InstanceNorm2d) for _ in range(2))
    for network in (a_to_b, b_to_a, judge_a, judge_b):
        initialize(network)
        network.to(device=device, memory_format=memory_format)

    def images(count: int) -> torch.Tensor:
        drawn = torch.rand(count, channels, resolution, resolution, device=device) * 2 - 1
        return drawn.to(memory_format=memory_format)

    a, b = images(batch_size), images(batch_size)
    pools = {"a": images(_POOL_SIZE), "b": images(_POOL_SIZE)}
    capturable = device == "cuda"

    def adam(*networks: nn.Module) -> torch.optim.Adam:
        parameters: Iterable[nn.Parameter] = chain(*(network.parameters() for network in networks))
        return torch.optim.Adam(parameters, 2e-4, betas=(0.5, 0.999), fused=True, capturable=capturable)

    g_adam, d_adam = adam(a_to_b, b_to_a), adam(judge_a, judge_b)
    to_b, to_a, of_a, of_b = map(compiled, (a_to_b, b_to_a, judge_a, judge_b))

    def shown(pool: torch.Tensor, fakes: torch.Tensor) -> torch.Tensor:
        found = []
        for fake in fakes.unbind():
            place = torch.randint(0, _POOL_SIZE, (1,), device=device)
            swap = torch.rand(1, 1, 1, 1, device=device) < 0.5
            old = pool.index_select(0, place)
            found.append(torch.where(swap, old, fake))
            pool.index_copy_(0, place, torch.where(swap, fake, old))
        return torch.cat(found)

    def towards(answer: float, logits: torch.Tensor) -> torch.Tensor:
        return (logits.float() - answer).square().mean()

    def distance(images: torch.Tensor, others: torch.Tensor) -> torch.Tensor:
        return F.l1_loss(images.float(), others)

    def step() -> None:
        for judge in (judge_a, judge_b):
            judge.requires_grad_(False)
        with autocast():
            fake_b, fake_a = to_b(a), to_a(b)
            again_a, again_b = to_a(fake_b), to_b(fake_a)
            same_b, same_a = to_b(b), to_a(a)
            logits_b, logits_a = of_b(fake_b), of_a(fake_a)
        loss = towards(1.0, logits_a) + towards(1.0, logits_b)
        loss = loss + 10 * (distance(again_a, a) + distance(again_b, b))
        loss = loss + 5 * (distance(same_a, a) + distance(same_b, b))
        loss.backward()
        g_adam.step()
        g_adam.zero_grad(set_to_none=True)

        for judge in (judge_a, judge_b):
            judge.requires_grad_(True)
        old_a, old_b = shown(pools["a"], fake_a.detach().float()), shown(pools["b"], fake_b.detach().float())
        with autocast():
            answers = [(of_a(a), of_a(old_a)), (of_b(b), of_b(old_b))]
        sum(towards(1.0, real) + towards(0.0, fake) for real, fake in answers).div(2).backward()
        d_adam.step()
        d_adam.zero_grad(set_to_none=True)

    return step
