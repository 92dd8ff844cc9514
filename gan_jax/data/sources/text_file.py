"""The lines of a text file."""

import textwrap
import unicodedata
from collections import Counter
from pathlib import Path

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Resolution, Split, height_and_width
from gan_jax.data.splits import hold_out
from gan_jax.data.texts import END, OneHot, numbers_of

# With the end there are 64 characters: letters, digits and the usual punctuation of a language in an alphabet.
_MOST_CHARACTERS = 63

_FEWEST = 20  # texts


def text_file(path: str, resolution: Resolution) -> Dataset:
    """The lines of a file in UTF-8, without labels. A sixth is held out.

    Letters are made lower case, and compatible forms of a character are made one (NFKC). Spaces are those between words
    only. The 63 most frequent characters of the file, the space among them, are kept, and all others are left out. A
    line of more than `resolution` characters is broken between words. Each text is there once, so that no held-out text
    is a training text.

    Raises UsageError if the file cannot be read, is not in UTF-8, or has fewer than 20 different lines, and for a
    `resolution` of two numbers.
    """
    length = text_length(resolution)
    file = Path(path).expanduser().absolute()
    try:
        read = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"{file}: no such file") from None
    except UnicodeDecodeError as error:
        raise UsageError(f"{file} is not a text in UTF-8: byte {error.start} is not part of a character") from None
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror or error}") from error
    lines = [" ".join(line.split()) for line in unicodedata.normalize("NFKC", read).lower().splitlines()]
    counts = Counter("".join(lines))
    # Sorted by number and then by code, so that the same file has the same characters each time.
    kept = sorted(sorted(counts), key=lambda character: -counts[character])[:_MOST_CHARACTERS]
    left_out = {ord(character): None for character in counts.keys() - set(kept)}
    texts = [part for line in lines for part in textwrap.wrap(line.translate(left_out), length)]
    texts = list(dict.fromkeys(texts))
    if len(texts) < _FEWEST:
        raise UsageError(f"{file}: it has {len(texts)} different lines of text, and at least {_FEWEST} are needed")
    return text_dataset(f"text:{path}", texts, END + "".join(sorted(kept)), length)


def text_length(resolution: Resolution) -> int:
    """The length of texts that `resolution` asks for. Raises UsageError if it has two different numbers."""
    length, width = height_and_width(resolution)
    if length != width:
        raise UsageError(f"--resolution {length} {width}: texts have a length alone, so give one number")
    return length


def text_dataset(name: str, texts: list[str], characters: str, length: int) -> Dataset:
    """The dataset of `texts`, of which a sixth is held out."""
    numbers = numbers_of(texts, characters, length)
    train, test = (OneHot(numbers[part], len(characters)) for part in hold_out(len(texts), None, 1 / 6))
    return Dataset(name, Split(train, None), Split(test, None), (), characters=characters)
