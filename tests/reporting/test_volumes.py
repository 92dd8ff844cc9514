"""Surfaces of volumes: their area, their orientation, the mesh that is written, and the picture."""

import numpy as np
import pytest

from gan_jax.reporting import render, save_mesh
from gan_jax.reporting.volumes import surface


def ball(side=24, radius=8.0):
    """A solid ball, uint8, whose border is smooth over a voxel."""
    axis = np.arange(side) - (side - 1) / 2
    distance = np.sqrt(np.add.outer(np.add.outer(axis**2, axis**2), axis**2))
    return np.rint(255 * np.clip(radius - distance + 0.5, 0, 1)).astype(np.uint8)[..., None]


def box():
    """From the floor up to the border, off the middle."""
    volume = np.zeros((10, 10, 10, 1), np.uint8)
    volume[2:5, 3:9, 0:10] = 255
    return volume


def enclosed(vertices, triangles):
    """The volume inside, which is positive if the triangles are counterclockwise as seen from outside."""
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    return float(np.einsum("ni,ni->", a, np.cross(b, c)) / 6)


def test_a_surface_encloses_its_shape_and_looks_outwards():
    vertices, triangles = surface(ball())
    assert enclosed(vertices, triangles) == pytest.approx(4 / 3 * np.pi * 8**3, rel=0.02)
    a, b, c = (vertices[triangles[:, i]] for i in range(3))
    area = np.linalg.norm(np.cross(b - a, c - a), axis=1).sum() / 2
    assert area == pytest.approx(4 * np.pi * 8**2, rel=0.02)
    # Every edge belongs to two triangles, once in each direction: it is closed.
    edges = np.concatenate([triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]])
    assert {tuple(edge) for edge in edges.tolist()} == {tuple(edge[::-1]) for edge in edges.tolist()}


def test_voxels_reach_from_their_number_to_the_next():
    vertices, triangles = surface(box())
    np.testing.assert_allclose(vertices.min(0), [2, 3, 0])
    np.testing.assert_allclose(vertices.max(0), [5, 9, 10])
    assert enclosed(vertices, triangles) == pytest.approx(3 * 6 * 10, rel=0.05)


def test_a_mesh_is_an_obj_file_with_the_height_as_y(tmp_path):
    path = tmp_path / "mesh.obj"
    save_mesh(box(), path)
    lines = [line.split() for line in path.read_text().splitlines()]
    vertices = np.array([line[1:] for line in lines if line[0] == "v"], float)
    faces = np.array([line[1:] for line in lines if line[0] == "f"], int)
    assert len(vertices) + len(faces) == len(lines)
    # (width, height, depth), and the longest side of the volume is 1
    np.testing.assert_allclose(vertices.min(0), [0.3, 0, 0.2])
    np.testing.assert_allclose(vertices.max(0), [0.9, 1, 0.5])
    assert (faces.min(), faces.max()) == (1, len(vertices))
    assert enclosed(vertices, faces - 1) == pytest.approx(0.18, rel=0.05)


def test_an_empty_volume_has_no_surface_and_a_white_picture(tmp_path):
    empty = np.zeros((8, 8, 8, 1), np.uint8)
    assert [len(x) for x in surface(empty)] == [0, 0]
    save_mesh(empty, tmp_path / "empty.obj")
    pictures = render(np.stack([empty, np.pad(ball(6, 2.0), ((1, 1),) * 3 + ((0, 0),))]))
    assert pictures.shape == (2, 112, 112, 3)
    assert pictures[0].min() == 255
    shown = pictures[1].min(-1) < 250
    assert 0.02 < shown.mean() < 0.5
    # Blue, and lighter above, where the light comes from.
    assert (pictures[1][shown][:, 2] > pictures[1][shown][:, 0]).mean() > 0.9
    rows = np.nonzero(shown.any(1))[0]
    brightness = pictures[1].astype(float).mean(-1)
    top, bottom = rows[: len(rows) // 3], rows[-len(rows) // 3 :]
    assert brightness[top][shown[top]].mean() > brightness[bottom][shown[bottom]].mean() + 10
