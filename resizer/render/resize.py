"""Shrinking and enlarging, in the light that was asked for.

"Squared light" (`Resampling.LINEAR`) multiplies the 8-bit picture by itself into 16 bits, resizes
and takes the root of the small result: nearly linear light without a table look-up for each
sample. In gamma-coded values fine detail comes out too dark: black and white stripes average to
128 where the eye sees 188.
"""

import pyvips

from resizer.geometry import Size
from resizer.render.colour import eight_bit
from resizer.render.job import Resampling

LEAVE = {Resampling.LINEAR: 3.0, Resampling.GAMMA: 2.0}
"""Times the target that shrink-on-load leaves for the resize. It averages gamma-coded values, so
what it takes linear light cannot have: at 3 the score is that of a full decode for most photos."""


def resize(image: pyvips.Image, size: Size, resampling: Resampling) -> pyvips.Image:
    """An 8-bit picture at exactly `size`: Lanczos 3 with alpha premultiplied.

    Only shrinking gains from linear light (enlarging in it rings in the dark), and ink is
    averaged as it is: the area it covers is light already.
    """
    if (image.width, image.height) == (size.width, size.height):
        return image
    shrinks = size.width < image.width or size.height < image.height
    linear = resampling is Resampling.LINEAR and shrinks and image.interpretation != "cmyk"
    if image.hasalpha():
        return _resized_with_alpha(image, size, linear)
    small = _resized(image * image if linear else image, size)
    return eight_bit(small**0.5 if linear else small)


def _resized_with_alpha(image: pyvips.Image, size: Size, linear: bool) -> pyvips.Image:
    last = image.bands - 1
    colour, alpha = image.extract_band(0, n=last), image.extract_band(last)
    light = (colour * colour if linear else colour).bandjoin(alpha)
    small = _resized(light.premultiply(max_alpha=255), size).unpremultiply(max_alpha=255)
    colour, alpha = small.extract_band(0, n=last), small.extract_band(last)
    if linear:
        colour = colour.clamp(min=0, max=255 * 255) ** 0.5
    return eight_bit(colour.bandjoin(alpha)).copy(interpretation=image.interpretation)


def _resized(image: pyvips.Image, size: Size) -> pyvips.Image:
    return image.resize(size.width / image.width, vscale=size.height / image.height)
