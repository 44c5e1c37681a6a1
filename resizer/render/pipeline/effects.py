"""The options `blur` and `sharpen`."""

import pyvips

from resizer.model.geometry import Size
from resizer.render.colour.convert import eight_bit, opaque
from resizer.render.pipeline.resize import resize
from resizer.render.protocol.messages import Resampling

_WIDEST_SIGMA = 3.0
"""Above this a blur works on a smaller picture: a mask grows with sigma, and what is blurred so
far has no detail that the small picture lacks."""

_TAIL = 0.02
"""Where the mask may end, as a share of its peak. libvips' own 0.2 cuts off a fifth of the spread,
and leaves nothing at all of a radius of 1."""

_FAINT = 8
"""Alpha below which a colour is mostly what rounding left of it. Filled up to here, the rim of a
disc keeps its colour within ΔE 1.1 at any amount; with 1 it loses 3 at an amount of 2, 15 at 10."""
_REACH = 1.6
"""Pixels, as a deviation: twice that of the sharpening, which looks no further."""


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

    The amount is its slope for edges; what it may overshoot grows along. The end of a shape on
    transparency is no edge of its colour.
    """
    shown = _filled(image) if image.hasalpha() else image
    return shown.sharpen(sigma=0.8, x1=1, y2=5 + 2 * amount, y3=8 + 3 * amount, m1=0, m2=amount)


def _filled(image: pyvips.Image) -> pyvips.Image:
    """Under transparency, which is black, the colours that lie around."""
    colour, alpha = opaque(image), image.extract_band(image.bands - 1)
    around = opaque(_gaussian(image, _REACH))
    return (alpha < _FAINT).ifthenelse(around, colour).bandjoin(alpha).copy(interpretation="srgb")
