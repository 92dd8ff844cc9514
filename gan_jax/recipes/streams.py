"""The streams of random numbers in an update.

Latents are drawn from the key of the update itself. All other random numbers are drawn from the key of their stream,
which is the key of the update folded with the number of the stream.
"""

from enum import IntEnum

import jax

from gan_jax.recipes.judging import JudgeKeys


class Stream(IntEnum):
    """The streams of games with one generator and one discriminator."""

    GENERATOR = 0
    REAL = 1
    FAKE = 2
    REEVALUATE = 3
    AUGMENT_REAL = 4
    AUGMENT_FAKE = 5
    FLIP_LABELS = 6
    REGULARIZERS = 7
    # Of CUT: the places of its patches, and the generator's further passes.
    PLACES = 100
    ENCODE = 101
    IDENTITY = 102
    ENCODE_IDENTITY = 103

    def fold_in(self, key: jax.Array) -> jax.Array:
        """Returns the key of this stream for an update with the key `key`."""
        return jax.random.fold_in(key, int(self))


def judge_keys(key: jax.Array) -> JudgeKeys:
    """Returns the keys of the discriminator for an update with the key `key`."""
    streams = (Stream.REAL, Stream.FAKE, Stream.REEVALUATE, Stream.AUGMENT_REAL, Stream.AUGMENT_FAKE)
    return JudgeKeys(*(stream.fold_in(key) for stream in streams))
