"""The chunks of a PNG or WebP: where they lie, and how many may be left to libvips to read.

A WebP of 40,000 frames of one pixel, 1.6 MB, takes its reader seconds (it looks at each for each);
100 compressed texts of 20 kB in a PNG inflate to hundreds of megabytes that nobody looks at.
"""

from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

from resizer.errors import UnprocessableSource

_PNG_HEAD, _WEBP_HEAD = 8, 12

_MAX_CHUNKS = 20_000
"""A PNG of 64 MiB in IDATs of 8 KiB, as many encoders write, has 8,000."""
_MAX_WEBP_CHUNKS = 4000
"""Sixteen times the default of `max_frames`."""
_MAX_INFLATED = 50
"""Compressed texts, of which libpng inflates each to 8 MB at most."""
_INFLATED = {b"zTXt", b"iTXt"}


class Chunk(NamedTuple):
    """Where a chunk lies in its file; its end may lie beyond that of the file."""

    name: bytes
    start: int
    end: int


def png_chunks(file: memoryview) -> Iterator[Chunk]:
    """Up to `IEND` (PNG §5.3); nobody reads what trails behind it."""
    at, name = _PNG_HEAD, b""
    while at < len(file) and name != b"IEND":
        name, end = bytes(file[at + 4 : at + 8]), at + 12 + int.from_bytes(file[at : at + 4], "big")
        yield Chunk(name, at, end)
        at = end


def webp_end(file: memoryview) -> int:
    """Where its head says that it ends (RFC 9649 §2.4); nobody reads what trails behind it."""
    return min(len(file), 8 + int.from_bytes(file[4:8], "little"))


def webp_chunks(file: memoryview) -> Iterator[Chunk]:
    """Up to its end."""
    at, last = _WEBP_HEAD, webp_end(file)
    while at < last:
        size = int.from_bytes(file[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        yield Chunk(bytes(file[at : at + 4]), at, end)
        at = end


def check_png(source: memoryview) -> None:
    """Refuse a PNG of too many chunks or texts. Raises UnprocessableSource."""
    inflated = 0
    for count, chunk in enumerate(png_chunks(source), 1):
        inflated += chunk.name in _INFLATED
        if inflated > _MAX_INFLATED:
            raise UnprocessableSource(f"The PNG has more than {_MAX_INFLATED} compressed texts.")
        if count > _MAX_CHUNKS:
            raise UnprocessableSource(f"The PNG has more than {_MAX_CHUNKS:,} chunks.")


def check_webp(source: memoryview) -> None:
    """Refuse a WebP of too many chunks, each frame being one. Raises UnprocessableSource."""
    if any(True for _ in islice(webp_chunks(source), _MAX_WEBP_CHUNKS, None)):
        raise UnprocessableSource(f"The WebP has more than {_MAX_WEBP_CHUNKS:,} chunks.")
