"""What is compared: a row for each network, in JAX and in PyTorch. A new network is a new row."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Row:
    """name: in the table. size: of a batch. ours, theirs: functions of `arguments`, by name.

    Ours is in the module `ours`; theirs is "module" for its make_step, or "module:function". Imported where they run
    only, in a process of their own: theirs needs PyTorch, ours JAX.
    """

    name: str
    ours: str
    theirs: str
    arguments: tuple[int, ...]

    @property
    def size(self) -> int:
        return self.arguments[-1]

    def make_ours(self, precision: str) -> Callable[[int], None]:
        import ours

        return getattr(ours, self.ours)(*self.arguments, precision=precision)

    def make_theirs(self, **how: Any) -> Callable[[], None]:
        import importlib

        module, _, function = self.theirs.partition(":")
        return getattr(importlib.import_module(module), function or "make_step")(*self.arguments, **how)


def _dcgan(name: str, resolution: int, channels: int, width: int, latents: int, batch: int) -> Row:
    return Row(name, "dcgan_step", "torch_dcgan", (resolution, channels, width, latents, batch))


def _sngan(name: str, resolution: int, channels: int, width: int, latents: int, batch: int) -> Row:
    return Row(name, "sngan_step", "torch_sngan", (resolution, channels, width, latents, batch))


def _residual(name: str, side: int, features: int, blocks: int, batch: int) -> Row:
    return Row(name, "residual_step", "torch_stacks", (side, features, blocks, batch))


def _grouped(side: int, features: int, groups: int, batch: int) -> Row:
    name = f"grouped convolutions, {features} features in {groups} groups, {side}x{side}"
    return Row(name, "grouped_step", "torch_stacks:grouped_step", (side, features, groups, batch))


def _modulated(side: int, features: int, batch: int) -> Row:
    name = f"modulated convolutions, {features} features, {side}x{side} and twice that"
    return Row(name, "modulated_step", "torch_stacks:modulated_step", (side, features, batch))


def _resampled(side: int, features: int, batch: int) -> Row:
    name = f"StyleGAN2's resampling, {features} features, {side}x{side}"
    return Row(name, "resampled_step", "torch_stacks:resampled_step", (side, features, batch))


def _critic(penalty: str, resolution: int, channels: int, width: int, latents: int, batch: int) -> Row:
    name = {"r1": "R1", "wgan_gp": "WGAN-GP"}[penalty]
    arguments = (resolution, channels, width, latents, batch)
    return Row(
        f"critic with {name}, {resolution}x{resolution}, width {width}",
        f"{penalty}_step",
        f"torch_critic:{penalty}_step",
        arguments,
    )


def _pix2pix(resolution: int, width: int, batch: int) -> Row:
    name = f"pix2pix {resolution}x{resolution}, width {width}, batch {batch}"
    return Row(name, "pix2pix_step", "torch_pix2pix", (resolution, 3, width, batch))


def _cyclegan(resolution: int, width: int, blocks: int, batch: int) -> Row:
    name = f"CycleGAN {resolution}x{resolution}, width {width}, {blocks} blocks, batch {batch}"
    return Row(name, "cyclegan_step", "torch_cyclegan", (resolution, 3, width, blocks, batch))


def _cut(resolution: int, width: int, blocks: int, batch: int) -> Row:
    name = f"CUT {resolution}x{resolution}, width {width}, {blocks} blocks, batch {batch}"
    return Row(name, "cut_step", "torch_cut", (resolution, 3, width, blocks, batch))


# On CPU: sizes that two cores train.
CPU = (
    _dcgan("DCGAN 8x8, the default run", 8, 1, 24, 32, 64),
    _dcgan("DCGAN 32x32, width 32", 32, 1, 32, 100, 64),
    _dcgan("DCGAN 32x32, width 64", 32, 3, 64, 100, 64),
    _dcgan("DCGAN 64x64, width 32", 64, 3, 32, 100, 64),
    _dcgan("DCGAN 64x64, width 64", 64, 3, 64, 100, 64),
    _sngan("SNGAN ResNet 32x32, width 64", 32, 3, 64, 128, 32),
    _residual("residual stack, 128 features, 16x16", 16, 128, 3, 16),
    _residual("residual stack, 256 features, 32x32", 32, 256, 2, 4),
    _grouped(8, 256, 16, 32),
    _grouped(32, 64, 4, 32),
    _modulated(16, 64, 32),
    _resampled(32, 64, 32),
    _critic("r1", 32, 3, 32, 100, 64),
    _critic("wgan_gp", 32, 3, 32, 100, 64),
    _pix2pix(64, 32, 4),
    _pix2pix(128, 32, 1),
    _cyclegan(64, 32, 6, 1),
    _cyclegan(128, 16, 6, 1),
    _cut(64, 32, 6, 1),
    _cut(128, 16, 6, 1),
)

# On a GPU: the sizes of the papers.
GPU = (
    _dcgan("DCGAN 8x8, the default run", 8, 1, 24, 32, 64),
    _dcgan("DCGAN 32x32, width 64", 32, 3, 64, 100, 128),
    _dcgan("DCGAN 64x64, width 64", 64, 3, 64, 100, 128),
    _dcgan("DCGAN 64x64, width 128", 64, 3, 128, 100, 256),
    _sngan("SNGAN ResNet 32x32, width 128", 32, 3, 128, 128, 64),
    _residual("residual stack, 256 features, 32x32", 32, 256, 9, 16),
    _residual("residual stack, 256 features, 64x64", 64, 256, 9, 16),
    _grouped(32, 768, 48, 32),
    _modulated(32, 512, 32),
    _resampled(64, 256, 32),
    _critic("r1", 64, 3, 64, 100, 128),
    _critic("wgan_gp", 64, 3, 64, 100, 128),
    _pix2pix(256, 64, 1),
    _pix2pix(256, 64, 16),
    _cyclegan(128, 64, 6, 4),
    _cyclegan(256, 64, 9, 1),
    _cut(256, 64, 9, 1),
)
