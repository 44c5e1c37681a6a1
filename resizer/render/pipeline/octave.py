"""Octaves: an original is decoded once for all sizes that begin with the same pixels.

A loader can halve a JPEG, once, twice or three times, and nothing else. So every size begins with
one of four pictures, and for any other format there is one. Which one is decided by the size alone,
whether it is kept or has to be decoded: a variant is the same to the bit.
"""

from collections.abc import Callable

import pyvips

from resizer.render.containers.sniff import SourceFormat
from resizer.render.pipeline.reuse import found, left
from resizer.render.pipeline.stages import Stages
from resizer.render.protocol.stage import Kind
from resizer.render.read import pillow_webp
from resizer.render.read.header import Header


def kept_or_opened(
    header: Header, open_: Callable[[], pyvips.Image], stages: Stages
) -> pyvips.Image:
    """What `open_` opens: kept from an earlier render, or left behind for a later one."""
    image = open_()
    if not _is_octave(image, header):
        return image
    name = f"{header.page} {image.width}x{image.height}"
    kept = found(stages, Kind.OCTAVE, name, lambda: image)
    if kept is not None:
        return kept
    held = left(stages, Kind.OCTAVE, name, pillow_webp.read(image, header))
    return open_() if held is None else held


def _is_octave(image: pyvips.Image, header: Header) -> bool:
    """Drawings have no pixels of their own, and a WebP scaled by its loader serves one size."""
    if header.opened or header.format is SourceFormat.SVG:
        return False
    whole = (image.width, image.height) == (header.stored.width, header.stored.height)
    return whole or header.format is SourceFormat.JPEG
