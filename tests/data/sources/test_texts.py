"""Texts of a grammar and of files: exact probabilities, what is kept of a file, and what is refused."""

import math
from collections import Counter
from functools import cache

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import fingerprint, load
from gan_jax.data.dataset import Language
from gan_jax.data.sources.grammar import GRAMMAR, LONGEST, draw, log2_probability
from gan_jax.data.splits import uniform
from gan_jax.data.texts import numbers_of, texts_of

# "aa" and "aaa" can be made in several ways.
AMBIGUOUS = {"s": [(0.5, ("t", "t")), (0.25, ("a", "t")), (0.25, ("b",))], "t": [(0.75, ("a",)), (0.25, ("aa",))]}


def language(rules, symbol="sentence"):
    """All texts of a grammar without recursion and their probabilities, by writing them out."""

    @cache
    def written(symbol):
        if symbol not in rules:
            return {symbol: 1.0}
        found = Counter()
        for probability, parts in rules[symbol]:
            so_far = {"": probability}
            for part in parts:
                longer = Counter()
                for text, p in so_far.items():
                    for end, q in written(part).items():
                        longer[text + end] += p * q
                so_far = longer
            found.update(so_far)
        return dict(found)

    return written(symbol)


@pytest.fixture(scope="module")
def sentences():
    return language(GRAMMAR)


def test_the_probabilities_are_those_of_all_texts_written_out(sentences):
    assert math.fsum(sentences.values()) == pytest.approx(1, abs=1e-9)
    assert max(map(len, sentences)) == LONGEST
    some = list(sentences)[:: len(sentences) // 200]
    for text in some:
        assert 2 ** log2_probability(GRAMMAR, "sentence", text) == pytest.approx(sentences[text], rel=1e-9)
    for text in ("", "the cat", "the cat rest.", "the cats rests.", "the cat rests..", "cat rests."):
        assert log2_probability(GRAMMAR, "sentence", text) == -math.inf


def test_all_ways_to_make_a_text_count():
    expected = language(AMBIGUOUS, "s")
    assert expected["aa"] == 0.5 * 0.75**2 + 0.25 * 0.75
    for text, probability in expected.items():
        assert 2 ** log2_probability(AMBIGUOUS, "s", text) == pytest.approx(probability)


def test_texts_are_drawn_with_their_probabilities():
    draws = iter(uniform(100_000, "test"))
    counts = Counter(draw(AMBIGUOUS, "s", draws) for _ in range(20_000))
    expected = language(AMBIGUOUS, "s")
    assert counts.keys() == expected.keys()
    for text, probability in expected.items():
        assert counts[text] / 20_000 == pytest.approx(probability, abs=0.015)


def test_the_dataset_is_drawn_from_the_grammar(sentences):
    dataset = load("grammar", resolution=32)
    assert (len(dataset.train), len(dataset.test)) == (5000, 1000)
    assert dataset.info.text_shape == (32, len(dataset.characters))
    assert dataset.info.kind == "texts"
    texts = texts_of(dataset.train.images, dataset.characters)
    assert isinstance(dataset.origin, Language)
    assert all(text in sentences for text in texts)
    # Their mean information is the entropy of the grammar, which is that of no other distribution on its texts.
    information = np.array([-dataset.origin.log2_probability(text) for text in texts[:2000]])
    entropy = -sum(p * math.log2(p) for p in sentences.values())
    assert abs(information.mean() - entropy) < 4 * information.std() / 2000**0.5
    assert "characters" in fingerprint(dataset)


def test_the_length_of_the_grammar_is_checked():
    assert load("grammar", resolution=40).info.text_shape[0] == 40
    with pytest.raises(UsageError, match="31 characters and an end"):
        load("grammar", resolution=31)
    with pytest.raises(UsageError, match="give one number"):
        load("grammar", resolution=(32, 40))


def words(count=60):
    """Lines of a letter and a number in words, all different."""
    return [
        f"{'abcdefgh'[i % 8]} is number {['one', 'two', 'three'][i % 3]} of {'xyz'[i % 3] * (i + 1)}"
        for i in range(count)
    ]


def test_the_lines_of_a_file(tmp_path):
    path = tmp_path / "lines.txt"
    lines = [*words(20), "", "  Two   spaces, and\ta tab ", "ﬁne", *words(20)]
    path.write_text("\n".join(lines), encoding="utf-8")
    dataset = load(f"text:{path}", resolution=20)
    texts = [*texts_of(dataset.train.images, dataset.characters), *texts_of(dataset.test.images, dataset.characters)]
    assert len(dataset.test) == round(len(texts) / 6)
    assert len(set(texts)) == len(texts)
    assert max(map(len, texts)) <= 20
    assert {"two spaces, and a", "tab", "fine", "a is number one of x"} <= set(texts)
    assert dataset.characters[0] == "\n"
    assert set("".join(texts)) <= set(dataset.characters)
    assert dataset.origin is None
    again = load(f"text:{path}", resolution=20, memory_limit=0)
    assert not again.train.in_memory
    np.testing.assert_array_equal(again.train.images[3], dataset.train.images[3])


def test_rare_characters_are_left_out(tmp_path):
    path = tmp_path / "rare.txt"
    rare = "".join(chr(0x4E00 + i) for i in range(80))
    path.write_text("\n".join([f"{line}{rare[i]}" for i, line in enumerate(words(80))]), encoding="utf-8")
    dataset = load(f"text:{path}", resolution=100)
    assert len(dataset.characters) == 64
    assert {*"abcdefghnumberisotwx yz"} < set(dataset.characters)
    found = texts_of(dataset.train.images, dataset.characters)
    assert sum(rare[-1] in text for text in found) == 0


def test_files_that_are_no_texts_are_refused(tmp_path):
    with pytest.raises(UsageError, match="no such file"):
        load(f"text:{tmp_path / 'none.txt'}", resolution=32)
    (tmp_path / "latin.txt").write_bytes("\n".join(words()).encode() + b"\nna\xefve\n")
    with pytest.raises(UsageError, match=r"latin.txt is not a text in UTF-8: byte \d+"):
        load(f"text:{tmp_path / 'latin.txt'}", resolution=32)
    (tmp_path / "few.txt").write_text("one\ntwo\n" * 30)
    with pytest.raises(UsageError, match="2 different lines of text, and at least 20"):
        load(f"text:{tmp_path / 'few.txt'}", resolution=32)
    with pytest.raises(UsageError, match="cannot read"):
        load(f"text:{tmp_path}", resolution=32)


def test_texts_are_what_their_numbers_say():
    numbers = numbers_of(["ab", "", "bbb"], "\nab", 3)
    np.testing.assert_array_equal(numbers, [[1, 2, 0], [0, 0, 0], [2, 2, 2]])
    codes = 255 * np.eye(3, dtype=np.uint8)[numbers]
    assert texts_of(codes, "\nab") == ["ab", "", "bbb"]
    codes[0, 1] = codes[0, 2]  # an end in the middle
    assert texts_of(codes, "\nab")[0] == "a"
    for wrong in ("abab", "x"):
        with pytest.raises(ValueError, match="more than 3 characters, or others"):
            numbers_of([wrong], "\nab", 3)
