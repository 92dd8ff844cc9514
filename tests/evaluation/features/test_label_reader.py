import numpy as np
import pytest

from gan_jax.evaluation.features import cached_label_reader, label_reader, train_label_reader


def drawn(count, seed, side=16):
    """Pictures of a striped square on a plain ground, and their label maps. No colour tells the label; stripes do."""
    rng = np.random.default_rng(seed)
    labels = np.zeros((count, side, side), int)
    pictures = rng.integers(40, 216, (count, 1, 1, 3)) + np.zeros((count, side, side, 1), int)
    for label_map, picture, (y, x) in zip(labels, pictures, rng.integers(0, side - 8, (count, 2)), strict=True):
        label_map[y : y + 8, x : x + 8] = 1
        picture[y : y + 8 : 2, x : x + 8] += 35
        picture[y + 1 : y + 8 : 2, x : x + 8] -= 35
    return pictures.astype(np.uint8), labels


def test_labels_are_read_from_textures_in_pictures_never_seen(monkeypatch):
    monkeypatch.setattr(label_reader, "_STEPS", 150)
    pictures, labels = drawn(200, 0)
    reader = cached_label_reader(pictures, labels, 3)
    unseen, truth = drawn(40, 1)
    read = reader.read(unseen)
    assert (read == truth).mean() > 0.95
    # The reader from the cache reads the same, also in other batches.
    monkeypatch.setattr(label_reader, "train_label_reader", None)
    again = cached_label_reader(pictures, labels, 3)
    assert (again.read(unseen[:5]) == read[:5]).mean() > 0.999
    with pytest.raises(TypeError):  # a reader of other data has to be trained
        cached_label_reader(unseen, truth, 3)


def test_pictures_of_odd_size_have_a_label_for_every_pixel(monkeypatch):
    monkeypatch.setattr(label_reader, "_STEPS", 1)
    reader = train_label_reader(*drawn(9, 0, side=15), 2)
    pictures, _ = drawn(9, 1, side=15)
    assert reader.read(pictures).shape == (9, 15, 15)
    assert reader.features(pictures).shape == (9 * 8 * 8, 48)
