"""Kept pixels as libvips images: found from an earlier render, or left behind for a later one.

A variant is the same to the bit with and without: what is kept is what a loader gave, or a render
had, under a name that says all it depends on.
"""

from collections.abc import Callable
from typing import Any

import pyvips

from resizer.render.mend import check_complaints
from resizer.render.stage import MAX_BANDS, Kind, Stage
from resizer.render.stages import Stages

_SEQUENTIAL = "vips-sequential"
"""libvips resizes an image that streams ten rows at a time, and adds up their places within those:
one that is held comes out otherwise at a few sizes (284 of 301 pixels, by a level)."""
_FIELDS = ("exif-", "icc-", "iptc-", "xmp-", "orientation", "resolution-unit", _SEQUENTIAL)
"""What an original tells beside its pixels, and what is asked for after they are read."""


def found(
    stages: Stages, kind: Kind, name: str, like: Callable[[], pyvips.Image]
) -> pyvips.Image | None:
    """The pixels of that name, if they are there, with all that `like` tells beside its own."""
    ready = stages.find(kind, name)
    return _image(*ready, like()) if ready else None


def left(stages: Stages, kind: Kind, name: str, image: pyvips.Image) -> pyvips.Image | None:
    """The image, its pixels written for other renders where that is wanted and they are sound.

    None means that an image that streams was read in vain, and has to be opened anew.
    """
    if image.format != "uchar" or image.bands > MAX_BANDS:
        return image
    stage = Stage(kind, name, image.width, image.height, image.bands)
    if not stages.wants(kind, stage.size):
        return image
    try:
        pixels = memoryview(image.write_to_memory())
        check_complaints()
    except (pyvips.Error, UnicodeDecodeError):
        return None
    stages.leave(stage, pixels)
    return _image(stage, pixels, image)


def _image(stage: Stage, pixels: memoryview, like: pyvips.Image) -> pyvips.Image:
    image = pyvips.Image.new_from_memory(pixels, stage.width, stage.height, stage.bands, "uchar")
    image = image.copy(interpretation=like.interpretation, xres=like.xres, yres=like.yres)
    for name in like.get_fields():
        if name.startswith(_FIELDS):
            value: Any = like.get(name)
            image.set_type(like.get_typeof(name), name, value)
    return image
