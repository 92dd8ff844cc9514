"""Tells from the end of an image file, without decoding it, that the file was not cut short.

A check that fails says little. Cameras and phones append data of their own to JPEG files, for instance. Then the image
must be decoded.
"""

import os
from collections.abc import Callable
from typing import IO

from PIL import ImageFile

_BITS = {"1": 1, "1;I": 1, "L": 8, "RGB": 24, "I;16B": 16}  # of a pixel, by Pillow's name of the raw mode


def is_whole(image: ImageFile.ImageFile, file: IO[bytes]) -> bool:
    """Whether `file` ends as a file of its format must. If not, or if that cannot be told, it may still be whole.

    Args:
      image: the image, opened by Pillow and not yet decoded.
      file: the file it was opened from. Its position changes.
    """
    check = _CHECKS.get(image.format or "")
    return check is not None and check(image, file, file.seek(0, os.SEEK_END))


def _jpeg(image: ImageFile.ImageFile, file: IO[bytes], size: int) -> bool:
    """The marker EOI. Some cameras fill the last block of the file with zeros."""
    del image
    return _tail(file, size, 512).rstrip(b"\0").endswith(b"\xff\xd9")


def _png(image: ImageFile.ImageFile, file: IO[bytes], size: int) -> bool:
    """The chunk IEND, which has no data, and its checksum."""
    del image
    return _tail(file, size, 12) == b"\0\0\0\0IEND\xaeB`\x82"


def _gif(image: ImageFile.ImageFile, file: IO[bytes], size: int) -> bool:
    """The end of a block, and the trailer."""
    del image
    return _tail(file, size, 2) == b"\0;"


def _webp(image: ImageFile.ImageFile, file: IO[bytes], size: int) -> bool:
    """The length of the RIFF chunk, which is everything after it."""
    del image
    return 8 + _number(file, 4, "little") <= size


def _bmp(image: ImageFile.ImageFile, file: IO[bytes], size: int) -> bool:
    """The size of the file, which stands in its header. Some programs write 0."""
    del image
    return _number(file, 2, "little") == size


def _avif(image: ImageFile.ImageFile, file: IO[bytes], size: int) -> bool:
    """The boxes, which begin with their sizes and fill the file."""
    del image
    place = 0
    while place < size:
        length = _number(file, place, "big")
        if length < 8:  # 0 means the rest of the file, and 1 a size of 64 bits
            return False
        place += length
    return place == size


def _tiff(image: ImageFile.ImageFile, file: IO[bytes], size: int) -> bool:
    """The strips or tiles, whose offsets and lengths stand in the header."""
    del file
    tags = getattr(image, "tag_v2", {})
    for offsets, lengths in ((273, 279), (324, 325)):
        if offsets in tags and lengths in tags and len(tags[offsets]) == len(tags[lengths]):
            return all(sum(strip) <= size for strip in zip(tags[offsets], tags[lengths], strict=True))
    return False


def _pnm(image: ImageFile.ImageFile, file: IO[bytes], size: int) -> bool:
    """The pixels, if they are stored as they are. Otherwise they are numbers in text of any length."""
    del file
    if len(image.tile) != 1:
        return False
    (tile,) = image.tile
    mode = tile.args if isinstance(tile.args, str) else ""
    if tile.codec_name != "raw" or mode not in _BITS:
        return False
    return tile.offset + (image.width * _BITS[mode] + 7) // 8 * image.height <= size


_CHECKS: dict[str, Callable[[ImageFile.ImageFile, IO[bytes], int], bool]] = {
    "JPEG": _jpeg,
    "MPO": _jpeg,  # several JPEG images in one file
    "PNG": _png,
    "GIF": _gif,
    "WEBP": _webp,
    "BMP": _bmp,
    "AVIF": _avif,
    "TIFF": _tiff,
    "PPM": _pnm,
}


def _tail(file: IO[bytes], size: int, count: int) -> bytes:
    file.seek(max(size - count, 0))
    return file.read(count)


def _number(file: IO[bytes], place: int, order: str) -> int:
    """The unsigned number of 32 bits at `place`."""
    file.seek(place)
    return int.from_bytes(file.read(4), "big" if order == "big" else "little")
