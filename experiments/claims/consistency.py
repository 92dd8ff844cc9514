"""(8) The distance to the ring's density of a GAN, a VAE and a VAE with a tighter bound, as networks and data grow."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
from claim import Claim, Found, Judgement
from density_models import gaussian_vae
from effects import mean
from populations import ring_points, train
from rings import ring_gan

from gan_jax.game import networks
from gan_jax.objectives import non_saturating
from gan_jax.regularizers import r1

SIZES = ((16, 250), (48, 1000), (128, 16_000))  # hidden units, training points
STEPS, SAMPLES = 6000, 4000
LESS, LEFT = 0.8, 1.5


def falling(rate):
    return optax.linear_schedule(rate, 0, STEPS)


# A game by the number of hidden units.
MODELS = {
    "GAN": lambda n: ring_gan(
        non_saturating, optax.adam(falling(1e-3), b1=0.5), hidden=n, regularizers=[r1(0.1)], ema=0.995
    ),
    "VAE": lambda n: gaussian_vae((n, n), optax.adam(falling(2e-3))),
    "VAE, 32 samples": lambda n: gaussian_vae((n, n), optax.adam(falling(2e-3)), tightness=32),
}


def energy_distance(a, b):
    """Twice E|a - b| less E|a - a'| and E|b - b'|, of points (N, 2) (Szekely and Rizzo 2013). 0 for equal densities."""

    def between(x, y):
        return jnp.mean(jax.lax.map(lambda each: jnp.mean(jnp.linalg.norm(each - y, axis=-1)), x))

    return 2 * between(a, b) - between(a, a) - between(b, b)


def measure(name, seeds, quick):
    """Energy distances of samples from 4,000 fresh points, and of other fresh points from these, (N, 3)."""
    distances, floors = [], []
    for units, count in SIZES:
        data = ring_points(jax.random.key(3), count)

        def draw_data(key, size, data=data):
            return data[jax.random.randint(key, (size,), 0, len(data))]

        def look(game, state, metrics):
            made = game.sample(networks(state), game.latents(jax.random.key(1), SAMPLES))
            fresh, others = (ring_points(jax.random.fold_in(state.key, i), SAMPLES) for i in (1, 2))
            return {"distance": energy_distance(made, fresh), "floor": energy_distance(others, fresh)}

        steps = 20 if quick else STEPS
        found = train(lambda values, n=units: MODELS[name](n), seeds, steps, look, draw=draw_data)
        distances.append(found["distance"][:, -1])
        floors.append(found["floor"][:, -1])
    return {"distance": np.stack(distances, 1), "floor": np.stack(floors, 1)}


def judge(found: Found) -> Judgement:
    gan, vae, tight = (found[name]["distance"] for name in MODELS)
    floor = found["GAN"]["floor"][:, -1].mean()
    effects = [
        mean(
            "distance of the largest GAN, in that of the smallest", gan[:, -1] / gan[:, 0].mean(), below=LESS, tests=3
        ),
        mean("distance of the largest VAE, in that of real points", vae[:, -1] / floor, above=LEFT, tests=3),
        mean(
            "distance of the largest VAE, in that of the largest GAN", vae[:, -1] / gan[:, -1].mean(), above=1, tests=3
        ),
    ]
    holds, tighter = [effect.holds for effect in effects], tight[:, -1].mean() / vae[:, -1].mean()
    means = {name: ", ".join(f"{value:.2g}" for value in x["distance"].mean(0)) for name, x in found.items()}
    said = "; ".join(f"{name} {values}" for name, values in means.items())
    return Judgement(
        "supported" if all(holds) else "depends" if any(holds[:2]) else "not supported",
        f"Energy distances from the ring as networks and data grow: {said}. Real points are {floor:.2g} apart. With a "
        f"bound of 32 samples the largest VAE ends at {tighter:.2f} times its distance.",
        effects,
    )


def draw(figure, found: Found) -> None:
    ax = figure.subplots()
    sizes = [f"{units} units,\n{count:,} points" for units, count in SIZES]
    for name, x in found.items():
        ax.errorbar(sizes, x["distance"].mean(0), yerr=x["distance"].std(0, ddof=1), fmt="o-", capsize=3, label=name)
    ax.axhline(found["GAN"]["floor"].mean(), color="0.6", linewidth=0.8)
    ax.set(ylabel="energy distance", yscale="log")
    ax.legend(fontsize="small")


CLAIM = Claim(
    number=8,
    says="A VAE is biased by its bound, where a GAN is asymptotically consistent.",
    expects=f"A growing GAN's distance falls below {LESS:g} times, and a VAE's stays at {LEFT:g} times real.",
    arms={name: partial(measure, name) for name in MODELS},
    judge=judge,
    draw=draw,
    seeds=16,
)
