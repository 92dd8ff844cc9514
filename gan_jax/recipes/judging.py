"""The evaluation of a discriminator on a real and a generated batch, which all recipes share."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import flax.linen as nn
import jax

from gan_jax.common.parallel import example_keys
from gan_jax.game import Tree
from gan_jax.networks.functional import features, forward
from gan_jax.regularizers import Judged


class JudgeKeys(NamedTuple):
    """The PRNG keys of an evaluation of a discriminator.

    real, fake: keys of its layers for the real and the generated batch.
    reevaluate_real, reevaluate_fake: keys of its layers for further evaluations by regularizers, of images in the place
        of the real and of the generated batch. All such evaluations in an update draw alike.
    augment_real, augment_fake: keys of the augmentation of the real and the generated batch.
    """

    real: jax.Array
    fake: jax.Array
    reevaluate_real: jax.Array
    reevaluate_fake: jax.Array
    augment_real: jax.Array
    augment_fake: jax.Array


@dataclass(frozen=True)
class Judge:
    """A discriminator with its parameters and its augmentation.

    see: (images, keys (N,)) -> the network's input: augmented images, possibly joined to others.
    forward: (variables, input, key) -> (output, updated variables).
    features: (variables, input, key) -> the last hidden features (N, F).
    """

    see: Callable[[jax.Array, jax.Array], Tree]
    forward: Callable[[Tree, Tree, jax.Array], tuple[Tree, Tree]]
    features: Callable[[Tree, Tree, jax.Array], jax.Array]

    def __call__(
        self, variables: Tree, real: jax.Array, fake: jax.Array, keys: JudgeKeys
    ) -> tuple[Judged, Judged, Tree]:
        """Judges both batches (N, ...), first the real one. Returns them as `Judged`, and the updated variables."""
        real_output, variables = self.forward(variables, self._seen(real, keys.augment_real), keys.real)
        fake_output, variables = self.forward(variables, self._seen(fake, keys.augment_fake), keys.fake)

        def judged(images: jax.Array, output: Tree, augment_key: jax.Array, key: jax.Array) -> Judged:
            return Judged(
                images,
                output,
                discriminate=lambda x: self.forward(variables, self._seen(x, augment_key), key)[0],
                features=lambda x: self.features(variables, self._seen(x, augment_key), key),
            )

        real_judged = judged(real, real_output, keys.augment_real, keys.reevaluate_real)
        fake_judged = judged(fake, fake_output, keys.augment_fake, keys.reevaluate_fake)
        return real_judged, fake_judged, variables

    def _seen(self, images: jax.Array, key: jax.Array) -> Tree:
        return self.see(images, example_keys(key, len(images)))


def network_judge(
    network: nn.Module, params: Tree, see: Callable[[jax.Array, jax.Array], Tree], *labels: jax.Array
) -> Judge:
    """Returns the judge that runs `network` in training mode. The network takes its input and the `labels`."""
    return Judge(
        see=see,
        forward=lambda variables, seen, key: forward(network, params, variables, seen, *labels, key=key),
        features=lambda variables, seen, key: features(network, params, variables, seen, *labels, key=key),
    )
