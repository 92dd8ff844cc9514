"""An export is read back whole, and whatever is wrong with one is refused in one line."""

import hashlib
import json
import os
import shutil

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import safetensors.numpy
from jax import export

from gan_jax import objectives
from gan_jax.common.errors import UsageError, UserError
from gan_jax.data import DataInfo
from gan_jax.game import Game, init_state, networks
from gan_jax.inference import first_latents, interpolate_images, make_translator, sample_images
from gan_jax.networks import mlp
from gan_jax.networks.latents import normal
from gan_jax.recipes import gan
from gan_jax.sharing import load_export, weights
from gan_jax.sharing.manifest import Manifest, read_manifest, write_manifest
from gan_jax.sharing.model_card import Origin
from gan_jax.sharing.names import by_name, nested
from gan_jax.sharing.programs import Program, Sizes
from gan_jax.sharing.write import make_programs, write_export

SGD = optax.sgd(0.1)
INFO = DataInfo((4, 4, 1), ("a", "b", "c"))


class Labelled(mlp.ImageGenerator):
    """Images that depend on their label."""

    def __call__(self, latents, labels, train):
        return super().__call__(jnp.concatenate([latents, jax.nn.one_hot(labels, 3)], -1), train)


def write(out, game, nets, info, programs=None):
    named = {name: np.asarray(x) for name, x in by_name(nets).items()}
    programs = programs or make_programs(game, named, info.example_shape, info.target_shape, "tiny")
    sizes = {name: program.sizes for name, program in programs.items()}
    digests = {name: program.digest for name, program in programs.items()}
    manifest = Manifest("tiny", 7, info, game.classes is not None, sizes, digests, {"width": 4}, {"gan-jax": "0"})
    write_export(out, manifest, named, programs, Origin("A tiny game.", "digits"))
    return out


@pytest.fixture(scope="module")
def conditional(tmp_path_factory):
    """A conditional game, its networks, and its export."""
    judge, generator = mlp.Discriminator((4,)), Labelled((4, 4, 1), (8,))
    options = {"latent": normal(3), "classes": 3, "judge_labels": False}
    game = gan(generator, judge, objectives.hinge, SGD, SGD, **options)
    nets = networks(init_state(game, jax.random.key(0)))
    return game, nets, write(tmp_path_factory.mktemp("exports") / "tiny", game, nets, INFO)


def test_its_samples_are_those_of_the_game(conditional):
    game, nets, folder = conditional
    read = load_export(folder)
    assert read.info == INFO
    for count in (5, 64):
        np.testing.assert_array_equal(read.sample(count, seed=4), sample_images(game, nets, count, 4))
    restored, step, own = read.restore()
    assert (step, restored.classes) == (7, 3)
    np.testing.assert_array_equal(
        interpolate_images(restored, own, 2, 3, 4),
        interpolate_images(game, nets, 2, 3, 4),
    )


def test_it_draws_a_class_and_decodes_latents(conditional):
    game, nets, folder = conditional
    read = load_export(folder)
    own = sample_images(game, nets, 6, 4)
    np.testing.assert_array_equal(read.sample(6, 4, label=1)[[1, 4]], own[[1, 4]])
    np.testing.assert_array_equal(read.decode(game.latents(jax.random.key(4), 6)), own)
    with pytest.raises(ValueError, match="0 to 2, and 3"):
        read.sample(6, 4, label=3)


def test_many_seeds_can_be_mapped(conditional):
    game, _, folder = conditional
    ours, theirs = (first_latents(g, [1, 2, 9]) for g in (load_export(folder).game, game))
    jax.tree.map(np.testing.assert_array_equal, ours, theirs)


def test_the_weights_are_those_of_all_players_by_path(conditional):
    _, nets, folder = conditional
    read = weights(folder)
    assert {path[0] for path in read} == {"generator", "discriminator"}
    jax.tree.map(np.testing.assert_array_equal, nested({"/".join(path): x for path, x in read.items()}), nets)


def test_another_checkpoint_is_refused(conditional):
    assert load_export(conditional[2]).restore(7)[1] == 7
    with pytest.raises(UsageError, match="an export of step 7, and has no checkpoint 6"):
        load_export(conditional[2]).restore(6)


def test_a_program_of_a_fixed_count_makes_any_number(tmp_path):
    def sample(networks, latents):
        return jnp.stack([jnp.tanh(networks["generator"]["params"] * row) for row in latents]).reshape(-1, 1, 2, 1)

    game = Game((), lambda key: ({}, {}), lambda key, count: jax.random.normal(key, (count, 2)), sample)
    nets = {"generator": {"params": jnp.float32(0.5)}}
    read = load_export(write(tmp_path / "out", game, nets, DataInfo((1, 2, 1), ())))
    for count in (3, 100):
        np.testing.assert_array_equal(read.sample(count, 1), sample_images(game, nets, count, 1))


def test_translations_are_those_of_the_game(tmp_path):
    def translate(networks, images, key):
        noise = jax.vmap(lambda key: jax.random.normal(key, images.shape[1:]))(jax.random.split(key, images.shape[0]))
        return jnp.tile(images * networks["generator"]["params"] + 0.1 * noise, (1, 1, 1, 3))

    game = Game((), lambda key: ({}, {}), translate={"AtoB": translate})
    nets = {"generator": {"params": jnp.float32(0.5)}}
    info = DataInfo((4, 4, 1), (), (4, 4, 3))
    read = load_export(write(tmp_path / "out", game, nets, info))
    images = np.random.default_rng(0).integers(0, 256, (3, 5, 6, 1), np.uint8)
    np.testing.assert_array_equal(read.translate(images, "AtoB", 2), make_translator(game, nets, "AtoB", 2)(images))
    with pytest.raises(ValueError, match="it translates AtoB, not BtoA"):
        read.translate(images, "BtoA")


def test_a_folder_that_is_not_empty_is_left_alone(conditional, tmp_path):
    game, nets, _ = conditional
    (tmp_path / "notes").write_text("mine")
    with pytest.raises(UsageError, match="exists, and an export is written to a new folder"):
        write(tmp_path, game, nets, INFO)
    assert os.listdir(tmp_path) == ["notes"]


def test_nothing_is_left_of_an_export_that_cannot_be_written(conditional, tmp_path, monkeypatch):
    game, nets, _ = conditional

    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(safetensors.numpy, "save", full)
    with pytest.raises(UserError, match="No space left"):
        write(tmp_path / "out", game, nets, INFO)
    assert os.listdir(tmp_path) == []


def change_manifest(folder, **values):
    manifest = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**manifest, **values}))


def truncate(path, share=0.5):
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])


def replace(folder, program, data):
    """Writes another program, as someone would who means it."""
    (folder / f"{program}.stablehlo").write_bytes(data)
    digests = json.loads((folder / "model.json").read_text())["digests"]
    change_manifest(folder, digests={**digests, program: hashlib.sha256(data).hexdigest()})


def without_a_weight(folder):
    found = safetensors.numpy.load_file(folder / "model.safetensors")
    found.pop("generator/params/Dense_0/kernel", None) or found.pop(sorted(found)[-1])
    safetensors.numpy.save_file(found, folder / "model.safetensors")


def linked(folder, name):
    (folder / name).rename(folder.parent / name)
    (folder / name).symlink_to(folder.parent / name)


PROGRAM = {"count": None, "multiple": 0, "least": 0, "height": 0, "width": 0}
WRONGS = {
    "no file": (lambda f: (f / "generator.stablehlo").unlink(), "has no file generator.stablehlo"),
    "no weights": (lambda f: (f / "model.safetensors").unlink(), "has no file model.safetensors"),
    "no manifest": (lambda f: (f / "model.json").unlink(), "is not an export: it has no model.json"),
    "a link": (lambda f: linked(f, "model.safetensors"), "model.safetensors is a link"),
    "a linked program": (lambda f: linked(f, "latents.stablehlo"), "latents.stablehlo is a link"),
    "half of the weights": (lambda f: truncate(f / "model.safetensors"), "it is no file of weights"),
    "other weights": (lambda f: (f / "model.safetensors").write_bytes(b"\x80\x02}q\x00."), "it is no file of weights"),
    "a weight less": (without_a_weight, "does not fit together: the program generator takes something else"),
    "half a program": (lambda f: truncate(f / "generator.stablehlo"), "it is damaged"),
    "an empty program": (lambda f: replace(f, "latents", b""), "it is no program"),
    "no program": (lambda f: replace(f, "latents", b"of another kind"), "it is no program"),
    "programs exchanged": (lambda f: replace(f, "generator", (f / "latents.stablehlo").read_bytes()), "something else"),
    "half a manifest": (lambda f: truncate(f / "model.json"), "cannot read .*model.json"),
    "a list": (lambda f: (f / "model.json").write_text("[]"), "it is not an object"),
    "deep": (lambda f: (f / "model.json").write_text("[" * 10**5), "cannot read .*model.json"),
    "a newer format": (lambda f: change_manifest(f, format=2), "a newer version of gan-jax"),
    "no format": (lambda f: change_manifest(f, format="1"), "format is not a whole number"),
    "a path": (lambda f: change_manifest(f, programs={"../../etc": PROGRAM}), "its programs are ../../etc"),
    "a large image": (
        lambda f: change_manifest(f, data={"example_shape": [10**9, 4, 1], "classes": ["a"], "paired": True}),
        "example_shape is not a whole number from 1 to 16384",
    ),
    "another image": (
        lambda f: change_manifest(f, data={"example_shape": [8, 4, 1], "classes": ["a", "b"], "paired": True}),
        "the program generator makes",
    ),
    "classes": (lambda f: change_manifest(f, conditional=1), "conditional is not true or false"),
    "a step": (lambda f: change_manifest(f, step=-1), "step is not a whole number"),
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_what_is_wrong_is_said_in_one_line(conditional, tmp_path, wrong):
    folder = tmp_path / "given" / "export"
    shutil.copytree(conditional[2], folder)
    change, says = WRONGS[wrong]
    change(folder)
    with pytest.raises(UsageError, match=says) as refusal:
        load_export(folder)
    assert "\n" not in str(refusal.value)


def test_damage_anywhere_in_a_program_is_noticed(conditional, tmp_path):
    folder = tmp_path / "export"
    shutil.copytree(conditional[2], folder)
    path, random = folder / "latents.stablehlo", np.random.default_rng(0)
    whole = path.read_bytes()
    for place in random.integers(len(whole), size=20):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(UsageError, match=r"cannot read .*latents\.stablehlo: it is damaged"):
            load_export(folder)


def test_a_program_that_calls_the_machine_is_refused(conditional, tmp_path):
    """A custom call names a function of the process, and its arguments may be addresses."""
    folder = tmp_path / "export"
    shutil.copytree(conditional[2], folder)
    allowed = [export.DisabledSafetyCheck.custom_call("take_over")]

    def hostile(key, positions):
        latents = jax.ffi.ffi_call("take_over", jax.ShapeDtypeStruct((4, 3), jnp.float32))(key)
        return latents, positions

    exported = export.export(jax.jit(hostile), platforms=["cpu"], disabled_checks=allowed)(
        jax.ShapeDtypeStruct((2,), jnp.uint32), jax.ShapeDtypeStruct((4,), jnp.int32)
    )
    replace(folder, "latents", exported.serialize())
    with pytest.raises(UsageError, match=r"latents\.stablehlo is refused: it calls code outside of it .*take_over"):
        load_export(folder)


def test_a_program_for_another_machine_is_refused(conditional, tmp_path):
    game, nets, folder = conditional
    read = load_export(folder)
    key, positions = jax.ShapeDtypeStruct((2,), jnp.uint32), jax.ShapeDtypeStruct((4,), jnp.int32)
    exported = export.export(jax.jit(lambda key, at: (key, at), keep_unused=True), platforms=["tpu"])(key, positions)
    other = {**read.programs, "latents": Program(exported, Sizes(4))}
    folder = write(tmp_path / "out", game, nets, INFO, other)
    with pytest.raises(UsageError, match="a program for tpu, not cpu"):
        load_export(folder)


def test_a_manifest_is_read_as_it_was_written(tmp_path):
    programs = {"AtoB": Sizes(None, 4, 8), "BtoA": Sizes(1, height=12, width=16)}
    info = DataInfo((12, 16, 1), (), (12, 16, 3), paired=False)
    manifest = Manifest(
        "name", None, info, False, programs, {"AtoB": "0a", "BtoA": "1b"}, {"a": [1, None, "x"]}, {"jax": "0.1"}
    )
    write_manifest(tmp_path, manifest)
    assert read_manifest(tmp_path) == manifest


@pytest.mark.parametrize("names", [["a//b"], ["/a"], ["a", "a/b"], ["a/b/c", "a/b"], [""]])
def test_names_that_make_no_tree_are_refused(names):
    with pytest.raises(ValueError, match=r"names no weight|lies below another|holds others"):
        nested(dict.fromkeys(names, 0))


def test_keys_with_a_slash_cannot_be_saved():
    with pytest.raises(ValueError, match="'b/c' is no name"):
        by_name({"a": {"b/c": 0}})
