"""A file without what is not its picture: the other answer where encoding anew is larger.

The picture comes from the original, unchanged; what is said about it (EXIF, XMP, IPTC) comes from
our own encoding of it, where `metadata` has been obeyed. What is not known here is left out:
comments, thumbnails, profiles, private segments and whatever follows the end; so it is for the
caller to see that the bare picture shows the same. A file that is built in an unusual way has no
stripped form (None).
"""

import re
from collections.abc import Callable, Iterator

from resizer.transform import Format

_SEGMENT_END = re.compile(rb"\xff+[^\x00\xd0-\xd7\xff]")
"""In entropy-coded data, the next marker that is no restart (ITU-T T.81 §B.1.1.5)."""
_JFIF = b"\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0"
_SOS, _EOI, _APP0, _APP14 = 0xDA, 0xD9, 0xE0, 0xEE
_TABLES = {0xC4, 0xDB, 0xDD}
"""DHT, DQT and DRI."""
_PROGRESSIVE = 0xC2
_FRAMES = {0xC0, 0xC1, _PROGRESSIVE}
"""Baseline, extended and progressive, Huffman-coded: what browsers read."""
_JPEG_WORDS = {0xE1, 0xED}
"""APP1 (EXIF, XMP) and APP13 (IPTC)."""
_ADOBE_BYTES = 12

_PNG_MAGIC = b"\x89PNG\r\n\x1a\n"
_PNG_PICTURE = {b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"}
_PNG_WORDS = {b"eXIf", b"iTXt", b"tEXt", b"zTXt"}

_WEBP_PICTURE = {b"VP8 ", b"VP8L", b"ALPH", b"ANIM", b"ANMF"}
_WEBP_WORDS = {b"EXIF": 0x08, b"XMP ": 0x04}
_WEBP_ALPHA_AND_ANIMATION = 0x12

_GIF_KEPT = (b"!\xf9", b"!\xff\x0bNETSCAPE2.0", b"!\xff\x0bANIMEXTS1.0")

Part = tuple[int, bytes]


class _Unusual(Exception):
    """Built in a way that is not looked into."""


def stripped(original: bytes, encoded: bytes, format_: Format) -> bytes | None:
    """The picture of `original` with the words of `encoded`; both are files of `format_`."""
    if format_ not in _STRIPPED:
        return None
    try:
        return _STRIPPED[format_](original, encoded)
    except (_Unusual, IndexError):
        return None


def _jpeg(original: bytes, encoded: bytes) -> bytes:
    """Between the markers of ITU-T T.81 §B.1.1.3, without all APPn but Adobe's, and no comment.

    A reader takes three components for YCbCr if there is a JFIF marker, whatever Adobe's says, and
    goes by their names if there is neither: so one is written if and only if there was one.
    """
    picture, jfif = [], b""
    for marker, segment in _jpeg_segments(original):
        if marker == _APP0 and segment[4:9] == b"JFIF\0":
            jfif = _JFIF
        elif _is_picture(marker, segment):
            picture.append(segment)
    words = [segment for marker, segment in _jpeg_segments(encoded) if marker in _JPEG_WORDS]
    return b"".join((b"\xff\xd8", jfif, *words, *picture, b"\xff\xd9"))


def _baseline_jpeg(original: bytes, encoded: bytes) -> bytes:
    _usual(all(marker != _PROGRESSIVE for marker, _ in _jpeg_segments(original)))
    return _jpeg(original, encoded)


def _is_picture(marker: int, segment: bytes) -> bool:
    if marker == _APP14 and segment[4:9] == b"Adobe":
        return _usual(len(segment) == 4 + _ADOBE_BYTES)
    if marker in _FRAMES:
        return _usual(segment[4] == 8)
    others = 0xC0 <= marker <= 0xCF and marker not in _TABLES
    return _usual(not others) and (marker in _TABLES or marker == _SOS)


def _jpeg_segments(file: bytes) -> Iterator[Part]:
    """Each marker's segment up to the end of the image; that of SOS with the data behind it."""
    at = 2
    while True:
        _usual(file[at] == 0xFF)
        while file[at + 1] == 0xFF:
            at += 1
        marker = file[at + 1]
        if marker == _EOI:
            return
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        _usual(end > at + 3 and end < len(file))
        if marker == _SOS:
            found = _SEGMENT_END.search(file, end)
            end = found.start() if found else len(file)
        yield marker, file[at:end]
        at = end


def _png(original: bytes, encoded: bytes) -> bytes:
    """Of the chunks (PNG §5.3) those that a picture needs; an APNG becomes its default image."""
    chunks = list(_png_chunks(original))
    names = {name for name, _ in chunks}
    _usual(chunks[0][0] == b"IHDR" and names >= {b"IDAT", b"IEND"})
    words = [chunk for name, chunk in _png_chunks(encoded) if name in _PNG_WORDS]
    picture = [chunk for name, chunk in chunks if name in _PNG_PICTURE]
    return b"".join((_PNG_MAGIC, picture[0], *words, *picture[1:]))


def _png_chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, name = len(_PNG_MAGIC), b""
    while name != b"IEND":
        name = file[at + 4 : at + 8]
        end = at + 12 + int.from_bytes(file[at : at + 4], "big")
        _usual(end <= len(file))
        yield name, file[at:end]
        at = end


def _webp(original: bytes, encoded: bytes) -> bytes:
    """RFC 9649 §2.7: the extended form, with flags that say what is left."""
    chunks, words = list(_webp_chunks(original)), list(_webp_chunks(encoded))
    words = [(name, chunk) for name, chunk in words if name in _WEBP_WORDS]
    picture = [chunk for name, chunk in chunks if name in _WEBP_PICTURE]
    _usual(bool(picture))
    extended = [chunk for name, chunk in chunks if name == b"VP8X"]
    _usual(bool(extended) or not words)
    head = b""
    if extended:
        flags = extended[0][8] & _WEBP_ALPHA_AND_ANIMATION
        for name, _ in words:
            flags |= _WEBP_WORDS[name]
        head = extended[0][:8] + bytes((flags,)) + extended[0][9:]
    body = b"".join((b"WEBP", head, *picture, *(chunk for _, chunk in words)))
    return b"RIFF" + len(body).to_bytes(4, "little") + body


def _webp_chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    at, size = 12, 8 + int.from_bytes(file[4:8], "little")
    _usual(size <= len(file))
    while at + 8 <= size:
        length = int.from_bytes(file[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        _usual(end <= size)
        yield file[at : at + 4], file[at:end]
        at = end


def _gif(original: bytes, encoded: bytes) -> bytes:
    """GIF89a: images, their controls and the loop count."""
    at = 13 + _colours(original[10])
    parts = [b"GIF89a", original[6:at]]
    while original[at] != 0x3B:
        start = at
        extension = original[at] == 0x21
        _usual(extension or original[at] == 0x2C)
        at += 2 if extension else 11 + _colours(original[at + 9])
        while original[at]:
            at += 1 + original[at]
        at += 1
        if not extension or original[start : start + 14].startswith(_GIF_KEPT):
            parts.append(original[start:at])
    return b"".join((*parts, b";"))


def _colours(flags: int) -> int:
    """Bytes of a colour table."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _usual(truth: bool) -> bool:
    if not truth:
        raise _Unusual
    return truth


_STRIPPED: dict[Format, Callable[[bytes, bytes], bytes]] = {
    Format.JPEG: _jpeg,
    Format.BASELINE_JPEG: _baseline_jpeg,
    Format.PNG: _png,
    Format.WEBP: _webp,
    Format.GIF: _gif,
}
"""AVIF has no such form: its boxes point into one another by offset."""
