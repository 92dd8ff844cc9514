"""The GAN game of Goodfellow et al. (arXiv 1406.2661): a discriminator ascends, a generator descends."""

from collections.abc import Sequence
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax

from gan_jax.augmentation import Augmentation
from gan_jax.checks import probability
from gan_jax.game import Game, Metrics, Outcome, Player, Round, alternating
from gan_jax.latents import Latent, normal
from gan_jax.networks.functional import features, forward
from gan_jax.objectives import Objective
from gan_jax.parallel import example_keys
from gan_jax.regularizers import Regularizer, View, logits

# Values of a move's key for what is drawn beside the latents.
_GENERATOR, _REAL, _FAKE, _AGAIN, _AUGMENT_REAL, _AUGMENT_FAKE, _FLIP, _REGULARIZERS = range(8)


_LATENT = normal(100)


def gan(
    generator: nn.Module,
    discriminator: nn.Module,
    objective: Objective,
    generator_optimizer: optax.GradientTransformation,
    discriminator_optimizer: optax.GradientTransformation,
    *,
    latent: Latent = _LATENT,
    classes: int | None = None,
    judge_labels: bool = True,
    regularizers: Sequence[Regularizer] = (),
    generator_regularizers: Sequence[Regularizer] = (),
    augmentation: Augmentation | None = None,
    flip_labels: float | None = None,
    discriminator_steps: int = 1,
    ema: float | None = None,
    round: Round = alternating,
) -> Game:
    """The game of a generator (latents, train) -> images and a discriminator (images, train) -> logits (N,).

    Batches are {"image": (N, H, W, C) in [-1, 1], ...}, or {"image": (N, D)} for points. The discriminator sees real
    and generated images as separate batches, each with its own batch statistics. It may return a dict that has other
    heads beside its "logits", for regularizers to use.

    Of a discriminator that classifies, one whose D(x) is a probability, accuracies are logged: `accuracy_real`, the
    share of its last batch's real images that it takes for real, beside the game's measures: `accuracy_held_out`, that
    share of held-out real images, and `accuracy_fake`, the share of generated images that it takes for generated, both
    with the statistics of evaluation. One that knows its training examples by heart has a high `accuracy_real` and a
    low `accuracy_held_out`. Of other discriminators the measure is `logits_gap_held_out`, the mean logit of held-out
    images less that of generated ones, to be compared with D(x) - D(G(z)).

    Args:
      latent: the distribution of one example's latents; 100 standard normal numbers unless given.
      classes: makes the game conditional: the networks are (latents, labels, train) and (images, labels, train), with
        labels int32 (N,) below `classes`; generated images get the labels of the batch. Samples go through the classes.
      judge_labels: whether the discriminator of a conditional game is told the labels too.
      regularizers, generator_regularizers: what the discriminator and the generator pay beside the objective.
      augmentation: of what the discriminator sees.
      flip_labels: the probability with which a real and a generated example trade places in the discriminator's
        objective (Chintala et al., "How to train a GAN?", 2016).
      discriminator_steps: its moves in a round, each on its own part of the batch.
      ema: decay of the average of the generator that samples come from.
      round: how the players move.

    Raises ValueError for hyperparameters that no game can have.
    """
    if classes is not None and classes < 2:
        raise ValueError("a conditional game needs labels of at least two classes, and the data have none")
    if flip_labels is not None:
        probability("flip_labels", flip_labels)
    # A logit above 0 then says real.
    classifies = objective.output is jax.nn.sigmoid

    def latents(key, count):
        drawn = jax.vmap(latent)(example_keys(key, count))
        return drawn if classes is None else (drawn, jnp.arange(count) % classes)

    def look(params, state, batch, key) -> tuple[View, Any]:
        """Both players' view of a move, and each network's variables afterwards."""
        keys = [jax.random.fold_in(key, i) for i in range(8)]
        real, count = batch["image"], len(batch["image"])
        z = jax.vmap(latent)(example_keys(key, count))
        labels = () if classes is None else (batch["label"],)
        known = labels if judge_labels else ()
        made = params["generator"], state.variables["generator"]
        fake, generator_variables = forward(generator, *made, z, *labels, key=keys[_GENERATOR])
        if augmentation:
            memory = state.memory["augmentation"]
            real = augmentation.apply(real, example_keys(keys[_AUGMENT_REAL], count), memory, state.step)
            fake = augmentation.apply(fake, example_keys(keys[_AUGMENT_FAKE], count), memory, state.step)
        judge, variables = params["discriminator"], state.variables["discriminator"]
        real_output, variables = forward(discriminator, judge, variables, real, *known, key=keys[_REAL])
        fake_output, variables = forward(discriminator, judge, variables, fake, *known, key=keys[_FAKE])

        def discriminate(images):
            return forward(discriminator, judge, variables, images, *known, key=keys[_AGAIN])[0]

        def features_of(images):
            return features(discriminator, judge, variables, images, *known, key=keys[_AGAIN])

        view = View(
            batch=batch,
            latents=z,
            real=real,
            fake=fake,
            real_output=real_output,
            fake_output=fake_output,
            discriminate=discriminate,
            features=features_of,
            params=None,
            step=state.step,
            key=keys[_REGULARIZERS],
        )
        return view, {"generator": generator_variables, "discriminator": variables}

    def pay(name, charged: Sequence[Regularizer], params, state, view: View):
        """The sum of the penalties of the player `name`, the regularizers' next memories, and what to log."""
        total, memories, metrics = jnp.zeros(()), [], {}
        for i, (regularizer, memory) in enumerate(zip(charged, state.memory[name], strict=True)):
            own = view._replace(params=params[name], key=jax.random.fold_in(view.key, i))
            penalty, memory = regularizer.apply(own, memory)
            total, memories = total + penalty, [*memories, memory]
            metrics[f"{name}_{regularizer.name}"] = penalty
        return total, {name: tuple(memories)}, metrics

    def discriminator_value(params, state, batch, key):
        view, variables = look(params, state, batch, key)
        real_logits, fake_logits = logits(view.real_output), logits(view.fake_output)
        metrics: Metrics = {
            "D(x)": jnp.mean(objective.output(real_logits)),
            "D(G(z))": jnp.mean(objective.output(fake_logits)),
        }
        if classifies:
            metrics["accuracy_real"] = jnp.mean(real_logits > 0)
        penalty, memory, penalties = pay("discriminator", regularizers, params, state, view)
        if augmentation:
            after = augmentation.update(state.memory["augmentation"], real_logits, state.step)
            memory |= {"augmentation": after}
            metrics |= augmentation.metrics(after)
        if flip_labels is not None:
            keys = example_keys(jax.random.fold_in(key, _FLIP), len(real_logits))
            real_logits, fake_logits = _flipped(real_logits, fake_logits, flip_labels, keys)
        value = objective.value(real_logits, fake_logits) - penalty
        return value, Outcome(variables["discriminator"], metrics | penalties, memory)

    def generator_loss(params, state, batch, key):
        view, variables = look(params, state, batch, key)
        penalty, memory, penalties = pay("generator", generator_regularizers, params, state, view)
        loss = objective.loss(logits(view.real_output), logits(view.fake_output)) + penalty
        return loss, Outcome(variables["generator"], penalties, memory)

    def init(key):
        generator_key, discriminator_key = jax.random.split(key)
        z = jax.vmap(latent)(example_keys(key, 1))
        labels = () if classes is None else (jnp.zeros(1, jnp.int32),)
        image, generator_variables = generator.init_with_output(generator_key, z, *labels, train=True)
        known = labels if judge_labels else ()
        networks = {
            "generator": generator_variables,
            "discriminator": discriminator.init(discriminator_key, image, *known, train=True),
        }
        memory = {
            "discriminator": tuple(regularizer.init() for regularizer in regularizers),
            "generator": tuple(regularizer.init() for regularizer in generator_regularizers),
        }
        return networks, memory | ({"augmentation": augmentation.init()} if augmentation else {})

    def sample(networks, latents) -> Any:
        inputs = (latents,) if classes is None else latents
        return generator.apply(networks["generator"], *inputs, train=False)

    def measures(networks, batch, key) -> Metrics:
        z = jax.vmap(latent)(example_keys(key, len(batch["image"])))
        labels = () if classes is None else (batch["label"],)
        known = labels if judge_labels else ()

        def judge(images):
            return logits(discriminator.apply(networks["discriminator"], images, *known, train=False))

        held_out = judge(batch["image"])
        fake = judge(generator.apply(networks["generator"], z, *labels, train=False))
        if not classifies:
            return {"logits_gap_held_out": jnp.mean(held_out) - jnp.mean(fake)}
        return {"accuracy_held_out": jnp.mean(held_out > 0), "accuracy_fake": jnp.mean(fake < 0)}

    return Game(
        players=(
            Player("discriminator", discriminator_value, discriminator_optimizer, True, discriminator_steps),
            Player("generator", generator_loss, generator_optimizer, ema=ema),
        ),
        init=init,
        latents=latents,
        sample=sample,
        round=round,
        measures=measures,
    )


def _flipped(real, fake, probability, keys):
    flip = jax.vmap(lambda key: jax.random.bernoulli(key, probability))(keys)
    return jnp.where(flip, fake, real), jnp.where(flip, real, fake)
