"""(11) Sentences of a grammar by three GANs of characters, beside the same network that learns by likelihood."""

from functools import cache, partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from digit_models import train_each
from effects import mean, verdict

from gan_jax.data import load
from gan_jax.data.texts import texts_of
from gan_jax.data.transforms import to_float
from gan_jax.game import constant_then_linear, networks
from gan_jax.networks import text
from gan_jax.networks.latents import gumbel
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan, likelihood, policy_gradient
from gan_jax.regularizers import every, r1

STEPS, WIDTH, JUDGE, SHOWN = 3000, 128, 64, 3
LESS = 0.1


@cache
def sentences():
    return load("grammar", resolution=32)


def latent():
    return gumbel(*sentences().info.text_shape)


def adam(rate, **options):
    return optax.chain(optax.clip_by_global_norm(1.0), optax.adam(constant_then_linear(rate, STEPS), **options))


def adversarial(straight_through):
    players = text.Generator(WIDTH, straight_through=straight_through), text.Discriminator(JUDGE)
    optimizers = (adam(2e-3, b1=0.5, b2=0.99),) * 2
    return gan(*players, non_saturating, *optimizers, latent=latent(), regularizers=[every(4, r1(0.1))], ema=0.99)


MODELS = {
    "likelihood": lambda: likelihood(text.Generator(WIDTH), adam(3e-3), latent=latent(), ema=0.99),
    "straight-through": lambda: adversarial(True),
    "Gumbel-softmax": lambda: adversarial(False),
    "policy gradient": lambda: policy_gradient(
        text.Generator(WIDTH),
        text.Discriminator(JUDGE),
        non_saturating,
        generator_optimizer=adam(1e-3, b1=0.5, b2=0.99),
        discriminator_optimizer=optax.adam(1e-3, b1=0.5, b2=0.99),
        latent=latent(),
        discount=0.5,
        pretraining=0,
        ema=0.99,
    ),
}


def draw_sentences(key, count, values):
    images = sentences().train.images[: len(sentences().train)]
    return {"image": to_float(jnp.asarray(images)[jax.random.randint(key, (count,), 0, len(images))])}


def measure(name, seeds, quick):
    """The share of samples that the grammar can make, and the first of them."""

    def look(game, state):
        return game.sample(networks(state), game.latents(jax.random.key(1), 20 if quick else 500)).argmax(-1)

    made = train_each(lambda values: MODELS[name](), seeds, 2 if quick else STEPS, look, draw_sentences)
    codes = np.eye(len(sentences().characters), dtype=np.uint8)[made] * 255
    texts = [texts_of(each, sentences().characters) for each in codes]
    score = sentences().origin.log2_probability
    valid = [np.mean([np.isfinite(score(each)) for each in written]) for written in texts]
    return {"valid": np.array(valid), "shown": np.array([written[:SHOWN] for written in texts])}


def judge(found: Found) -> Judgement:
    best = found["likelihood"]["valid"]
    others = list(MODELS)[1:]
    effects = [
        mean(
            f"valid by likelihood less those by {name}",
            best - found[name]["valid"],
            above=LESS,
            tests=3,
        )
        for name in others
    ]
    top = max(others, key=lambda name: found[name]["valid"].mean())
    said = ", ".join(f"{found[name]['valid'].mean():.1%} by {name}" for name in MODELS)
    return Judgement(
        verdict(effects),
        f"Valid sentences after {STEPS:,} steps: {said}. One by the best GAN: {str(found[top]['shown'][0][0])!r}.",
        effects,
    )


def draw(figure, found: Found) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(2, 3))
    left.boxplot([x["valid"] for x in found.values()], orientation="horizontal", tick_labels=list(found))
    left.set(xlabel="share of valid sentences", xlim=(0, 1))
    left.invert_yaxis()
    lines = [f"{name}:\n" + "\n".join(f"   {each}" for each in x["shown"][0]) for name, x in found.items()]
    right.text(0, 1, "\n".join(lines), va="top", fontsize=6.5, family="monospace", transform=right.transAxes)
    right.set_axis_off()


CLAIM = Claim(
    number=11,
    says="GANs do not suit discrete data such as text.",
    expects=f"Of each GAN's sentences at least {LESS:.0%} fewer are valid than of those that likelihood teaches.",
    arms={name: partial(measure, name) for name in MODELS},
    judge=judge,
    draw=draw,
    seeds=16,
)
