"""A training step of DCGAN against the same step in PyTorch, and what the compiler makes of it."""

import re
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.command import DIGITS

from gan_jax.data import DataInfo
from gan_jax.game import init_state, train_step
from gan_jax.networks import dcgan
from gan_jax.networks.latents import normal
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan
from gan_jax.recipes.streams import Stream
from gan_jax.training.experiment import load_experiment

# At 16x16 the layers have three lowerings on CPU: dense, patches and native.
RESOLUTION, CHANNELS, WIDTH, LATENTS, BATCH = 16, 3, 4, 12, 8
RATE, BETA1 = 1e-2, 0.5


@pytest.fixture(scope="module")
def game():
    adam = optax.adam(RATE, b1=BETA1)
    networks = dcgan.Generator(RESOLUTION, CHANNELS, WIDTH), dcgan.Discriminator(WIDTH)
    return gan(*networks, non_saturating, adam, adam, latent=normal(LATENTS))


@pytest.fixture(scope="module")
def start(game):
    return jax.jit(lambda: init_state(game, jax.random.key(5)))()


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(0)
    return {"image": rng.uniform(-1, 1, (BATCH, RESOLUTION, RESOLUTION, CHANNELS)).astype(np.float32)}


@pytest.fixture(scope="module")
def compiled(game, start, batch):
    return jax.jit(lambda state, batch: train_step(game, state, batch)).lower(start, batch).compile()


def test_the_fakes_that_both_players_use_are_computed_once(compiled):
    """In the optimized program, each layer of the generator has one forward product, and the discriminator's three.

    Of the discriminator's: real and generated images in its own update, and the generated ones in the generator's, when
    it has new parameters. (Its view of the real images in that update is no part of the non-saturating loss.)
    """
    # Of the forward pass: not below a "transpose(jvp(...))", by which jax names what it differentiates backwards.
    forward = r' (?:convolution|dot)\(.*op_name="[^"]*?(?<!transpose\()jvp\((\w+)\)/(\w+_\d)/'
    rows = [re.search(forward, line) for line in compiled.as_text().splitlines()]
    layers = [match.groups() for match in rows if match]
    generator = [layer for network, layer in layers if network == "Generator"]
    assert sorted(generator) == ["ConvTranspose_0", "ConvTranspose_1", "ConvTranspose_2"]
    # The last layer's product has lost its name to a rewriting as matrix times vector.
    for layer in ("Conv_0", "Conv_1"):
        assert layers.count(("Discriminator", layer)) == 3


def torch_steps(start, batch, latents):
    """The same steps by PyTorch's own layers, autograd and optimizer: parameters, running means and moments."""
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    nn = torch.nn

    def tensor(x):
        return torch.tensor(np.array(x))

    generator = nn.Sequential(
        nn.ConvTranspose2d(LATENTS, 2 * WIDTH, 4, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(2 * WIDTH, WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(WIDTH),
        nn.ReLU(),
        nn.ConvTranspose2d(WIDTH, CHANNELS, 4, 2, 1),
        nn.Tanh(),
    )
    discriminator = nn.Sequential(
        nn.Conv2d(CHANNELS, WIDTH, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(WIDTH, 2 * WIDTH, 4, 2, 1, bias=False),
        nn.BatchNorm2d(2 * WIDTH),
        nn.LeakyReLU(0.2),
        nn.Conv2d(2 * WIDTH, 1, 4),
        nn.Flatten(0),
    )

    def named(network):
        """(name of our layer, PyTorch's) in order."""
        counts = {}
        for module in network:
            kind = type(module).__name__.removesuffix("2d")
            if kind in ("Conv", "ConvTranspose", "BatchNorm"):
                yield f"{kind}_{counts.setdefault(kind, 0)}", module
                counts[kind] += 1

    def parameters(network):
        """(our layer, our parameter, PyTorch's tensor)."""
        for layer, module in named(network):
            yield layer, "scale" if layer.startswith("BatchNorm") else "kernel", module.weight
            if module.bias is not None:
                yield layer, "bias", module.bias

    def to_torch(x):
        return tensor(x).permute(3, 2, 0, 1) if x.ndim == 4 else tensor(x)

    def to_ours(x):
        x = x.detach().numpy()
        return x.transpose(2, 3, 1, 0) if x.ndim == 4 else x

    networks = {"generator": generator, "discriminator": discriminator}
    optimizers = {}
    for name, network in networks.items():
        with torch.no_grad():
            for layer, parameter, values in parameters(network):
                values.copy_(to_torch(start.params[name][layer][parameter]))
        optimizers[name] = torch.optim.Adam(network.parameters(), RATE, (BETA1, 0.999), 1e-8)

    real = tensor(batch["image"]).permute(0, 3, 1, 2)
    bce, ones, zeros = nn.BCEWithLogitsLoss(), torch.ones(BATCH), torch.zeros(BATCH)
    metrics = []
    for z in latents:
        fake = generator(tensor(z)[:, :, None, None])
        real_logits, fake_logits = discriminator(real), discriminator(fake.detach())
        discriminator_loss = bce(real_logits, ones) + bce(fake_logits, zeros)
        optimizers["discriminator"].zero_grad()
        discriminator_loss.backward()
        optimizers["discriminator"].step()
        # Batch statistics that this pass changes are not those of the player that is updated.
        before = {k: v.clone() for k, v in discriminator.state_dict().items() if "running" in k}
        generator_loss = bce(discriminator(fake), ones)
        optimizers["generator"].zero_grad()
        generator_loss.backward()
        discriminator.load_state_dict(before, strict=False)
        optimizers["generator"].step()
        metrics.append(
            {
                "discriminator_loss": discriminator_loss.item(),
                "generator_loss": generator_loss.item(),
                "D(x)": real_logits.sigmoid().mean().item(),
                "D(G(z))": fake_logits.sigmoid().mean().item(),
            }
        )

    def collect(of):
        return {
            (name, layer, parameter): to_ours(of(name, values))
            for name, network in networks.items()
            for layer, parameter, values in parameters(network)
        }

    means = {
        (name, layer): module.running_mean.numpy()
        for name, network in networks.items()
        for layer, module in named(network)
        if layer.startswith("BatchNorm")
    }
    moments = collect(lambda name, values: optimizers[name].state[values]["exp_avg"])
    return collect(lambda name, values: values), moments, means, metrics


@pytest.mark.parametrize("steps", [1, 3])
def test_steps_agree_with_pytorch(game, start, batch, compiled, steps):
    keys = [jax.random.fold_in(jax.random.fold_in(start.key, step), 0) for step in range(steps)]
    drawn = [game.latents(Stream.LATENTS.fold_in(key), BATCH) for key in keys]
    expected, moments, means, expected_metrics = torch_steps(start, batch, drawn)
    state = start
    for reference in expected_metrics:
        state, metrics = compiled(state, batch)
        assert {name: float(metrics[name]) for name in reference} == pytest.approx(reference, rel=1e-4)
    for (name, layer, parameter), values in expected.items():
        ours = state.params[name][layer][parameter]
        assert np.abs(ours - start.params[name][layer][parameter]).max() > RATE / 2  # it did move
        # Adam's first steps are the gradient's sign, almost: where that is close to zero, rounding may decide it.
        assert np.mean(np.abs(ours - values) > 1e-4) <= 0.001, (name, layer, parameter)
        # Its first moment is linear in the gradients, so these are compared too, and all of them.
        moment = moments[name, layer, parameter]
        ours = state.opt_state[name][0].mu[layer][parameter]
        np.testing.assert_allclose(ours, moment, rtol=1e-3, atol=1e-3 * np.abs(moment).max())
    for (name, layer), values in means.items():
        ours = state.variables[name]["batch_stats"][layer]["mean"]
        np.testing.assert_allclose(ours, values, rtol=1e-3, atol=1e-5)


@pytest.fixture(scope="module")
def experiment():
    return load_experiment(Path(DIGITS))


def built(experiment, **settings):
    info = DataInfo(example_shape=(8, 8, 1), classes=tuple("0123456789"))
    return experiment.build(experiment.config(**settings), info)


def test_the_experiment_uses_adam_with_the_papers_settings(experiment):
    """Section 4 of arXiv 1511.06434: a learning rate of 0.0002, which is not the default here, and beta1 of 0.5."""
    gradients = np.array([[0.3, -2.0, 1e-3], [0.1, 1.0, 5e-3], [-0.7, 0.0, 2.0]], np.float32)
    for player in built(experiment, learning_rate=2e-4).players:
        optimizer_state, m, v = player.optimizer.init(jnp.zeros(3)), 0, 0
        for t, gradient in enumerate(gradients, 1):
            update, optimizer_state = player.optimizer.update(gradient, optimizer_state)
            m, v = 0.5 * m + 0.5 * gradient, 0.999 * v + 0.001 * gradient**2
            expected = -2e-4 * (m / (1 - 0.5**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-8)
            np.testing.assert_allclose(update, expected, rtol=1e-4)


def test_the_experiment_plays_the_non_saturating_game(experiment):
    game = built(experiment, width=4)
    state = jax.eval_shape(lambda: init_state(game, jax.random.key(0)))
    discriminator, generator = game.players
    assert (discriminator.ascend, generator.ascend) == (True, False)
    assert discriminator.updates_per_step == generator.updates_per_step == 1
    # With all parameters at zero the discriminator is undecided.
    zero = jax.tree.map(lambda x: jnp.zeros(x.shape, x.dtype), state.replace(key=None)).replace(key=jax.random.key(0))
    images = {"image": jnp.zeros((2, 8, 8, 1))}
    values = jax.jit(lambda: [p.objective(zero.params, zero, images, zero.key)[0] for p in game.players])()
    assert [float(value) for value in values] == pytest.approx([-2 * np.log(2), np.log(2)])
