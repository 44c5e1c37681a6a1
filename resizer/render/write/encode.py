"""From pixels to bytes. The settings of each encoder stand in the table of formats."""

import pyvips

from resizer.model.formats import OUTPUT_FORMATS, Format
from resizer.model.transform import Gamut, Quality, Transform
from resizer.render.colour.convert import is_grey
from resizer.render.write.frames import declaring_alpha
from resizer.render.write.metadata import ICC, reduced, with_p3_profile


def encode(image: pyvips.Image, format_: Format, transform: Transform, **instead: object) -> bytes:
    """The whole file, with settings of libvips' encoder `instead` of those of the table."""
    written = OUTPUT_FORMATS[format_]
    image, keep = reduced(image, transform.metadata)
    if transform.gamut is Gamut.P3 and not is_grey(image):
        image, keep = with_p3_profile(image), keep | ICC
    if written.grey and is_grey(image):
        image = image.colourspace("b-w")
    asked = {"Q": encoder_quality(format_, transform)} if written.levels else {}
    save = getattr(image, written.save)
    body: bytes = save(keep=keep, **{**written.settings, **asked, **instead})
    if format_ is Format.WEBP and image.hasalpha():
        return declaring_alpha(body)
    return body


def encoder_quality(format_: Format, transform: Transform) -> int:
    """An encoder's own 1…100, for a number or a level; none is `medium-high`."""
    asked = transform.quality or Quality.MEDIUM_HIGH
    return OUTPUT_FORMATS[format_].levels[asked] if isinstance(asked, Quality) else asked
