"""Pictures, and where people looked in them: from files, and simulated."""

import numpy as np
import pytest
from PIL import Image

from gan_jax.common.errors import UsageError
from gan_jax.data import DataInfo, data_changes, fingerprint, load
from gan_jax.data.fixation_maps import density, fixated_pixels, gray
from gan_jax.data.sources import popout


@pytest.fixture
def folder(tmp_path):
    """Ten pictures of 20x40 pixels, (height, width), each with fixations of two people."""
    (tmp_path / "stimuli").mkdir()
    lines = ["subject,image,y,x,duration"]
    for i in range(10):
        Image.fromarray(np.full((20, 40, 3), 20 * i, np.uint8)).save(tmp_path / "stimuli" / f"p{i}.png")
        lines += [f"anna,p{i},10.0,20.5,0.1", f"ben,p{i},5.0,{12 + i},0.1", f"ben,p{i},1.0,1.0,0.1"]
    (tmp_path / "fixations.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def rewrite(folder, old, new):
    path = folder / "fixations.csv"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_density_is_the_blurred_fixations():
    seen = np.array([[4.9, 7.2], [4.0, 7.9], [0.0, 0.0]])
    counts = fixated_pixels(seen, 10, 12)
    assert counts[4, 7] == 2
    assert counts[0, 0] == 1
    assert counts.sum() == 3
    found = density(seen, 10, 12, 1.0)
    assert found.sum() == pytest.approx(1)
    assert np.unravel_index(found.argmax(), found.shape) == (4, 7)
    # One pixel away the Gaussian has fallen by exp(-1/2).
    assert found[5, 7] / found[4, 7] == pytest.approx(np.exp(-0.5), rel=1e-3)
    assert gray(found).max() == 255
    assert gray(found).shape == (10, 12, 1)


def test_pictures_and_their_maps_are_cropped_alike(folder):
    dataset = load(f"fixations:{folder}", resolution=10)
    assert dataset.info == DataInfo((10, 10, 3), (), (10, 10, 1))
    assert (len(dataset.train), len(dataset.test)) == (8, 2)
    for picture, seen, target in zip(dataset.test.images, dataset.origin.held_out, dataset.test.targets, strict=True):
        i = int(picture[0, 0, 0]) // 20
        # The scale is one half, and ten pixels are cut off on the left and on the right.
        inside = [[0, 5.0, 20.5 / 2 - 5]] + ([[1, 2.5, (12 + i) / 2 - 5]] if 12 + i >= 10 else [])
        np.testing.assert_allclose(seen, inside)
        np.testing.assert_array_equal(target, gray(density(seen[:, 1:], 10, 10, dataset.origin.deviation)))


def test_five_folds_hold_out_each_picture_once(folder):
    held = [load(f"fixations:{folder}@{k}", resolution=10).test.images[:, 0, 0, 0] for k in range(5)]
    assert sorted(np.concatenate(held)) == [20 * i for i in range(10)]
    np.testing.assert_array_equal(held[0], load(f"fixations:{folder}", resolution=10).test.images[:, 0, 0, 0])
    with pytest.raises(UsageError, match="folds 0 to 4, not 5"):
        load(f"fixations:{folder}@5", resolution=10)


def test_what_is_streamed_is_what_is_in_memory_and_a_run_knows_it_again(folder):
    memory = load(f"fixations:{folder}", resolution=10)
    disk = load(f"fixations:{folder}", resolution=10, memory_limit=0)
    assert not disk.train.in_memory
    for i in range(len(memory.train)):
        np.testing.assert_array_equal(disk.train.targets[i], memory.train.targets[i])
    before = fingerprint(disk)
    assert not data_changes(before, fingerprint(load(f"fixations:{folder}", resolution=10, memory_limit=0)))
    for name in ("p3", "p4", "p5"):  # at least one of them is in the training split
        rewrite(folder, f"anna,{name},10.0", f"anna,{name},11.0")
    assert data_changes(before, fingerprint(load(f"fixations:{folder}", resolution=10, memory_limit=0)))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("image,y", "picture,y", "has no column image; it has subject, picture"),
        ("anna,p2,10.0", "anna,p2,ten", "line 8: y is 'ten', which is not a number"),
        ("anna,p2,10.0", "anna,p2,nan", "line 8: y is 'nan', which is not a number"),
        ("anna,p2,10.0", "anna,p2,20.0", r"line 8: the fixation \(20.5, 20\) is outside of p2, 40x20"),
        ("anna,p2,10.0,20.5", "anna,p2,10.0,-1", "line 8: .*outside"),
        ("anna,p2,", "anna,p17,", "line 8: there is no picture 'p17'"),
        ("anna,p0,10.0,20.5,0.1\nben,p0,5.0,12,0.1\nben,p0,1.0,1.0,0.1\n", "", "no fixations of stimuli/p0"),
    ],
)
def test_bad_tables_are_refused_with_what_is_wrong(folder, old, new, message):
    rewrite(folder, old, new)
    with pytest.raises(UsageError, match=message):
        load(f"fixations:{folder}", resolution=10)


def test_folders_without_pictures_or_table_are_refused(folder):
    (folder / "fixations.csv").unlink()
    with pytest.raises(UsageError, match=r"no fixations\.csv"):
        load(f"fixations:{folder}", resolution=10)


def test_displays_are_the_same_each_time_and_their_odd_item_is_looked_at():
    display, seen = popout.draw(7, 48, 64)
    again, _ = popout.draw(7, 48, 64)
    np.testing.assert_array_equal(display, again)
    other, _ = popout.draw(8, 48, 64)
    assert (other != display).any()
    assert display.shape == (48, 64, 3)
    assert seen.shape == (popout.PEOPLE * popout.FIXATIONS, 3)
    assert set(seen[:, 0]) == set(range(popout.PEOPLE))
    assert (seen[:, 1:] >= 0).all()
    assert (seen[:, 1:] < (48, 64)).all()
    # Half of all fixations fall on one place.
    found = density(seen[:, 1:], 48, 64, 2.0)
    row, column = np.unravel_index(found.argmax(), found.shape)
    near = np.hypot(seen[:, 1] - row, seen[:, 2] - column) < 6
    assert 0.4 < near.mean() < 0.8
