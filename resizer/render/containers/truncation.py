"""Truncated files made readable: cut after their last whole part, and given an end.

Only the outer structure is looked at, never a pixel. Nothing here is trusted to be valid: it is
read as strictly as any original.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from resizer.render.containers.chunks import png_chunks, webp_chunks
from resizer.render.containers.gif import data_end, steps, table_bytes
from resizer.render.containers.jpeg_scans import MARKER

_MOST_PIECES = 100_000
"""Segments, chunks or blocks that are looked at; what a file has beyond is not believed in."""

_SOS, _EOI = 0xDA, b"\xff\xd9"
_IN_A_JPEG = {0xC4, 0xCC, _SOS, 0xDB, 0xDC, 0xDD, 0xFE, *range(0xC0, 0xC4), *range(0xE0, 0xF0)}
"""Tables, frames, scans, applications and comments; another byte after FF is damage."""

_PNG_HEAD = 8
_PNG_END = b"\0\0\0\0IEND\xaeB`\x82"
_PNG_CHECKSUM = b"\0\0\0\0"
"""None that is right: who reads what was broken cannot go by them anyway."""

_GIF_HEAD = 13
_GIF_IMAGE, _GIF_EXTENSION, _GIF_END = 0x2C, 0x21, b"\0;"
_GIF_IMAGE_BYTES = 11
"""An image's descriptor and the byte before its data."""

_WEBP_FLAGS = 20
_WEBP_LATE_FLAGS = 0x08 | 0x04
"""EXIF and XMP, which follow the frames (RFC 9649 §2.7.1)."""


@dataclass(frozen=True, slots=True)
class _Block:
    """An image or an extension of a GIF."""

    end: int
    """Where the last whole piece of it ends."""
    data: bool
    """Whether it is an image, and has any."""
    whole: bool
    """Whether its terminator follows."""


def ended_jpeg(file: memoryview) -> bytes | None:
    """A JPEG that ends too early with an end after its last whole segment, or amid its data.

    A decoder takes what is missing for mid-grey, and for detail that is not there in a
    progressive one. None where the file has its end.
    """
    at = 2
    for _ in range(_MOST_PIECES):
        found = MARKER.search(file, at)
        if found is None:
            break
        at, marker = found.start(), found[0][1]
        if file[at : at + 2] == _EOI:
            return None
        end = at + 2 + int.from_bytes(file[at + 2 : at + 4], "big")
        if marker not in _IN_A_JPEG or not at + 4 <= end <= len(file):
            return bytes(file[:at]) + _EOI
        at = end
    return bytes(file) + _EOI


def ended_png(file: memoryview) -> bytes:
    """A PNG whose last chunk is as long as what is there of it, and its end (PNG §5.3).

    libpng would give up 8 KiB before, and with them a small picture.
    """
    at = _PNG_HEAD
    for chunk in islice(png_chunks(file), _MOST_PIECES):
        if chunk.end > len(file):
            break
        at = chunk.end
    data = bytes(file[at + 8 :]) if bytes(file[at + 4 : at + 8]) == b"IDAT" else b""
    last = len(data).to_bytes(4, "big") + b"IDAT" + data + _PNG_CHECKSUM
    return bytes(file[:at]) + (last if data else b"") + _PNG_END


def gif_frames(file: memoryview) -> list[int]:
    """Where the data of each whole frame of a GIF end (GIF89a §15, §20); if none is whole, those
    of the first."""
    images = [block for block in _gif_blocks(file) if block.data]
    return [image.end for image in images if image.whole] or [image.end for image in images]


def gif_has_end(file: memoryview) -> bool:
    """Whether the last block of a GIF is followed by its end. Its last bytes mostly say so."""
    if file[-2:] == _GIF_END:
        return True
    end = max((block.end for block in _gif_blocks(file)), default=0)
    return file[end : end + 2] == _GIF_END


def ended_gif(file: memoryview, end: int) -> bytes:
    """The GIF with the frames whose data end by `end`. What a frame lacks stays unpainted."""
    return bytes(file[:end]) + _GIF_END


def webp_frames(file: memoryview) -> list[int]:
    """Where each whole frame of an animated WebP ends (RFC 9649 §2.7)."""
    ends: list[int] = []
    for chunk in islice(webp_chunks(file), _MOST_PIECES):
        if chunk.end > len(file):
            break
        if chunk.name == b"ANMF":
            ends.append(chunk.end)
    return ends


def ended_webp(file: memoryview, end: int) -> bytes:
    """The WebP with the frames that end by `end`."""
    whole = bytearray(file[:end])
    whole[4:8] = (end - 8).to_bytes(4, "little")
    whole[_WEBP_FLAGS] &= ~_WEBP_LATE_FLAGS
    return bytes(whole)


def _gif_blocks(file: memoryview) -> Iterator[_Block]:
    at = _GIF_HEAD + table_bytes(file[10]) if len(file) > _GIF_HEAD else len(file)
    left = steps()
    for _ in range(_MOST_PIECES):
        if at + _GIF_IMAGE_BYTES > len(file) or file[at] not in (_GIF_IMAGE, _GIF_EXTENSION):
            return
        is_image = file[at] == _GIF_IMAGE
        start = at + (_GIF_IMAGE_BYTES + table_bytes(file[at + 9]) if is_image else 2)
        end = data_end(file, start, left)
        whole = end < len(file) and not file[end]
        yield _Block(end, data=is_image and end > start, whole=whole)
        if not whole:
            return
        at = end + 1
