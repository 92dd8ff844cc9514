"""The streams of random numbers of an update: what is drawn beside the latents, and from which key.

Latents are drawn from the update's key itself, everything else from that key folded with the number of its stream.
"""

from enum import IntEnum

import jax

from gan_jax.recipes.judging import JudgeKeys


class Stream(IntEnum):
    """Streams of the games of one generator and one discriminator."""

    GENERATOR = 0
    REAL = 1
    FAKE = 2
    AGAIN = 3
    AUGMENT_REAL = 4
    AUGMENT_FAKE = 5
    FLIP_LABELS = 6
    REGULARIZERS = 7

    def of(self, key: jax.Array) -> jax.Array:
        """The key of this stream, of an update with the key `key`."""
        return jax.random.fold_in(key, int(self))


def judge_keys(key: jax.Array) -> JudgeKeys:
    """Those of an update with the key `key`."""
    streams = (Stream.REAL, Stream.FAKE, Stream.AGAIN, Stream.AUGMENT_REAL, Stream.AUGMENT_FAKE)
    return JudgeKeys(*(stream.of(key) for stream in streams))
