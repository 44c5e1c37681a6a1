"""The boxes of ISO base media files, AVIF and HEIC among them (ISO/IEC 14496-12 §4.2)."""

from collections.abc import Iterator

IsoBox = tuple[bytes, memoryview]
"""Four letters of its type, and its body."""

MOST_BOXES = 1_000
"""Looked at in one place; what lies behind is not there."""


def boxes(data: memoryview) -> Iterator[IsoBox]:
    """Those that lie one after another in `data`, up to the first that is not whole."""
    at = 0
    for _ in range(MOST_BOXES):
        if at + 8 > len(data):
            return
        size, head = int.from_bytes(data[at : at + 4], "big"), 8
        if size == 1:
            size, head = int.from_bytes(data[at + 8 : at + 16], "big"), 16
        end = len(data) if size == 0 else at + size
        if end < at + head or end > len(data):
            return
        yield bytes(data[at + 4 : at + 8]), data[at + head : end]
        at = end
