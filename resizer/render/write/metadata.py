"""What of an original's metadata goes into a variant.

Pixels are upright and sRGB (or Display P3) by now, so orientation and whatever names the colours
of the original are spent and always go. So do thumbnails, inside EXIF or IPTC: they show what was
cropped away. Comments, trailing bytes and other pictures in the file never arrive.
"""

import re
from collections.abc import Callable

import pyvips

from resizer.model.transform import Metadata
from resizer.render.colour.profile import PROFILE
from resizer.render.containers.iptc import words
from resizer.render.containers.xmp import sanitized

_EXIF, _XMP, _IPTC, ICC = 1, 2, 4, 8
"""Bits of libvips' `VipsForeignKeep`."""

KEEP = {Metadata.NONE: 0, Metadata.COPYRIGHT: _EXIF, Metadata.KEEP: _EXIF | _XMP | _IPTC}

_XMP_DATA, _IPTC_DATA = "xmp-data", "iptc-data"
_TEXT_TAIL = re.compile(r", ASCII, \d+ components, \d+ bytes\)")
"""How libvips ends a text of EXIF, which it reads as "text (text, ASCII, …)". It takes the brackets
off again as it writes the text, unless that has some of its own, as in "(c) Ada"."""
_COPYRIGHT = ("exif-ifd0-Copyright", "exif-ifd0-Artist")
_COLOUR_SPACE = "exif-ifd2-ColorSpace"
_SRGB = "1"
_SPENT = (
    "orientation",
    "exif-ifd0-Orientation",
    _COLOUR_SPACE,
    "exif-ifd4-InteroperabilityIndex",
    "jpeg-thumbnail-data",
    PROFILE,
)
_OPAQUE = ("-MakerNote", "-ImageResources", "-XMLPacket", "-IPTC/NAA")
"""Blocks within EXIF that may hold a picture of what was cropped away. A camera's own is of no use
any more either: it points into the original by offset."""
_OF_THE_THUMBNAIL = "exif-ifd1-"


def reduced(image: pyvips.Image, metadata: Metadata) -> tuple[pyvips.Image, int]:
    """The image with the fields that may stay, and the encoders' `keep` that writes them."""
    image = image.copy()
    names = image.get_fields()
    for name in names:
        if name in _SPENT or name.startswith(_OF_THE_THUMBNAIL) or name.endswith(_OPAQUE):
            image.remove(name)
    if metadata is Metadata.COPYRIGHT:
        for name in names:
            if name.startswith("exif-") and name not in _COPYRIGHT:
                image.remove(name)
    if metadata is Metadata.KEEP:
        _reduce(image, _XMP_DATA, sanitized)
        _reduce(image, _IPTC_DATA, words)
    _mark_texts(image)
    kept = KEEP[metadata]
    has_exif = any(name.startswith("exif-") for name in image.get_fields())
    if has_exif and metadata is Metadata.KEEP:
        # Without a word libexif writes "uncalibrated".
        image.set_type(pyvips.GValue.gstr_type, _COLOUR_SPACE, _SRGB)
    # libvips writes an EXIF block of 300 bytes even when there is nothing to say.
    return image, kept if has_exif else kept & ~_EXIF


def _mark_texts(image: pyvips.Image) -> None:
    """Give each text of EXIF a tail that libvips takes off."""
    for name in image.get_fields():
        text = name.startswith("exif-ifd") and _text(image.get(name))
        if text:
            image.set_type(pyvips.GValue.gstr_type, name, f"{text.rstrip()} (ASCII)")


def _text(value: str) -> str | None:
    """The text in what libvips reads, in which it stands twice; None in numbers."""
    at = value.rfind(", ASCII, ")
    size = (at - len(" (")) // 2
    if (
        at < 0
        or not _TEXT_TAIL.fullmatch(value, at)
        or value[:at] != f"{value[:size]} ({value[:size]}"
    ):
        return None
    return value[:size]


def _reduce(image: pyvips.Image, name: str, kept: Callable[[bytes], bytes | None]) -> None:
    if image.get_typeof(name):
        block = kept(bytes(image.get(name)))
        image.remove(name)
        if block is not None:
            image.set_type(pyvips.GValue.blob_type, name, block)


def with_p3_profile(image: pyvips.Image) -> pyvips.Image:
    """The image with the profile that its samples are of: libvips' own of Display P3."""
    image = image.copy()
    image.remove(_COLOUR_SPACE)
    image.set_type(pyvips.GValue.blob_type, PROFILE, pyvips.Image.profile_load("p3"))
    return image
