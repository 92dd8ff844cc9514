"""The game itself: where its gradients push, and what that says about convergence.

A game has a vector field on the parameters of all players, which simultaneous gradient descent follows. `field` makes
it of any `Game`. `jacobians` has its Jacobian, whole for small games and in products for real ones, and its parts:
attraction and rotation. `spectra` has leading eigenvalues, `convergence` says what they mean for a learning rate and
for any optimizer and dynamics, and `path_angles` looks at it along the line between two checkpoints. `small_games` has
games with known answers, and builds new ones of plain functions.
"""

from gan_jax.analysis.convergence import largest_rate, multipliers, step_matrix
from gan_jax.analysis.field import Field, vector_field
from gan_jax.analysis.jacobians import jacobian, parts, products, rotation_share
from gan_jax.analysis.path_angles import PathAngles, path_angles
from gan_jax.analysis.small_games import bilinear, dirac_gan, game_of, play
from gan_jax.analysis.spectra import leading_eigenvalues
