"""Augmentations of the images that the discriminator sees, real and generated ones alike.

`base` defines augmentations. The methods are `diffaugment`, `ada` (adaptive) and `instance_noise`. `ada_transforms` has
the transforms of ADA. They do not depend on games.
"""

from gan_jax.augmentation.ada import ada
from gan_jax.augmentation.ada_transforms import bgc
from gan_jax.augmentation.base import Augmentation, no_augmentation
from gan_jax.augmentation.diffaugment import brightness, contrast, cutout, diff_augment, saturation, translation
from gan_jax.augmentation.instance_noise import instance_noise
