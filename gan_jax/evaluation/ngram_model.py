"""A model of texts that counts: what text generators have to beat."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

import numpy as np

from gan_jax.data.texts import END


class NgramModel:
    """The probability of a character given the n - 1 before it, by interpolated Witten-Bell smoothing.

        p(c | h) = (count(h c) + kinds(h) p(c | h')) / (count(h) + kinds(h)),

    where h' is h without its oldest character, kinds(h) is the number of different characters that have followed h, and
    p(c) without any h is mixed with the uniform distribution in the same way. At the beginning of a text, h is shorter
    and knows that it is there. (Witten and Bell 1991; Chen and Goodman 1999, section 2.4.)

    n: at least 1. texts: what is counted. characters: all that there can be. The first one, END, ends a text.
    length: the most characters of a text. A text of so many has no end.
    """

    def __init__(self, n: int, texts: Iterable[str], characters: str, length: int):
        self._n, self._characters, self._length = n, characters, length
        self._counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self._known: dict[str, np.ndarray] = {}
        for text in texts:
            for before, character in self._steps(text):
                for start in range(len(before) + 1):
                    self._counts[before[start:]][character] += 1

    def probabilities(self, before: str) -> np.ndarray:
        """The probabilities of each character after `before`, the end of what has been written: float64 (V,)."""
        if before not in self._known:
            shorter = np.full(len(self._characters), 1 / len(self._characters))
            if before:
                shorter = self.probabilities(before[1:])
            found = self._counts.get(before, Counter())
            counts = np.array([found[character] for character in self._characters])
            kinds, total = np.count_nonzero(counts), counts.sum()
            self._known[before] = (counts + kinds * shorter) / (total + kinds) if total else shorter
        return self._known[before]

    def log2_probability(self, text: str) -> float:
        """The binary logarithm of the probability of a text."""
        places = {character: i for i, character in enumerate(self._characters)}
        return sum(math.log2(self.probabilities(before)[places[after]]) for before, after in self._steps(text))

    def draw(self, count: int, seed: int) -> list[str]:
        """Random texts."""
        random = np.random.default_rng(seed)
        return [self._drawn(random) for _ in range(count)]

    def _drawn(self, random: np.random.Generator) -> str:
        text = ""
        while len(text) < self._length:
            cumulative = np.cumsum(self.probabilities(self._before(text)))
            place = np.searchsorted(cumulative, random.random() * cumulative[-1], side="right")
            character = self._characters[min(place, len(cumulative) - 1)]
            if character == END:
                break
            text += character
        return text

    def _before(self, text: str) -> str:
        """What the next character depends on. END before the first character says that the text begins."""
        return (END + text)[max(0, len(text) + 2 - self._n) :]

    def _steps(self, text: str) -> Sequence[tuple[str, str]]:
        whole = (text + END)[: self._length]
        return [(self._before(whole[:i]), character) for i, character in enumerate(whole)]
