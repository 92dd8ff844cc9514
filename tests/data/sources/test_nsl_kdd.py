"""NSL-KDD: rows as features worked by hand, which are normal, and what is refused."""

import numpy as np
import pytest

from gan_jax.common.errors import UsageError
from gan_jax.data import load
from gan_jax.data.sources.nsl_kdd import CATEGORIES, COLUMNS, FAMILIES


def row(attack="normal", columns=43, **values):
    """A line of the file. Numbers are 0 and categories the first one, unless `values` says otherwise."""
    usual = {name: CATEGORIES[name][0] if name in CATEGORIES else "0" for name in COLUMNS}
    return ",".join([*(str(x) for x in (usual | values).values()), attack, "21"][:columns])


def write(folder, train, test, name="KDDTrain+.txt"):
    (folder / name).write_text("\n".join(train) + "\n")
    (folder / "KDDTest+.txt").write_text("\n".join(test) + "\n")
    return f"nsl_kdd:{folder}"


TRAIN = [row(src_bytes=7), row("neptune", src_bytes=999), row(src_bytes=63, service="http"), row()]
TEST = [row(src_bytes=7, flag="SF"), row("neptune"), row("mailbomb", src_bytes=511), row("perl")]


def test_training_rows_are_the_normal_ones_and_scaled_by_them(tmp_path):
    dataset = load(write(tmp_path, TRAIN, TEST), resolution=1)
    names = [name for name in COLUMNS if name not in CATEGORIES]
    assert dataset.train.images.shape == (3, 38 + 3 + 70 + 11)
    assert dataset.train.images.dtype == np.float32
    # log(1 + x) of 7, 63 and 0 is 3, 6 and 0 times log 2.
    place = names.index("src_bytes")
    np.testing.assert_allclose(dataset.train.images[:, place], [0.5, 1, 0])
    np.testing.assert_allclose(dataset.test.images[:, place], [0.5, 0, 1.5, 0])  # beyond what is normal
    hot = dataset.train.images[:, 38:]
    assert (hot.sum(1) == 3).all()
    assert hot[1, 3 + CATEGORIES["service"].index("http")] == 1
    assert dataset.test.images[0, 38 + 3 + 70 + CATEGORIES["flag"].index("SF")] == 1
    # Numbers that never change among normal rows are left as they are.
    assert not np.isnan(dataset.train.images).any()


def test_attacks_are_held_out_by_family_and_by_whether_they_were_seen(tmp_path):
    dataset = load(write(tmp_path, TRAIN, TEST, "KDDTrain+_20Percent.txt"), resolution=1)
    assert dataset.classes == ("normal", "mailbomb", "neptune", "perl")
    assert dataset.test.labels.tolist() == [0, 2, 1, 3]
    assert dataset.origin.kinds == {
        "denial of service": ("mailbomb", "neptune"),
        "probe": (),
        "remote to local": (),
        "user to root": ("perl",),
        "known": ("neptune",),
        "unknown": ("mailbomb", "perl"),
    }
    assert sum(len(names.split()) for names in FAMILIES.values()) == 39


def test_further_rows_are_scaled_alike_with_and_without_attacks(tmp_path):
    dataset = load(write(tmp_path, TRAIN, TEST), resolution=1)
    new = tmp_path / "new.txt"
    new.write_text("\n".join(row(src_bytes=x, columns=41) for x in (7, 511)) + "\n")
    names, found = dataset.origin.read(new)
    assert names == ["1", "2"]
    np.testing.assert_array_equal(found[:, 4 - 3], [0.5, 1.5])
    np.testing.assert_array_equal(dataset.origin.read(tmp_path / "KDDTest+.txt")[1], dataset.test.images)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row(columns=40), r"line 1: it has 40 columns, not the 41 features"),
        (row(service="htp"), r"line 1: service is 'htp', which NSL-KDD does not have"),
        (row(src_bytes="many"), r"line 1: src_bytes is 'many', which is no number"),
        (row(src_bytes=-1), r"line 1: src_bytes is -1, and it must be finite and at least 0"),
        (row(duration="inf"), r"line 1: duration is inf, and it must be finite"),
        (row() + "\n" + row(columns=42), r"line 2: it has 42 columns"),
        ("", r"there are no rows in it"),
    ],
    ids=range(7),
)
def test_bad_rows_are_named(tmp_path, bad, message):
    dataset = load(write(tmp_path, TRAIN, TEST), resolution=1)
    (tmp_path / "new.txt").write_text(bad)
    with pytest.raises(UsageError, match=rf"new\.txt.*{message}"):
        dataset.origin.read(tmp_path / "new.txt")


def test_missing_files_are_named(tmp_path):
    with pytest.raises(UsageError, match=r"there is no file KDDTrain\+\.txt or KDDTrain\+_20Percent\.txt"):
        load(f"nsl_kdd:{tmp_path}", resolution=1)
    (tmp_path / "KDDTrain+.txt").write_text(row())
    with pytest.raises(UsageError, match=r"there is no file KDDTest\+\.txt"):
        load(f"nsl_kdd:{tmp_path}", resolution=1)
    spec = write(tmp_path, [row(columns=41)], TEST)
    with pytest.raises(UsageError, match="no column with the name of the attack"):
        load(spec, resolution=1)
    spec = write(tmp_path, [row("neptune")], TEST)
    with pytest.raises(UsageError, match="no normal connection to learn from"):
        load(spec, resolution=1)
