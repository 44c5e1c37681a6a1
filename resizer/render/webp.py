"""Still WebP by Pillow: the pixels that libvips would give, to the bit, for half of the CPU.

Both wrap libwebp, and that of libvips' wheel is compiled to be small. Photos of 2 MP take it 31 to
95 ms, and Pillow, with all that it copies, 19 to 52.
"""

from io import BytesIO

import pyvips
from PIL.WebPImagePlugin import WebPImageFile

from resizer.geometry import Size
from resizer.render.chunks import webp_chunks
from resizer.render.header import Header
from resizer.render.pixels import image_of
from resizer.render.sniff import SourceFormat

_MOST_PIXELS = 16_000_000
"""Pillow takes 19 bytes of memory for each at worst, libvips 5."""
_FAILURES = (OSError, EOFError, SyntaxError, ValueError, MemoryError)


def read(image: pyvips.Image, header: Header) -> pyvips.Image:
    """What libvips has opened, with its pixels read; as it is where Pillow cannot read them.

    libvips then says what is wrong with it.
    """
    if not _is_still(header) or header.stored.pixels > _MOST_PIXELS:
        return image
    try:
        file = WebPImageFile(BytesIO(header.source))
        if Size(*file.size) != header.stored or len(file.getbands()) != image.bands:
            return image
        return image_of(file.tobytes(), image.width, image.height, image.bands, like=image)
    except PermissionError:
        raise  # the worker's fault, which then says so at its start
    except _FAILURES:
        return image


def _is_still(header: Header) -> bool:
    """An animation of one frame, which may be smaller than its canvas, is none."""
    if header.format is not SourceFormat.WEBP or header.frames > 1:
        return False
    return all(chunk.name != b"ANMF" for chunk in webp_chunks(header.source))
