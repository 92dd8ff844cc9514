"""What is drawn of vector fields, read from the axes."""

import numpy as np
from matplotlib.figure import Figure

from gan_jax.reporting import plot_eigenvalues, plot_field, plot_path_angles


def test_arrows_point_where_the_game_is_pushed_and_walks_are_lines():
    axes = Figure().add_subplot()
    walk = np.array([[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]])
    plot_field(
        axes, lambda places: np.stack([places[:, 1], -2 * places[:, 0]], -1), ((-1, 1), (-2, 2)), {"in turns": walk}
    )
    (arrows,) = axes.collections
    where, along = arrows.get_offsets(), np.stack([arrows.U, arrows.V], -1)
    strong = np.hypot(where[:, 1], 2 * where[:, 0])
    np.testing.assert_allclose(along * strong[:, None], np.stack([where[:, 1], -2 * where[:, 0]], -1), atol=1e-6)
    np.testing.assert_allclose(arrows.get_array(), strong)
    line, dot = axes.lines
    np.testing.assert_array_equal(line.get_xydata(), walk)
    np.testing.assert_array_equal(dot.get_xydata(), walk[:1])
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["in turns"]


def test_a_field_without_walks_has_no_legend():
    axes = Figure().add_subplot()
    plot_field(axes, lambda places: 0 * places, ((0, 1), (0, 1)))  # which is no division by zero
    assert axes.get_legend() is None


def test_path_angles_and_norms_have_an_axis_each():
    figure = Figure()
    plot_path_angles(figure.add_subplot(), np.arange(3.0), np.array([-1.0, 0, 1]), np.array([2.0, 1, 2]))
    angles, norms = figure.axes
    np.testing.assert_array_equal(angles.lines[0].get_ydata(), [-1, 0, 1])
    np.testing.assert_array_equal(norms.lines[0].get_ydata(), [2, 1, 2])


def test_eigenvalues_are_dots_in_the_plane():
    axes = Figure().add_subplot()
    plot_eigenvalues(axes, {"R1": np.array([1 + 2j, 1 - 2j])})
    np.testing.assert_array_equal(axes.lines[0].get_xydata(), [[1, 2], [1, -2]])
