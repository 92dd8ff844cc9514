"""(7) How much neighbouring pixels differ in samples of a GAN, a VAE and a PixelCNN, beside real digits."""

from functools import partial

import numpy as np
from claim import Claim, Found, Judgement
from digit_models import dcgan_game, digits, frechet_ratio, pixelcnn_game, sizes, train_digits, vae_game
from effects import mean, verdict

MODELS = {"DCGAN": (dcgan_game, 4000), "VAE": (vae_game, 2000), "PixelCNN": (pixelcnn_game, 1000)}
MARGIN = 0.05


def sharpness(images):
    """The mean absolute value of the Laplacian, (...,), of images (..., N, 8, 8, 1)."""
    x = np.asarray(images, np.float64)[..., 0] / 255
    middle = x[..., 1:-1, 1:-1]
    around = x[..., 2:, 1:-1] + x[..., :-2, 1:-1] + x[..., 1:-1, 2:] + x[..., 1:-1, :-2]
    return np.abs(4 * middle - around).mean((-3, -2, -1))


def measure(name, seeds, quick):
    game, steps = MODELS[name]
    made = train_digits(lambda values: game(), seeds, *sizes(steps, quick))
    found = sharpness(made) / sharpness(digits().test.images)
    return {"sharpness": found, "frechet": frechet_ratio(made), "shown": made[:, :12]}


def judge(found: Found) -> Judgement:
    of = {name: x["sharpness"] for name, x in found.items()}
    effects = [
        mean("sharpness of DCGAN less that of the VAE", of["DCGAN"] - of["VAE"], above=MARGIN, tests=2),
        mean("sharpness of DCGAN less that of PixelCNN", of["DCGAN"] - of["PixelCNN"], above=MARGIN, tests=2),
    ]
    said = ", ".join(f"{of[name].mean():.2f} of {name}" for name in MODELS)
    far = ", ".join(f"{found[name]['frechet'].mean():.1f}" for name in MODELS)
    return Judgement(
        verdict(effects),
        f"In units of real digits, the sharpness is {said}. Their Fréchet distances are {far} times real.",
        effects,
    )


def draw(figure, found: Found) -> None:
    for ax, (name, x) in zip(figure.subplots(1, 3), found.items(), strict=True):
        shown = x["shown"][0].reshape(3, 4, 8, 8).transpose(0, 2, 1, 3).reshape(24, 32)
        ax.imshow(shown, cmap="gray")
        ax.set(title=f"{name}, {x['sharpness'].mean():.2f} times as sharp as real", xticks=[], yticks=[])
        ax.title.set_size(8)


CLAIM = Claim(
    number=7,
    says="Samples of a GAN are sharper than those of a VAE, and of an autoregressive model.",
    expects=f"The mean absolute Laplacian is greater, by at least {MARGIN:g} of that of real digits.",
    arms={name: partial(measure, name) for name in MODELS},
    judge=judge,
    draw=draw,
    seeds=16,
)
