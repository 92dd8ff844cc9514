"""PyTorch's games as people train them: python torch_in_time.py PEER IMAGES.npz FOLDER --minutes M ...

PEER is dcgan, the official example (pytorch/examples, dcgan), or sngan, torch-mimicry's (Lee and Town, arXiv
2005.02494). Batches, optimizers and networks are theirs, at 32x32 the example's without its innermost layer. Each runs
in eager mode, as both are. Writes FOLDER/SECONDS.npz at each of the moments, samples by the networks of that moment.
The seconds are those of training, without those of the start and of sampling.
"""

import argparse
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
import torch_dcgan
import torch_sngan
from torch import nn
from torch.nn import functional as F

Draw = Callable[[int], torch.Tensor]  # a number of images to latents
Step = Callable[[Iterator[torch.Tensor]], None]

_BATCH = 64
# The features of mimicry's generators and discriminators, by the side of the images.
_SNGAN = {32: ([256] * 4, [128] * 2, 2), 64: ([1024, 512, 256, 128, 64], [64, 128, 256, 512, 1024], 0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=["dcgan", "sngan"])
    parser.add_argument("images", type=Path, help="Training images uint8 (N, S, S, C), the array `images` of the file.")
    parser.add_argument("folder", type=Path, help="Where the samples go.")
    parser.add_argument("--minutes", type=float, nargs="+", required=True, help="When to draw samples, ascending.")
    parser.add_argument("--count", type=int, required=True, help="Number of samples.")
    parser.add_argument("--seed", type=int, default=0, help="Random seed.")
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    images = torch.from_numpy(np.load(options.images)["images"]).permute(0, 3, 1, 2).float() / 127.5 - 1
    generator, draw, step = {"dcgan": dcgan, "sngan": sngan}[options.peer](*images.shape[1:3])
    batches = shuffled(images, np.random.default_rng(options.seed))
    steps, seconds = 0, 0.0
    for minutes in options.minutes:
        while seconds < 60 * minutes:
            start = time.perf_counter()
            step(batches)
            seconds, steps = seconds + time.perf_counter() - start, steps + 1
        made = sample(generator, draw, options.count)
        options.folder.mkdir(parents=True, exist_ok=True)
        np.savez(options.folder / f"{seconds:.0f}.npz", images=made)
        print(f"{steps} steps in {seconds:.0f} s", flush=True)


def shuffled(images: torch.Tensor, rng: np.random.Generator) -> Iterator[torch.Tensor]:
    """Whole batches, epoch after epoch, each in an order of its own."""
    while True:
        order = torch.from_numpy(rng.permutation(len(images)))
        for rows in order.split(_BATCH)[: len(images) // _BATCH]:
            yield images[rows].contiguous(memory_format=torch.channels_last)


@torch.no_grad()
def sample(generator: nn.Module, draw: Draw, count: int) -> np.ndarray:
    generator.eval()
    made = torch.cat([generator(draw(_BATCH)) for _ in range(-(-count // _BATCH))])[:count]
    generator.train()
    return ((made + 1) * 127.5).round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()


def dcgan(channels: int, side: int) -> tuple[nn.Module, Draw, Step]:
    g = torch_dcgan.generator(side, channels, 64, 100)
    d = torch_dcgan.discriminator(side, channels, 64)
    for network in (g, d):
        torch_dcgan.initialize(network)
        network.to(memory_format=torch.channels_last)
    of_d, of_g = (torch.optim.Adam(network.parameters(), 2e-4, betas=(0.5, 0.999)) for network in (d, g))

    def draw(count: int) -> torch.Tensor:
        return torch.randn(count, 100, 1, 1)

    def step(batches: Iterator[torch.Tensor]) -> None:
        real = next(batches)
        of_d.zero_grad()
        F.softplus(-d(real)).mean().backward()
        fake = g(draw(len(real)))
        F.softplus(d(fake.detach())).mean().backward()
        of_d.step()
        of_g.zero_grad()
        F.softplus(-d(fake)).mean().backward()
        of_g.step()

    return g, draw, step


def sngan(channels: int, side: int) -> tuple[nn.Module, Draw, Step]:
    up, down, beside = _SNGAN[side]
    g, d = torch_sngan.Generator(channels, up, 128), torch_sngan.Discriminator(channels, down, beside)
    for network in (g, d):
        network.to(memory_format=torch.channels_last)
    of_d, of_g = (torch.optim.Adam(network.parameters(), 2e-4, betas=(0.0, 0.9)) for network in (d, g))

    def draw(count: int) -> torch.Tensor:
        return torch.randn(count, 128)

    def step(batches: Iterator[torch.Tensor]) -> None:
        for _ in range(5):
            real = next(batches)
            with torch.no_grad():
                fake = g(draw(len(real)))
            of_d.zero_grad()
            F.relu(1 - d(real)).mean().backward()
            F.relu(1 + d(fake)).mean().backward()
            of_d.step()
        of_g.zero_grad()
        (-d(g(draw(_BATCH))).mean()).backward()
        of_g.step()

    return g, draw, step


if __name__ == "__main__":
    main()
