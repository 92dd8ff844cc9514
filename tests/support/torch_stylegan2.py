"""The networks of StyleGAN2 in PyTorch, on images (N, C, H, W), as functions of our parameters.

An independent reference, after the authors' code: kernels are made for each image, and what is filtered is filtered.
`params` has the structure of our own parameters, as tensors: see `tensors`.
"""

import math

import jax
import numpy as np
import torch
from torch.nn import functional as F


def tensors(params):
    return jax.tree.map(lambda x: torch.tensor(np.float64(x), requires_grad=True), params)


def _filter(x, gain=1.0):
    """The filter 1, 3, 3, 1 along both axes, without padding."""
    line = torch.tensor([1.0, 3.0, 3.0, 1.0]).double()
    kernel = (gain * torch.outer(line, line) / 64)[None, None]
    y = F.conv2d(x.reshape(-1, 1, *x.shape[2:]), kernel)
    return y.reshape(*x.shape[:2], *y.shape[2:])


def _doubled(x):
    count, channels, height, width = x.shape
    spread = torch.zeros(count, channels, 2 * height, 2 * width).double()
    spread[:, :, ::2, ::2] = x
    return _filter(F.pad(spread, (2, 1, 2, 1)), 4)


def _halved(x):
    return _filter(F.pad(x, (1, 1, 1, 1)))[:, :, ::2, ::2]


def _dense(x, p, rate=1.0):
    return x @ (p["kernel"] * rate / math.sqrt(x.shape[1])) + p["bias"] * rate


def _active(x):
    return F.leaky_relu(x, 0.2) * math.sqrt(2)


def _unit(x):
    return x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()


def mapping(p, latents, onehot=None):
    given = [] if latents is None else [_unit(latents)]
    if onehot is not None:
        given.append(_unit(_dense(onehot, p["embedding"])))
    x = torch.cat(given, 1)
    for i in range(len(p) - ("embedding" in p)):
        x = _active(_dense(x, p[f"EqualizedDense_{i}"], 0.01))
    return x


def _modulated(x, p, w, up, demodulate):
    styles = _dense(w, p["EqualizedDense_0"])
    kernel = p["ModulatedConv_0"]["kernel"]
    made = []
    for one, style in zip(x, styles, strict=True):
        weights = kernel * style[:, None]
        if demodulate:
            weights = weights / (weights.square().sum((0, 1, 2)) + 1e-8).sqrt()
        else:
            weights = weights / math.sqrt(math.prod(kernel.shape[:3]))
        if up:
            y = F.conv_transpose2d(one[None], weights.permute(2, 3, 0, 1), stride=2)
            made.append(_filter(F.pad(y, (1, 1, 1, 1)), 4))
        else:
            made.append(F.conv2d(one[None], weights.permute(3, 2, 0, 1), padding=kernel.shape[0] // 2))
    return torch.cat(made) + p["bias"][:, None, None]


def synthesis(p, ws, noise):
    """noise: (height, width) -> what is drawn for each pixel."""
    x = p["start"].permute(2, 0, 1).expand(len(ws), -1, -1, -1)
    image, number = None, 0
    for i in range(sum(name.startswith("ToColours") for name in p)):
        for up in [True, False] if i else [False]:
            layer = p[f"Layer_{number}"]
            x = _modulated(x, layer, ws[:, number], up, True)
            x = _active(x + layer["PixelNoise_0"]["strength"] * noise(*x.shape[2:]))
            number += 1
        colours = _modulated(x, p[f"ToColours_{i}"], ws[:, number], False, False)
        image = colours if image is None else _doubled(image) + colours
    return image


def _conv(x, p, down=False):
    kernel = p["kernel"] / math.sqrt(math.prod(p["kernel"].shape[:3]))
    weights = kernel.permute(3, 2, 0, 1)
    if down:
        y = F.conv2d(_filter(F.pad(x, (2, 2, 2, 2))), weights, stride=2)
    else:
        y = F.conv2d(x, weights, padding=kernel.shape[0] // 2)
    return y + p["bias"][:, None, None] if "bias" in p else y


def discriminator(p, x, onehot=None):
    """With one group of all images."""
    layers = [p[f"EqualizedConv_{i}"] for i in range(sum(name.startswith("EqualizedConv") for name in p))]
    x = _active(_conv(x, layers[0]))
    for i in range(1, len(layers) - 1, 3):
        skip, first, second = layers[i : i + 3]
        y = _active(_conv(_active(_conv(x, first)), second, down=True))
        x = (_conv(_halved(x), skip) + y) * math.sqrt(0.5)
    spread = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()
    x = torch.cat([x, spread.expand(len(x), 1, *x.shape[2:])], 1)
    x = _active(_conv(x, layers[-1])).permute(0, 2, 3, 1).flatten(1)
    x = _dense(_active(_dense(x, p["EqualizedDense_0"])), p["EqualizedDense_1"])
    if onehot is None:
        return x[:, 0]
    return (x * mapping(p["mapping"], None, onehot)).sum(1) / math.sqrt(x.shape[1])
