"""The step of CUT in PyTorch, as a careful user of it writes it: see `torch_pix2pix`.

The images of both domains go through the generator together, as in the authors' code. The feature maps of the sources
are kept from that pass, where the authors compute them again. The places of patches are drawn on the device.
"""

from collections.abc import Callable, Iterable
from itertools import chain

import torch
from torch import nn
from torch.nn import functional as F
from torch_translation import initialize, patchgan, resnet

_PATCHES = 256
_FEATURES = 256
_TEMPERATURE = 0.07


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
    generator = _Generator(resnet(channels, width, blocks))
    judge = patchgan(channels, width, nn.InstanceNorm2d)
    sizes = [channels, 2 * width, 4 * width, 4 * width, 4 * width]
    projections = nn.ModuleList(
        nn.Sequential(nn.Linear(size, _FEATURES), nn.ReLU(inplace=True), nn.Linear(_FEATURES, _FEATURES))
        for size in sizes
    ).to(device)
    for network in (generator, judge):
        initialize(network)
        network.to(device=device, memory_format=memory_format)

    def images() -> torch.Tensor:
        drawn = torch.rand(batch_size, channels, resolution, resolution, device=device) * 2 - 1
        return drawn.to(memory_format=memory_format)

    a, b = images(), images()
    both = torch.cat([a, b])
    capturable = device == "cuda"

    def adam(*networks: nn.Module) -> torch.optim.Adam:
        parameters: Iterable[nn.Parameter] = chain(*(network.parameters() for network in networks))
        return torch.optim.Adam(parameters, 2e-4, betas=(0.5, 0.999), fused=True, capturable=capturable)

    g_adam, d_adam = adam(generator, projections), adam(judge)
    translate, encode, score = compiled(generator), compiled(_Encoder(generator)), compiled(judge)

    def vectors(maps: list[torch.Tensor], places: list[torch.Tensor]) -> list[torch.Tensor]:
        found = []
        for each, at, project in zip(maps, places, projections, strict=True):
            pixels = each.permute(0, 2, 3, 1).flatten(1, 2)
            found.append(F.normalize(project(pixels.index_select(1, at)).float(), dim=-1))
        return found

    def contrast(made: list[torch.Tensor], maps: list[torch.Tensor]) -> torch.Tensor:
        places = [torch.randperm(each[0, 0].numel(), device=device)[:_PATCHES] for each in maps]
        losses = []
        for queries, keys in zip(vectors(made, places), vectors(maps, places), strict=True):
            found = torch.bmm(queries, keys.detach().transpose(1, 2)) / _TEMPERATURE
            own = torch.arange(found.shape[1], device=device).expand(len(found), -1)
            losses.append(F.cross_entropy(found.flatten(0, 1), own.flatten()))
        return torch.stack(losses).mean()

    def towards(answer: float, logits: torch.Tensor) -> torch.Tensor:
        return (logits.float() - answer).square().mean()

    def step() -> None:
        with autocast():
            made, maps = translate(both)
            fake = made[:batch_size].detach()
            real_loss, fake_loss = towards(1.0, score(b)), towards(0.0, score(fake))
        ((real_loss + fake_loss) / 2).backward()
        d_adam.step()
        d_adam.zero_grad(set_to_none=True)

        judge.requires_grad_(False)
        with autocast():
            again = encode(made)
            parts = slice(None, batch_size), slice(batch_size, None)
            contrasts = [contrast([x[part] for x in again], [x[part] for x in maps]) for part in parts]
            loss = towards(1.0, score(made[:batch_size])) + sum(contrasts) / 2
        loss.backward()
        g_adam.step()
        g_adam.zero_grad(set_to_none=True)
        judge.requires_grad_(True)

    return step


class _Generator(nn.Module):
    """Returns the images, and the maps whose patches are compared."""

    def __init__(self, layers: nn.Sequential):
        super().__init__()
        self.layers = layers
        self.compared = (4, 7, 10, 14)  # both downsampling convolutions, and the first and the fifth block

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        maps = [x]
        for number, layer in enumerate(self.layers):
            x = layer(x)
            if number in self.compared:
                maps.append(x)
        return x, maps


class _Encoder(nn.Module):
    """The maps alone, by the layers of the generator that they need."""

    def __init__(self, generator: _Generator):
        super().__init__()
        self.generator = generator

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        layers = self.generator.layers[: self.generator.compared[-1] + 1]
        maps = [x]
        for number, layer in enumerate(layers):
            x = layer(x)
            if number in self.generator.compared:
                maps.append(x)
        return maps
