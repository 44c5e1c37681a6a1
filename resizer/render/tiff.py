"""The pages of a TIFF: the chain of its directories, and a file of one of them alone.

libvips reads every directory to count them, and takes what is wrong with one for an error of all.
Facts: TIFF 6.0 §2; BigTIFF has offsets and counts of 64 bits.
"""

from dataclasses import dataclass
from struct import Struct, error

MAX_PAGES = 65_535
"""A TIFF numbers its pages in 16 bits (tag 297)."""


@dataclass(frozen=True, slots=True)
class _Layout:
    offset: Struct
    count: Struct
    entry: int
    """Bytes of an entry of a directory."""
    first: int
    """Where the offset of the first directory stands."""


_LAYOUTS = {
    b"II*\0": _Layout(Struct("<I"), Struct("<H"), 12, 4),
    b"MM\0*": _Layout(Struct(">I"), Struct(">H"), 12, 4),
    b"II+\0": _Layout(Struct("<Q"), Struct("<Q"), 20, 8),
    b"MM\0+": _Layout(Struct(">Q"), Struct(">Q"), 20, 8),
}


def pages(source: memoryview) -> int:
    """How many there are, at least 1: an empty or broken chain is for the loader to refuse."""
    return max(1, len(_directories(source, _LAYOUTS[bytes(source[:4])])))


def alone(source: memoryview, index: int) -> memoryview:
    """The same file with only the page of this index, from 0; as it is where it has no other."""
    layout = _LAYOUTS[bytes(source[:4])]
    found = _directories(source, layout)
    if len(found) < 2:
        return source
    start, link = found[index]
    file = bytearray(source)
    layout.offset.pack_into(file, layout.first, start)
    layout.offset.pack_into(file, link, 0)
    return memoryview(bytes(file))


def _directories(source: memoryview, layout: _Layout) -> list[tuple[int, int]]:
    """Where each starts, and where its link to the next one stands; the chain ends at a loop."""
    found: dict[int, int] = {}
    link = layout.first
    try:
        while len(found) < MAX_PAGES:
            (start,) = layout.offset.unpack_from(source, link)
            if not start or start in found:
                break
            (entries,) = layout.count.unpack_from(source, start)
            link = start + layout.count.size + entries * layout.entry
            layout.offset.unpack_from(source, link)
            found[start] = link
    except (error, OverflowError):
        pass  # what lies beyond the end is no page
    return [*found.items()]
