"""From bytes to a libvips image: a loader by name for each format, and the header before pixels.

Everything is read from memory (`VipsSource` over the caller's buffer, which must outlive the
image) and streams: access is sequential, so an original is never held whole.
"""

from dataclasses import dataclass, replace
from math import sqrt
from typing import Any

import pyvips

from resizer.errors import UnprocessableSource
from resizer.geometry import Size
from resizer.limits import FailOn, Limits
from resizer.render import decoders, tiff
from resizer.render.chunks import check_png, check_webp
from resizer.render.decoders.opened import Opened, page_of
from resizer.render.gif import on_clear_canvas
from resizer.render.length import check_depth
from resizer.render.profile import holds_wide_gamut, profiled
from resizer.render.scans import check_scans
from resizer.render.sniff import SourceFormat, sniff, svg_text
from resizer.render.svg import inspect
from resizer.render.turn import STRAIGHT, Turn, upright

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

_COUNTED = {
    SourceFormat.JPEG: check_scans,
    SourceFormat.PNG: check_png,
    SourceFormat.WEBP: check_webp,
}
"""What is counted before libvips sees a byte."""

_MAX_SIDE = 1_000_000
"""Pixels. libvips holds some rows at a time, and aborts where glib has no memory for them."""

_DRAWN = {SourceFormat.SVG, SourceFormat.PDF}
"""What has no pixels of its own."""

_ANIMATED = {SourceFormat.GIF, SourceFormat.WEBP}
"""`n=-1` is for these alone: on AVIF and TIFF it fails for sound files."""

_MAX_PIXELS_INSIDE = 25_000_000
"""Of all images inside an SVG. They are held whole: one of 400 MP took 10 s and 2 GB."""

_SVG_SCALES = (0.001, 10_000.0)
"""Bounds of `svgload`'s scale."""


def block_other_loaders() -> None:
    """Leave libvips the loaders of `SourceFormat`, from memory only."""
    pyvips.operation_block_set("VipsForeignLoad", True)
    for name, _ in (*LOADERS.values(), *decoders.libvips.LOADERS.values()):
        for way in ("Buffer", "Source"):
            pyvips.operation_block_set(name + way, False)


@dataclass(frozen=True, slots=True)
class Header:
    """What an original says of itself before a pixel is read."""

    source: memoryview
    """Its bytes; the inflated text of an svgz."""
    format: SourceFormat
    stored: Size
    """One frame as it is stored, before its orientation."""
    turn: Turn
    """What makes it upright."""
    wide: bool = False
    """Whether it may hold colours outside sRGB."""
    pages: int = 1
    """Frames of an animation or pages of a TIFF."""
    page: int = 1
    """The one that `stored` and `turn` are of, from 1."""
    opened: Opened | None = None
    """Where an optional decoder reads the format."""
    fail_on: FailOn = FailOn.ERROR
    """What is not forgiven when its pixels are read: an error, or a mere warning."""

    @property
    def frames(self) -> int:
        """Of an animation; else 1."""
        return self.pages if self.format in _ANIMATED else 1

    @property
    def size(self) -> Size:
        """One frame, upright."""
        return self.turn.size(self.stored)


def examine(source: memoryview, limits: Limits, page: int = 1) -> Header:
    """Read the header of an original's `page`.

    Raises UnprocessableSource where it is over a limit, or there is no such page.
    """
    kind = sniff(source)
    if kind is SourceFormat.SVG:
        source = svg_text(source)
        _check_images(inspect(source), limits)
    elif kind in _COUNTED:
        _COUNTED[kind](source)
    header = (_opened if kind in decoders.EXTRAS else _loaded)(source, kind, page)
    stored = header.stored
    if kind not in _DRAWN:
        _check_size(stored, limits)
    if header.frames > 1 or kind is SourceFormat.AVIF_SEQUENCE:
        check_depth(page, stored, limits)
    return replace(header, fail_on=FailOn.WARNING) if limits.fail_on is FailOn.WARNING else header


def _check_size(size: Size, limits: Limits) -> None:
    has = f"The original has {size.width}×{size.height} pixels"
    if size.pixels > limits.max_source_pixels:
        raise UnprocessableSource(f"{has}, more than {limits.max_source_pixels:,}.")
    if max(size.width, size.height) > _MAX_SIDE:
        raise UnprocessableSource(f"{has}, with a side of more than {_MAX_SIDE:,}.")


def _check_images(images: list[bytes], limits: Limits) -> None:
    """The images inside an SVG, which librsvg's own decoders read whole, whatever they say."""
    pixels = 0
    for image in images:
        if sniff(memoryview(image)) in decoders.EXTRAS:
            raise UnprocessableSource("The SVG holds an image of a format that is not drawn.")
        pixels += examine(memoryview(image), limits).stored.pixels
    if pixels > _MAX_PIXELS_INSIDE:
        raise UnprocessableSource(
            f"The images inside the SVG have {pixels:,} pixels, more than {_MAX_PIXELS_INSIDE:,}."
        )


def _loaded(source: memoryview, kind: SourceFormat, page: int) -> Header:
    source, image, pages = _page(source, kind, page)
    return Header(
        source=source,
        format=kind,
        stored=Size(image.width, image.height),
        turn=_turn(image, kind),
        wide=holds_wide_gamut(image),
        pages=pages,
        page=page,
    )


def _opened(source: memoryview, kind: SourceFormat, page: int) -> Header:
    opened = decoders.examine(source, kind, page)
    return Header(
        source=source,
        format=kind,
        stored=opened.size,
        turn=STRAIGHT,
        wide=opened.wide,
        pages=opened.pages,
        page=page,
        opened=opened,
    )


def _page(
    source: memoryview, kind: SourceFormat, page: int
) -> tuple[memoryview, pyvips.Image, int]:
    """The bytes in which a page can be read, its header, and how many pages there are.

    All frames of an animation have the header of the first.
    """
    if kind is SourceFormat.TIFF:
        pages = tiff.pages(source)
        source = tiff.alone(source, page_of(pages, page))
        return source, load(source, kind), pages
    if kind is SourceFormat.GIF:
        source = on_clear_canvas(source)
    image = load(source, kind)
    pages = _frames(image) if kind in _ANIMATED else 1
    page_of(pages, page)
    return source, image, pages


def _frames(image: pyvips.Image) -> int:
    """The header's own number: libvips' `get_n_pages` takes 10,000 and more for 1."""
    return max(1, image.get("n-pages")) if image.get_typeof("n-pages") else 1


def load(source: memoryview, kind: SourceFormat, **options: Any) -> pyvips.Image:
    """Open an image with its own loader.

    `fail_on=error`, unless another is given, refuses what is cut short or broken and forgives a
    decoder's warnings: half a picture must not be cached as if it were good.
    """
    loader = getattr(pyvips.Image, LOADERS[kind][1])
    if kind is SourceFormat.AVIF:
        options["autorotate"] = True
    image = loader(
        pyvips.Source.new_from_memory(source),
        access="sequential",
        **{"fail_on": FailOn.ERROR, **options},
    )
    return profiled(image, source, kind)


def load_frames(header: Header) -> pyvips.Image:
    """Open an animation whole, its frames one under another."""
    return _read(header, n=-1)


def load_small(header: Header, shrink: float, leave: float, limits: Limits) -> pyvips.Image:
    """Open a picture that is to shrink by `shrink`, smaller already where its loader can do so.

    It comes at no less than `leave` times its target: loaders shrink fast, not well.
    """
    spare = shrink / leave
    if header.format is SourceFormat.JPEG and spare >= 2:
        return _read(header, shrink=next(s for s in (8, 4, 2) if spare >= s))
    if header.format is SourceFormat.WEBP and header.frames == 1 and spare > 1:
        return _read(header, scale=1 / spare)
    return load_drawn(header, 1 / shrink, limits)


def load_drawn(header: Header, scale: float, limits: Limits) -> pyvips.Image:
    """Open the page of an original; a drawing, which has no pixels, at `scale` of its size.

    The scale gives way to the limit of pixels.
    """
    if header.format in _ANIMATED:
        return _read(header, page=header.page - 1)
    low, high = _SVG_SCALES
    most = sqrt(limits.max_source_pixels / header.stored.pixels)
    scale = max(low, min(scale, most, high))
    if header.opened:
        return header.opened.draw(scale)
    if header.format is SourceFormat.SVG:
        return _read(header, scale=scale)
    return _read(header)


def _read(header: Header, **options: Any) -> pyvips.Image:
    return load(header.source, header.format, fail_on=header.fail_on, **options)


def _turn(image: pyvips.Image, kind: SourceFormat) -> Turn:
    """An AVIF's `irot` and `imir` are applied by its loader, and its EXIF orientation is void."""
    if kind is SourceFormat.AVIF or image.get_typeof("orientation") == 0:
        return STRAIGHT
    return upright(image.get("orientation"))
