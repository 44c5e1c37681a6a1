"""Colour: the pixels of an original as 8-bit samples, as those of a variant, and adjusted.

Alpha, where there is any, is the last band and is never touched here.
"""

from collections.abc import Callable

import pyvips

from resizer.model.transform import Gamut, Transform
from resizer.render.colour.hdr import tone_mapped
from resizer.render.colour.icc import of_colours
from resizer.render.colour.profile import PROFILE, embedded_profile, with_profile

_EIGHT_BIT = {"srgb", "b-w", "cmyk"}
_GREY = {"b-w", "grey16"}
_MOST_BANDS = {"b-w": 2, "grey16": 2, "cmyk": 5}
"""With alpha; all others have three colours."""
_OF_DEEP = {"rgb16": "srgb", "grey16": "b-w"}
_DEEP = {"uint", "int", "ushort", "short"}

# Rec. 709 luma, as CSS `saturate()` has it (Filter Effects, §13.2).
_LUMA = (0.2126, 0.7152, 0.0722)


def samples(image: pyvips.Image, gamut: Gamut = Gamut.SRGB) -> pyvips.Image:
    """8-bit samples that can be averaged.

    Those of 8 bits stay in the original's own colours, their profile still to be applied. Deeper
    ones are in `gamut` at once: rounded first, the dark colours of a wide profile would band. With
    a profile that takes 2.5 times as long (16 bits, 6 MP to 500 px), without one no longer. Inks
    are too: one colour can be mixed of black or of the others, and the mean of two such mixtures
    is neither (ΔE 20 in fine detail).
    """
    if image.interpretation == "multiband":
        image = _named(image)
    image = tone_mapped(_without_extras(image))
    if image.format == "uchar" and image.interpretation in _EIGHT_BIT:
        return displayed(image, gamut) if image.interpretation == "cmyk" else image
    if image.interpretation in ("lab", "labs", "labq"):
        return _of_lab(image, gamut)
    if image.format in _DEEP and image.interpretation in (*_EIGHT_BIT, *_OF_DEEP):
        return _of_deep(image, gamut)
    return with_profile(eight_bit(_light(image).colourspace("srgb")), None)


def displayed(image: pyvips.Image, gamut: Gamut) -> pyvips.Image:
    """Three bands of 8 bits in `gamut`, and alpha where there was any; without a profile.

    Relative colorimetric with black point compensation: what is in the gamut stays as it is, what
    is not is clipped to it. A profile that does not fit its picture is ignored, as browsers do.
    """
    ink = image.interpretation == "cmyk"
    if image.get_typeof(PROFILE) == 0 and not ink:
        return image if image.interpretation == "srgb" else image.colourspace("srgb")
    if image.interpretation in _GREY:
        image = _of_three(image)
    try:
        return _converted(image, gamut, "cmyk" if ink else "srgb", embedded=True)
    except pyvips.Error:
        image = with_profile(image.colourspace("srgb"), None)
        return image if gamut is Gamut.SRGB else _converted(image, gamut, "srgb", embedded=False)


def _converted(image: pyvips.Image, gamut: Gamut, fallback: str, *, embedded: bool) -> pyvips.Image:
    """By littlecms (libvips `icc_transform`), from the embedded profile or `fallback`."""
    converted = image.icc_transform(
        gamut.value,
        embedded=embedded,
        input_profile=fallback,
        intent="relative",
        black_point_compensation=True,
        depth=8,
    )
    return with_profile(converted, None)


def _of_lab(image: pyvips.Image, gamut: Gamut) -> pyvips.Image:
    """From CIELAB, whose white is D50 in a TIFF as in profiles (libvips' own Lab has D65)."""
    exported = image.colourspace("lab").icc_export(
        output_profile=gamut.value, intent="relative", depth=8
    )
    return with_profile(exported, None)


def _of_deep(image: pyvips.Image, gamut: Gamut) -> pyvips.Image:
    """From integers of more than 8 bits."""
    image = image.cast("ushort", shift=True)
    if image.interpretation == "cmyk" and image.hasalpha():
        # libvips takes the alpha of inks for one of 8 bits.
        alpha = image.extract_band(image.bands - 1).cast("uchar", shift=True)
        return displayed(opaque(image), gamut).bandjoin(alpha)
    if image.interpretation == "cmyk" or image.get_typeof(PROFILE):
        return displayed(image, gamut)
    interpretation = _OF_DEEP.get(image.interpretation, image.interpretation)
    return image.cast("uchar", shift=True).copy(interpretation=interpretation)


def _without_extras(image: pyvips.Image) -> pyvips.Image:
    """What a TIFF holds besides colours and alpha, such as spot inks, is not shown."""
    most = _MOST_BANDS.get(image.interpretation, 4)
    return image.extract_band(0, n=most) if image.bands > most else image


def _light(image: pyvips.Image) -> pyvips.Image:
    """Grey floats are linear light, as libvips takes coloured ones to be (scRGB)."""
    if image.interpretation != "b-w" or image.format not in ("float", "double"):
        return image
    return _repeated(image).copy(interpretation="scrgb")


def _of_three(image: pyvips.Image) -> pyvips.Image:
    """Grey samples as equal colours, their profile as one of colours."""
    named = "srgb" if image.format == "uchar" else "rgb16"
    colours = _repeated(image).copy(interpretation=named)
    return with_profile(colours, of_colours(embedded_profile(image) or b""))


def _repeated(image: pyvips.Image) -> pyvips.Image:
    grey = image.extract_band(0)
    colours = grey.bandjoin([grey, grey])
    return colours.bandjoin(image.extract_band(1)) if image.bands == 2 else colours


def shows_through(image: pyvips.Image) -> bool:
    """Whether a pixel is not fully opaque: an alpha band alone is no transparency."""
    return bool(image.hasalpha() and image.extract_band(image.bands - 1).min() < 255)


def opaque(image: pyvips.Image) -> pyvips.Image:
    """The picture without its alpha band."""
    return image.extract_band(0, n=image.bands - 1) if image.hasalpha() else image


def is_grey(image: pyvips.Image) -> bool:
    """Whether the three colours of every pixel are equal.

    The one in the middle answers for most photos: 0.07 ms instead of 0.37.
    """
    red, green, blue, *_ = image(image.width // 2, image.height // 2)
    if not red == green == blue:
        return False
    return bool((image.extract_band(0, n=2) == image.extract_band(1, n=2)).min())


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
