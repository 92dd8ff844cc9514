"""Files that were cut short are found without decoding those that are whole."""

import io

import numpy as np
import pytest
from PIL import Image, features

from gan_jax.common.errors import UsageError
from gan_jax.data.sources.endings import is_whole
from gan_jax.data.sources.image_files import read_headers

AVIF = "avif" in features.modules and features.check("avif")

KINDS = {
    "jpg": ("JPEG", "RGB", {}),
    "progressive.jpg": ("JPEG", "L", {"progressive": True}),
    "mpo.jpg": ("MPO", "RGB", {"save_all": True}),
    "png": ("PNG", "RGBA", {}),
    "gif": ("GIF", "P", {}),
    "webp": ("WEBP", "RGB", {}),
    "bmp": ("BMP", "RGB", {}),
    "tif": ("TIFF", "RGB", {}),
    "lzw.tif": ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    "ppm": ("PPM", "RGB", {}),
    "pgm": ("PPM", "L", {}),
    "pbm": ("PPM", "1", {}),
    "deep.pgm": ("PPM", "I;16", {}),
    **({"avif": ("AVIF", "RGB", {})} if AVIF else {}),
}


def encoded(kind):
    name, mode, options = KINDS[kind]
    pixels = np.random.default_rng(0).integers(0, 256, (45, 61, 3), np.uint8)
    picture = Image.fromarray(pixels[..., 0].astype(np.uint16)) if mode == "I;16" else Image.fromarray(pixels)
    if options.get("save_all"):
        options = {**options, "append_images": [Image.fromarray(pixels[::-1])]}
    file = io.BytesIO()
    picture.convert(mode).save(file, name, **options)
    return file.getvalue()


def whole(content):
    file = io.BytesIO(content)
    return is_whole(Image.open(file), file)


def decodes(content):
    try:
        with Image.open(io.BytesIO(content)) as image:
            image.load()
    except Exception:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_file_need_not_be_decoded(kind):
    assert whole(encoded(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_cut_anywhere_is_refused_if_it_cannot_be_decoded(kind, tmp_path):
    content = encoded(kind)
    refused = 0
    for length in sorted({*np.linspace(1, len(content) - 1, 40).astype(int), *range(len(content) - 12, len(content))}):
        (tmp_path / "a").write_bytes(content[:length])
        if decodes(content[:length]):
            read_headers(str(tmp_path), ["a"], lambda image: None)
            continue
        refused += 1
        with pytest.raises(UsageError, match="1 of 1 images cannot be read"):
            read_headers(str(tmp_path), ["a"], lambda image: None)
    assert refused >= 15  # the first of two pictures in a file is enough


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("after", [b"\0" * 5000, b"SEFH and other things that phones append", b"\n"])
def test_data_after_the_end_are_no_damage(kind, after, tmp_path):
    (tmp_path / "a").write_bytes(encoded(kind) + after)
    assert read_headers(str(tmp_path), ["a"], lambda image: image.size) == [(61, 45)]


def test_text_formats_and_unknown_ones_are_decoded(tmp_path):
    (tmp_path / "a.ppm").write_text("P2 3 2 255 1 2 3 4 5 6\n")
    (tmp_path / "b.ppm").write_text("P2 3 2 255 1 2 3 4\n")
    Image.new("RGB", (5, 4)).save(tmp_path / "c.jpg", "TGA")
    assert read_headers(str(tmp_path), ["a.ppm", "c.jpg"], lambda image: image.size) == [(3, 2), (5, 4)]
    with pytest.raises(UsageError, match=r"1 of 3 images cannot be read: .*b\.ppm"):
        read_headers(str(tmp_path), ["a.ppm", "b.ppm", "c.jpg"], lambda image: None)
