"""blur and sharpen."""

import pyvips

from resizer.geometry import Size
from resizer.render.colour import eight_bit
from resizer.render.job import Resampling
from resizer.render.resize import resize

_WIDEST_SIGMA = 3.0
"""Above this a blur works on a smaller picture: a mask grows with sigma, and what is blurred so
far has no detail that the small picture lacks."""

_TAIL = 0.02
"""Where the mask may end, as a share of its peak. libvips' own 0.2 cuts off a fifth of the spread,
and leaves nothing at all of a radius of 1."""


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
    """In floats: an integer mask does not add up to one, and shifts colours by two per cent."""
    whole = image.premultiply(max_alpha=255) if image.hasalpha() else image
    blurred = whole.gaussblur(sigma, min_ampl=_TAIL, precision="float")
    if image.hasalpha():
        blurred = blurred.unpremultiply(max_alpha=255)
    return eight_bit(blurred).copy(interpretation="srgb")


def sharpen(image: pyvips.Image, amount: float) -> pyvips.Image:
    """Unsharp masking of lightness, libvips `sharpen`: flat areas and soft edges stay as they are.

    The amount is its slope for edges; what it may overshoot grows along.
    """
    return image.sharpen(sigma=0.8, x1=1, y2=5 + 2 * amount, y3=8 + 3 * amount, m1=0, m2=amount)
