"""From bytes to a libvips image: a loader by name for each format.

Everything is read from memory (`VipsSource` over the caller's buffer, which must outlive the
image) and streams: access is sequential, so an original is never held whole.
"""

from math import sqrt
from typing import Any

import pyvips

from resizer.model.limits import FailOn, Limits
from resizer.render.colour.profile import profiled
from resizer.render.containers.sniff import SourceFormat
from resizer.render.protocol.messages import Resampling
from resizer.render.read import decoders
from resizer.render.read.header import ANIMATED, Header

LOADERS = {
    SourceFormat.JPEG: ("VipsForeignLoadJpeg", "jpegload_source"),
    SourceFormat.PNG: ("VipsForeignLoadPng", "pngload_source"),
    SourceFormat.WEBP: ("VipsForeignLoadWebp", "webpload_source"),
    SourceFormat.AVIF: ("VipsForeignLoadHeif", "heifload_source"),
    SourceFormat.GIF: ("VipsForeignLoadNsgif", "gifload_source"),
    SourceFormat.TIFF: ("VipsForeignLoadTiff", "tiffload_source"),
    SourceFormat.SVG: ("VipsForeignLoadSvg", "svgload_source"),
}
"""libvips' class and operation. `uhdrload` (a JPEG with a gain map is read as the plain JPEG it
also is), `matrixload`, `vipsload` and all others stay blocked, whatever libvips might guess."""

_LEAVE = {Resampling.LINEAR: 2.5, Resampling.GAMMA: 2.0}
"""Times the target that a loader leaves for the resize. It averages gamma-coded values, so what it
takes linear light cannot have. Of eleven photos 2.5 scores 0.3 points of SSIMULACRA2 less in the
mean than 3.0, 2.6 at worst, and costs a tenth less."""

_SVG_SCALES = (0.001, 10_000.0)
"""Bounds of `svgload`'s scale."""


def block_other_loaders() -> None:
    """Leave libvips the loaders of `SourceFormat`, from memory only."""
    pyvips.operation_block_set("VipsForeignLoad", True)
    for name, _ in (*LOADERS.values(), *decoders.libvips.LOADERS.values()):
        for way in ("Buffer", "Source"):
            pyvips.operation_block_set(name + way, False)


def load(source: memoryview, kind: SourceFormat, **options: Any) -> pyvips.Image:
    """Open an image with its own loader.

    `fail_on=error`, unless another is given, refuses what is cut short or broken and forgives a
    decoder's warnings: half a picture must not be cached as if it were good.
    """
    loader = getattr(pyvips.Image, LOADERS[kind][1])
    if kind is SourceFormat.AVIF:
        options["autorotate"] = True
    if kind is SourceFormat.JPEG:
        # Else libvips gives up at the hundredth warning: one for each restart marker that a photo
        # cut short has lost. What the limit is for, scans without end, is counted before.
        options["unlimited"] = True
    image = loader(
        pyvips.Source.new_from_memory(source),
        access="sequential",
        **{"fail_on": FailOn.ERROR, **options},
    )
    return profiled(image, source, kind)


def load_frames(header: Header) -> pyvips.Image:
    """Open an animation whole, its frames one under another."""
    return _read(header, n=-1)


def load_small(
    header: Header, shrink: float, resampling: Resampling, limits: Limits, *, trimmed: bool = False
) -> pyvips.Image:
    """Open a picture that is to shrink by `shrink`, smaller already where its loader can do so.

    A WebP that is to be trimmed is too: its coarse colours shine over the edge by a pixel or two,
    and a cut between larger pixels, which goes inwards, leaves them outside. Any other is better
    without: its loader decodes all of it first, and then averages less well.
    """
    spare = shrink / _LEAVE[resampling]
    if header.format is SourceFormat.JPEG and spare >= 2:
        return _read(header, shrink=next(s for s in (8, 4, 2) if spare >= s))
    if trimmed and header.format is SourceFormat.WEBP and header.frames == 1 and spare > 1:
        return _read(header, scale=1 / spare)
    return load_drawn(header, 1 / shrink, limits)


def load_drawn(header: Header, scale: float, limits: Limits) -> pyvips.Image:
    """Open the page of an original; a drawing, which has no pixels, at `scale` of its size.

    The scale gives way to the limit of pixels.
    """
    if header.format in ANIMATED:
        return _read(header, page=header.page - 1)
    low, high = _SVG_SCALES
    most = sqrt(limits.max_source_pixels / header.stored.pixels)
    scale = max(low, min(scale, most, high))
    if header.lazy:
        return header.lazy.draw(scale)
    if header.format is SourceFormat.SVG:
        return _read(header, scale=scale)
    return _read(header)


def _read(header: Header, **options: Any) -> pyvips.Image:
    return load(header.source, header.format, fail_on=header.fail_on, **options)
