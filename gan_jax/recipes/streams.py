"""The streams of random numbers in an update.

All of them are drawn from the key of their stream, which is the key of the update folded with the number of the stream.
A key is either folded or drawn from, and drawn from in one place: `fold_in` and `split` give the same keys, so what is
drawn from the key of the update itself would be tied to the streams of the same numbers.
"""

from enum import IntEnum

import jax

from gan_jax.recipes.judging import JudgeKeys


class Stream(IntEnum):
    """The streams of games with one generator and one discriminator."""

    GENERATOR = 0
    REAL = 1
    FAKE = 2
    REEVALUATE_REAL = 3
    AUGMENT_REAL = 4
    AUGMENT_FAKE = 5
    FLIP_LABELS = 6
    REGULARIZERS = 7
    LATENTS = 8
    REEVALUATE_FAKE = 9
    GENERATOR_REGULARIZERS = 10
    # All that the generator draws for its own update, if it does not share the discriminator's draws.
    FRESH = 11
    # Of CUT: the places of its patches, and the generator's further passes. Encoders of games draw from ENCODE too.
    PLACES = 100
    ENCODE = 101
    IDENTITY = 102
    ENCODE_IDENTITY = 103
    PLACES_IDENTITY = 104

    def fold_in(self, key: jax.Array) -> jax.Array:
        """Returns the key of this stream for an update with the key `key`."""
        return jax.random.fold_in(key, int(self))


def judge_keys(key: jax.Array) -> JudgeKeys:
    """Returns the keys of the discriminator for an update with the key `key`."""
    return JudgeKeys(*(Stream[name.upper()].fold_in(key) for name in JudgeKeys._fields))


def regularizers_key(player: str, key: jax.Array) -> jax.Array:
    """Returns the key of the regularizers of `player`, the discriminator or generator, for an update with `key`."""
    stream = Stream.REGULARIZERS if player == "discriminator" else Stream.GENERATOR_REGULARIZERS
    return stream.fold_in(key)
