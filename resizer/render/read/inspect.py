"""Reading the header of an original, with every limit that it must keep before pixels are read."""

import re
from dataclasses import replace

import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Size
from resizer.model.limits import FailOn, Limits
from resizer.render.colour.from_avif import with_range_named
from resizer.render.colour.profile import holds_wide_gamut
from resizer.render.containers import tiff
from resizer.render.containers.chunks import check_png, check_webp
from resizer.render.containers.jpeg_scans import check_scans
from resizer.render.containers.sniff import NotRead, SourceFormat, sniff, svg_text
from resizer.render.containers.svg import check_svg
from resizer.render.read import decoders
from resizer.render.read.decoders.decoded import page_count, page_index
from resizer.render.read.gif_canvas import with_transparent_canvas
from resizer.render.read.header import ANIMATED, DRAWN, Header
from resizer.render.read.load import load
from resizer.render.read.orientation import STRAIGHT, Orientation, upright

_COUNTED = {
    SourceFormat.JPEG: check_scans,
    SourceFormat.PNG: check_png,
    SourceFormat.WEBP: check_webp,
}
"""What is counted before libvips sees a byte."""

_MAX_SIDE = 1_000_000
"""Pixels. libvips holds some rows at a time, and aborts where glib has no memory for them."""

_NO_CODEC = re.compile(
    r"compression (support|method) is not configured|decoding is not implemented"
)
"""libtiff's words for a compression that it was built without, or never had."""
_NO_SIZE = "bad dimensions"

_MAX_PIXELS_INSIDE = 25_000_000
"""Of all images inside an SVG. They are held whole: one of 400 MP took 10 s and 2 GB."""


def inspect(source: memoryview, limits: Limits, page: int = 1) -> Header:
    """Read the header of an original's `page`.

    Raises UnprocessableSource where it is over a limit, or there is no such page.
    """
    kind, source = _sniffed(source)
    if kind is SourceFormat.SVG:
        _check_images(check_svg(source), limits)
    elif kind in _COUNTED:
        _COUNTED[kind](source)
    header = (_lazy if kind in decoders.OPTIONAL else _loaded)(source, kind, page)
    stored = header.stored
    if kind not in DRAWN:
        _check_size(stored, limits)
    if header.frames > 1 or kind is SourceFormat.AVIF_SEQUENCE:
        check_depth(page, stored, limits)
    return replace(header, fail_on=FailOn.WARNING) if limits.fail_on is FailOn.WARNING else header


def check_decoder_limits(error: Exception, source: memoryview, limits: Limits, page: int) -> None:
    """Raise UnprocessableSource if a render failed with `error` at a limit of its decoder.

    Nobody is told that such an original is damaged.
    """
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
        inspect(source, limits, page)
    except (pyvips.Error, UnicodeDecodeError):
        return False
    return True


def _sniffed(source: memoryview) -> tuple[SourceFormat, memoryview]:
    """What an original is, and its bytes; of an SVG its text."""
    try:
        kind = sniff(source)
        return kind, svg_text(source) if kind is SourceFormat.SVG else source
    except NotRead as refusal:
        raise UnprocessableSource(f"{refusal}: {decoders.read_here()}.") from None


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
        if not _is_drawn(memoryview(image)):
            raise UnprocessableSource("The SVG holds an image of a format that is not drawn.")
        pixels += inspect(memoryview(image), limits).stored.pixels
    if pixels > _MAX_PIXELS_INSIDE:
        raise UnprocessableSource(
            f"The images inside the SVG have {pixels:,} pixels, more than {_MAX_PIXELS_INSIDE:,}."
        )


def _is_drawn(image: memoryview) -> bool:
    try:
        return sniff(image) not in decoders.OPTIONAL
    except NotRead:
        return False


def _loaded(source: memoryview, kind: SourceFormat, page: int) -> Header:
    source, image, pages = _page(source, kind, page)
    return Header(
        source=source,
        format=kind,
        stored=Size(image.width, image.height),
        orientation=_orientation(image, kind),
        wide=holds_wide_gamut(image),
        pages=pages,
        page=page,
    )


def _lazy(source: memoryview, kind: SourceFormat, page: int) -> Header:
    lazy = decoders.inspect_optional(source, kind, page)
    return Header(
        source=source,
        format=kind,
        stored=lazy.size,
        orientation=STRAIGHT,
        wide=lazy.wide,
        pages=lazy.pages,
        page=page,
        lazy=lazy,
    )


def _page(
    source: memoryview, kind: SourceFormat, page: int
) -> tuple[memoryview, pyvips.Image, int]:
    """The bytes in which a page can be read, its header, and how many pages there are.

    All frames of an animation have the header of the first.
    """
    if kind is SourceFormat.TIFF:
        pages = tiff.pages(source)
        source = tiff.alone(source, page_index(page, pages))
        return source, load(source, kind), pages
    if kind is SourceFormat.GIF:
        source = with_transparent_canvas(source)
    elif kind is SourceFormat.AVIF:
        source = with_range_named(source)
    image = load(source, kind)
    pages = page_count(image) if kind in ANIMATED else 1
    page_index(page, pages)  # there is such a page
    return source, image, pages


def _orientation(image: pyvips.Image, kind: SourceFormat) -> Orientation:
    """An AVIF's `irot` and `imir` are applied by its loader, and its EXIF orientation is void."""
    if kind is SourceFormat.AVIF or image.get_typeof("orientation") == 0:
        return STRAIGHT
    return upright(image.get("orientation"))


_READ_FACTOR = 4
"""Pixels of an animation's frames, all together, in multiples of `max_source_pixels`: they are
read one after another, so they cost time rather than memory. Written ones are held, once."""


def check_animation(frames: int, stored: Size, size: Size, limits: Limits) -> None:
    """Refuse an animation that is too long or too large to become frames of `size`, all kept."""
    if frames > limits.max_frames:
        raise UnprocessableSource(
            f"The animation has {frames} frames, more than {limits.max_frames};"
            " anim=false shows the first, page=N any."
        )
    _check_pixels("has", stored, frames, _READ_FACTOR * limits.max_source_pixels)
    _check_pixels("would have", size, frames, limits.max_source_pixels)


def check_depth(page: int, stored: Size, limits: Limits) -> None:
    """Refuse a frame so late in an animation that too much must be read to compose it."""
    most = _READ_FACTOR * limits.max_source_pixels
    _check_pixels(f"up to page {page} has", stored, page, most)


def _check_pixels(has: str, size: Size, frames: int, most: int) -> None:
    if size.pixels * frames > most:
        raise UnprocessableSource(
            f"The animation {has} {frames} frames of {size.width}×{size.height} pixels,"
            f" more than {most:,} in all."
        )
