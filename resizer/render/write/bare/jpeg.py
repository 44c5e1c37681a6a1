"""JPEG: what lies between the markers of ITU-T T.81 §B.1.1.3, but no comment and no APPn.

Whether the data of a scan go on behind its picture is for a decoder to find: see `smaller`.
"""

import re
from collections.abc import Iterator

from resizer.render.containers.jpeg_scans import MARKER
from resizer.render.write.bare.tables import DHT, DQT, DRI, Tables
from resizer.render.write.bare.usual import usual

_FILL = b"\xff\xff"
"""Allowed before a marker, and written by nobody (§B.1.1.2)."""
_RESTART = re.compile(rb"\xff[\xd0-\xd7]")
_JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_SOS, _EOI, _APP0, _APP14 = 0xDA, 0xD9, 0xE0, 0xEE
_MARKERS = {*range(0xC0, 0xD0), *range(_EOI, 0xFF)}
"""The end, and those with a length behind them (§B.1.1.4)."""
_TABLES = {DHT, DQT, DRI}
_PROGRESSIVE = 0xC2
_FRAMES = {0xC0, 0xC1, _PROGRESSIVE}
"""Baseline, extended and progressive, Huffman-coded: what browsers read."""
_WORDS = {0xE1, 0xED}
"""APP1 (EXIF, XMP) and APP13 (IPTC)."""
_ADOBE = b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0"
"""Up to the byte that says how colours are coded, the last that readers know of: Photoshop writes
19 more behind it."""


def jpeg(original: bytes, encoded: bytes) -> bytes:
    """The picture of one and the words of the other, without all APPn but Adobe's.

    A reader takes three components for YCbCr if there is a JFIF marker, whatever Adobe's says, and
    goes by their names if there is neither: so one is written if and only if there was one.
    """
    picture, jfif, adobe, tables = [], b"", 0, Tables()
    for marker, segment in _segments(original):
        if marker == _APP0 and segment[4:9] == b"JFIF\0":
            jfif = _JFIF
        elif marker == _APP14 and segment[4:9] == b"Adobe":
            adobe += usual(len(segment) > len(_ADOBE))
            picture.append(_ADOBE + segment[len(_ADOBE) : len(_ADOBE) + 1])
        elif _is_picture(marker):
            _follow(tables, marker, segment)
            picture.append(segment)
    usual(adobe <= 1 and tables.all_used)
    words = [segment for marker, segment in _segments(encoded) if marker in _WORDS]
    return b"".join((b"\xff\xd8", jfif, *words, *picture, b"\xff\xd9"))


def baseline_jpeg(original: bytes, encoded: bytes) -> bytes:
    """The same of what is no progressive JPEG."""
    usual(all(marker != _PROGRESSIVE for marker, _ in _segments(original)))
    return jpeg(original, encoded)


def _is_picture(marker: int) -> bool:
    coding = 0xC0 <= marker <= 0xCF and marker != DHT
    usual(not coding or marker in _FRAMES)
    return coding or marker in _TABLES or marker == _SOS


def _follow(tables: Tables, marker: int, segment: bytes) -> None:
    if marker in _TABLES:
        tables.define(marker, segment)
    elif marker in _FRAMES:
        tables.begin(segment)
    else:
        size = 2 + int.from_bytes(segment[2:4], "big")
        tables.scan(segment[:size])
        usual(_FILL not in segment[size:])
        usual(tables.restarts or not _RESTART.search(segment, size))


def _segments(file: bytes) -> Iterator[tuple[int, bytes]]:
    """Each marker's segment up to the end of the image; that of SOS with the data behind it."""
    at = 2
    while True:
        marker = file[at + 1]
        usual(file[at] == 0xFF and marker in _MARKERS)
        if marker == _EOI:
            return
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        usual(end > at + 3 and end < len(file))
        if marker == _SOS:
            found = MARKER.search(file, end)
            end = found.start() if found else len(file)
        yield marker, file[at:end]
        at = end
