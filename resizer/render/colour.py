"""Colour: the pixels of an original as 8-bit samples, as sRGB, and adjusted.

Alpha, where there is any, is the last band and is never touched here.
"""

from collections.abc import Callable

import pyvips

from resizer.transform import Transform

_EIGHT_BIT = {"srgb", "b-w", "cmyk"}
_SIXTEEN_BIT = {"rgb16": "srgb", "grey16": "b-w"}
_PROFILE = "icc-profile-data"

# Rec. 709 luma, as CSS `saturate()` has it (Filter Effects, §13.2).
_LUMA = (0.2126, 0.7152, 0.0722)


def samples(image: pyvips.Image) -> pyvips.Image:
    """8-bit samples in the original's own colours, its profile still to be applied."""
    interpretation = image.interpretation
    if interpretation in _SIXTEEN_BIT:
        image = image.colourspace(_SIXTEEN_BIT[interpretation])
    elif interpretation == "multiband":
        image = _named(image)
    elif interpretation not in _EIGHT_BIT:
        # Lab, scRGB, XYZ: defined without a profile, so one that came along is not for them.
        image = image.colourspace("srgb")
        image.remove(_PROFILE)
    return image if image.format == "uchar" else image.cast("uchar")


def srgb(image: pyvips.Image) -> pyvips.Image:
    """Three bands of sRGB, and alpha where there was any.

    Relative colorimetric with black point compensation: what is in sRGB stays as it is. A
    profile that does not fit its picture is ignored, as browsers do.
    """
    if image.get_typeof(_PROFILE) == 0 and image.interpretation != "cmyk":
        return image.colourspace("srgb")
    try:
        return image.icc_transform(
            "srgb",
            embedded=True,
            input_profile="cmyk" if image.interpretation == "cmyk" else "srgb",
            intent="relative",
            black_point_compensation=True,
            depth=8,
        ).copy_memory()
    except pyvips.Error:
        return image.colourspace("srgb")


def shows_through(image: pyvips.Image) -> bool:
    """Whether a pixel is not fully opaque: an alpha band alone is no transparency."""
    return bool(image.hasalpha() and image.extract_band(image.bands - 1).min() < 255)


def opaque(image: pyvips.Image) -> pyvips.Image:
    """The picture without its alpha band."""
    return image.extract_band(0, n=image.bands - 1) if image.hasalpha() else image


def is_grey(image: pyvips.Image) -> bool:
    """Whether the three colours of every pixel are equal."""
    red, green, blue = (image.extract_band(band) for band in range(3))
    return bool(((red == green) & (green == blue)).min())


def adjust(image: pyvips.Image, transform: Transform) -> pyvips.Image:
    """brightness, contrast, gamma, saturation: in this order, in gamma-coded values as CSS does.

    A gamma of 2 lightens and 0.5 darkens (Cloudflare's `gamma`).
    """
    changes = (transform.brightness, transform.contrast, transform.gamma, transform.saturation)
    if all(change == 1 for change in changes):
        return image
    return on_colour(image, lambda colour: _adjusted(colour, transform))


def on_colour(image: pyvips.Image, work: Callable[[pyvips.Image], pyvips.Image]) -> pyvips.Image:
    """Do `work` on all bands but alpha; the result is rounded to 8 bits."""
    if not image.hasalpha():
        return eight_bit(work(image))
    colour = eight_bit(work(opaque(image)))
    return colour.bandjoin(image.extract_band(image.bands - 1))


def eight_bit(image: pyvips.Image) -> pyvips.Image:
    """Round and clip: a cast alone would cut off."""
    return image if image.format == "uchar" else image.rint().cast("uchar")


def _adjusted(colour: pyvips.Image, transform: Transform) -> pyvips.Image:
    scale = transform.brightness * transform.contrast
    colour = colour.linear(scale, 127.5 * (1 - transform.contrast))
    if transform.gamma != 1:
        colour = (_clipped(colour) / 255) ** (1 / transform.gamma) * 255
    if transform.saturation != 1:
        colour = _clipped(colour).recomb(_saturation(transform.saturation))
    return colour.copy(interpretation="srgb")


def _clipped(colour: pyvips.Image) -> pyvips.Image:
    return colour.clamp(min=0, max=255)


def _saturation(factor: float) -> list[list[float]]:
    return [
        [
            weight * (1 - factor) + (factor if row == band else 0)
            for band, weight in enumerate(_LUMA)
        ]
        for row in range(3)
    ]


def _named(image: pyvips.Image) -> pyvips.Image:
    """Bands that a TIFF does not name: one or two are grey (and alpha), three or more RGB."""
    if image.bands < 3:
        return image.copy(interpretation="b-w")
    return image.extract_band(0, n=min(image.bands, 4)).copy(interpretation="srgb")
