"""Checks of image sizes for fully convolutional generators."""

import jax


def check_image_size(images: jax.Array, multiple: int, minimum: int) -> None:
    """Raises ValueError unless H and W of images (N, H, W, C) are multiples of `multiple` and at least `minimum`."""
    height, width = images.shape[1:3]
    if height % multiple or width % multiple or min(height, width) < minimum:
        lower_bound = f" from {minimum} on" if minimum > multiple else ""
        raise ValueError(
            f"the generator takes images whose sides are multiples of {multiple}{lower_bound}, not {height}x{width}"
        )
