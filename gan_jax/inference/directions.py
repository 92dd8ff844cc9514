"""Directions in the latent space along which images change in one respect: found from labels, or from none."""

from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import StandardScaler

from gan_jax.data.transforms import normalize
from gan_jax.game import Game
from gan_jax.inference.batches import padded_batches
from gan_jax.inference.latents import draw_latents, latent_count
from gan_jax.networks.layers import Conv, ConvTranspose, Dense, DownConv, UpConv

Networks = dict[str, Any]

# Those of this package, and those of Flax, which users write.
_AFFINE = (Conv, ConvTranspose, Dense, DownConv, UpConv, nn.Dense, nn.Conv, nn.ConvTranspose)
_BATCH = 256
_COUNT, _SEED = 8192, 0  # latents that directions are found from


def factorized_directions(game: Game, networks: Networks) -> np.ndarray:
    """The directions of SeFa: right singular vectors of the weights that latents enter the generator by.

    Returns float32 (K, L) with rows of length 1, first the one that changes the layer's output most. K is the smaller
    number of the inputs and outputs of the layer.

    Source: Shen and Zhou 2021, "Closed-form factorization of latent semantics in GANs" (arXiv 2007.06600), section 3.
    Raises ValueError for a generator without an affine layer that takes the latents, and for latents that are no
    vectors.

    >>> generator = nn.Dense(2)
    >>> gan = game.Game(
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     latents=lambda key, count: jax.random.normal(key, (count, 2)),
    ...     sample=generator.apply,
    ... )
    >>> networks = {"params": {"kernel": jnp.diag(jnp.array([1.0, 3.0])), "bias": jnp.zeros(2)}}
    >>> print(np.abs(inference.factorized_directions(gan, networks)))  # the second latent changes most
    [[0. 1.]
     [1. 0.]]
    """
    latents = draw_latents(game, 1, _SEED)
    own = _vectors(game, latents)

    def entered(z: jax.Array) -> jax.Array:
        return _affine(game, networks, _replaced(game, latents, z))[0][1].ravel()

    # The layer is affine, so that its Jacobian is its weights, however they are laid out.
    weights = np.asarray(jax.jit(jax.jacfwd(entered))(own)).reshape(-1, own.shape[-1])
    return _signed(np.linalg.svd(weights, full_matrices=False)[2])


def activation_directions(game: Game, networks: Networks) -> np.ndarray:
    """The directions of GANSpace: principal components of early activations, regressed on latents.

    The activations are those that enter the second affine layer, for 8,192 latents. Returns float32 (K, L) with rows of
    length 1, first that of the component with the most variance. K is L or, if that is smaller, the number of
    activations.

    Source: Härkönen et al. 2020, "GANSpace" (arXiv 2004.02546), section 2. Raises ValueError as
    `factorized_directions` does, and for a generator of one layer.

    >>> generator = nn.Sequential([nn.Dense(2), nn.relu, nn.Dense(1)])
    >>> gan = game.Game(
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     latents=lambda key, count: jax.random.normal(key, (count, 2)),
    ...     sample=generator.apply,
    ... )
    >>> first = {"kernel": jnp.diag(jnp.array([1.0, 3.0])), "bias": jnp.zeros(2)}
    >>> networks = {"params": {"layers_0": first, "layers_2": {"kernel": jnp.ones((2, 1)), "bias": jnp.zeros(1)}}}
    >>> print(np.abs(inference.activation_directions(gan, networks)).round(1))  # the second latent changes most
    [[0. 1.]
     [1. 0.]]
    """
    latents = draw_latents(game, _COUNT, _SEED)
    z = _vectors(game, latents)

    @jax.jit
    def activations(rows: Any) -> jax.Array:
        found = _affine(game, networks, rows)
        if len(found) < 2:
            raise ValueError("the generator has no second layer, whose inputs GANSpace takes")
        inputs = found[1][0]
        return inputs.reshape(len(inputs), -1)

    parts = [activations(jax.tree.map(lambda x, i=i: x[i : i + _BATCH], latents)) for i in range(0, _COUNT, _BATCH)]
    seen = np.concatenate(parts)
    centered = seen - seen.mean(0)
    _, _, components = np.linalg.svd(np.linalg.qr(centered, mode="r"), full_matrices=False)
    scores = centered @ components[: z.shape[-1]].T
    # Row k is the mean change of the latents with component k: the least squares of z on orthogonal scores.
    found = scores.T @ np.asarray(z) / np.maximum(np.sum(np.square(scores), 0)[:, None], 1e-12)
    return _signed(_unit(found))


def labelled_direction(game: Game, networks: Networks, without: np.ndarray, having: np.ndarray) -> np.ndarray:
    """The direction from images without an attribute to images with it, float32 (L,) of length 1.

    without, having: real images uint8 (N, H, W, C) and (M, H, W, C), as large as those of the game, at least two each.

    A logistic regression tells them apart in the discriminator's features (as in section 5.1 of DCGAN, arXiv
    1511.06434), and says how much of the attribute 8,192 samples have. The direction is the gradient of a linear
    function of latents that is fitted to its logits, so the normal of the hyperplane between samples without and with.

    Source: Shen et al. 2020, "InterFaceGAN" (arXiv 2005.09635); there a support vector machine separates
    latents. Raises ValueError for a game whose discriminator has no features, and for sets of less than two images.

    >>> gan = game.Game(  # the discriminator sees the two pixels of an image as they are
    ...     (),
    ...     init=lambda key: ({}, {}),
    ...     latents=lambda key, count: jax.random.normal(key, (count, 2)),
    ...     sample=lambda networks, latents: jnp.tanh(latents).reshape(-1, 1, 2, 1),
    ...     features=lambda networks, images: images.reshape(-1, 2),
    ... )
    >>> without = np.array([[100, 20], [150, 30]], np.uint8).reshape(2, 1, 2, 1)  # the right pixel is dark
    >>> having = np.array([[100, 230], [150, 220]], np.uint8).reshape(2, 1, 2, 1)  # the right pixel is bright
    >>> print(np.abs(inference.labelled_direction(gan, {}, without, having)).round(1))
    [0. 1.]
    """
    if game.features is None:
        raise ValueError("directions from labels need a discriminator with features, and no classes")
    if min(len(without), len(having)) < 2:
        raise ValueError(f"there must be at least two images of each kind, not {len(without)} and {len(having)}")
    latents = draw_latents(game, _COUNT, _SEED)
    z = np.asarray(_vectors(game, latents))
    features = jax.jit(game.features)
    sample = jax.jit(lambda rows: features(networks, game.sample(networks, rows)))

    real = _in_batches(lambda rows: features(networks, normalize(rows)), np.concatenate([without, having]))
    made = _in_batches(sample, z)
    scale = StandardScaler().fit(real)
    labels = np.repeat([0, 1], [len(without), len(having)])
    classifier = LogisticRegression(class_weight="balanced", max_iter=1000).fit(scale.transform(real), labels)
    logits = classifier.decision_function(scale.transform(made))
    return _unit(Ridge(alpha=1.0).fit(z, logits).coef_[None])[0]


def moved(latents: Any, direction: np.ndarray, strengths: np.ndarray) -> Any:
    """Latents of N samples moved along a direction by each strength, the latents of N S samples, sample by sample.

    latents: as `Game.sample` takes them, vectors (N, L). direction: (L,). strengths: (S,), in units of latents.

    >>> latents, direction = jnp.array([[1.0, 1.0], [5.0, 5.0]]), np.array([0.0, 1.0])
    >>> inference.moved(latents, direction, strengths=np.array([0.0, 2.0])).tolist()
    [[1.0, 1.0], [1.0, 3.0], [5.0, 5.0], [5.0, 7.0]]
    """

    def move(x: jax.Array) -> jax.Array:
        if not jnp.issubdtype(x.dtype, jnp.floating):  # labels, which stay as they are
            return jnp.repeat(x, len(strengths), 0)
        steps = jnp.asarray(strengths)[:, None] * jnp.asarray(direction)
        return (x[:, None] + steps).reshape(-1, x.shape[-1]).astype(x.dtype)

    return jax.tree.map(move, latents)


def _affine(game: Game, networks: Networks, latents: Any) -> list[tuple[jax.Array, jax.Array]]:
    """The inputs and outputs of the generator's affine layers, in order, from the first that takes the latents on."""
    width = _vectors(game, latents).shape[-1]
    found: list[tuple[jax.Array, jax.Array]] = []

    def watch(call: Any, args: Any, kwargs: Any, context: Any) -> Any:
        output = call(*args, **kwargs)
        if isinstance(context.module, _AFFINE) and context.method_name == "__call__":
            found.append((args[0], output))
        return output

    with nn.intercept_methods(watch):
        game.sample(networks, latents)
    if not found or found[0][0].size < latent_count(latents) * width:
        raise ValueError("the generator has no affine layer that takes the latents")
    return found


def _vectors(game: Game, latents: Any) -> jax.Array:
    """The latents without their labels. Raises ValueError if they are no vectors."""
    own = latents if game.classes is None else latents[0]
    if not isinstance(own, jax.Array | np.ndarray) or own.ndim != 2:
        raise ValueError("directions are of latents that are vectors, and the game has others")
    return jnp.asarray(own)


def _replaced(game: Game, latents: Any, z: jax.Array) -> Any:
    return z if game.classes is None else (z, latents[1])


def _in_batches(function: Any, rows: np.ndarray) -> np.ndarray:
    batches = padded_batches(len(rows), _BATCH)
    return np.concatenate([np.asarray(function(rows[each])) for each in batches])[: len(rows)]


def _unit(rows: np.ndarray) -> np.ndarray:
    return (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)).astype(np.float32)


def _signed(rows: np.ndarray) -> np.ndarray:
    """The rows with their largest entry positive: the sign of a singular vector is arbitrary."""
    largest = np.take_along_axis(rows, np.abs(rows).argmax(1)[:, None], 1)
    return (rows * np.where(largest < 0, -1, 1)).astype(np.float32)
