"""Pictures and tables of arrays and rows, whatever these come from.

`images` makes grids of images and writes pictures and animations, `scatter` draws points in the plane, `volumes` draws
surfaces and writes them as meshes, `lines` draws texts, `roc` draws how anomalies are told from normal examples,
`game_plots` draws vector fields, `curves` draws the metrics of runs and the results of sweeps, `tables` prints tables
on the terminal, and `metric_names` tells the kind of a metric by its name. `pages` writes tables into pages of
Markdown. `progress` shows bars. This package imports `gan_jax.common` only.
"""

from gan_jax.reporting.curves import Curve, Points, metric_panels, save_curves, save_sweep, smooth
from gan_jax.reporting.game_plots import plot_eigenvalues, plot_field, plot_path_angles
from gan_jax.reporting.images import PICTURE_ENDINGS, column_grid, grid, overlay, save_animation, save_image
from gan_jax.reporting.lines import write_lines
from gan_jax.reporting.metric_names import EVALUATION, Kind, is_number, kind
from gan_jax.reporting.pages import markdown, marks, spread, write_part
from gan_jax.reporting.progress import progress_bars
from gan_jax.reporting.roc import roc_curves
from gan_jax.reporting.scatter import paths, scatter
from gan_jax.reporting.tables import print_table
from gan_jax.reporting.volumes import render, save_mesh
