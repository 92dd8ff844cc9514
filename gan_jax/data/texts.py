"""Texts as arrays: numbers of characters, and their one-hot codes.

Every text of a dataset has the same length L. The first of its characters, a line feed, ends a text: what follows it is
no part of the text. Texts of L characters have no end.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from gan_jax.data.fingerprint import Part

END = "\n"


def numbers_of(texts: Sequence[str], characters: str, length: int) -> np.ndarray:
    """The numbers of the characters of `texts`, uint8 (N, length), with 0 after the end of each.

    characters: at most 256 of them, of which the first is END. Raises ValueError for a text that is longer than
    `length`, and for one with another character.
    """
    places = {character: i for i, character in enumerate(characters)}
    numbers = np.zeros((len(texts), length), np.uint8)
    for row, text in zip(numbers, texts, strict=True):
        if len(text) > length or not set(text) <= places.keys():
            raise ValueError(f"{text!r} has more than {length} characters, or others than {characters!r}")
        row[: len(text)] = [places[character] for character in text]
    return numbers


def texts_of(examples: np.ndarray, characters: str) -> list[str]:
    """The texts of `examples` (N, L, V), each up to its end. The largest of V values says which character it is."""
    lines = ("".join(characters[i] for i in row) for row in np.asarray(examples).argmax(-1))
    return [line.partition(END)[0] for line in lines]


class OneHot:
    """Random access to texts as one-hot codes, uint8 (L, V): 255 at the number of the character, and 0 elsewhere.

    numbers: uint8 (N, L). size: the number of characters, V.
    """

    def __init__(self, numbers: np.ndarray, size: int):
        self._numbers, self._codes = numbers, 255 * np.eye(size, dtype=np.uint8)
        self.shape = (*numbers.shape, size)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: int) -> np.ndarray:
        return self._codes[self._numbers[index]]

    def parts(self) -> Iterator[Part]:
        """The numbers."""
        yield self._numbers
