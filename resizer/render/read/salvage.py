"""Salvage: from an original that is truncated or broken, one that can be read as far as it goes.

Pixels are only ever read strictly. A lenient read of libvips leaves in the rows of a PNG or TIFF
that it cannot have what their buffer held: rows from further up, and no promise that they are even
of this original.
"""

import re
from bisect import bisect_left
from collections.abc import Callable

import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.limits import FailOn, Limits
from resizer.render.containers import tiff
from resizer.render.containers.sniff import SourceFormat, sniff
from resizer.render.containers.truncation import (
    ended_gif,
    ended_jpeg,
    ended_png,
    ended_webp,
    gif_frames,
    gif_has_end,
    webp_frames,
)
from resizer.render.read.decoders.decoded import BROKEN
from resizer.render.read.header import Header
from resizer.render.read.inspect import check_animation, inspect
from resizer.render.read.load import load

_DAMAGE = re.compile(
    r"Corrupt JPEG data: (bad Huffman code|premature end|found marker 0x.. instead of RST"
    r"|\d+ extraneous bytes before marker 0xd[0-7a])"
)
"""What libjpeg only warns of, and pixels are lost by. Stray bytes between the headers of whole
photos are common."""
_GREY = {"uchar": 128, "ushort": 32_768}
"""What stands in for missing pixels, as in the JPEG decoder."""
_BAND = 64
"""Rows that are asked for at once: of a narrow picture, one after the other takes minutes."""


def take_warnings() -> str:
    """What libvips said since this was last asked, of things that it did not fail for.

    It quotes files, and `pyvips.Error` leaves what is not UTF-8 to whoever asks next.
    """
    said = pyvips.ffi.string(pyvips.vips_lib.vips_error_buffer())
    pyvips.vips_lib.vips_error_clear()
    return bytes(said).decode(errors="replace")


def check_end(header: Header) -> None:
    """Raise pyvips.Error for a truncated file that libvips takes for whole: a GIF if it has a
    frame, be it half a frame, and a TIFF of which nothing but its profile or palette is gone."""
    if header.format is SourceFormat.GIF and not gif_has_end(header.source):
        raise pyvips.Error("cut short", "the GIF has no end")
    if header.format is SourceFormat.TIFF and not tiff.has_colours(header.source):
        raise pyvips.Error("cut short", "the TIFF says its colours are behind its end")


def check_warnings() -> None:
    """Raise pyvips.Error if the pixels read since the last look are damaged."""
    said = take_warnings()
    if _DAMAGE.search(said):
        raise pyvips.Error("damaged", said)


def salvaged(source: memoryview, limits: Limits, page: int) -> tuple[memoryview, int]:
    """What can be read of an original that cannot be read whole, and where `page` is in that.

    Raises UnprocessableSource where that is nothing, or `limits.fail_on` forbids it, and
    pyvips.Error.
    """
    kind = sniff(source)
    if kind not in _SALVAGERS.get(limits.fail_on, {}):
        raise UnprocessableSource(BROKEN)
    if kind is SourceFormat.TIFF:
        source, page = tiff.alone(source, page - 1), 1
    return memoryview(_SALVAGERS[limits.fail_on][kind](source, limits)), page


def _jpeg(source: memoryview, limits: Limits) -> bytes | memoryview:
    whole = ended_jpeg(source)
    file = source if whole is None else memoryview(whole)
    inspect(file, limits)
    small = load(file, SourceFormat.JPEG, shrink=8).copy_memory()
    _require(small.min() < small.max())  # all grey: no pixel was there
    return file


def _png(source: memoryview, limits: Limits, *, whole: bool = False) -> bytes:
    """Wrong checksums are passed over (`truncated`)."""
    source = memoryview(ended_png(source))
    image = _picture(source, limits, FailOn.TRUNCATED, whole=whole)
    return bytes(image.pngsave_buffer(compression=1, filter="sub"))


def _whole_png(source: memoryview, limits: Limits) -> bytes:
    """Nothing is wrong with it but checksums."""
    return _png(source, limits, whole=True)


def _tiff(source: memoryview, limits: Limits) -> bytes:
    """With an error go its rows."""
    return bytes(_picture(source, limits, FailOn.ERROR).tiffsave_buffer(compression="none"))


def _damaged_jpeg(source: memoryview, limits: Limits) -> bytes | memoryview:
    _require(ended_jpeg(source) is None)
    return _jpeg(source, limits)


def _picture(
    source: memoryview, limits: Limits, fail_on: FailOn, *, whole: bool = False
) -> pyvips.Image:
    """The rows above the first that cannot be read, and nothing below.

    With `whole`, all or nothing.
    """
    header = inspect(source, limits)

    def open_anew() -> pyvips.Image:
        return load(header.source, header.format, fail_on=fail_on)

    image, rows = open_anew(), _rows(open_anew)
    _require(rows == image.height if whole else rows > 0)
    blank = [0 if image.hasalpha() else _GREY.get(image.format, 0)] * image.bands
    above = image.crop(0, 0, image.width, rows)
    return above.embed(0, 0, image.width, image.height, extend="background", background=blank)


def _gif(source: memoryview, limits: Limits) -> bytes:
    return _animation(source, limits, gif_frames, ended_gif)


def _webp(source: memoryview, limits: Limits) -> bytes:
    return _animation(source, limits, webp_frames, ended_webp)


def _animation(
    source: memoryview,
    limits: Limits,
    frames: Callable[[memoryview], list[int]],
    ended: Callable[[memoryview, int], bytes],
) -> bytes:
    """The frames before the first that cannot be read."""
    ends = frames(source)
    _require(bool(ends))
    whole = ended(source, ends[-1])
    header = inspect(memoryview(whole), limits)
    check_animation(header.frames, header.stored, header.stored, limits)
    read = _frames(header)
    _require(read > 0)
    return ended(source, ends[read - 1])


def _frames(header: Header) -> int:
    """How many frames, from the first, can be read: a WebP with a broken one gives none at all."""

    def unreadable(count: int) -> bool:
        try:
            load(header.source, header.format, n=count).avg()
        except pyvips.Error:
            return True
        return False

    return bisect_left(range(1, header.frames + 1), True, key=unreadable)


def _rows(open_anew: Callable[[], pyvips.Image]) -> int:
    """How many rows, from the top, can be read: by bands, and singly in the one that breaks off.

    Opened anew for those: once it failed, a sequential read fails for good.
    """
    height = open_anew().height
    band = _breaks_off(open_anew(), range(0, height, _BAND))
    return _breaks_off(open_anew(), range(band, min(band + _BAND, height)))


def _breaks_off(image: pyvips.Image, tops: range) -> int:
    """The first of these rows that cannot be read with those up to the next; else their end."""
    region = pyvips.Region.new(image)
    for top in tops:
        try:
            region.fetch(0, top, image.width, min(tops.step, image.height - top))
        except pyvips.Error:
            return top
    return min(tops.stop, int(image.height))


def _require(truth: bool) -> None:
    if not truth:
        raise UnprocessableSource(BROKEN)


Salvager = Callable[[memoryview, Limits], bytes | memoryview]
_SALVAGERS: dict[FailOn, dict[SourceFormat, Salvager]] = {
    FailOn.NONE: {
        SourceFormat.JPEG: _jpeg,
        SourceFormat.PNG: _png,
        SourceFormat.TIFF: _tiff,
        SourceFormat.GIF: _gif,
        SourceFormat.WEBP: _webp,
    },
    FailOn.TRUNCATED: {
        SourceFormat.JPEG: _damaged_jpeg,
        SourceFormat.PNG: _whole_png,
    },
    FailOn.ERROR: {SourceFormat.JPEG: _damaged_jpeg},
}
"""AVIF, SVG and still WebP are read whole or not at all."""
