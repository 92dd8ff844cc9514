"""The applications over seeds, beside their baselines: the tables and pictures of experiments/applications/README.md.

    python experiments/studies/applications.py                                 # on data that are drawn
    python experiments/studies/applications.py fixations --photographs PATH    # where people looked, in five folds
    python experiments/studies/applications.py intrusion --connections PATH    # NSL-KDD
    python experiments/studies/applications.py emoji --emoji PATH              # PATH has the folders A and B
    python experiments/studies/applications.py animals --animals PATH          # PATH has trainA, trainB, testA, testB
    python experiments/studies/applications.py text                            # Python's documentation

Finished runs are kept, and interrupted ones are resumed. Each is one of `gan-jax train` and `gan-jax evaluate`.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import training_runs
import tyro
from PIL import Image

from gan_jax.reporting import markdown, spread, write_part

EXPERIMENTS = Path(__file__).parents[1]
PAGE = EXPERIMENTS / "applications" / "README.md"
FIGURES = EXPERIMENTS / "figures"


@dataclass(frozen=True)
class Study:
    """Trains the applications and writes their tables."""

    names: Annotated[tuple[str, ...], tyro.conf.Positional] = ()
    """Tasks to train: digits, popout, shapes, style, grammar, text, intrusion, fixations, emoji, animals. By default
    the first five, whose data come with the package. The page shows every run that has finished."""

    photographs: Path | None = None
    """Folder with stimuli/ and fixations.csv, for the task fixations."""

    connections: Path | None = None
    """Folder with NSL-KDD's files, for the task intrusion."""

    emoji: Path | None = None
    """Folder with emoji of one style in A/ and of another in B/, under the same names, for the task emoji."""

    animals: Path | None = None
    """Folder with images of two kinds of animal in trainA, trainB, testA and testB, for the task animals."""

    seeds: int = 3
    """Number of seeds of each method. The folds of fixations are 5 and the digits 10 whatever this is."""

    out: Path = Path("runs/study_applications")
    """Folder of the runs."""


@dataclass(frozen=True)
class Method:
    """A method of a task: its file below experiments, its flags, and whether pairs are taken apart for it."""

    experiment: str
    flags: tuple[str, ...] = ()
    unpaired: bool = False

    @property
    def name(self) -> str:
        """What its folders are called."""
        return "_".join([Path(self.experiment).stem, *(word.strip("-") for word in self.flags)])

    @property
    def link(self) -> str:
        shown = f" `{' '.join(self.flags)}`" if self.flags else ""
        return f"[{Path(self.experiment).stem}](../{self.experiment}){shown}"


@dataclass(frozen=True)
class Task:
    """A table of the page: methods, what each is repeated on, and the figures that are shown.

    repeats: the flags of each repetition.
    measures: titles by the names in evaluation.json.
    picture: the name of a picture that the evaluation writes, which becomes that of the page. None for none.
    """

    methods: tuple[Method, ...]
    repeats: Callable[[Study], list[tuple[str, ...]]]
    measures: Mapping[str, str]
    picture: str | None = None


def seeds(study: Study) -> list[tuple[str, ...]]:
    return [("--seed", str(seed)) for seed in range(study.seeds)]


def folds(study: Study) -> list[tuple[str, ...]]:
    return [("--dataset", f"fixations:{study.photographs}@{fold}") for fold in range(5)]


def digits(study: Study) -> list[tuple[str, ...]]:
    return [("--dataset", f"anomalies:{digit}:digits") for digit in range(10)]


def connections(study: Study) -> list[tuple[str, ...]]:
    return [("--dataset", f"nsl_kdd:{study.connections}", *flags) for flags in seeds(study)]


def topics(study: Study) -> list[tuple[str, ...]]:
    return [("--dataset", f"text:{study.out / TOPICS}", *flags) for flags in seeds(study)]


def write_topics(path: Path) -> None:
    """Writes the help topics of Python's documentation, which every Python brings, with a line for each paragraph."""
    from pydoc_data.topics import topics

    paragraphs = [" ".join(part.split()) for topic in topics.values() for part in topic.split("\n\n")]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(paragraphs), encoding="utf-8")


def emoji(study: Study) -> list[tuple[str, ...]]:
    return [("--dataset", f"matched:{study.emoji}", *flags) for flags in seeds(study)]


def animals(study: Study) -> list[tuple[str, ...]]:
    return [("--dataset", f"unpaired:{study.animals}", *flags) for flags in seeds(study)]


ANOGAN = (
    Method("applications/f_anogan.py"),
    Method("applications/egbad.py"),
    Method("applications/f_anogan.py", ("--no-encoder",)),
)
DETECTION = {"roc_auc": "ROC AUC ↑", "average_precision": "average precision ↑", "f1": "F1 ↑"}
KINDS = {
    "roc_auc_known": "known attacks",
    "roc_auc_unknown": "unknown",
    "roc_auc_denial_of_service": "denial of service",
    "roc_auc_probe": "probe",
    "roc_auc_remote_to_local": "remote to local",
    "roc_auc_user_to_root": "user to root",
}
ATTENTION = (
    Method("applications/attention.py"),
    Method("applications/attention_alone.py"),
    Method("applications/attention.py", ("--content-weight", "20")),
)
SALIENCY = {
    "auc_judd": "AUC-Judd ↑",
    "shuffled_auc": "sAUC ↑",
    "nss": "NSS ↑",
    "correlation": "CC ↑",
    "similarity": "SIM ↑",
    "saliency_kl": "KL ↓",
}
LIKENESS = {"perceptual_distance": "perceptual distance ↓", "frechet_distance": "Fréchet distance ↓", "l1": "L1 ↓"}
MIRRORED = (
    Method("translation/pix2pix.py", ("--steps", "8000", "--flip")),
    Method("translation/cyclegan.py", ("--flip",), unpaired=True),
    Method("translation/cut.py", ("--antialias", "--flip"), unpaired=True),
)
SMALL = ("--resolution", "32", "--layers", "1", "--flip")
TEXT = (
    Method("applications/text_likelihood.py"),
    Method("applications/text_gumbel.py"),
    Method("applications/text_policy.py"),
    Method("applications/text_policy.py", ("--pretraining", "0", "--learning-rate", "1e-3")),
)
WRITING = {
    "bits_per_character": "bits per character of held-out texts ↓",
    "ngram_distance": "distance of 4 characters in a row ↓",
    "distinct": "different",
    "copied": "training texts",
}
TOPICS = "topics.txt"
TASKS = {
    "digits": Task(ANOGAN, digits, DETECTION),
    "intrusion": Task(ANOGAN, connections, DETECTION | KINDS, "roc"),
    "popout": Task(ATTENTION, seeds, SALIENCY, "attention"),
    "fixations": Task(ATTENTION, folds, SALIENCY, "attention"),
    "shapes": Task(
        tuple(Method(f"applications/{name}.py") for name in ("shapes_wgan_gp", "shapes_gan", "shapes_vae")),
        seeds,
        {
            "nearest_neighbor_accuracy": "1-NN accuracy (0.5 is best)",
            "coverage": "coverage ↑",
            "minimum_matching_distance": "matching distance ↓",
            "whole": "hangs together ↑",
            "nearest_training_iou": "IoU with the nearest training shape",
        },
    ),
    "style": Task(
        (Method("translation/cut.py"), Method("translation/cyclegan.py")),
        seeds,
        {"label_accuracy": "label accuracy ↑", "label_iou": "label IoU ↑", "frechet_distance": "Fréchet distance ↓"},
    ),
    "grammar": Task(
        TEXT,
        seeds,
        {"valid": "valid ↑", **WRITING, "language_bits": "bits per character by the grammar"},
    ),
    "text": Task(TEXT, topics, WRITING),
    "emoji": Task(MIRRORED, emoji, LIKENESS),
    "animals": Task(
        (Method("translation/cyclegan.py", SMALL), Method("translation/cut.py", (*SMALL, "--antialias"))),
        animals,
        {"frechet_distance": "Fréchet distance ↓", "source_distance": "perceptual distance from the source"},
    ),
}
DRAWN = ("digits", "popout", "shapes", "style", "grammar")


def main(study: Study) -> None:
    for name in study.names:
        if name not in TASKS:
            sys.exit(f"applications.py: no task {name!r}; there are {', '.join(TASKS)}")
    data = {
        "intrusion": study.connections,
        "fixations": study.photographs,
        "emoji": study.emoji,
        "animals": study.animals,
    }
    for name, flag in data.items():
        if name in study.names and flag is None:
            sys.exit(f"applications.py: the task {name} needs a folder of data; see --help")
    if "text" in study.names:
        write_topics(study.out / TOPICS)
    for name in study.names or DRAWN:
        task = TASKS[name]
        for method in task.methods:
            for number, flags in enumerate(task.repeats(study)):
                if method.unpaired:
                    flags = [f"shuffled:{word}" if word.startswith("matched:") else word for word in flags]
                experiment = EXPERIMENTS / method.experiment
                training_runs.train(experiment, folder(study, name, method, number), [*flags, *method.flags])
    for name, task in TASKS.items():
        found = {method: evaluations(study, name, method) for method in task.methods}
        if any(found.values()):
            write_part(PAGE, name, table(task, found))
            if texts := shown_texts(found):
                write_part(PAGE, f"{name}-samples", texts)
            draw(study, name)
    print(f"written to {PAGE}")


def folder(study: Study, task: str, method: Method, number: int) -> Path:
    """The run of a repetition."""
    return study.out / f"{task}_{method.name}_{number}"


def evaluations(study: Study, task: str, method: Method) -> list[dict[str, Any]]:
    """What is known of each repetition that has ended."""
    folders = [folder(study, task, method, number) for number in range(len(TASKS[task].repeats(study)))]
    return [training_runs.evaluation(each) for each in folders if training_runs.outcome(each)]


def table(task: Task, found: Mapping[Method, list[dict[str, Any]]]) -> str:
    """A line for each method, and one for each baseline, which are in the same files."""
    lines = [["", *task.measures.values(), "runs"], ["---"] * (2 + len(task.measures))]
    for method, read in found.items():
        if not read:
            continue
        cells = [spread([each[name] for each in read if name in each]) for name in task.measures]
        lines.append([method.link, *cells, str(len(read))])
    every = [each for read in found.values() for each in read if each]
    for name in baseline_names(every):
        values = [baseline(each, name) for each in every]
        cells = [spread(sorted({each[measure] for each in values if measure in each})) for measure in task.measures]
        lines.append([name, *cells, ""])
    return markdown(lines)


def baseline_names(every: list[dict[str, Any]]) -> list[str]:
    """The baselines, and the columns of real examples, in any of the evaluations."""
    named = [name for each in every for name in _baselines(each)]
    real = [name for name, ending in ENDINGS.items() if any(key.endswith(ending) for each in every for key in each)]
    return list(dict.fromkeys([*named, *real]))


ENDINGS = {"real: training": "_real", "real: held-out": "_held_out"}


def baseline(read: dict[str, Any], name: str) -> dict[str, float]:
    """The figures of a baseline."""
    found = dict(_baselines(read).get(name, {}))
    if ending := ENDINGS.get(name):
        found |= {key.removesuffix(ending): x for key, x in read.items() if key.endswith(ending)}
    return found


def _baselines(read: dict[str, Any]) -> dict[str, dict[str, float]]:
    found = read.get("baselines", {})
    return found.get("AtoB", found)


def shown_texts(found: Mapping[Method, list[dict[str, Any]]]) -> str:
    """Some real texts, and the first samples of the first run of each method. Nothing if they are no texts."""
    first = {" ".join([Path(m.experiment).stem, *m.flags]): read[0] for m, read in found.items() if read and read[0]}
    shown = {name: read["texts"] for name, read in first.items() if "texts" in read}
    real = [read["texts_held_out"] for read in first.values() if "texts_held_out" in read][:1]
    blocks = {**dict(zip(("held-out",), real, strict=False)), **shown}
    lines = [line for name, texts in blocks.items() for line in (f"{name}:", *(f"    {text}" for text in texts[:6]))]
    return "\n".join(["```text", *lines, "```"]) if lines else ""


def draw(study: Study, name: str) -> None:
    """The picture of the first run of the first method."""
    task = TASKS[name]
    path = folder(study, name, task.methods[0], 0) / f"{task.picture}.png"
    if path.exists():
        Image.open(path).convert("RGB").save(FIGURES / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main(tyro.cli(Study, description=__doc__))
