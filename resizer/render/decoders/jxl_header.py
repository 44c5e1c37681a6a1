"""The size in the header of a JPEG XL codestream, before anything is decoded (ISO/IEC 18181-1).

Bits are read from the lowest upwards.
"""

from dataclasses import dataclass

from resizer.errors import UnprocessableSource
from resizer.geometry import Size
from resizer.render.turn import upright

_SIGNATURE = b"\xff\x0a"
_MAX_BOXES = 64
"""Before the codestream: files have a handful."""
_HEADER_BYTES = 16
"""More than the two sizes and the orientation take."""
_SIDE_BITS = (9, 13, 18, 30)
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))
"""Width to height, of the ratios 1 to 7 (table D.4)."""


@dataclass(frozen=True, slots=True)
class JxlHeader:
    """What a codestream says of itself first."""

    size: Size
    """Upright."""
    orientation: int
    """As in EXIF: what libjxl undoes when it decodes."""


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
    orientation = 1
    all_default = bits.take(1)
    if not all_default and bits.take(1):
        orientation = bits.take(3) + 1
    return JxlHeader(upright(orientation).size(stored), orientation)


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
    raise UnprocessableSource("The original is corrupt or cut short.")
