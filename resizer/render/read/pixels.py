"""A libvips image of pixels in memory, with the metadata of another image."""

from typing import Any

import pyvips

_SEQUENTIAL = "vips-sequential"
"""libvips resizes an image that streams ten rows at a time, and adds up their places within those:
one that is held comes out otherwise at a few sizes (284 of 301 pixels, by a level)."""
_FIELDS = ("exif-", "icc-", "iptc-", "xmp-", "orientation", "resolution-unit", _SEQUENTIAL)
"""What an original tells beside its pixels, and what is asked for after they are read."""


def image_of(pixels: Any, width: int, height: int, bands: int, like: pyvips.Image) -> pyvips.Image:
    """8 bits a sample, band by band, from left to right, by rows, in any buffer."""
    image = pyvips.Image.new_from_memory(pixels, width, height, bands, "uchar")
    # Later steps may hold the copy, not this one: it keeps the buffer for as long as they live.
    image = image.copy(interpretation=like.interpretation, xres=like.xres, yres=like.yres)
    for name in like.get_fields():
        if name.startswith(_FIELDS):
            value: Any = like.get(name)
            image.set_type(like.get_typeof(name), name, value)
    return image
