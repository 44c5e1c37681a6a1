"""How many frames an AVIF sequence says it has, for a reader that finds only its still picture."""

from collections.abc import Iterator

_TO_SAMPLES = (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz")
"""The boxes, each in the one before, down to the sizes of a track's samples."""
_COUNT = slice(8, 12)
"""In that box, behind version, flags and the size that all share (ISO/IEC 14496-12 §8.7.3.2)."""
_MOST_BOXES = 1000


def sample_count(source: memoryview) -> int:
    """Of the first track, which is the picture; at least 1."""
    body = source
    for name in _TO_SAMPLES:
        body = next((inner for kind, inner in _boxes(body) if kind == name), memoryview(b""))
    return max(1, int.from_bytes(body[_COUNT], "big"))


def _boxes(data: memoryview) -> Iterator[tuple[bytes, memoryview]]:
    """Those that lie one after another in `data`, with 32 bits of size or up to its end (§4.2)."""
    at = 0
    for _ in range(_MOST_BOXES):
        size = int.from_bytes(data[at : at + 4], "big") or len(data) - at
        if size < 8 or at + size > len(data):
            return
        yield bytes(data[at + 4 : at + 8]), data[at + 8 : at + size]
        at += size
