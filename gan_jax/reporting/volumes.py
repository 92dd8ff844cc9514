"""Pictures and meshes of the surfaces of volumes."""

from pathlib import Path
from typing import Any

import numpy as np

from gan_jax.common.files import write_aside

_HALF = 127.5  # gray levels: what is above belongs to the shape
_PIXELS = 112
_ELEVATION, _AZIMUTH = 22, 35  # degrees, of the camera
_LIGHT = np.array([0.5, 0.25, 0.83])
_COLOUR = np.array([0.36, 0.56, 0.84])


def surface(volume: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The surface of a volume uint8 (D, H, W, 1) at half of its range: vertices (V, 3) in voxels, and triangles (F, 3).

    Triangles hold the numbers of three vertices, counterclockwise as seen from outside. The surface is closed: beyond
    the border all is empty. An empty volume has none.

    Source: marching cubes as by Lewiner et al. 2003, from scikit-image.
    """
    from skimage.measure import marching_cubes

    padded = np.pad(volume[..., 0].astype(np.float32), 1)
    if padded.max() <= _HALF:
        return np.zeros((0, 3)), np.zeros((0, 3), int)
    vertices, triangles, _, _ = marching_cubes(padded, _HALF, gradient_direction="ascent")
    return vertices - 0.5, triangles  # voxel i reaches from i to i + 1


def render(volumes: np.ndarray) -> np.ndarray:
    """Pictures of volumes uint8 (N, D, H, W, 1), seen from the front and above: uint8 (N, 112, 112, 3).

    >>> cube = np.zeros((1, 8, 8, 8, 1), np.uint8)
    >>> cube[:, 2:6, 2:6, 2:6] = 255
    >>> reporting.render(cube).shape
    (1, 112, 112, 3)
    """
    return np.stack([_picture(volume) for volume in volumes])


def save_mesh(volume: np.ndarray, path: Path) -> None:
    """Writes the `surface` of a volume as a Wavefront OBJ file, which is never left half-written.

    The height, which is the last axis, is y there, as most viewers take it. The longest side of the volume is 1.
    Raises OSError if the file cannot be written.

    >>> cube = np.zeros((8, 8, 8, 1), np.uint8)
    >>> cube[2:6, 2:6, 2:6] = 255
    >>> reporting.save_mesh(cube, Path("cube.obj"))
    >>> sorted({line[0] for line in Path("cube.obj").read_text().splitlines()})  # faces and vertices
    ['f', 'v']
    """
    vertices, triangles = surface(volume)
    vertices = vertices / max(volume.shape)
    lines = [f"v {y:.5f} {z:.5f} {x:.5f}" for x, y, z in vertices]
    lines += [f"f {a} {b} {c}" for a, b, c in triangles + 1]
    write_aside(path, lambda file: file.write(("\n".join(lines) + "\n").encode()))


def _picture(volume: np.ndarray) -> np.ndarray:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from mpl_toolkits.mplot3d.art3d import Poly3DCollection

    figure = Figure(figsize=(1, 1), dpi=_PIXELS)
    canvas = FigureCanvasAgg(figure)
    axes: Any = figure.add_axes((0, 0, 1, 1), projection="3d", proj_type="ortho")
    axes.set_axis_off()
    axes.view_init(_ELEVATION, _AZIMUTH)
    sides = volume.shape[:3]
    axes.set(xlim=(0, sides[0]), ylim=(0, sides[1]), zlim=(0, sides[2]))
    axes.set_box_aspect(sides, zoom=1.38)
    vertices, triangles = surface(volume)
    if len(triangles):
        corners = vertices[triangles]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lit = normals @ _LIGHT / np.maximum(np.linalg.norm(normals, axis=1) * np.linalg.norm(_LIGHT), 1e-12)
        shades = 0.45 + 0.55 * np.clip(lit, 0, 1)
        colours = np.clip(shades[:, None] * (_COLOUR + 0.15 * shades[:, None]), 0, 1)
        axes.add_collection3d(Poly3DCollection(corners, facecolors=colours, edgecolors=colours, linewidths=0.2))
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()
