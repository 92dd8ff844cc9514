"""The evaluation of texts: each measure by hand, models that count, and samplers whose figures are known."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import load
from gan_jax.data.sources.grammar import GRAMMAR, draw
from gan_jax.data.splits import uniform
from gan_jax.data.texts import OneHot, numbers_of, texts_of
from gan_jax.evaluation import Options, evaluate_sampler
from gan_jax.evaluation.features import CHOICES
from gan_jax.evaluation.metrics import texts as measures
from gan_jax.evaluation.ngram_model import NgramModel

TEXTS = ["abab", "ba", "", "abab", "bbba"]


def test_the_distance_of_ngrams_is_the_total_variation():
    """By arrays of all pairs of characters, in the place of counters."""
    others = ["ab", "bb", "a"]

    def frequencies(texts):
        found = np.zeros((3, 3))
        for text in texts:
            places = ["\nab".index(c) for c in text + "\n"]
            np.add.at(found, (places[:-1], places[1:]), 1)
        return found / found.sum()

    expected = np.abs(frequencies(TEXTS) - frequencies(others)).sum() / 2
    assert 0 < expected < 1
    assert measures.ngram_distance(TEXTS, others, 2) == pytest.approx(expected)
    assert measures.ngram_distance(TEXTS, TEXTS[::-1], 2) == 0
    assert measures.ngram_distance(["aaa"], ["bbb"], 2) == pytest.approx(1)
    assert measures.ngram_distance(["a"], TEXTS, 4) == 0.5  # it has none


def test_shares_of_texts():
    assert measures.distinct(TEXTS) == 4 / 5
    assert measures.copied(TEXTS, ["abab", "b"]) == 2 / 5
    assert measures.valid(TEXTS, lambda text: -1.0 if "a" in text else -math.inf) == 4 / 5


def test_bits_by_a_language_count_strays():
    def log2_probability(text):
        return math.log2(0.25) if text == "ab" else -math.inf

    stray = 0.01 * 3**-4
    expected = -(math.log2(0.99 * 0.25 + 0.01 * 3**-3) + math.log2(stray)) / (3 + 4)
    assert measures.language_bits(["ab", "aab"], log2_probability, 3) == pytest.approx(expected)


@pytest.mark.parametrize("n", [1, 2, 3, 5])
def test_the_probabilities_of_a_model_that_counts_sum_to_one(n):
    model = NgramModel(n, TEXTS, "\nab", 4)
    every = ["".join(text) for size in range(5) for text in itertools.product("ab", repeat=size)]
    assert math.fsum(2 ** model.log2_probability(text) for text in every) == pytest.approx(1)
    drawn = model.draw(4000, 1)
    for text in ("", "ab", "abab"):
        assert drawn.count(text) / 4000 == pytest.approx(2 ** model.log2_probability(text), abs=0.03)


def test_a_model_that_counts_is_smoothed_as_witten_and_bell_say():
    """Of the texts "ab" and "b": p(b | a), p(a | beginning) and p(a | b), by hand in fractions."""
    model = NgramModel(2, ["ab", "b"], "\nab", 9)
    third = Fraction(1, 3)
    # Of 5 characters with ends there are 3 kinds: 1 a, 2 b and 2 ends.
    single = {c: (count + 3 * third) / (5 + 3) for c, count in {"a": 1, "b": 2, "\n": 2}.items()}
    assert model.probabilities("a")[2] == pytest.approx(float((1 + single["b"]) / 2))
    assert model.probabilities("\n")[1] == pytest.approx(float((1 + 2 * single["a"]) / 4))
    assert model.probabilities("b")[1] == pytest.approx(float((0 + single["a"]) / 3))
    assert 2 ** model.log2_probability("b") == pytest.approx(model.probabilities("\n")[2] * model.probabilities("b")[0])


@pytest.fixture(scope="module")
def sentences():
    return load("grammar", resolution=32)


def figures(sentences, texts, **options):
    images = OneHot(numbers_of(texts, sentences.characters, 32), len(sentences.characters))
    return evaluate_sampler(sentences, lambda count, seed: images, 0, Options(count=len(texts), **options)).figures


def test_real_texts_copies_repetitions_and_strays_are_told_apart(sentences):
    draws = iter(uniform(50_000, "others"))
    real = figures(sentences, [draw(GRAMMAR, "sentence", draws) for _ in range(500)])
    assert real["valid"] == real["valid_real"] == real["valid_held_out"] == 1
    for name, within in {"language_bits": 0.03, "ngram_distance": 0.03, "distinct": 0.05}.items():
        assert real[name] == pytest.approx(real[f"{name}_real"], abs=within)
    assert real["copied"] == pytest.approx(real["copied_held_out"], abs=0.07)
    assert "bits_per_character" not in real

    train = texts_of(sentences.train.images[:300], sentences.characters)
    assert figures(sentences, train)["copied"] == 1
    one = figures(sentences, ["the cats rest."] * 300)
    assert one["distinct"] == 1 / 300
    assert one["language_bits"] < real["language_bits"]
    assert one["ngram_distance"] > 0.8
    strays = figures(sentences, ["the cats rests."] * 100)
    assert strays["valid"] == 0
    assert strays["language_bits"] > math.log2(25)


def test_models_that_count_are_beside_them(sentences):
    found = figures(sentences, ["the cats rest."] * 200)["baselines"]
    assert list(found) == ["3-gram model", "6-gram model"]
    assert found["6-gram model"]["valid"] > found["3-gram model"]["valid"]
    # The longer model knows more, and no model that is fitted knows more than the grammar.
    bits = [each["bits_per_character"] for each in found.values()]
    assert bits[0] > bits[1] > 0.6


def test_the_likelihood_is_per_character_with_ends(sentences):
    texts = texts_of(sentences.test.images, sentences.characters)
    codes = OneHot(numbers_of(texts[:50], sentences.characters, 32), len(sentences.characters))
    found = evaluate_sampler(
        sentences,
        lambda count, seed: codes,
        0,
        Options(count=50),
        likelihood=lambda examples: np.full(len(examples), -3.0),
    )
    expected = 3 * len(texts) / math.log(2) / sum(len(text) + 1 for text in texts)
    assert found.figures["bits_per_character"] == pytest.approx(expected)
    assert found.measures == ("ngram_distance", "valid", "bits_per_character")


def test_what_texts_cannot_be_asked_is_refused(sentences):
    with pytest.raises(UsageError, match="in no features"):
        figures(sentences, ["a"], features=CHOICES["pixels"])
    other = np.zeros((5, 32, 7), np.uint8)
    with pytest.raises(UsageError, match="32 places and 7 characters, and those of grammar have 32 places and 25"):
        evaluate_sampler(sentences, lambda count, seed: other, 0, Options(count=5))
