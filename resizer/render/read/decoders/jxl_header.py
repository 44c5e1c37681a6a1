"""What a JPEG XL codestream says of itself first, before anything is decoded (ISO/IEC 18181-1).

Bits are read from the lowest upwards.
"""

from dataclasses import dataclass

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Size
from resizer.render.read.decoders.decoded import BROKEN
from resizer.render.read.orientation import upright

_SIGNATURE = b"\xff\x0a"
_MAX_BOXES = 64
"""Before the codestream: files have a handful."""
_HEADER_BYTES = 32
"""More than all fields up to the animation take."""
_SIDE_BITS = (9, 13, 18, 30)
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, of the ratios 1 to 7."""
_PREVIEW_BITS = ((6, 8, 10, 12), (0, 0, 5, 9))
"""Of a preview's side, by its selector: in pixels, and in eights of them."""


@dataclass(frozen=True, slots=True)
class JxlHeader:
    """What a codestream says of itself first."""

    size: Size
    """Upright."""
    orientation: int
    """As in EXIF: what libjxl undoes when it decodes."""
    animated: bool


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._bits = int.from_bytes(data, "little")

    def take(self, count: int) -> int:
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        return value


def read_header(source: memoryview) -> JxlHeader:
    """Raises UnprocessableSource where there is no codestream."""
    bits = _Bits(_codestream(source))
    stored = _size(bits)
    all_default = bits.take(1)
    if all_default or not bits.take(1):
        return JxlHeader(stored, 1, False)
    orientation = bits.take(3) + 1
    has_intrinsic_size = bits.take(1)
    if has_intrinsic_size:
        _size(bits)
    has_preview = bits.take(1)
    if has_preview:
        _skip_preview(bits)
    return JxlHeader(upright(orientation).size(stored), orientation, bool(bits.take(1)))


def _size(bits: _Bits) -> Size:
    small = bits.take(1)
    height = _side(bits, small)
    ratio = bits.take(3)
    if not ratio:
        return Size(_side(bits, small), height)
    across, down = _RATIOS[ratio - 1]
    return Size(max(1, height * across // down), height)


def _side(bits: _Bits, small: int) -> int:
    if small:
        return 8 * (bits.take(5) + 1)
    return 1 + bits.take(_SIDE_BITS[bits.take(2)])


def _skip_preview(bits: _Bits) -> None:
    side = _PREVIEW_BITS[bits.take(1)]
    bits.take(side[bits.take(2)])
    ratio = bits.take(3)
    if not ratio:
        bits.take(side[bits.take(2)])


def _codestream(source: memoryview) -> bytes:
    """Its first bytes behind the signature: bare, or in the boxes of a container."""
    at = 0
    for _ in range(_MAX_BOXES):
        head = bytes(source[at : at + _HEADER_BYTES])
        if head.startswith(_SIGNATURE):
            return bytes(source[at + 2 : at + 2 + _HEADER_BYTES])
        length, kind = int.from_bytes(head[:4], "big"), head[4:8]
        start = 8
        if length == 1:
            length, start = int.from_bytes(head[8:16], "big"), 16
        if kind in (b"jxlc", b"jxlp"):
            at += start + (4 if kind == b"jxlp" else 0)
        elif length >= start:
            at += length
        else:
            break
    raise UnprocessableSource(BROKEN)
