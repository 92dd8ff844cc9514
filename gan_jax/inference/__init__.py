"""What a trained game makes: samples, interpolations between latents, translations, and pictures of them.

`latents` draws latents or takes them from arrays, and `latent_files` reads them from files. `sampling` makes samples of
them, and `translation` translates images. Both return arrays on the host: images as uint8, points as float32. `styles`
mixes the styles that latents give to the layers of a generator, and `standing` measures the statistics of batch
normalization anew. `pictures` draws arrays as one picture or as the frames of an animation. `inversion` finds the
latents of images, and `directions` finds directions to move latents along. `exploring` draws single samples fast enough
to follow a slider. `anomalies` scores how badly a game can make an example again, and `likelihood` says how probable
examples are to it.
"""

from gan_jax.inference.anomalies import Scorer, make_scorer
from gan_jax.inference.directions import activation_directions, factorized_directions, labelled_direction, moved
from gan_jax.inference.exploring import Explorer, Place
from gan_jax.inference.inversion import Inverted, Inverter, make_inverter
from gan_jax.inference.latent_files import class_number, read_latents
from gan_jax.inference.latents import (
    Between,
    draw_latents,
    first_latents,
    labels_of,
    latent_array,
    latent_count,
    lerp,
    slerp,
    walk_latents,
)
from gan_jax.inference.likelihood import Likelihood, make_elbo, make_likelihood
from gan_jax.inference.pictures import (
    animation_frames,
    interpolation_picture,
    mixing_picture,
    picture_count,
    sample_picture,
)
from gan_jax.inference.sampling import (
    Samples,
    decode,
    grid_columns,
    interpolate_images,
    of_class,
    sample_images,
    sample_members,
    truncated,
)
from gan_jax.inference.standing import with_standing_statistics
from gan_jax.inference.styles import mixed_styles, styled, styles_of
from gan_jax.inference.translation import Translator, can_translate, make_translator, translation_columns
