"""Kept pixels as libvips images: found from an earlier render, or left behind for a later one.

A variant is the same to the bit with and without: what is kept is what a loader gave, or a render
had, under a name that says all it depends on.
"""

from collections.abc import Callable

import pyvips

from resizer.render.containers.sniff import SourceFormat
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.protocol.intermediate import MAX_BANDS, Intermediate, IntermediateKind
from resizer.render.read import pillow_webp
from resizer.render.read.header import Header
from resizer.render.read.pixels import image_of
from resizer.render.read.salvage import check_complaints


def found(
    stages: Intermediates, kind: IntermediateKind, name: str, like: Callable[[], pyvips.Image]
) -> pyvips.Image | None:
    """The pixels of that name, if they are there, with all that `like` tells beside its own."""
    ready = stages.find(kind, name)
    return _image(*ready, like()) if ready else None


def left(
    stages: Intermediates, kind: IntermediateKind, name: str, image: pyvips.Image
) -> pyvips.Image | None:
    """The image, its pixels written for other renders where that is wanted and they are sound.

    None means that an image that streams was read in vain, and has to be opened anew.
    """
    if image.format != "uchar" or image.bands > MAX_BANDS:
        return image
    stage = Intermediate(kind, name, image.width, image.height, image.bands)
    if not stages.wants(kind, stage.size):
        return image
    try:
        pixels = memoryview(image.write_to_memory())
        check_complaints()
    except (pyvips.Error, UnicodeDecodeError):
        return None
    stages.leave(stage, pixels)
    return _image(stage, pixels, image)


def _image(stage: Intermediate, pixels: memoryview, like: pyvips.Image) -> pyvips.Image:
    return image_of(pixels, stage.width, stage.height, stage.bands, like)


def kept_or_opened(
    header: Header, open_: Callable[[], pyvips.Image], stages: Intermediates
) -> pyvips.Image:
    """What `open_` opens: kept from an earlier render, or left behind for a later one."""
    image = open_()
    if not _is_octave(image, header):
        return image
    name = f"{header.page} {image.width}x{image.height}"
    kept = found(stages, IntermediateKind.OCTAVE, name, lambda: image)
    if kept is not None:
        return kept
    held = left(stages, IntermediateKind.OCTAVE, name, pillow_webp.read(image, header))
    return open_() if held is None else held


def _is_octave(image: pyvips.Image, header: Header) -> bool:
    """Drawings have no pixels of their own, and a WebP scaled by its loader serves one size."""
    if header.opened or header.format is SourceFormat.SVG:
        return False
    whole = (image.width, image.height) == (header.stored.width, header.stored.height)
    return whole or header.format is SourceFormat.JPEG
