"""Games of texts: the likelihood by PyTorch, the policy gradient against all texts there are, and that they learn."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.small_games import SGD
from support.texts import LENGTH, SIZE, one_hot, scattered, whole_texts
from support.translating import begun

from gan_jax.common.parallel import AXIS
from gan_jax.game import init_state, networks, train_step
from gan_jax.networks import text
from gan_jax.networks.latents import gumbel
from gan_jax.networks.ops import computing
from gan_jax.objectives import non_saturating
from gan_jax.recipes import gan, likelihood, policy_gradient, with_likelihood
from gan_jax.recipes.policy_gradient import returns_to_go
from gan_jax.recipes.streams import Stream

GENERATOR, DISCRIMINATOR = text.Generator(4), text.Discriminator(6, layers=2)
LATENT = gumbel(LENGTH, SIZE)


def policy_game(optimizer=SGD, **options):
    return policy_gradient(GENERATOR, DISCRIMINATOR, non_saturating, optimizer, optimizer, latent=LATENT, **options)


def scattered_state(game):
    state = begun(game)
    return state.replace(params={name: scattered(params) for name, params in state.params.items()})


def objective_gradient(game, state, batch, key):
    player = next(player for player in game.players if player.name == "generator")

    def loss(own):
        return player.objective({**state.params, "generator": own}, state, batch, key)[0]

    return jax.grad(loss)(state.params["generator"])


def flat(tree):
    return np.concatenate([np.ravel(x) for x in jax.tree.leaves(tree)])


def test_the_likelihood_is_that_of_pytorch():
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    game = likelihood(GENERATOR, SGD, latent=LATENT)
    state = scattered_state(game)
    numbers = np.array([[1, 2, 0], [2, 2, 1], [0, 0, 0], [1, 0, 0]])
    loss, outcome = game.players[0].objective(state.params, state, {"image": one_hot(numbers)}, jax.random.key(0))

    params = jax.tree.map(lambda x: torch.tensor(np.array(x)), state.params["generator"])
    unit = torch.nn.GRUCell(SIZE, 4)
    with torch.no_grad():
        for name, layer in (("ih", "Dense_0"), ("hh", "Dense_1")):
            getattr(unit, f"weight_{name}").copy_(params["GRU_0"][layer]["kernel"].T)
            getattr(unit, f"bias_{name}").copy_(params["GRU_0"][layer]["bias"])
    total, count = 0.0, 0
    for row in numbers:
        state_, before = torch.zeros(1, 4), torch.zeros(1, SIZE)
        for number in row:
            state_ = unit(before, state_)
            scores = state_ @ params["Dense_0"]["kernel"] + params["Dense_0"]["bias"]
            total += torch.nn.functional.cross_entropy(scores, torch.tensor([number])).item()
            count += 1
            if number == 0:
                break
            before = torch.nn.functional.one_hot(torch.tensor([number]), SIZE).float()
    assert loss == pytest.approx(total / len(numbers), rel=1e-5)
    assert outcome.metrics["bits_per_character"] == pytest.approx(total / np.log(2) / count, rel=1e-5)


def test_returns_are_sums_of_later_rewards():
    rewards = np.random.default_rng(0).normal(size=(2, 4)).astype(np.float32)
    expected = [[sum(0.7 ** (s - t) * row[s] for s in range(t, 4)) for t in range(4)] for row in rewards]
    np.testing.assert_allclose(returns_to_go(jnp.asarray(rewards), 0.7), expected, rtol=1e-5)


def test_the_mean_policy_gradient_is_that_of_the_expected_reward():
    """The exact one is the gradient of a sum over all 15 texts there are."""
    game = policy_game(discount=1.0)
    state = scattered_state(game)
    texts = one_hot(whole_texts())
    rewards = DISCRIMINATOR.apply({"params": state.params["discriminator"]}, texts, train=False).sum(1)
    assert np.ptp(rewards) > 0.3

    def expected_reward(own):
        log_probabilities = GENERATOR.apply({"params": own}, texts, train=False, given=True)
        return jnp.sum(jnp.exp(log_probabilities.sum(1)) * rewards)

    exact = -flat(jax.grad(expected_reward)(state.params["generator"]))
    batch = {"image": jnp.zeros((64, LENGTH, SIZE))}
    keys = jax.random.split(jax.random.key(5), 1000)
    found = jax.jit(jax.vmap(lambda key: objective_gradient(game, state, batch, key)))(keys)
    each = np.concatenate([np.reshape(x, (len(keys), -1)) for x in jax.tree.leaves(found)], 1)
    assert np.linalg.norm(exact) > 0.02
    errors = each.std(0) / np.sqrt(len(keys))
    assert (np.abs(each.mean(0) - exact) < 4.5 * errors + 1e-6).all()
    # And the estimate is good enough for this to say something.
    assert np.linalg.norm(each.mean(0) - exact) < 0.1 * np.linalg.norm(exact)


def test_the_policy_gradient_of_a_batch_is_that_by_hand():
    """With a discount, and with the mean of the other texts as the baseline."""
    game, batch, key = policy_game(discount=0.6), {"image": jnp.zeros((5, LENGTH, SIZE))}, jax.random.key(2)
    state = scattered_state(game)
    texts = game.sample(networks(state), game.latents(Stream.LATENTS.fold_in(key), 5))
    rewards = DISCRIMINATOR.apply({"params": state.params["discriminator"]}, texts, train=False)
    returns = np.array(
        [[sum(0.6 ** (s - t) * row[s] for s in range(t, LENGTH)) for t in range(LENGTH)] for row in rewards]
    )
    advantages = returns - np.stack([np.delete(returns, i, 0).mean(0) for i in range(5)])

    def by_hand(own):
        log_probabilities = GENERATOR.apply({"params": own}, texts, train=False, given=True)
        return -jnp.sum(advantages * log_probabilities) / 5

    expected = jax.grad(by_hand)(state.params["generator"])
    found = objective_gradient(game, state, batch, key)
    np.testing.assert_allclose(flat(found), flat(expected), rtol=1e-4, atol=1e-6)


def test_pretraining_is_by_likelihood_and_ends():
    game, alone = policy_game(pretraining=2), likelihood(GENERATOR, SGD, latent=LATENT)
    state, batch, key = scattered_state(game), {"image": one_hot(whole_texts())}, jax.random.key(0)

    def gradient(game, step):
        return flat(objective_gradient(game, state.replace(step=jnp.int32(step)), batch, key))

    by_likelihood = gradient(alone, 0)
    np.testing.assert_allclose(gradient(game, 1), by_likelihood, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(gradient(game, 2), gradient(policy_game(), 2), rtol=1e-5, atol=1e-7)
    assert np.abs(gradient(game, 2) - by_likelihood).max() > 1e-2


def test_the_discriminator_ascends_the_objective_on_exact_samples():
    game, batch, key = policy_game(), {"image": one_hot(whole_texts())}, jax.random.key(3)
    state = scattered_state(game)
    value, _ = game.players[0].objective(state.params, state, batch, key)
    fake = game.sample(networks(state), game.latents(Stream.LATENTS.fold_in(key), 15))

    def judge(texts):
        return DISCRIMINATOR.apply({"params": state.params["discriminator"]}, texts, train=False)

    assert value == pytest.approx(float(non_saturating.value(judge(batch["image"]), judge(fake))), rel=1e-5)


def gumbel_game(optimizer):
    game = gan(GENERATOR, DISCRIMINATOR, non_saturating, optimizer, optimizer, latent=LATENT)
    return with_likelihood(game, GENERATOR)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("build", "steps", "better"),
    [
        (lambda optimizer: likelihood(GENERATOR, optimizer, latent=LATENT, ema=0.9), 150, 0.8),
        (gumbel_game, 400, 0.3),
        (policy_game, 400, 0.3),
    ],
    ids=["likelihood", "gumbel", "policy gradient"],
)
def test_it_learns_to_write_the_one_text_there_is(build, steps, better):
    game = build(optax.adam(1e-2, b1=0.5))
    batch = {"image": one_hot(np.tile([1, 2, 0], (16, 1)))}
    state = begun(game)
    step = jax.jit(lambda state: train_step(game, state, batch))
    before = game.log_likelihood(networks(state), batch["image"], jax.random.key(0))
    assert before.shape == (16,)
    for _ in range(steps):
        state, metrics = step(state)
    assert all(np.isfinite(value) for value in metrics.values())
    after = game.log_likelihood(networks(state), batch["image"], jax.random.key(0))
    assert np.exp(after[0]) > better > 4 * np.exp(before[0])
    found = game.measures(networks(state), batch, jax.random.key(0))
    assert found["bits_per_character_held_out"] == pytest.approx(-float(after[0]) / np.log(2) / 3, rel=1e-4)


@pytest.mark.parametrize(
    "build",
    [
        lambda: likelihood(GENERATOR, SGD, latent=LATENT, ema=0.9),
        lambda: gumbel_game(SGD),
        lambda: policy_game(pretraining=1, discriminator_updates=2, ema=0.9),
    ],
    ids=["likelihood", "gumbel", "policy gradient"],
)
def test_traces_on_devices_in_bfloat16_and_with_remat(build):
    game = build()
    state = jax.eval_shape(lambda: init_state(game, jax.random.key(0)))

    def step(state, batch):
        with computing("bfloat16", remat=True):
            return train_step(game, state, batch)

    batch = {"image": jnp.zeros((4 * game.batches_per_step, LENGTH, SIZE))}
    _, (after, metrics) = jax.make_jaxpr(step, axis_env=[(AXIS, 2)], return_shape=True)(state, batch)
    assert jax.tree.map(lambda x: (x.shape, x.dtype), after) == jax.tree.map(lambda x: (x.shape, x.dtype), state)
    assert all(value.shape == () for value in metrics.values())


@pytest.mark.parametrize("options", [{"discount": 1.5}, {"discount": -0.1}, {"pretraining": -1}])
def test_what_no_game_can_have_is_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        policy_game(**options)
