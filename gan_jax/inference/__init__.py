"""What a trained game makes: samples, interpolations between latents, translations, and pictures of them.

`sampling` draws samples and interpolates between them, and `translation` translates images. Both return arrays on the
host: images as uint8, points as float32. `pictures` draws such arrays as one picture.
"""

from gan_jax.inference.pictures import interpolation_picture, picture_count, sample_picture
from gan_jax.inference.sampling import decode, grid_columns, interpolate_images, of_class, sample_images
from gan_jax.inference.translation import Translator, can_translate, make_translator, translation_columns
