"""How good a trained game is: figures of its samples or translations, beside those of real data or of baselines.

`evaluate` chooses the evaluation that suits the game and its data: `images`, `points`, `volumes`, `texts`, `stacked`,
`translation`, `attention` or `anomalies`. Each returns an `Evaluation` (`result`): figures, what they depend on, and
tables. `image_sets` compares two sets of images without any game, and `inversion` images with what is made of their
latents. `ngram_model` counts characters, as a baseline of texts.

`features` are what networks see in images, and `metrics` are measures on arrays. `measures` lists those that images are
compared by, and `figures` says what they are called. `by_class` says whether samples look like their classes,
`path_length` how smoothly they follow their latents, `accuracy_score` what a classifier learns from them, and `closest`
shows whether they are copies. `held_out_likelihood` says how probable held-out images are to a game that knows it.
`looked_at` and `subsets` are what these share, and `untrained` has the baselines of translations.
"""

from gan_jax.evaluation.evaluate import check_evaluation, evaluate_game, evaluate_sampler
from gan_jax.evaluation.options import Options
from gan_jax.evaluation.result import Evaluation
