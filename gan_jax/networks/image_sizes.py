"""The sides of images that a network from images to images takes."""

import jax


def check_sides(images: jax.Array, stride: int, least: int) -> None:
    """Raises ValueError unless the sides of images (N, H, W, C) are multiples of `stride`, and at least `least`."""
    height, width = images.shape[1:3]
    if height % stride or width % stride or min(height, width) < least:
        from_on = f" from {least} on" if least > stride else ""
        raise ValueError(
            f"the generator takes images whose sides are multiples of {stride}{from_on}, not {height}x{width}"
        )
