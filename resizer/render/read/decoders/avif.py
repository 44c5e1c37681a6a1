"""AVIF sequences by Pillow, whose wheels carry libavif: any frame, where libvips finds one at most.

libavif leaves turning to its caller; Pillow tells it as an EXIF orientation.
"""

from io import BytesIO
from typing import Any

import pyvips

from resizer.model.geometry import Size
from resizer.render.colour.icc import is_wide
from resizer.render.containers.boxes import boxes
from resizer.render.containers.sniff import SourceFormat
from resizer.render.read.decoders.decoded import (
    LazyImage,
    decoding,
    described,
    installed,
    page_index,
    picture,
)
from resizer.render.read.orientation import Orientation, upright

NAME = "Pillow"
_ORIENTATION = 0x0112
_TO_SAMPLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz")
"""The boxes, each in the one before, down to the sizes of a track's samples."""
_COUNT = slice(8, 12)
"""In that box, behind version, flags and the size that all share (ISO/IEC 14496-12 §8.7.3.2)."""

_exif = installed("PIL.TiffImagePlugin")  # Pillow imports it with the first EXIF: locked in, never
plugin = _exif and installed("PIL._avif") and installed("PIL.AvifImagePlugin")


def available(kind: SourceFormat) -> bool:
    return plugin is not None


@decoding()
def inspect(source: memoryview, kind: SourceFormat, page: int) -> LazyImage:
    file = plugin.AvifImageFile(BytesIO(source))
    index = page_index(page, file.n_frames)
    orientation = upright(file.getexif().get(_ORIENTATION, 1))
    size = orientation.size(Size(*file.size))
    wide = is_wide(file.info.get("icc_profile") or b"")
    return LazyImage(size, file.n_frames, lambda scale: _decoded(file, index, orientation), wide)


@decoding()
def _decoded(file: Any, index: int, orientation: Orientation) -> pyvips.Image:
    file.seek(index)
    image = orientation.image(picture(file.tobytes(), Size(*file.size), file.mode)).copy()
    words = {name: file.info.get(name) for name in ("exif", "xmp")}
    return described(image, icc=file.info.get("icc_profile"), **words)


def sample_count(source: memoryview) -> int:
    """How many frames a sequence says that its first track has, at least 1; without Pillow."""
    body = source
    for name in _TO_SAMPLES:
        body = next((inner for kind, inner in boxes(body) if kind == name), memoryview(b""))
    return max(1, int.from_bytes(body[_COUNT], "big"))
