"""Originals that are sound and cannot be rendered all the same: no word of damage to them."""

import re

import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.limits import Limits
from resizer.render.containers.sniff import SourceFormat, sniff
from resizer.render.read.inspect import examine

_NO_CODEC = re.compile(
    r"compression (support|method) is not configured|decoding is not implemented"
)
"""libtiff's words for a compression that it was built without, or never had."""
_NO_SIZE = "bad dimensions"


def check_sound(error: Exception, source: memoryview, limits: Limits, page: int) -> None:
    """Raise UnprocessableSource if a render failed with `error` for no fault of the original's."""
    kind = sniff(source)
    if kind is SourceFormat.TIFF and _NO_CODEC.search(str(error)):
        raise UnprocessableSource("The original's TIFF compression is not read here.")
    if kind is SourceFormat.SVG and _NO_SIZE in str(error):
        raise UnprocessableSource("The SVG has no width, or no height, that can be drawn.")
    # What is well-formed and has a size is drawn, or too much for librsvg or for its memory.
    if kind is SourceFormat.SVG and _has_header(source, limits, page):
        raise UnprocessableSource("The SVG asks for more than a render may take.")


def _has_header(source: memoryview, limits: Limits, page: int) -> bool:
    try:
        examine(source, limits, page)
    except (pyvips.Error, UnicodeDecodeError):
        return False
    return True
