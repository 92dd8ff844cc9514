"""How good a trained game is: figures of its samples or translations, beside those of real data or of baselines.

`evaluate` chooses the evaluation that suits the game and its data: `images`, `points`, `stacked` or `translation`. They
use `metrics`, measures on arrays, and `features`, networks trained on the dataset to see what is in an image.
`by_class` says whether the samples of a conditional game look like their classes. `beside_real` and `subsets` are what
they share, and `untrained` has the baselines of translations.
"""

from gan_jax.evaluation.evaluate import Evaluation, evaluate_game, evaluate_sampler
