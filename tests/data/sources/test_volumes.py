"""Drawn shapes, and volumes of archives: what is in them and what is refused."""

import numpy as np
import pytest
from scipy.ndimage import label

from gan_jax.common.errors import UsageError
from gan_jax.data import load
from gan_jax.data.sources import shapes


@pytest.fixture
def few(monkeypatch):
    monkeypatch.setattr(shapes, "TRAIN_COUNT", 40)
    monkeypatch.setattr(shapes, "TEST_COUNT", 10)
    return load("shapes", resolution=32)


def test_shapes_stand_on_the_floor_in_one_piece_and_differ(few):
    assert few.train.images.shape == (40, 32, 32, 32, 1)
    assert few.info.kind == "volumes"
    assert few.info.volume_side == 32
    assert few.classes == shapes.CLASSES
    assert np.bincount(few.train.labels).tolist() == [8] * 5
    volumes = np.concatenate([few.train.images, few.test.images])[..., 0]
    assert set(np.unique(volumes)) == {0, 255}
    for volume in volumes:
        assert volume[..., 0].any()
        assert label(volume)[1] == 1
    # Measures that differ by less than a voxel can give the same shape twice.
    assert len({volume.tobytes() for volume in volumes}) >= len(volumes) - 2


def test_a_shape_is_the_same_at_every_resolution():
    for number in range(10):
        coarse, fine = shapes.draw(number, 16), shapes.draw(number, 64)
        blocks = fine.reshape(16, 4, 16, 4, 16, 4).mean((1, 3, 5))
        # Parts of 1/16 and more are seen at 16: what fills a block of the fine volume fills its voxel.
        assert np.mean(coarse[..., 0][blocks > 200] == 255) > 0.9
        assert not coarse[..., 0][blocks == 0].any()


def test_shapes_have_one_side():
    with pytest.raises(UsageError, match="--resolution 32 16: all sides of a volume are the same"):
        load("shapes", resolution=(32, 16))


def drawn(count=12, side=8, dtype=bool):
    return (np.random.default_rng(0).random((count, side, side, side)) < 0.3).astype(dtype)


@pytest.mark.parametrize("form", ["bool", "zeros and ones", "0 to 255", "with channel"])
def test_reads_volumes_of_an_archive(tmp_path, form):
    volumes, path = drawn(), tmp_path / "v.npz"
    stored = {
        "bool": volumes,
        "zeros and ones": volumes.astype(np.uint8),
        "0 to 255": volumes.astype(np.uint8) * 255,
        "with channel": (volumes.astype(np.uint8) * 255)[..., None],
    }[form]
    np.savez(path, voxels=stored, labels=np.arange(12) % 2)
    dataset = load(f"voxels:{path}", resolution=8)
    assert (len(dataset.train), len(dataset.test), dataset.classes) == (10, 2, ("0", "1"))
    found = np.concatenate([dataset.train.images, dataset.test.images])
    assert found.dtype == np.uint8
    assert {x.tobytes() for x in found > 127} == {x.tobytes() for x in volumes[..., None]}


def test_test_volumes_of_an_archive_are_held_out(tmp_path):
    path = tmp_path / "v.npz"
    np.savez(path, voxels=drawn(5), test_voxels=drawn(3))
    dataset = load(f"voxels:{path}", resolution=8)
    assert (len(dataset.train), len(dataset.test), dataset.classes) == (5, 3, ())


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": drawn()}, r"no array is named 'voxels'; the archive holds images"),
        ({"voxels": drawn().astype(np.float32)}, r"'voxels' is float32; volumes must be bool, or uint8 in \[0, 255\]"),
        ({"voxels": drawn()[0]}, r"has shape \(8, 8, 8\); volumes must be \(N, S, S, S\)"),
        ({"voxels": drawn(side=6)}, r"volumes of 6x6x6, and the run is of 8x8x8: give --resolution 6$"),
        ({"voxels": drawn()[:, :5]}, r"volumes of 5x8x8, and the run is of 8x8x8$"),
        ({"voxels": drawn(), "test_voxels": drawn(3, 6)}, r"'test_voxels' holds volumes of 6x6x6"),
        ({"voxels": drawn(1)}, r"one volume cannot be split"),
        ({"voxels": drawn(), "labels": np.arange(3)}, r"3 labels in 'labels' for 12 examples in 'voxels'"),
        (dict.fromkeys(("voxels", "test_voxels"), drawn()) | {"labels": np.arange(12)}, r"only one of 'labels' and"),
    ],
    ids=range(9),
)
def test_other_archives_are_refused(tmp_path, arrays, message):
    path = tmp_path / "v.npz"
    np.savez(path, **arrays)
    with pytest.raises(UsageError, match=message):
        load(f"voxels:{path}", resolution=8)


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(UsageError, match=r"none\.npz: no such file"):
        load(f"voxels:{tmp_path}/none.npz", resolution=8)
