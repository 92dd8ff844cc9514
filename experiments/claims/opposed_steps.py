"""(12) The losses of both players before and after each one's step, on the same examples, during training."""

from functools import partial

import jax
import numpy as np
import optax
from claim import Claim, Found, Judgement
from effects import mean
from populations import ring_points, train
from rings import ring_gan

from gan_jax.game import update
from gan_jax.objectives import minimax, non_saturating

ARMS = {"minimax": minimax, "non-saturating": non_saturating}
MOST = 0.9


def measure(arm, seeds, quick):
    def build(values):
        return ring_gan(ARMS[arm], optax.adam(1e-3, b1=0.5))

    def look(game, state, metrics):
        d, g = game.players
        batch, key = {"image": ring_points(jax.random.key(7), 512)}, jax.random.key(8)

        def losses(state):
            return (
                -d.objective(state.params, state, batch, key)[0],
                g.objective(state.params, state, batch, key)[0],
            )

        after_d, _ = update(d, state, batch, key)
        after_g, _ = update(g, after_d, batch, key)
        names = ("before", "after D", "after G")
        seen = {name: losses(each) for name, each in zip(names, (state, after_d, after_g), strict=True)}
        return {f"{player} {name}": pair[i] for name, pair in seen.items() for i, player in enumerate("DG")}

    found = train(build, seeds, 100 if quick else 3000, look, records=100)
    return {
        "D's step": found["D after D"] - found["D before"],
        "G's loss at D's step": found["G after D"] - found["G before"],
        "G's step": found["G after G"] - found["G after D"],
        "D's loss at G's step": found["D after G"] - found["D after D"],
    }


def judge(found: Found) -> Judgement:
    effects, undone = [], {}
    for arm, x in found.items():
        for player, other in ("DG", "GD"):
            down = x[f"{player}'s step"] < 0
            hurt = (down & (x[f"{other}'s loss at {player}'s step"] > 0)).sum(1) / np.maximum(down.sum(1), 1)
            effects.append(mean(f"steps down of {player} that raise {other}'s loss, {arm}", hurt, above=MOST, tests=4))
        gain, loss = -x["D's step"], x["D's loss at G's step"]
        undone[arm] = np.mean((gain > 0) & (loss > gain))
    shares = [f"{effect.value:.1%}" for effect in effects]
    return Judgement(
        "supported" if all(effect.holds for effect in effects) else "depends",
        f"A step down of D raises G's loss in {shares[0]} of the cases with the minimax loss, and in {shares[2]} with "
        f"the non-saturating one. A step down of G raises D's in {shares[1]} and {shares[3]}. G takes from D more than "
        f"D has just gained in {undone['minimax']:.0%} and {undone['non-saturating']:.0%} of the steps.",
        effects,
    )


def draw(figure, found: Found) -> None:
    for ax, (arm, x) in zip(figure.subplots(1, 2), found.items(), strict=True):
        for player, other in ("DG", "GD"):
            ax.plot(
                x[f"{player}'s step"].ravel(), x[f"{other}'s loss at {player}'s step"].ravel(), ".", ms=1.5, alpha=0.3
            )
            ax.plot([], [], "o", color=ax.lines[-1].get_color(), label=f"steps of {player}")
        ax.set(title=arm, xlabel="change of the player's own loss", ylabel="of the other's")
        ax.set_xscale("symlog", linthresh=1e-3)
        ax.set_yscale("symlog", linthresh=1e-3)
        ax.tick_params(labelsize=6)
    ax.legend(fontsize="small")


CLAIM = Claim(
    number=12,
    says="A step down for one player is a step up for the other.",
    expects=f"On the same examples, at least {MOST:.0%} of the steps that lower a player's own loss raise the other's.",
    arms={arm: partial(measure, arm) for arm in ARMS},
    judge=judge,
    draw=draw,
    seeds=32,
)
