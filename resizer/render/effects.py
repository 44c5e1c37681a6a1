"""blur and sharpen."""

import pyvips

from resizer.geometry import Size
from resizer.render.colour import eight_bit
from resizer.render.job import Resampling
from resizer.render.resize import resize

_WIDEST_SIGMA = 8.0
"""Above this a blur works on a smaller picture: a mask grows with sigma, and what is blurred so
far has no detail that the small picture lacks."""


def blur(image: pyvips.Image, radius: float) -> pyvips.Image:
    """A Gaussian whose standard deviation is half the radius, as the blur radius of CSS shadows.

    libvips `gaussblur`, with alpha premultiplied so that transparent pixels lend no colour.
    """
    sigma = radius / 2
    if sigma <= _WIDEST_SIGMA:
        return _gaussian(image, sigma)
    size = Size(image.width, image.height)
    factor = sigma / _WIDEST_SIGMA
    small = Size(max(1, round(size.width / factor)), max(1, round(size.height / factor)))
    blurred = _gaussian(resize(image, small, Resampling.GAMMA), _WIDEST_SIGMA)
    return resize(blurred, size, Resampling.GAMMA)


def _gaussian(image: pyvips.Image, sigma: float) -> pyvips.Image:
    if not image.hasalpha():
        return image.gaussblur(sigma, precision="approximate" if sigma > 4 else "integer")
    blurred = image.premultiply(max_alpha=255).gaussblur(sigma)
    return eight_bit(blurred.unpremultiply(max_alpha=255)).copy(interpretation="srgb")


def sharpen(image: pyvips.Image, amount: float) -> pyvips.Image:
    """Unsharp masking of lightness, libvips `sharpen`: flat areas stay as they are.

    At 1 an edge gains what libvips calls 1.5; more lets it overshoot further.
    """
    return image.sharpen(
        sigma=0.8, x1=1.5, y2=5 + 4 * amount, y3=8 + 6 * amount, m1=0, m2=1.5 * amount
    )
