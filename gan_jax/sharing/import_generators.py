"""Weights of pytorch-CycleGAN-and-pix2pix as an export."""

from pathlib import Path

from gan_jax.common.errors import UsageError
from gan_jax.common.torch_file import read_tensors
from gan_jax.data import DataInfo
from gan_jax.game import Game
from gan_jax.recipes import joined_networks
from gan_jax.recipes.translation import translator
from gan_jax.sharing.load import no_training
from gan_jax.sharing.manifest import Manifest
from gan_jax.sharing.model_card import Origin
from gan_jax.sharing.names import by_name
from gan_jax.sharing.pytorch_cyclegan import Generator, generator
from gan_jax.sharing.write import check_new, make_programs, versions, write_export

_SOURCE = """\
Imported from {files} of pytorch-CycleGAN-and-pix2pix (https://github.com/junyanz/pytorch-CycleGAN-and-pix2pix):
{kinds}.

Zhu, Park, Isola and Efros, "Unpaired image-to-image translation using cycle-consistent adversarial networks",
arXiv 1703.10593. Isola, Zhu, Zhou and Efros, "Image-to-image translation with conditional adversarial networks",
arXiv 1611.07004."""


def import_generators(files: dict[str, Path], out: Path, dropout: bool = True) -> dict[str, str]:
    """Writes generators of pytorch-CycleGAN-and-pix2pix to an export in the new folder `out`. Returns what they are.

    files: the file of weights of each direction, "AtoB", "BtoA" or both.
    dropout: whether a U-Net has dropout, which also acts in translations. It has unless it was trained with
        --no_dropout. For a ResNet the file tells.

    The weights of one direction are named as those of a pix2pix game, and those of two as those of a CycleGAN. Like
    `test.py` of that project, the export translates in training mode, with the statistics of each single image.

    Raises UsageError for files that cannot be read or that hold other networks, for two directions that do not go back
    and forth between the same kinds of images, and for a folder that is not empty, and UserError if it cannot be
    written.
    """
    check_new(out)
    found = {way: _read(path, dropout) for way, path in files.items()}
    channels = {found[way].channels[:: 1 if way == "AtoB" else -1] for way in found}
    if len(channels) > 1:
        raise UsageError(f"{' and '.join(map(str, files.values()))} do not translate there and back: {channels}")
    ((a, b),) = channels
    side = next(iter(found.values())).side
    info = DataInfo((side, side, a), (), (side, side, b), paired=len(files) == 1)
    game, networks = _game(found)
    weights = by_name(networks)
    name = next(iter(files.values())).stem
    programs = make_programs(game, weights, info.example_shape, info.target_shape, name)
    manifest = Manifest(
        name=name,
        step=None,
        info=info,
        conditional=False,
        programs={way: program.sizes for way, program in programs.items()},
        digests={way: program.digest for way, program in programs.items()},
        versions=versions(),
    )
    kinds = {way: f"{way} is {one.description}" for way, one in found.items()}
    names = " and ".join(path.name for path in files.values())
    origin = Origin(_SOURCE.format(files=names, kinds="; ".join(kinds.values())), data="not stated")
    write_export(out, manifest, weights, programs, origin)
    return {way: one.description for way, one in found.items()}


def _read(path: Path, dropout: bool) -> Generator:
    tensors = read_tensors(path)
    try:
        return generator(tensors, dropout)
    except (ValueError, KeyError, IndexError) as error:
        raise UsageError(f"{path} holds no generator that can be imported: {error}") from error


def _game(found: dict[str, Generator]) -> tuple[Game, dict]:
    """The game that translates by these generators, and its networks."""
    if len(found) == 1:
        ((way, one),) = found.items()
        translate = {way: translator(one.network, lambda networks: networks["generator"])}
        return Game((), no_training, translate=translate), {"generator": one.variables}

    def select(way: str):
        return lambda networks: joined_networks.variables_of(networks["generator"], way)

    translate = {way: translator(one.network, select(way)) for way, one in found.items()}
    joined = joined_networks.join({way: one.variables for way, one in found.items()})
    return Game((), no_training, translate=translate), {"generator": joined}
