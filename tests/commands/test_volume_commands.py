"""Volumes from the shell: trained, drawn as pictures and meshes, read again, evaluated, exported and refused."""

import json

import numpy as np
import pytest
from PIL import Image
from support.command import EXPERIMENTS, gan_jax, refused

from gan_jax.data.sources import shapes

pytestmark = pytest.mark.slow

APPLICATIONS = EXPERIMENTS / "applications"
TINY = ("--resolution", 8, "--width", 2, "--batch-size", 4, "--latent-size", 4, "--steps", 2, "--sample-every", 2)


@pytest.fixture(scope="module", autouse=True)
def few():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shapes, "TRAIN_COUNT", 20)
        patch.setattr(shapes, "TEST_COUNT", 10)
        yield


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("volumes") / "run"
    from gan_jax.commands.main import main

    main(["train", str(APPLICATIONS / "shapes_gan.py"), *map(str, TINY), "--workdir", str(folder)])
    return folder


def test_samples_are_pictures_arrays_and_meshes(run, tmp_path, capsys):
    size = Image.open(run / "samples" / "step_00000002.png").size
    assert size == (7 * 113 - 1, 6 * 113 - 1)  # 40 pictures of 112 pixels with lines between them
    for name, words in {"grid.png": (), "walk.png": ("--interpolate",), "walk.gif": ("--interpolate",)}.items():
        result = gan_jax(capsys, "sample", run, "--count", 4, *words, "--out", tmp_path / name)
        assert result.status == 0, result.err
        assert (tmp_path / name).stat().st_size > 100
    assert gan_jax(capsys, "sample", run, "--count", 3, "--out", f"{tmp_path}/meshes/").status == 0
    assert sorted(path.name for path in (tmp_path / "meshes").iterdir()) == [f"seed1_{i}.obj" for i in range(3)]


def test_samples_can_be_learned_from(run, tmp_path, capsys):
    out = tmp_path / "samples.npz"
    assert gan_jax(capsys, "sample", run, "--count", 8, "--out", out).status == 0
    assert np.load(out)["voxels"].shape == (8, 8, 8, 8, 1)
    vae = (APPLICATIONS / "shapes_vae.py", *TINY, "--dataset", f"voxels:{out}")
    assert gan_jax(capsys, "train", *vae, "--workdir", tmp_path / "vae").status == 0


def test_evaluation_and_export(run, tmp_path, capsys):
    result = gan_jax(capsys, "evaluate", run)
    assert result.status == 0, result.err
    found = json.loads((run / "evaluation.json").read_text())
    assert found["measures"] == ["nearest_neighbor_accuracy", "coverage", "minimum_matching_distance"]
    assert 0 <= found["coverage"] <= 1
    assert (run / "shapes.png").exists()
    assert gan_jax(capsys, "export", run, tmp_path / "export").status == 0
    pictures = []
    for source in (run, tmp_path / "export"):
        assert gan_jax(capsys, "sample", source, "--count", 2, "--out", tmp_path / "two.npz").status == 0
        pictures.append(np.load(tmp_path / "two.npz")["voxels"])
    np.testing.assert_array_equal(*pictures)


@pytest.mark.parametrize(
    ("experiment", "words", "message"),
    [
        ("applications/shapes_vae.py", ("--dataset", "digits"), "one of volumes, and the data are images"),
        ("unconditional/dcgan_digits.py", ("--dataset", "shapes"), "one of images, and the data are volumes"),
        ("applications/shapes_gan.py", ("--resolution", 30), "volumes of 30x30x30: from 8 on"),
        ("applications/shapes_gan.py", ("--resolution", 8, 16), "all sides of a volume are the same"),
        ("applications/shapes_gan.py", ("--resolution", 8, "--flip"), "--flip mirrors images, and shapes has volumes"),
    ],
    ids=range(5),
)
def test_what_does_not_fit_is_refused(experiment, words, message, tmp_path, capsys):
    folder = tmp_path / "run"
    refused(gan_jax(capsys, "train", EXPERIMENTS / experiment, *words, "--workdir", folder), message)
    assert not folder.exists()
