"""Known results of game dynamics, measured again: a table and a figure of experiments/claims/README.md.

    python experiments/studies/dynamics.py

The bilinear game and the Dirac-GAN are compared with formulas. Then small GANs learn a ring of 8 Gaussians, without and
with R1, over seeds. The field of their gradients is looked at where training ends: its eigenvalues, how much of it is
rotation, and the path angle. All fields are taken on the same points, with the same latents.
"""

from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import tyro
from dynamics_by_formula import dirac_path, dirac_spectra, growth
from dynamics_on_ring import LEFT_OUT, WITH, WITHOUT, Look, look, ring_game, ring_rows, trained
from matplotlib.figure import Figure

from gan_jax.analysis import dirac_gan, play, vector_field
from gan_jax.game import init_state, simultaneous
from gan_jax.reporting import markdown, plot_eigenvalues, plot_field, write_part

PAGE = Path(__file__).parents[1] / "claims" / "README.md"
GAMMA = 1.0


@dataclass(frozen=True)
class Study:
    """Compares games with published results, and writes the table and the figure."""

    seeds: int = 8
    """Seeds of the GANs on the ring."""

    steps: int = 12000
    """Training steps of each of them."""

    page: Path = PAGE
    """The page that the table is written into. The figure goes into the folder `figures` beside it."""


def main(study: Study) -> None:
    plain, penalized = ring_game(0.0, study.steps), ring_game(GAMMA, study.steps)
    ends, damped_ends = (trained(game, study.seeds, study.steps) for game in (plain, penalized))
    looks = {
        WITHOUT: look(plain, *ends),
        WITH: look(penalized, *damped_ends),
        LEFT_OUT: look(plain, *damped_ends),
    }
    rows = [*growth(), *dirac_spectra(), dirac_path(), *ring_rows(looks)]
    lines = [["result", "published", "measured", "agrees"], ["---"] * 4]
    lines += [[*row, {True: "yes", False: "**no**", None: ""}[agrees]] for *row, agrees in rows]
    image = "![the Dirac-GAN, eigenvalues and path angles, without and with R1](figures/known_results.png)"
    write_part(study.page, "known-results", f"{markdown(lines)}\n{image}")
    draw(looks, study.page.parent / "figures" / "known_results.png")
    print(f"{markdown(lines)}written to {study.page}")


def draw(looks: dict[str, list[Look]], path: Path) -> None:
    """The Dirac-GAN, the eigenvalues of one seed, and the mean path angles."""
    figure = Figure(figsize=(11, 3.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3)
    walks = {}
    for name, gamma in (("without R1", 0.0), ("with R1, γ = 0.5", 0.5)):
        game = dirac_gan(optax.sgd(0.1), simultaneous, gamma=gamma)
        _, walked = play(game, init_state(game, jax.random.key(0)), 250)
        walks[name] = np.stack([walked["generator"], walked["discriminator"]], -1)
    game = dirac_gan(optax.sgd(0.1))
    velocity = vector_field(game, init_state(game, jax.random.key(0))).velocity
    push = jax.vmap(lambda place: -velocity(place[::-1])[::-1])  # the discriminator is the first player
    plot_field(left, lambda places: np.asarray(push(jnp.asarray(places, jnp.float32))), ((-2.2, 2.2),) * 2, walks)
    left.set(title="Dirac-GAN", xlabel="θ, of the generator", ylabel="ψ, of the discriminator", aspect="equal")
    plot_eigenvalues(middle, {name: looks[name][0].eigenvalues for name in (WITHOUT, WITH)})
    middle.set_xscale("symlog", linthresh=1)
    middle.set(title="ring: eigenvalues, one seed")
    for name in (WITHOUT, WITH):
        cosines = np.stack([each.cosines for each in looks[name]])
        (line,) = right.plot(looks[name][0].places, cosines.mean(0), label=name)
        low, high = cosines.min(0), cosines.max(0)
        right.fill_between(looks[name][0].places, low, high, color=line.get_color(), alpha=0.2, linewidth=0)
    right.axhline(0, color="0.8", linewidth=0.8)
    right.axvline(1, color="0.8", linewidth=0.8)
    right.set(title="ring: path angle, all seeds", xlabel="place from start (0) to end (1)", ylabel="cosine")
    right.legend(fontsize="small")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=70)


if __name__ == "__main__":
    main(tyro.cli(Study, description=__doc__))
