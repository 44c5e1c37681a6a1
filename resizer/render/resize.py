"""Shrinking and enlarging, in the light that was asked for.

Linear light takes each sample through the curve of sRGB into 16 bits, resizes, and takes the small
result back, by two look-ups. In gamma-coded values fine detail comes out too dark: black and white
stripes average to 128 where the eye sees 188.

Squares for the curve cost 4 % less, and score 0.6 points of SSIMULACRA2 less in the mean of eleven
photos, 4.6 in the one of the most detail. Lanczos in 16 bits is most of a render of a few
megapixels: libvips has vector code for 8 bits only. Light in two planes of 8 bits took three
quarters of the time and scored 1.2 points less.
"""

from functools import cache
from itertools import pairwise
from math import ceil

import pyvips

from resizer.geometry import Size
from resizer.render.colour import eight_bit
from resizer.render.icc import srgb_light
from resizer.render.job import Resampling

_GAP = {True: 1.5, False: 2.0}
"""libvips' `gap`, in linear light or not: how much the fast box filter leaves for Lanczos. Of
eleven photos 1.5 scores within 0.3 of 2.0 in the mean after encoding, and costs 15 % less; 1.33
scores 0.5 less than that and costs 3 % less."""
_WHITE = 52_000
"""The light of 255. What Lanczos overshoots finds room above, so that it cancels out."""


def resize(image: pyvips.Image, size: Size, resampling: Resampling) -> pyvips.Image:
    """An 8-bit picture at exactly `size`: Lanczos 3 with alpha premultiplied.

    Only shrinking gains from linear light: enlarging in it rings in the dark.
    """
    if (image.width, image.height) == (size.width, size.height):
        return image
    shrinks = size.width < image.width or size.height < image.height
    linear = resampling is Resampling.LINEAR and shrinks
    if image.hasalpha():
        cheap = resampling is Resampling.GAMMA and shrinks
        return _resized_with_alpha(image, size, linear, "uchar" if cheap else "ushort")
    if not linear:
        return eight_bit(_resized(image, size, linear))
    return _resized(image.maplut(_lights()), size, linear).maplut(_codes())


@cache
def _lights() -> pyvips.Image:
    """The light of each sample of 8 bits."""
    lights = [srgb_light(code / 255) * _WHITE for code in range(256)]
    return pyvips.Image.new_from_list([lights]).rint().cast("ushort").copy_memory()


@cache
def _codes() -> pyvips.Image:
    """The nearest sample of 8 bits for each light of 16."""
    ends = [ceil(srgb_light((code + 0.5) / 255) * _WHITE) for code in range(255)]
    runs = zip(range(256), pairwise([0, *ends, 2**16]), strict=True)
    table = b"".join(bytes([code]) * (end - start) for code, (start, end) in runs)
    return pyvips.Image.new_from_memory(table, 2**16, 1, 1, "uchar")


def _resized_with_alpha(
    image: pyvips.Image, size: Size, linear: bool, integers: str
) -> pyvips.Image:
    """Premultiplied samples stay integers while there are many of them: floats cost the double.

    8 bits are four times as fast as 16 and let the inside of a shape's edge ring, as peers do.
    """
    last = image.bands - 1
    colour, alpha = image.extract_band(0, n=last), image.extract_band(last)
    light = (colour.maplut(_lights()) if linear else colour).bandjoin(alpha)
    whole = light.premultiply(max_alpha=255).rint().cast(integers)
    small = _resized(whole, size, linear).unpremultiply(max_alpha=255)
    colour, alpha = small.extract_band(0, n=last), small.extract_band(last)
    if linear:
        colour = colour.rint().cast("ushort").maplut(_codes())
    return eight_bit(colour.bandjoin(alpha)).copy(interpretation=image.interpretation)


def _resized(image: pyvips.Image, size: Size, linear: bool) -> pyvips.Image:
    """Shrunk where it is too large, then enlarged where it is too small."""
    across, down = size.width / image.width, size.height / image.height
    if across < 1 or down < 1:
        image = image.resize(min(1.0, across), vscale=min(1.0, down), gap=_GAP[linear])
    return _enlarged(image, size) if across > 1 or down > 1 else image


def _enlarged(image: pyvips.Image, size: Size) -> pyvips.Image:
    """Bicubic, the middle of the picture in the middle: libvips' `resize` upwards moves it by half
    a pixel. Its sums of 16 bits are cut off, not rounded."""
    samples = image if image.format == "uchar" else image.cast("float")
    return samples.affine(
        [size.width / image.width, 0, 0, size.height / image.height],
        interpolate=pyvips.Interpolate.new("bicubic"),
        oarea=[0, 0, size.width, size.height],
        idx=0.5,
        idy=0.5,
        odx=-0.5,
        ody=-0.5,
        extend="copy",
        premultiplied=True,
    )
