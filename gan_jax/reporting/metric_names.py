"""The kind of a metric by its name. It decides where the metric is drawn and whether the progress line shows it."""

from enum import Enum
from typing import Any, TypeGuard

# What the names of the figures of evaluations begin with.
EVALUATION = "evaluation/"


class Kind(Enum):
    """The kinds of metrics.

    LOSS: NAME_loss, the loss of the player of that name.
    OUTPUT: a mean output of the discriminator, such as D(x) or D(G(z)).
    ACCURACY: accuracy_NAME, the share of images that the discriminator classifies correctly as real or generated.
    NORM: NAME_gradient_norm, the norm of the gradients in the player's last update.
    EVALUATION: evaluation/NAME, a figure of samples that were compared with real examples.
    CLOCK: seconds and images_per_second.
    EVENT: dead, alive and failed, which say in words what has happened, in lines of their own.
    OTHER: everything else, such as penalties.
    """

    LOSS = "loss"
    OUTPUT = "output"
    ACCURACY = "accuracy"
    NORM = "gradient norm"
    EVALUATION = "evaluation"
    CLOCK = "clock"
    EVENT = "event"
    OTHER = "other"


def kind(name: str) -> Kind:
    """The kind of the metric `name`: any entry of a line of metrics.jsonl except "step" and "member"."""
    if name in ("seconds", "images_per_second"):
        return Kind.CLOCK
    if name in ("dead", "alive", "failed"):
        return Kind.EVENT
    if name.startswith(EVALUATION):
        return Kind.EVALUATION
    if name.endswith("_loss"):
        return Kind.LOSS
    if name.endswith("_gradient_norm"):
        return Kind.NORM
    if name.startswith("accuracy_"):
        return Kind.ACCURACY
    return Kind.OUTPUT if "(" in name else Kind.OTHER


def is_number(value: Any) -> TypeGuard[int | float]:
    """Whether a value that was read from a file is a number, which true and false are not."""
    return isinstance(value, int | float) and not isinstance(value, bool)
