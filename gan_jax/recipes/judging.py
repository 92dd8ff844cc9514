"""How a discriminator judges a real and a generated batch, in every recipe alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import jax

from gan_jax.common.parallel import example_keys
from gan_jax.game import Tree
from gan_jax.regularizers import Judged


class JudgeKeys(NamedTuple):
    """The keys of what is drawn while a discriminator judges.

    real, fake: by its layers, for the real and the generated batch. again: by its layers, whenever a regularizer asks.
    augment_real, augment_fake: by the augmentation of either batch.
    """

    real: jax.Array
    fake: jax.Array
    again: jax.Array
    augment_real: jax.Array
    augment_fake: jax.Array


@dataclass(frozen=True)
class Judge:
    """A discriminator with its parameters, as a recipe calls it.

    see: (images, keys (N,)) -> what it is given in their place: augmented images, perhaps beside others.
    forward: (variables, seen, key) -> (output, variables afterwards).
    features: (variables, seen, key) -> its last hidden features (N, F).
    """

    see: Callable[[jax.Array, jax.Array], Tree]
    forward: Callable[[Tree, Tree, jax.Array], tuple[Tree, Tree]]
    features: Callable[[Tree, Tree, jax.Array], jax.Array]

    def __call__(
        self, variables: Tree, real: jax.Array, fake: jax.Array, keys: JudgeKeys
    ) -> tuple[Judged, Judged, Tree]:
        """Both batches (N, ...) as they are judged, one after the other, and the variables afterwards."""
        real_output, variables = self.forward(variables, self._seen(real, keys.augment_real), keys.real)
        fake_output, variables = self.forward(variables, self._seen(fake, keys.augment_fake), keys.fake)

        def judged(images: jax.Array, output: Tree, augment_key: jax.Array) -> Judged:
            return Judged(
                images,
                output,
                discriminate=lambda x: self.forward(variables, self._seen(x, augment_key), keys.again)[0],
                features=lambda x: self.features(variables, self._seen(x, augment_key), keys.again),
            )

        real_judged = judged(real, real_output, keys.augment_real)
        return real_judged, judged(fake, fake_output, keys.augment_fake), variables

    def _seen(self, images: jax.Array, key: jax.Array) -> Tree:
        return self.see(images, example_keys(key, len(images)))
