"""Folders of images for translation."""

import pickle

import numpy as np
import pytest
from PIL import Image

from gan_jax.common.errors import UsageError
from gan_jax.data import DataInfo, batch_indices, limit_training, load, stream, take, target_indices


def write(path, *values, size=(8, 8), mode="RGB"):
    """A picture of uniform gray parts side by side, one for each value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = [np.full((size[1], size[0], 3), value, np.uint8) for value in values]
    Image.fromarray(np.concatenate(parts, 1)).convert(mode).save(path)


def values(images):
    return [int(images[i][0, 0, 0]) for i in range(len(images))]


def both(split):
    return values(split.images), values(split.targets)


@pytest.mark.parametrize("paired", [True, False])
def test_what_is_streamed_is_what_is_in_memory(tmp_path, paired):
    for i in range(9):
        write(tmp_path / "trainA" / f"{i}.png", i)
        write(tmp_path / "trainB" / f"{i}.png", 100 + i)
        write(tmp_path / "side" / f"{i}.png", i, 100 + i)
    spec = f"pairs:{tmp_path}/side" if paired else f"unpaired:{tmp_path}"
    memory = load(spec, resolution=8).train
    disk = pickle.loads(pickle.dumps(load(spec, resolution=8, memory_limit=0).train))
    assert memory.in_memory
    assert not disk.in_memory
    batches = list(stream(disk, seed=1, start=4, batch_size=5, rows=slice(1, 5), workers=0, batches=3))
    for step, batch in enumerate(batches, 4):
        targets = target_indices(memory, 1, step, 5)
        wanted = take(memory, batch_indices(1, step, 5, len(memory))[1:], None if paired else targets[1:])
        assert batch.keys() == wanted.keys() == {"image", "target"}
        for name in batch:
            np.testing.assert_array_equal(batch[name], wanted[name])
        assert np.all(batch["target"] == 100 + batch["image"]) == paired


@pytest.mark.parametrize("held", ["test", "val"])
def test_pairs_side_by_side_are_cut_in_two(tmp_path, held):
    for i in range(4):
        write(tmp_path / "train" / f"{i}.png", i, 100 + i, size=(12, 8))
    write(tmp_path / held / "x.jpg", 50, 150)
    write(tmp_path / "other" / "y.png", 1, 2)
    dataset = load(f"pairs:{tmp_path}", resolution=8)
    assert both(dataset.train) == ([0, 1, 2, 3], [100, 101, 102, 103])
    assert both(dataset.test) == ([50], [150])
    assert dataset.info == DataInfo((8, 8, 3), (), (8, 8, 3))
    # The same comes from the cache.
    assert both(load(f"pairs:{tmp_path}", resolution=8).train) == ([0, 1, 2, 3], [100, 101, 102, 103])


def test_the_halves_of_a_picture_are_those_that_one_sees(tmp_path):
    upright = np.concatenate([np.full((8, 8), 10, np.uint8), np.full((8, 8), 200, np.uint8)], 1)
    for i in range(2):
        lying = Image.fromarray(np.rot90(upright).copy())
        exif = lying.getexif()
        exif[0x0112] = 6  # to be rotated clockwise
        lying.save(tmp_path / f"{i}.png", exif=exif)
    dataset = load(f"pairs:{tmp_path}", resolution=8)
    assert dataset.train.images.shape == (1, 8, 8, 1)
    assert both(dataset.train) == ([10], [200])


def test_without_folders_a_sixth_of_the_pairs_is_held_out(tmp_path):
    for i in range(12):
        write(tmp_path / f"{i:02}.png", i, 100 + i)
    dataset = load(f"pairs:{tmp_path}", resolution=8)
    assert (len(dataset.train), len(dataset.test)) == (10, 2)
    assert sorted(both(dataset.train)[0] + both(dataset.test)[0]) == list(range(12))
    for split in (dataset.train, dataset.test):
        assert [100 + value for value in both(split)[0]] == both(split)[1]


def test_a_picture_of_odd_width_is_named(tmp_path):
    write(tmp_path / "a.png", 1, 2)
    write(tmp_path / "b.png", 1, size=(7, 8))
    with pytest.raises(UsageError, match=rf"{tmp_path}/b.png is 7 pixels wide: .*even width") as caught:
        load(f"pairs:{tmp_path}", resolution=8)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("side", [8, 7])
def test_single_square_images_are_not_cut_in_halves(tmp_path, side):
    for i in range(3):
        write(tmp_path / f"{i}.png", i, size=(side + i, side + i))
    for _ in range(2):
        with pytest.raises(UsageError, match=rf"{tmp_path}: all 3 pictures are square.*twice as wide.*matched:PATH"):
            load(f"pairs:{tmp_path}", resolution=8)
    write(tmp_path / "pair.png", 10, 20)
    if side == 8:
        with pytest.raises(UsageError, match="9 pixels wide"):
            load(f"pairs:{tmp_path}", resolution=8)


def test_halves_of_squares_are_pairs_of_upright_rectangles(tmp_path):
    for i in range(2):
        write(tmp_path / f"{i}.png", i, 100 + i, size=(4, 8))
    dataset = load(f"pairs:{tmp_path}", resolution=(8, 4))
    assert dataset.info.pair_shapes == ((8, 4, 3), (8, 4, 3))
    assert sorted(both(dataset.train)[0] + both(dataset.test)[0]) == [0, 1]
    assert sorted(both(dataset.train)[1] + both(dataset.test)[1]) == [100, 101]


@pytest.mark.parametrize("layout", ["matched", "unpaired"])
def test_both_domains_become_rectangles(tmp_path, layout):
    for i in range(2):
        for side in ("A", "B", "trainA", "trainB"):
            write(tmp_path / side / f"{i}.png", i)
    dataset = load(f"{layout}:{tmp_path}", resolution=(4, 12))
    assert dataset.info.translation_shapes == ((4, 12, 3), (4, 12, 3))


def test_pictures_match_by_name_whatever_their_suffix(tmp_path):
    for i in range(6):
        write(tmp_path / "A" / f"{i}.png", i)
        write(tmp_path / "B" / f"{i}.bmp", 100 + i, mode="L")
    dataset = load(f"matched:{tmp_path}", resolution=8)
    assert dataset.info.pair_shapes == ((8, 8, 3), (8, 8, 1))
    assert (len(dataset.train), len(dataset.test)) == (5, 1)
    for split in (dataset.train, dataset.test):
        assert [100 + value for value in both(split)[0]] == both(split)[1]


def test_matched_folders_keep_their_splits(tmp_path):
    for part, offset in (("train", 0), ("val", 50)):
        for i in range(3):
            write(tmp_path / "A" / part / f"{i}.png", offset + i)
            write(tmp_path / "B" / part / f"{i}.png", 100 + offset + i)
    dataset = load(f"matched:{tmp_path}", resolution=8)
    assert both(dataset.train) == ([0, 1, 2], [100, 101, 102])
    assert both(dataset.test) == ([50, 51, 52], [150, 151, 152])


def test_names_without_a_partner_are_listed(tmp_path):
    for name in ("a", "b", "only", "too"):
        write(tmp_path / "A" / f"{name}.png", 1)
    for name in ("a", "b", "extra"):
        write(tmp_path / "B" / f"{name}.png", 1)
    with pytest.raises(
        UsageError, match=r"without a partner of the same name: 2 in A \(only, too\) and 1 in B \(extra\)"
    ):
        load(f"matched:{tmp_path}", resolution=8)
    write(tmp_path / "A" / "a.jpg", 1)
    with pytest.raises(UsageError, match=r"a.jpg and a.png differ in their suffix alone"):
        load(f"matched:{tmp_path}", resolution=8)


def test_unpaired_domains_may_differ_in_number_and_in_channels(tmp_path):
    for part, offset in (("train", 0), ("test", 50)):
        for i in range(5):
            write(tmp_path / f"{part}A" / f"{i}.png", offset + i)
        for i in range(3):
            write(tmp_path / f"{part}B" / f"{i}.png", 100 + offset + i, mode="L")
    dataset = load(f"unpaired:{tmp_path}", resolution=8)
    assert both(dataset.train) == ([0, 1, 2, 3, 4], [100, 101, 102])
    assert both(dataset.test) == ([50, 51, 52, 53, 54], [150, 151, 152])
    assert dataset.info == DataInfo((8, 8, 3), (), (8, 8, 1), paired=False)
    turned = load(f"reverse:unpaired:{tmp_path}", resolution=8)
    assert both(turned.train) == ([100, 101, 102], [0, 1, 2, 3, 4])
    # A limit applies to both domains.
    assert both(limit_training(dataset, 4).train)[1] != []
    assert [len(side) for side in both(limit_training(dataset, 4).train)] == [4, 3]


def test_an_empty_or_missing_domain_is_named(tmp_path):
    for i in range(2):
        write(tmp_path / "trainA" / f"{i}.png", i)
    with pytest.raises(UsageError, match="no folder trainB; unpaired images lie in trainA, trainB, testA and testB"):
        load(f"unpaired:{tmp_path}", resolution=8)
    (tmp_path / "trainB").mkdir()
    with pytest.raises(UsageError, match=r"trainB: no images there"):
        load(f"unpaired:{tmp_path}", resolution=8)
    (tmp_path / "A").mkdir()
    (tmp_path / "B").mkdir()
    with pytest.raises(UsageError, match=r"A: no images there"):
        load(f"matched:{tmp_path}", resolution=8)
    with pytest.raises(UsageError, match="no such folder"):
        load(f"matched:{tmp_path}/trainA", resolution=8)
