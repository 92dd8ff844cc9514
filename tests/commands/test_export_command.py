"""gan-jax export, what gan-jax sample and gan-jax translate make of its folders, and gan-jax import."""

import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image
from support.command import gan_jax, refused

from gan_jax.data.transforms import to_uint8
from gan_jax.sharing import export_run, load_export
from gan_jax.training.run_folder import load_run


def pixels(path):
    return np.asarray(Image.open(path))


@pytest.fixture(scope="module")
def digits_export(digits_run, tmp_path_factory):
    folder = tmp_path_factory.mktemp("exports") / "digits"
    export_run(load_run(digits_run), folder)
    return folder


def test_an_export_has_the_pictures_of_its_run(digits_run, digits_export, tmp_path, capsys):
    for folder, name in ((digits_run, "run"), (digits_export, "export")):
        done = gan_jax(capsys, "sample", folder, "--seed", 1, "--count", 64, "--out", tmp_path / f"{name}.png")
        assert done.status == 0, done.err
        assert "64 samples of step 60" in done.out
    np.testing.assert_array_equal(pixels(tmp_path / "run.png"), pixels(tmp_path / "export.png"))


def test_its_code_and_its_run_are_not_needed(digits_run, tmp_path, capsys, monkeypatch):
    run, out = tmp_path / "run", tmp_path / "out"
    shutil.copytree(digits_run, run)
    done = gan_jax(capsys, "export", run, out, "--trust", "--data-licence", "CC-BY-4.0 | mine")
    assert done.status == 0, done.err
    assert "step 60 of dcgan_digits" in done.out
    shutil.rmtree(run)

    def unwanted(*_, **__):
        raise AssertionError("an experiment was loaded")

    monkeypatch.setattr("gan_jax.training.run_folder.load_experiment", unwanted)
    assert gan_jax(capsys, "sample", out, "--out", f"{tmp_path / 'pictures'}/", "--seeds", "3,5").status == 0
    assert len(list((tmp_path / "pictures").iterdir())) == 2
    card = (out / "README.md").read_text()
    assert card.startswith("---\nlibrary_name: gan-jax\n")
    for said in ("arXiv 1511.06434", "| licence of the data | CC-BY-4.0 \\| mine |", "| training step | 60 |", "1,348"):
        assert said in card
    assert str(tmp_path) not in card + (out / "model.json").read_text()
    assert max(Image.open(out / "samples.png").size) <= 1024
    monkeypatch.chdir(out)
    plain = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[-1]
    assert "gan_jax" not in plain
    names = {}
    exec(plain, names)
    own = load_export(out).sample(64, 1)
    np.testing.assert_array_equal(to_uint8(names["samples"]), own)


def test_the_card_has_the_figures_of_the_step(digits_run, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(digits_run, run)
    others = [{"step": 60, "seed": 2, "frechet_distance": 1.25, "measures": ["x"]}]
    (run / "evaluation.json").write_text(json.dumps({"step": 40, "seed": 1, "frechet_distance": 9, "others": others}))
    assert gan_jax(capsys, "export", run, tmp_path / "out", "--trust").status == 0
    card = (tmp_path / "out" / "README.md").read_text()
    assert "| frechet_distance | 1.25 |" in card
    assert "| frechet_distance | 9 |" not in card


def test_what_it_refuses(digits_run, digits_export, tmp_path, capsys):
    refused(gan_jax(capsys, "export", digits_run, digits_export), "exists, and an export is written to a new folder")
    refused(gan_jax(capsys, "export", digits_export, tmp_path / "out"), "is not a run")
    refused(gan_jax(capsys, "sample", digits_export, "--checkpoint", 3), "is an export of step 60")
    refused(gan_jax(capsys, "translate", digits_export, digits_export, tmp_path / "out"), "translates nothing")
    folder = tmp_path / "damaged"
    shutil.copytree(digits_export, folder)
    (folder / "generator.stablehlo").write_bytes(b"?")
    refused(gan_jax(capsys, "sample", folder, "--out", tmp_path / "a.png"), "generator.stablehlo", "damaged")


def test_classes_have_their_names(conditional_run, tmp_path, capsys):
    assert gan_jax(capsys, "export", conditional_run, tmp_path / "out").status == 0
    for folder, name in ((conditional_run, "run"), (tmp_path / "out", "export")):
        done = gan_jax(capsys, "sample", folder, "--class", 7, "--count", 4, "--out", tmp_path / f"{name}.png")
        assert done.status == 0, done.err
    np.testing.assert_array_equal(pixels(tmp_path / "run.png"), pixels(tmp_path / "export.png"))


def test_points_of_an_embedded_dataset_are_drawn_over_real_ones(ring_run, tmp_path, capsys):
    assert gan_jax(capsys, "export", ring_run, tmp_path / "out").status == 0
    for folder, name in ((ring_run, "run"), (tmp_path / "out", "export")):
        done = gan_jax(capsys, "sample", folder, "--count", 100, "--out", tmp_path / f"{name}.png")
        assert done.status == 0, done.err
    np.testing.assert_array_equal(pixels(tmp_path / "run.png"), pixels(tmp_path / "export.png"))
    manifest = json.loads((tmp_path / "out" / "model.json").read_text())
    manifest["settings"]["dataset"] = f"npz:{tmp_path}/points.npz"
    (tmp_path / "out" / "model.json").write_text(json.dumps(manifest))
    refused(gan_jax(capsys, "sample", tmp_path / "out", "--out", tmp_path / "a.png"), "without the real points")


def test_an_export_translates_like_its_run_in_both_directions(translation_run, tmp_path, capsys):
    done = gan_jax(capsys, "export", translation_run, tmp_path / "out")
    assert done.status == 0, done.err
    assert "the program AtoB takes 1 at a time: its code cannot be traced for any number" in done.out
    image = np.random.default_rng(0).integers(0, 256, (12, 20), np.uint8)
    Image.fromarray(image).save(tmp_path / "in.png")
    for way in ("AtoB", "BtoA"):
        for folder, name in ((translation_run, "run"), (tmp_path / "out", "export")):
            target = tmp_path / f"{name}.png"
            done = gan_jax(capsys, "translate", folder, tmp_path / "in.png", target, "--direction", way)
            assert done.status == 0, done.err
        differ = np.abs(pixels(tmp_path / "run.png").astype(int) - pixels(tmp_path / "export.png"))
        assert differ.max() <= 1
        assert (differ > 0).mean() < 0.01


def test_import_makes_a_folder_that_translates(tmp_path, capsys):
    torch = pytest.importorskip("torch")
    from support.torch_cyclegan import ResnetGenerator, randomized

    networks = {way: randomized(ResnetGenerator(3, 3, 2, "instance", False, 1), seed) for seed, way in enumerate("AB")}
    for way, network in networks.items():
        torch.save(network.state_dict(), tmp_path / f"latest_net_G_{way}.pth")
    there, back = (tmp_path / f"latest_net_G_{way}.pth" for way in "AB")
    done = gan_jax(capsys, "import", there, tmp_path / "out", "--back", back)
    assert done.status == 0, done.err
    assert "AtoB: the residual generator of CycleGAN with 1 blocks" in done.out
    image = np.random.default_rng(0).integers(0, 256, (12, 20, 3), np.uint8)
    Image.fromarray(image).save(tmp_path / "in.png")
    for way, direction in (("A", "AtoB"), ("B", "BtoA")):
        words = ("translate", tmp_path / "out", tmp_path / "in.png", tmp_path / "made.png", "--direction", direction)
        assert gan_jax(capsys, *words).status == 0
        with torch.no_grad():
            made = networks[way](torch.tensor(image[None] / 127.5 - 1, dtype=torch.float32).movedim(-1, 1))
        right = (made.movedim(1, -1)[0].numpy() + 1) * 127.5
        assert np.abs(pixels(tmp_path / "made.png") - right).max() < 0.51
    refused(gan_jax(capsys, "import", tmp_path / "in.png", tmp_path / "b"), "in.png", "is no file of PyTorch's weights")
    refused(gan_jax(capsys, "import", there, tmp_path / "out"), "is written to a new folder")
    refused(gan_jax(capsys, "import", there, tmp_path / "b", "--direction", "BtoA", "--back", back), "--back goes from")
