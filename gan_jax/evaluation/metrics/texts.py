"""Measures on sets of texts."""

import math
from collections import Counter
from collections.abc import Callable, Sequence

from gan_jax.data.texts import END

# The share of texts that are taken to be drawn uniformly, so that a text that a language cannot make has a probability.
_STRAY = 0.01


def ngram_distance(texts: Sequence[str], others: Sequence[str], n: int) -> float:
    """The total variation distance of the distributions of n characters in a row, in [0, 1]: 1 if they share none.

    It is half the sum of the differences of relative frequencies. Texts count with their ends. Few texts are far from
    others of the same distribution too, so it is read beside the distance of as many real ones.
    """
    counts = [_ngrams(each, n) for each in (texts, others)]
    totals = [max(sum(each.values()), 1) for each in counts]
    # The order of a set differs between processes, and fsum does not depend on it.
    return 0.5 * math.fsum(
        abs(counts[0][gram] / totals[0] - counts[1][gram] / totals[1]) for gram in counts[0].keys() | counts[1].keys()
    )


def distinct(texts: Sequence[str]) -> float:
    """The number of different texts, as a share of all."""
    return len(set(texts)) / len(texts)


def copied(texts: Sequence[str], training: Sequence[str]) -> float:
    """The share of texts that are among the training texts."""
    known = set(training)
    return sum(text in known for text in texts) / len(texts)


def valid(texts: Sequence[str], log2_probability: Callable[[str], float]) -> float:
    """The share of texts that a known language can make."""
    return sum(log2_probability(text) > -math.inf for text in texts) / len(texts)


def language_bits(texts: Sequence[str], log2_probability: Callable[[str], float], characters: int) -> float:
    """The bits per character, with the ends, that `texts` cost by the code of a known language.

    One text in a hundred is taken to be a stray, whose characters are uniform, so that a text s that the language
    cannot make costs finitely many bits:

        -log2(0.99 p(s) + 0.01 characters^-(length of s + 1)).

    It is the likelihood under the oracle of SeqGAN (Yu et al. 2017, arXiv 1609.05473, section 4). It is lowest for the
    same most probable text over and over. So texts that are like those of the language have its own bits, not fewer.
    """
    bits = 0.0
    for text in texts:
        stray = math.log2(_STRAY) - (len(text) + 1) * math.log2(characters)
        own = math.log2(1 - _STRAY) + log2_probability(text)
        high, low = max(own, stray), min(own, stray)
        bits -= high + math.log2(1 + 2 ** (low - high))
    return bits / sum(len(text) + 1 for text in texts)


def _ngrams(texts: Sequence[str], n: int) -> Counter[str]:
    ended = [text + END for text in texts]
    return Counter(text[i : i + n] for text in ended for i in range(len(text) - n + 1))
