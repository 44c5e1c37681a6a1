"""The chunks of a PNG or WebP, counted before libvips reads them all for its header.

A WebP of 40,000 frames of one pixel, 1.6 MB, takes its reader seconds (it looks at each for each);
100 compressed texts of 20 kB in a PNG inflate to hundreds of megabytes that nobody looks at.
"""

from resizer.errors import UnprocessableSource

_MAX_CHUNKS = 20_000
"""A PNG of 64 MiB in IDATs of 8 KiB, as many encoders write, has 8,000."""
_MAX_WEBP_CHUNKS = 4000
"""Sixteen times the default of `max_frames`."""
_MAX_INFLATED = 50
"""Compressed texts, of which libpng inflates each to 8 MB at most."""
_INFLATED = {b"zTXt", b"iTXt"}


def check_png(source: memoryview) -> None:
    """Refuse a PNG of too many chunks or texts. Raises UnprocessableSource."""
    at, inflated = 8, 0
    for _ in range(_MAX_CHUNKS):
        if at >= len(source):
            return
        inflated += bytes(source[at + 4 : at + 8]) in _INFLATED
        if inflated > _MAX_INFLATED:
            raise UnprocessableSource(f"The PNG has more than {_MAX_INFLATED} compressed texts.")
        at += 12 + int.from_bytes(source[at : at + 4], "big")
    raise UnprocessableSource(f"The PNG has more than {_MAX_CHUNKS:,} chunks.")


def check_webp(source: memoryview) -> None:
    """Refuse a WebP of too many chunks, each frame being one. Raises UnprocessableSource."""
    at = 12
    for _ in range(_MAX_WEBP_CHUNKS):
        if at >= len(source):
            return
        size = int.from_bytes(source[at + 4 : at + 8], "little")
        at += 8 + size + size % 2
    raise UnprocessableSource(f"The WebP has more than {_MAX_WEBP_CHUNKS:,} chunks.")
