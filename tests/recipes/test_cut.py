"""CUT: an update against PyTorch, its places of patches, and what it refuses."""

import importlib
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from support.translating import agree_with_adam, batch_of, perturbed

from gan_jax.common.parallel import example_keys
from gan_jax.game import init_state, train_step
from gan_jax.networks import cyclegan_resnet, patchgan, unet
from gan_jax.networks.layers import plain_instance_norm
from gan_jax.networks.patch_projection import draw_places
from gan_jax.recipes import cut

pytestmark = pytest.mark.slow

module = importlib.import_module("gan_jax.recipes.cut")

RATE, BETAS = 2e-4, (0.5, 0.999)
SHAPE = (12, 12, 2)
PATCHES = 6


def build(**options):
    adam = optax.adam(RATE, *BETAS)
    judge = patchgan.Discriminator(2, 2, plain_instance_norm)
    options = {"patches": PATCHES, **options}
    return cut(cyclegan_resnet.Generator(2, 2, 1), judge, (SHAPE, SHAPE), adam, adam, **options)


def test_an_update_is_that_of_pytorch():
    """In the order of the authors' code: the discriminator, then the generator and the projections together."""
    torch = pytest.importorskip("torch", reason="PyTorch, the reference here, is not installed")
    from support import torch_translation as reference

    game, batch = build(contrast_weight=2.0), batch_of(SHAPE, SHAPE)
    start = perturbed(game)
    mse = torch.nn.MSELoss()
    own = start.params["generator"]
    generator = reference.load(reference.ResNet(1, 2, 2, 2), own["AtoB"])
    judge = reference.load(reference.PatchGAN(2, 2, 2, torch.nn.InstanceNorm2d), start.params["discriminator"])
    projection = {
        name: {kind: torch.tensor(np.float64(x), requires_grad=True) for kind, x in layer.items()}
        for name, layer in own["projection"].items()
    }
    real_a, real_b = reference.nchw(batch["image"]), reference.nchw(batch["target"])

    sizes = [12 * 12, 6 * 6, 3 * 3, 3 * 3]
    rng = np.random.default_rng(3)
    fixed = [np.stack([rng.permutation(size)[:PATCHES] for _ in range(2)]) for size in sizes]

    def maps_of(images):
        """The images, both downsampling convolutions, and the first block."""
        found, x = [images], images
        for i, layer in enumerate(generator):
            x = layer(x)
            if i in (4, 7, 10):
                found.append(x)
        return found

    def vectors(maps):
        out = []
        for number, (each, at) in enumerate(zip(maps, fixed, strict=True)):
            first, second = (projection[f"Dense_{2 * number + i}"] for i in range(2))
            pixels = each.flatten(2).transpose(1, 2)
            picked = torch.stack([pixels[n, torch.tensor(at[n])] for n in range(2)])
            x = torch.relu(picked @ first["kernel"] + first["bias"]) @ second["kernel"] + second["bias"]
            out.append(x / x.norm(dim=-1, keepdim=True))
        return out

    def contrast(made, source):
        losses = []
        for q, k in zip(vectors(maps_of(made)), vectors(maps_of(source)), strict=True):
            logits = torch.bmm(q, k.detach().transpose(1, 2)) / 0.07
            labels = torch.arange(PATCHES).repeat(2)
            losses.append(torch.nn.functional.cross_entropy(logits.reshape(-1, PATCHES), labels))
        return sum(losses) / len(losses)

    def says(images, answer):
        logits = judge(images)
        return mse(logits, torch.full_like(logits, answer))

    judge_adam = torch.optim.Adam(judge.parameters(), RATE, BETAS, 1e-8)
    leaves = [*generator.parameters(), *(x for layer in projection.values() for x in layer.values())]
    adam = torch.optim.Adam(leaves, RATE, BETAS, 1e-8)

    fake = generator(real_a)
    loss = (says(real_b, 1.0) + says(fake.detach(), 0.0)) / 2
    loss.backward()
    gradients = {"discriminator": reference.ours(judge, lambda tensor: tensor.grad)}
    judge_adam.step()

    fake = generator(real_a)
    losses = {
        "adversarial": says(fake, 1.0),
        "nce": contrast(fake, real_a),
        "nce_identity": contrast(generator(real_b), real_b),
    }
    total = losses["adversarial"] + 2 * (losses["nce"] + losses["nce_identity"]) / 2
    adam.zero_grad()
    total.backward()
    projected = {name: {kind: x.grad.numpy().copy() for kind, x in each.items()} for name, each in projection.items()}
    gradients["generator"] = {"AtoB": reference.ours(generator, lambda tensor: tensor.grad), "projection": projected}
    adam.step()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "draw_places", lambda *_: [jnp.asarray(each) for each in fixed])
        state, metrics = jax.jit(partial(train_step, game))(start, batch)
    assert metrics["generator_loss"] == pytest.approx(total.item(), rel=1e-4)
    for name, expected in losses.items():
        assert metrics[name] == pytest.approx(expected.item(), rel=1e-4)
    assert metrics["discriminator_loss"] == pytest.approx(loss.item(), rel=1e-4)
    projected = {name: {kind: x.detach().numpy() for kind, x in each.items()} for name, each in projection.items()}
    after = {
        "discriminator": reference.ours(judge),
        "generator": {"AtoB": reference.ours(generator), "projection": projected},
    }
    for player, parameters in after.items():
        agree_with_adam(start, state, player, parameters, gradients[player], RATE, BETAS[0])


def test_places_are_different_and_each_image_has_its_own():
    maps = [jnp.zeros((3, 12, 12, 2)), jnp.zeros((3, 2, 2, 5))]
    keys = example_keys(jax.random.key(0), 3)
    many, few = draw_places(keys, maps, 20)
    assert many.shape == (3, 20)
    assert all(len(set(row)) == 20 for row in many.tolist())
    assert many.min() >= 0
    assert many.max() < 144
    assert len({tuple(row) for row in many.tolist()}) == 3
    # A small map has fewer places than are asked for: all of them.
    assert sorted(few[0].tolist()) == [0, 1, 2, 3]
    # An image's places do not depend on how many images there are.
    np.testing.assert_array_equal(draw_places(keys[:2], [x[:2] for x in maps], 20)[0], many[:2])


def test_without_the_identity_the_contrast_is_not_halved():
    batch = batch_of(SHAPE, SHAPE)
    for identity in (True, False):
        game = build(identity=identity, contrast_weight=3.0)
        state = perturbed(game)
        metrics = jax.jit(lambda state, game=game: train_step(game, state, batch))(state)[1]
        contrast = metrics["nce"] if not identity else (metrics["nce"] + metrics["nce_identity"]) / 2
        assert ("nce_identity" in metrics) == identity
        assert metrics["generator_loss"] == pytest.approx(float(metrics["adversarial"] + 3 * contrast), rel=1e-5)


def test_it_refuses_what_cannot_be():
    adam, judge = optax.adam(RATE), patchgan.Discriminator(2, 2)
    gray = (*SHAPE[:2], 1)
    with pytest.raises(ValueError, match="they must have one shape"):
        cut(cyclegan_resnet.Generator(1, 2, 1), judge, (SHAPE, gray), adam, adam)
    with pytest.raises(ValueError, match="contrast_weight"):
        build(contrast_weight=-1.0)
    with pytest.raises(ValueError, match="patches"):
        build(patches=1)
    shapes = (16, 16, 2), (16, 16, 2)
    without = cut(unet.Generator(8, 2, 2), judge, shapes, adam, adam)
    with pytest.raises(ValueError, match='sows none as "encoder"'):
        jax.eval_shape(lambda: init_state(without, jax.random.key(0)))
