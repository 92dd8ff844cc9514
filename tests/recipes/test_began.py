"""BEGAN: its controller by hand, training steps against PyTorch, and the networks' shapes."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.small_games import Layer, began_game

from gan_jax.data import height_and_width
from gan_jax.game import init_state, train_step
from gan_jax.networks import autoencoder
from gan_jax.networks.latents import uniform
from gan_jax.recipes import began
from gan_jax.recipes.began import controlled, convergence, reconstruction_loss
from gan_jax.recipes.streams import Stream

pytestmark = pytest.mark.slow


def points(count=8, seed=0):
    return np.random.default_rng(seed).normal(size=(count, 2)).astype(np.float32)


def test_the_controller_by_hand():
    # gamma L(x) - L(G(z)) = 0.5 * 0.8 - 0.1 = 0.3.
    assert controlled(0.2, 0.8, 0.1, 0.5, 0.1) == pytest.approx(0.23)
    assert controlled(0.99, 0.8, 0.1, 0.5, 0.1) == 1
    assert controlled(0.01, 0.1, 0.8, 0.5, 0.1) == 0
    assert controlled(0.4, 0.8, 0.4, 0.5, 0.1) == pytest.approx(0.4)  # balanced


def test_the_convergence_measure_by_hand():
    assert convergence(0.8, 0.1, 0.5) == pytest.approx(0.8 + 0.3)
    assert convergence(0.2, 0.4, 0.5) == pytest.approx(0.2 + 0.3)
    assert convergence(0.2, 0.1, 0.5) == pytest.approx(0.2)


def test_the_loss_is_the_mean_absolute_difference():
    a, b = jnp.array([[[[1.0]], [[-1]]]]), jnp.array([[[[0.5]], [[1]]]])
    assert reconstruction_loss(a, b) == pytest.approx((0.5 + 2) / 2)


def test_steps_agree_with_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    gamma, rate, k_rate = 0.7, 0.1, 0.5
    game = began_game(optax.sgd(rate), gamma=gamma, k_rate=k_rate)
    batch = {"image": points()}
    state = init_state(game, jax.random.key(0))
    weights = {
        name: {n: torch.tensor(np.float64(v), requires_grad=True) for n, v in state.params[name]["Dense_0"].items()}
        for name in ("generator", "discriminator")
    }

    def layer(name, x):
        return (x @ weights[name]["kernel"] + weights[name]["bias"]).tanh()

    def loss(images):
        return (images - layer("discriminator", images)).abs().mean()

    def descend(name, value):
        own = weights[name]
        gradients = torch.autograd.grad(value, list(own.values()))
        for n, gradient in zip(list(own), gradients, strict=True):
            own[n] = (own[n] - rate * gradient).detach().requires_grad_()

    real, k = torch.tensor(np.float64(batch["image"])), 0.0
    step = jax.jit(lambda state: train_step(game, state, batch))
    for t in range(4):
        key = jax.random.fold_in(jax.random.fold_in(state.key, t), 0)
        z = game.latents(Stream.LATENTS.fold_in(key), len(batch["image"]))
        z = torch.tensor(np.float64(z))
        real_loss, fake_loss = loss(real), loss(layer("generator", z).detach())
        expected = {
            "L(x)": real_loss.item(),
            "L(G(z))": fake_loss.item(),
            "k": k,
            "discriminator_loss": (real_loss - k * fake_loss).item(),
            "convergence": (real_loss + (gamma * real_loss - fake_loss).abs()).item(),
        }
        descend("discriminator", real_loss - k * fake_loss)
        k = min(max(k + k_rate * (gamma * real_loss.item() - fake_loss.item()), 0), 1)
        generator_loss = loss(layer("generator", z))
        expected["generator_loss"] = generator_loss.item()
        descend("generator", generator_loss)

        state, metrics = step(state)
        ours = {name: float(metrics[name]) for name in expected}
        assert ours == pytest.approx(expected, rel=1e-5, abs=1e-7)
        assert float(state.memory["k"]) == pytest.approx(k, rel=1e-5)
        for name, own in weights.items():
            for n, values in own.items():
                np.testing.assert_allclose(state.params[name]["Dense_0"][n], values.detach(), rtol=1e-4, atol=1e-6)
    assert 0 < k < 1


def test_k_has_no_part_in_the_gradient_and_starts_at_0():
    game = began_game(optax.sgd(0.1))
    state = init_state(game, jax.random.key(0))
    assert state.memory == {"k": 0, "discriminator": (), "generator": (), "augmentation": ()}
    discriminator, generator = game.players
    assert not discriminator.ascend
    assert not generator.ascend
    batch = {"image": points()}
    value, outcome = discriminator.objective(state.params, state, batch, jax.random.key(1))
    assert value == outcome.metrics["L(x)"]
    _, outcome = generator.objective(state.params, state, batch, jax.random.key(1))
    assert outcome.memory == {"generator": ()}


def test_samples_are_clipped():
    game = began(autoencoder.Decoder(8, 1, 2), Layer(1), optax.sgd(0.1), optax.sgd(0.1), latent=uniform(3))
    z = game.latents(jax.random.key(0), 5)
    variables = autoencoder.Decoder(8, 1, 2).init(jax.random.key(0), z, train=True)
    images = game.sample({"generator": variables}, 100 * z)
    assert images.shape == (5, 8, 8, 1)
    assert float(jnp.abs(images).max()) == 1


def test_hyperparameters_may_be_traced():
    def played(gamma, k_rate):
        game = began_game(optax.sgd(0.1), gamma=gamma, k_rate=k_rate)
        state = init_state(game, jax.random.key(0))
        return train_step(game, state, {"image": points()})[0].memory["k"]

    together = jax.vmap(played)(jnp.array([0.3, 0.9]), jnp.array([0.1, 0.2]))
    np.testing.assert_allclose(together, [played(0.3, 0.1), played(0.9, 0.2)], rtol=1e-5)


@pytest.mark.parametrize("options", [{"gamma": 1.5}, {"gamma": -0.1}, {"k_rate": -1.0}])
def test_hyperparameters_are_checked(options):
    with pytest.raises(ValueError, match="must be"):
        began_game(optax.sgd(0.1), **options)


# Networks


@pytest.mark.parametrize(
    ("size", "smallest", "blocks"),
    [
        ((8, 8), (4, 4), 2),
        ((16, 16), (8, 8), 2),
        ((32, 32), (8, 8), 3),
        ((64, 64), (8, 8), 4),
        ((28, 28), (14, 14), 2),
        ((8, 10), (4, 5), 2),
        ((96, 64), (12, 8), 4),
        ((256, 256), (8, 8), 6),
    ],
)
def test_the_networks_at_every_size(size, smallest, blocks):
    assert autoencoder.feature_maps(size) == (*smallest, blocks - 1)
    module = autoencoder.Autoencoder(code_size=5, width=3)
    images = jax.ShapeDtypeStruct((2, *size, 3), jnp.float32)
    output, variables = jax.eval_shape(lambda x: module.init_with_output(jax.random.key(0), x, train=True), images)
    assert output.shape == images.shape
    kernels = {
        network: [layer["kernel"].shape for name, layer in params.items() if name.startswith("Conv")]
        for network, params in variables["params"].items()
    }
    # Features grow linearly in the encoder and stay in the decoder, whose last layer has the channels.
    assert {shape[-1] for shape in kernels["Encoder_0"]} == {3 * (i + 1) for i in range(blocks)}
    assert [shape[-1] for shape in kernels["Decoder_0"]] == [3] * (2 * blocks + 1)
    assert len(kernels["Encoder_0"]) == 3 * blocks
    pixels = smallest[0] * smallest[1]
    assert variables["params"]["Encoder_0"]["Dense_0"]["kernel"].shape == (pixels * 3 * blocks, 5)
    assert variables["params"]["Decoder_0"]["Dense_0"]["kernel"].shape == (5, pixels * 3)
    features = jax.eval_shape(
        lambda variables, x: module.apply(variables, x, train=True, mutable=["intermediates"]), variables, images
    )[1]["intermediates"]["features"]
    assert features[0].shape == (2, 5)


@pytest.mark.parametrize(
    ("resolution", "near"),
    [(4, "8x8"), (13, "12x12 and 14x14"), (250, "256x256 and 240x240"), ((30, 45), "30x44 and 30x46")],
)
def test_another_resolution_is_refused_with_what_is_near(resolution, near):
    for network, inputs in (
        (autoencoder.Decoder(resolution, 3), (1, 5)),
        (autoencoder.Encoder(5), (1, *height_and_width(resolution), 3)),
    ):
        with pytest.raises(ValueError, match=f"BEGAN's networks .* the nearest sizes are {near}"):
            jax.eval_shape(lambda x, n=network: n.init(jax.random.key(0), x, train=True), jnp.zeros(inputs))


def test_the_decoder_upsamples_by_the_nearest_neighbour():
    x = jnp.arange(4.0).reshape(1, 2, 2, 1)
    expected = [[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]
    np.testing.assert_array_equal(autoencoder._upsampled(x)[0, :, :, 0], expected)
