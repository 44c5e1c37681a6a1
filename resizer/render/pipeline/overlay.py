"""Overlays: further originals that are laid over the picture, in order.

Each is laid as it is, at its own size, upright and in the picture's colours, on the middle of the
canvas (as Cloudflare's `draw` does), and what reaches beyond the canvas is cut off.
"""

from collections.abc import Sequence
from dataclasses import replace

import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Size
from resizer.model.limits import Limits
from resizer.model.transform import Gamut
from resizer.render.colour.convert import displayed, opaque, samples
from resizer.render.read.decoders.decoded import BROKEN
from resizer.render.read.header import Header
from resizer.render.read.inspect import inspect
from resizer.render.read.load import load_drawn
from resizer.render.read.salvage import check_end, check_warnings, take_warnings


def read_overlays(
    sources: Sequence[memoryview], canvas: Size, gamut: Gamut, limits: Limits, pixels: int
) -> tuple[pyvips.Image, ...]:
    """What of each shows on a canvas of that size, held in memory.

    `pixels` are those of the picture: with them, all together keep the limit of one original. An
    overlay that is cut short or broken is not shown in part, as a picture may be. Raises
    UnprocessableSource, which says which one it is, and pyvips.Error for lack of memory.
    """
    overlays = []
    for number, source in enumerate(sources, 1):
        which = f"Overlay {number}: "
        left = replace(limits, max_source_pixels=max(0, limits.max_source_pixels - pixels))
        try:
            image, header = _opened(source, gamut, left)
            overlays.append(_shown(image, header, canvas, gamut))
        except UnprocessableSource as error:
            raise UnprocessableSource(which + str(error)) from error
        except (pyvips.Error, UnicodeDecodeError) as error:
            if "out of memory" in str(error).lower():
                raise
            raise UnprocessableSource(which + BROKEN) from error
        pixels += image.width * image.height
    return tuple(overlays)


def _opened(source: memoryview, gamut: Gamut, limits: Limits) -> tuple[pyvips.Image, Header]:
    """Its first page or frame, still as it is stored."""
    take_warnings()  # of what was read before
    header = inspect(source, limits)
    check_end(header)
    return samples(load_drawn(header, 1.0, limits), gamut), header


def _shown(image: pyvips.Image, header: Header, canvas: Size, gamut: Gamut) -> pyvips.Image:
    stored = header.orientation.inverse.size(canvas)
    width, height = min(image.width, stored.width), min(image.height, stored.height)
    across, down = (image.width - width) // 2, (image.height - height) // 2
    held = image.crop(across, down, width, height).copy_memory()
    check_warnings()
    return displayed(header.orientation.image(held), gamut).copy_memory()


def lay(image: pyvips.Image, overlays: Sequence[pyvips.Image]) -> pyvips.Image:
    """The picture with all of them over it, blended in gamma-coded values (libvips `composite`)."""
    if not overlays:
        return image
    across = [(image.width - overlay.width) // 2 for overlay in overlays]
    down = [(image.height - overlay.height) // 2 for overlay in overlays]
    blended = image.composite(list(overlays), "over", x=across, y=down).rint().cast("uchar")
    return blended if image.hasalpha() else opaque(blended)
