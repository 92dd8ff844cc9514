"""Sentences of a probabilistic grammar, under which every text has a probability that is known exactly.

A grammar maps each symbol to its rules: pairs of a probability and a sequence, whose parts are symbols or words. No
symbol may begin with itself, at any depth. The embedded grammar needs a memory: the verb agrees with a subject that may
end many characters before it ("the cows that sing rest here.").
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np

from gan_jax.common.errors import UsageError
from gan_jax.data.dataset import Dataset, Language, Resolution
from gan_jax.data.sources.text_file import text_dataset, text_length
from gan_jax.data.splits import uniform
from gan_jax.data.texts import END

Rule = tuple[float, tuple[str, ...]]
Grammar = Mapping[str, Sequence[Rule]]

COUNT = 6000  # texts
LONGEST = 31  # characters of a text


def _words(*words: str) -> list[Rule]:
    """Rules for single words, each less probable than the one before (Zipf's law)."""
    total = sum(1 / (i + 1) for i in range(len(words)))
    return [(1 / (i + 1) / total, (word,)) for i, word in enumerate(words)]


def _both(one: str, many: str) -> dict[str, list[Rule]]:
    """The rules of a sentence in the singular (`one` is its mark) and in the plural."""
    rules: dict[str, list[Rule]] = {}
    for number, noun_end, verb_end, be in ((one, "", "s", "is"), (many, "s", "", "are")):
        determiner = "one-det" if number == one else "many-det"
        rules |= {
            f"{number}-sentence": [
                (0.7, (f"{number}-noun", " ", f"{number}-verb", ".")),
                (0.3, (determiner, " ", "noun", noun_end, " that ", "act", verb_end, " ", f"{number}-simple", ".")),
            ],
            f"{number}-noun": [
                (0.6, (determiner, " ", "noun", noun_end)),
                (0.4, (determiner, " ", "adjective", " ", "noun", noun_end)),
            ],
            f"{number}-verb": [
                (0.6, ("do", verb_end, " ", "object")),
                (0.4, (f"{number}-simple",)),
            ],
            f"{number}-simple": [
                (0.3, ("act", verb_end)),
                (0.4, ("act", verb_end, " ", "adverb")),
                (0.3, (be, " ", "adjective")),
            ],
        }
    return rules


GRAMMAR: Grammar = {
    "sentence": [(0.5, ("one-sentence",)), (0.5, ("many-sentence",))],
    **_both("one", "many"),
    "object": [(0.5, ("one-noun",)), (0.5, ("many-noun",))],
    "one-det": _words("the", "one", "my"),
    "many-det": _words("the", "all", "two"),
    "adjective": _words("old", "big", "red", "shy", "wet", "odd"),
    "noun": _words("cat", "dog", "cow", "pig", "hen", "rat", "owl", "ant"),
    "act": _words("rest", "sing", "hide", "run", "jump"),
    "do": _words("see", "like", "hunt", "bite", "fear"),
    "adverb": _words("here", "now", "well", "alone", "a lot"),
}


def grammar(resolution: Resolution) -> Dataset:
    """5,000 training texts and 1,000 held-out ones, drawn from GRAMMAR independently. A text may be there repeatedly.

    Raises UsageError for a `resolution` of two numbers, and for a length in which a text and its end do not fit.
    """
    length = text_length(resolution)
    if length <= LONGEST:
        raise UsageError(f"--resolution {length}: texts of the grammar have up to {LONGEST} characters and an end")
    draws = iter(uniform(100 * COUNT, "grammar"))
    texts = [draw(GRAMMAR, "sentence", draws) for _ in range(COUNT)]
    characters = END + "".join(sorted({c for rules in GRAMMAR.values() for c in _terminals(rules)}))
    dataset = text_dataset("grammar", texts, characters, length)
    language = Language(lambda text: log2_probability(GRAMMAR, "sentence", text))
    return replace(dataset, origin=language)


def _terminals(rules: Sequence[Rule]) -> Iterator[str]:
    """The characters of words in rules."""
    for _, parts in rules:
        for part in parts:
            yield from part if part not in GRAMMAR else ""


def draw(rules: Grammar, symbol: str, draws: Iterator[float]) -> str:
    """A random text of `symbol`. `draws` are uniform in [0, 1), one for each symbol of the text."""
    if symbol not in rules:
        return symbol
    probabilities, sequences = zip(*rules[symbol], strict=True)
    chosen = np.searchsorted(np.cumsum(probabilities)[:-1], next(draws), side="right")
    return "".join(draw(rules, part, draws) for part in sequences[chosen])


def log2_probability(rules: Grammar, symbol: str, text: str) -> float:
    """The binary logarithm of the probability that `symbol` becomes `text`, summed over all ways to do so.

    It is -inf for a text that cannot come of it. (The inside algorithm: Baker 1979; Lari and Young 1990.)
    """

    @cache
    def ends(symbol: str, start: int) -> dict[int, float]:
        """The probabilities that `symbol` becomes text[start:end], by end."""
        if symbol not in rules:
            return {start + len(symbol): 1.0} if text.startswith(symbol, start) else {}
        found: dict[int, float] = {}
        for probability, parts in rules[symbol]:
            reached = {start: probability}
            for part in parts:
                after: dict[int, float] = {}
                for place, so_far in reached.items():
                    for end, own in ends(part, place).items():
                        after[end] = after.get(end, 0.0) + so_far * own
                reached = after
            for end, whole in reached.items():
                found[end] = found.get(end, 0.0) + whole
        return found

    probability = ends(symbol, 0).get(len(text), 0.0)
    return math.log2(probability) if probability > 0 else -math.inf
