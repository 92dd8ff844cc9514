"""(2) A discriminator is trained between two known densities on the line, and compared with the formula."""

from functools import partial

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import mean
from populations import train
from scipy.stats import norm

from gan_jax.networks import mlp
from gan_jax.networks.functional import forward
from gan_jax.networks.latents import normal
from gan_jax.objectives import minimax
from gan_jax.recipes import gan

P, Q = norm(0, 1), norm(1.5, 0.7)
GRID = np.linspace(-3, 4, 141)
MOST_ERROR, MOST_GAP = 0.02, 0.02
TESTED = 20_000


class Fixed(nn.Module):
    """The generator: draws from q, and does not learn."""

    @nn.compact
    def __call__(self, latents, train):
        return self.param("mean", nn.initializers.constant(Q.mean()), (1,)) + Q.std() * latents


def measure(width, seeds, quick):
    discriminator = mlp.Discriminator((width, width))

    def build(values):
        rate = optax.cosine_decay_schedule(2e-3, 30 if quick else 3000)
        return gan(Fixed(), discriminator, minimax, optax.set_to_zero(), optax.adam(rate), latent=normal(1))

    def look(game, state, metrics):
        def logits(points):
            return forward(discriminator, state.params["discriminator"], {}, points)[0]

        z = jax.random.normal(jax.random.key(5), (2, TESTED, 1))
        real, fake = logits(z[0]), logits(Q.mean() + Q.std() * z[1])
        return {"D": jax.nn.sigmoid(logits(jnp.asarray(GRID)[:, None])), "value": minimax.value(real, fake)}

    def draw(key, count):
        return jax.random.normal(key, (count, 1))

    found = train(build, seeds, 30 if quick else 3000, look, draw=draw, batch=512)
    return {name: x[:, -1] for name, x in found.items()}


def theory():
    """p/(p+q) on the grid, the weights of its places, and -2 log 2 + 2 JSD."""
    fine = np.linspace(-8, 8, 20_001)
    p, q = P.pdf(fine), Q.pdf(fine)
    middle = (p + q) / 2
    value = np.trapezoid(p * np.log(p / (2 * middle)) + q * np.log(q / (2 * middle)), fine)
    p, q = P.pdf(GRID), Q.pdf(GRID)
    return p / (p + q), (p + q) / (p + q).sum(), value


def judge(found: Found) -> Judgement:
    best, weights, value = theory()
    effects = []
    for arm, measures in found.items():
        errors = (np.abs(measures["D"] - best) * weights).sum(1)
        effects.append(mean(f"mean |D - p/(p+q)|, {arm}", errors, below=MOST_ERROR, tests=4))
        gaps = np.abs(measures["value"] - value)
        effects.append(mean(f"gap between the value and -2 log 2 + 2 JSD, {arm}", gaps, below=MOST_GAP, tests=4))
    wide = effects[-2:]
    said = [f"{effect.value:.3f}" for effect in effects]
    return Judgement(
        "supported" if all(effect.holds for effect in wide) else "not supported",
        f"A discriminator with two hidden layers of 64 ends {said[2]} from p/(p+q) in the mean, and its value ends "
        f"{said[3]} from {value:.3f}. With layers of 4 these are {said[0]} and {said[1]}.",
        effects,
    )


def draw(figure, found: Found) -> None:
    for ax, (arm, measures) in zip(figure.subplots(1, 2, sharey=True), found.items(), strict=True):
        ax.plot(GRID, measures["D"].T, color="tab:blue", alpha=0.15, linewidth=0.8)
        ax.plot(GRID, theory()[0], color="black", linestyle="--", label="p/(p+q)")
        ax.set(title=f"D of {arm}, all seeds", xlabel="x")
    ax.legend()


CLAIM = Claim(
    number=2,
    says="The optimal discriminator is p/(p+q), and the value with it is -2 log 2 + 2 JSD.",
    expects=f"A large enough D ends within {MOST_ERROR} of p/(p+q), and its value within {MOST_GAP} of the formula.",
    arms={f"width {width}": partial(measure, width) for width in (4, 64)},
    judge=judge,
    draw=draw,
    seeds=32,
)
