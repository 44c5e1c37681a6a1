"""Which profile a picture is to be read with: the embedded one, or one made for what its file says.

A file may name its colours without a profile: by chunks of a PNG, boxes of an AVIF, or as a camera
does in EXIF. Without any word they are sRGB.
"""

from functools import cache

import pyvips

from resizer.render.colour import cicp
from resizer.render.colour.from_avif import AvifColour, avif_colour
from resizer.render.colour.from_png import named_profile
from resizer.render.colour.icc import D65, is_wide, rgb_profile, sampled
from resizer.render.containers.sniff import SourceFormat

PROFILE = "icc-profile-data"
_ADOBE_RGB = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
_UNCALIBRATED = "65535"


def profiled(image: pyvips.Image, file: memoryview, kind: SourceFormat) -> pyvips.Image:
    """The image as its loader made it, with the profile that its file means."""
    if kind is SourceFormat.PNG:
        embedded = embedded_profile(image)
        named = named_profile(file, embedded)
        return image if named == embedded else with_profile(image, named)
    if kind is SourceFormat.AVIF:
        return _avif(image, avif_colour(file))
    if kind is SourceFormat.JPEG and _is_adobe_rgb(image):
        return with_profile(image, _adobe_rgb())
    return image


def holds_wide_gamut(image: pyvips.Image) -> bool:
    """Whether there may be colours outside sRGB in it."""
    if image.interpretation in ("cmyk", "lab", "labs"):
        return True
    return is_wide(embedded_profile(image) or b"")


def embedded_profile(image: pyvips.Image) -> bytes | None:
    return bytes(image.get(PROFILE)) if image.get_typeof(PROFILE) else None


def with_profile(image: pyvips.Image, profile: bytes | None) -> pyvips.Image:
    """The same samples, to be read with this profile; None is sRGB."""
    image = image.copy()
    image.remove(PROFILE)
    if profile is not None:
        image.set_type(pyvips.GValue.blob_type, PROFILE, profile)
    return image


def _avif(image: pyvips.Image, said: AvifColour) -> pyvips.Image:
    """An embedded profile counts for more than code points (AVIF §4.2.3.1 leaves it to readers)."""
    if said.limited_alpha and image.hasalpha():
        image = _with_full_alpha(image)
    if image.get_typeof(PROFILE):
        return image
    named = cicp.profile(said.primaries, said.transfer)
    return with_profile(image, named) if named else image


def _with_full_alpha(image: pyvips.Image) -> pyvips.Image:
    """Alpha of limited range (16…235 of 255) as libheif decodes it, stretched to the whole."""
    last = image.bands - 1
    unit = 1 if image.format == "uchar" else 256
    most = 255 if image.format == "uchar" else 65535
    scale = most / (219 * unit)
    alpha = image.extract_band(last).linear(scale, -16 * unit * scale).rint().cast(image.format)
    return image.extract_band(0, n=last).bandjoin(alpha)


def _is_adobe_rgb(image: pyvips.Image) -> bool:
    """A camera set to Adobe RGB says so in two tags alone (DCF 2.0, "DCF optional file")."""
    if image.get_typeof("exif-ifd4-InteroperabilityIndex") == 0 or image.get_typeof(PROFILE):
        return False
    index = image.get("exif-ifd4-InteroperabilityIndex")
    space = image.get("exif-ifd2-ColorSpace") if image.get_typeof("exif-ifd2-ColorSpace") else ""
    return index.startswith("R03") and space.startswith(_UNCALIBRATED) and image.bands == 3


@cache
def _adobe_rgb() -> bytes:
    return rgb_profile(_ADOBE_RGB, D65, sampled(lambda sample: sample ** (563 / 256)))
