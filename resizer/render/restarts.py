"""A JPEG with restart markers that ends too early, filled up with intervals that are grey.

libjpeg warns of each restart interval that it misses, and libvips gives up after 100 warnings: half
of a photo of thousands of intervals would not be shown at all. Sections are those of ITU-T T.81.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_BLOCK = 8
"""Pixels along the side of a block (§A.1.1)."""
_MOST_BLOCKS = 10
"""Of an interleaved MCU (§B.2.3)."""
_END, _SCAN, _TABLES, _INTERVAL = 0xD9, 0xDA, 0xC4, 0xDD
_PROGRESSIVE = 0xC2
_FRAMES = {0xC0, 0xC1, _PROGRESSIVE}
"""Coded in Huffman's way."""
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]")
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_STEPS = (1, 2, 3, 1, 1, 1, 0, 0)
"""Intervals that libjpeg moves on at a restart marker, by how far its number, modulo 8, is ahead of
the next (`jpeg_resync_to_restart`)."""
_DC, _AC = 0x00, 0x10
"""Classes of tables (§B.2.4.2)."""
_LENGTHS = 16
"""Of Huffman codes, in bits, from 1."""


@dataclass(slots=True)
class _Jpeg:
    """What was said up to the last scan, and where that lies."""

    frame: int = 0
    """Its marker."""
    width: int = 0
    height: int = 0
    sampling: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Blocks across and down in an interleaved MCU, by component."""
    tables: dict[int, bytes] = field(default_factory=dict)
    """How many codes there are of each length, and then their symbols."""
    interval: int = 0
    """MCUs between two restart markers; 0 for no such markers."""
    scan: bytes = b""
    """Its header, behind the length."""
    start: int = 0
    data: int = 0
    """Where the scan's data begin."""
    end: int = 0

    @property
    def components(self) -> list[tuple[tuple[int, int], int]]:
        """Sampling and numbers of tables of each that is in the scan (§B.2.3)."""
        pairs = self.scan[1 : 1 + 2 * self.scan[0]]
        return [
            (self.sampling[name], numbers)
            for name, numbers in zip(pairs[::2], pairs[1::2], strict=True)
        ]


def filled(file: memoryview) -> bytes | None:
    """The JPEG with each interval that its last scan lacks: mid-grey, or no detail.

    That needs the file's own codes for them. A progressive scan that has none, such as one that
    refines detail, goes; with one that is not progressive nothing is done. None for that, and where
    nothing lacks. `file` must have its end.
    """
    try:
        jpeg = _read(file)
        units = _units(jpeg)
        there, whole = _intervals(file, jpeg), -(-units // jpeg.interval)
        unit = _empty_unit(jpeg)
    except (IndexError, KeyError, ValueError, ZeroDivisionError):
        return None  # no intervals, or broken before its data
    if there >= whole:
        return None
    if unit:
        last = units - (whole - 1) * jpeg.interval
        empty = _restarts(range(there, whole - 1), _packed(unit * jpeg.interval))
        empty += _restarts(range(whole - 1, whole), _packed(unit * last))
        return _ended(file, jpeg.end, empty)
    return _ended(file, jpeg.start) if jpeg.frame == _PROGRESSIVE else None


def _ended(file: memoryview, end: int, more: bytes = b"") -> bytes:
    return bytes(file[:end]) + more + bytes((0xFF, _END))


def _read(file: memoryview) -> _Jpeg:
    jpeg = _Jpeg()
    for marker, start, end in _segments(file):
        body = bytes(file[start + 4 : end])
        if marker in _FRAMES:
            jpeg.frame = marker
            jpeg.height = int.from_bytes(body[1:3], "big")
            jpeg.width = int.from_bytes(body[3:5], "big")
            parts = (body[at : at + 3] for at in range(6, 6 + 3 * body[5], 3))
            jpeg.sampling = {part[0]: (part[1] >> 4, part[1] & 15) for part in parts}
        elif marker == _INTERVAL:
            jpeg.interval = int.from_bytes(body[:2], "big")
        elif marker == _TABLES:
            jpeg.tables.update(_tables(body))
        elif marker == _SCAN:
            jpeg.scan, jpeg.start, jpeg.data = body, start, end
        elif marker == _END:
            jpeg.end = start
    return jpeg


def _segments(file: memoryview) -> Iterator[tuple[int, int, int]]:
    """The marker of each, where it starts and where what its length counts ends; last, the end."""
    end = 2
    while found := _MARKER.search(file, end):
        start, marker = found.start(), found[0][1]
        length = 0 if marker == _END else int.from_bytes(file[start + 2 : start + 4], "big")
        end = start + 2 + length
        yield marker, start, end
        if marker == _END:
            return


def _tables(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Class and number of each, and its codes (§B.2.4.2)."""
    at = 0
    while at < len(body):
        end = at + 1 + _LENGTHS + sum(body[at + 1 : at + 1 + _LENGTHS])
        yield body[at], body[at + 1 : end]
        at = end


def _units(jpeg: _Jpeg) -> int:
    """MCUs of the scan: of one component its blocks that show something, else all (§A.2)."""
    widest = max(across for across, _ in jpeg.sampling.values())
    tallest = max(down for _, down in jpeg.sampling.values())
    (own_across, own_down), *others = (sampling for sampling, _ in jpeg.components)
    if others:
        own_across = own_down = 1
    columns = -(-jpeg.width * own_across // (_BLOCK * widest))
    return columns * -(-jpeg.height * own_down // (_BLOCK * tallest))


def _intervals(file: memoryview, jpeg: _Jpeg) -> int:
    """How far libjpeg gets: all intervals that are there in part, and those lost between them."""
    count = 1
    for found in _RESTART.finditer(file, jpeg.data, jpeg.end):
        count += _STEPS[(found[0][1] - 0xD0 - (count - 1)) % 8]
    return count


def _empty_unit(jpeg: _Jpeg) -> str:
    """The bits of an MCU without anything in it; none where there are no codes for that."""
    first, refines = jpeg.scan[-3], jpeg.scan[-1] >> 4
    bits, components = [], jpeg.components
    for (across, down), numbers in components:
        direct, alternating = _DC | numbers >> 4, _AC | numbers & 15
        if jpeg.frame != _PROGRESSIVE:
            codes = [_code(jpeg.tables[direct]), _code(jpeg.tables[alternating])]
        elif refines:
            codes = ["" if first else "0"]  # those of detail hang on what was there before
        else:
            codes = [_code(jpeg.tables[alternating if first else direct])]
        blocks = across * down if len(components) > 1 else 1
        bits += codes * blocks
    return "".join(bits) if all(bits) and len(bits) <= 2 * _MOST_BLOCKS else ""


def _code(table: bytes) -> str:
    """That of symbol 0 (§C.2): no difference of DC (§F.1.2.1), or the end of a block (§F.1.2.2)."""
    found, code = table.find(0, _LENGTHS), 0
    if found < 0:
        return ""
    index = found - _LENGTHS
    for length, count in enumerate(table[:_LENGTHS], 1):
        if index < count:
            return f"{code + index:0{length}b}"
        index -= count
        code = (code + count) << 1
    return ""


def _packed(bits: str) -> bytes:
    """Filled up with ones (§F.1.2.3), and a zero behind each byte that would be a marker."""
    bits += "1" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")


def _restarts(intervals: range, data: bytes) -> bytes:
    """Restart markers, the first of which stands before interval 1, each with the same data."""
    return b"".join(bytes((0xFF, 0xD0 + (number - 1) % 8)) + data for number in intervals)
