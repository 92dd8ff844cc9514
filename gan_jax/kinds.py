"""What a metric is, by its name: which panel of curves.png it is drawn in, and whether the progress line shows it."""

from enum import Enum


class Kind(Enum):
    """LOSS: NAME_loss, of the player of that name. OUTPUT: what D says of images, D(x), D(G(z)), ...

    ACCURACY: accuracy_NAME, the share of images of which D says what they are.
    NORM: NAME_gradient_norm, of the player's last move. CLOCK: seconds, images_per_second.
    OTHER: penalties and the like.
    """

    LOSS = "loss"
    OUTPUT = "output"
    ACCURACY = "accuracy"
    NORM = "gradient norm"
    CLOCK = "clock"
    OTHER = "other"


def kind(name: str) -> Kind:
    """Of the entry `name` of a line of metrics.jsonl that is neither the step nor a member's number."""
    if name in ("seconds", "images_per_second"):
        return Kind.CLOCK
    if name.endswith("_loss"):
        return Kind.LOSS
    if name.endswith("_gradient_norm"):
        return Kind.NORM
    if name.startswith("accuracy_"):
        return Kind.ACCURACY
    return Kind.OUTPUT if "(" in name else Kind.OTHER
