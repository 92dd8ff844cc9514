"""How good texts are: whether they are like held-out texts and no copies, beside models that count characters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from rich.console import Console

from gan_jax.common.errors import UsageError
from gan_jax.data import Dataset
from gan_jax.data.batching import pick
from gan_jax.data.dataset import Language
from gan_jax.data.texts import END, texts_of
from gan_jax.evaluation.metrics import texts as measures
from gan_jax.evaluation.ngram_model import NgramModel
from gan_jax.evaluation.options import Options
from gan_jax.evaluation.result import HELD_OUT, REAL, SAMPLES, Evaluation, FigureTable, flat
from gan_jax.evaluation.sampler import Sampler
from gan_jax.evaluation.subsets import pick_subset
from gan_jax.inference import Likelihood

_COUNT = 2000
_MOST_HELD_OUT = 5000
_NGRAM = 4  # characters whose distribution is compared
_MODELS = (3, 6)  # characters that the models that count see, the next one among them
_SHOWN = 10

Figures = dict[str, float]


@dataclass(frozen=True)
class Shown:
    """Texts of the report, one a line."""

    title: str
    texts: Sequence[str]

    def report(self, console: Console) -> None:
        console.print(f"\n{self.title}")
        for text in self.texts:
            console.print(f"  {text}", markup=False, highlight=False, soft_wrap=True)


def evaluate_texts(
    dataset: Dataset, sample: Sampler, likelihood: Likelihood | None, seed: int, options: Options
) -> Evaluation:
    """Compares `sample(count, seed)`, texts uint8 (count, L, V), with held-out ones, of which at most 5,000 are used.

    `count` is the number of held-out texts by default, and at most 2,000. The figures are:

    - bits_per_character: what held-out texts, with their ends, cost by `likelihood`, if there is one;
    - ngram_distance: `metrics.texts.ngram_distance` of 4 characters from the held-out texts;
    - distinct, copied: the shares of different samples, and of those that are training texts;
    - valid, language_bits: for a known language, the share of samples that it can make, and the bits per character that
      they cost by it (`metrics.texts.language_bits`).

    The same is measured of as many training texts (of all, if they are fewer), and of the held-out ones. "baselines"
    has the same figures of the texts of models that count 3 and 6 characters in a row (`NgramModel`). "texts" are
    the first samples, and "texts_held_out" some real ones.

    Raises UsageError for features, and for samples of other characters than those of the dataset.
    """
    if options.features is not None:
        raise UsageError("texts are compared by their characters, and in no features")
    count, length = options.count or min(_COUNT, len(dataset.test)), dataset.info.text_shape[0]
    samples = sample(count, seed)
    if samples.shape[1:] != dataset.example_shape:
        here, there = (
            f"{shape[-2]} places and {shape[-1]} characters" for shape in (dataset.example_shape, samples.shape)
        )
        raise UsageError(f"the run writes texts of {there}, and those of {dataset.name} have {here} now")

    def read(examples: np.ndarray) -> list[str]:
        return texts_of(examples, dataset.characters)

    examples = pick_subset(dataset.test.images, _MOST_HELD_OUT)
    held_out, train = read(examples), read(pick(dataset.train.images, np.arange(len(dataset.train))))
    made = read(pick(samples, np.arange(count)))
    characters = sum(len((text + END)[:length]) for text in held_out)

    def figures(texts: list[str], bits: float | None = None) -> Figures:
        found = {} if bits is None else {"bits_per_character": bits / characters}
        found |= {
            "ngram_distance": measures.ngram_distance(texts, held_out, _NGRAM),
            "distinct": measures.distinct(texts),
            "copied": measures.copied(texts, train),
        }
        return found | known(texts)

    def known(texts: list[str]) -> Figures:
        if not isinstance(dataset.origin, Language):
            return {}
        log2_probability = dataset.origin.log2_probability
        bits = measures.language_bits(texts, log2_probability, len(dataset.characters))
        return {"valid": measures.valid(texts, log2_probability), "language_bits": bits}

    bits = None if likelihood is None else float(-np.sum(likelihood(examples), dtype=np.float64) / np.log(2))
    columns = {SAMPLES: figures(made, bits)}
    for n in _MODELS:
        model = NgramModel(n, train, dataset.characters, length)
        own = -sum(model.log2_probability(text) for text in held_out)
        columns[f"{n}-gram model"] = figures(model.draw(count, seed), own)
    real = read(pick_subset(dataset.train.images, count))
    columns[REAL] = {name: x for name, x in figures(real).items() if name != "copied"}
    own = {"distinct": measures.distinct(held_out), "copied": measures.copied(held_out, train)}
    columns[HELD_OUT] = own | known(held_out)
    baselines = {name: each for name, each in columns.items() if name not in (SAMPLES, REAL, HELD_OUT)}
    real_columns = {name: each for name, each in columns.items() if name not in baselines}
    shown = {"texts": made[:_SHOWN], "texts_held_out": held_out[:_SHOWN]}
    title = f"{count:,} samples beside others, against {len(held_out):,} held-out texts of {dataset.name}"
    return Evaluation(
        settings={"dataset": dataset.name, "count": count, "held_out": len(held_out)},
        figures={**flat(real_columns), "baselines": baselines, **shown},
        measures=tuple(name for name in ("ngram_distance", "valid", "bits_per_character") if name in columns[SAMPLES]),
        parts=(
            FigureTable(title, columns),
            Shown("Samples:", shown["texts"]),
            Shown("Held-out texts:", shown["texts_held_out"]),
        ),
    )
