"""Intermediates as libvips images: found from an earlier render, or left behind for a later one.

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
from resizer.render.read.salvage import check_warnings


def find_image(
    intermediates: Intermediates,
    kind: IntermediateKind,
    name: str,
    like: Callable[[], pyvips.Image],
) -> pyvips.Image | None:
    """The pixels of that name, if they are there, with all that `like` tells beside its own."""
    kept = intermediates.find(kind, name)
    return _image(*kept, like()) if kept else None


def leave_image(
    intermediates: Intermediates, kind: IntermediateKind, name: str, image: pyvips.Image
) -> pyvips.Image | None:
    """The image, its pixels written for other renders where those want them and they are whole.

    None means that an image that streams was read in vain, and has to be opened again.
    """
    if image.format != "uchar" or image.bands > MAX_BANDS:
        return image
    intermediate = Intermediate(kind, name, image.width, image.height, image.bands)
    if not intermediates.wants(kind, intermediate.size):
        return image
    try:
        pixels = memoryview(image.write_to_memory())
        check_warnings()
    except (pyvips.Error, UnicodeDecodeError):
        return None
    intermediates.write(intermediate, pixels)
    return _image(intermediate, pixels, image)


def _image(intermediate: Intermediate, pixels: memoryview, like: pyvips.Image) -> pyvips.Image:
    return image_of(pixels, intermediate.width, intermediate.height, intermediate.bands, like)


def reused_or_opened(
    header: Header, open_: Callable[[], pyvips.Image], intermediates: Intermediates
) -> pyvips.Image:
    """What `open_` opens: pixels of an earlier render, or left behind for a later one."""
    image = open_()
    if not _serves_all_sizes(image, header):
        return image
    name = f"{header.page} {image.width}x{image.height}"
    kept = find_image(intermediates, IntermediateKind.DECODED, name, lambda: image)
    if kept is not None:
        return kept
    held = leave_image(
        intermediates, IntermediateKind.DECODED, name, pillow_webp.read_pixels(image, header)
    )
    return open_() if held is None else held


def _serves_all_sizes(image: pyvips.Image, header: Header) -> bool:
    """Drawings have no pixels of their own, and a WebP scaled by its loader serves one size."""
    if header.lazy or header.format is SourceFormat.SVG:
        return False
    whole = (image.width, image.height) == (header.stored.width, header.stored.height)
    return whole or header.format is SourceFormat.JPEG
