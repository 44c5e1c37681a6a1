"""The pages of a TIFF: the chain of its directories, and a file of one of them alone.

libvips reads every directory to count them, and takes what is wrong with one for an error of all.
Facts: TIFF 6.0 §2; BigTIFF has offsets and counts of 64 bits.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from struct import Struct, error

MAX_PAGES = 65_535
"""A TIFF numbers its pages in 16 bits (tag 297)."""


@dataclass(frozen=True, slots=True)
class _Layout:
    offset: Struct
    count: Struct
    entry: Struct
    """Of a directory: a tag, the type of its values, how many, and where they are or the values."""
    first: int
    """Where the offset of the first directory stands."""


_LAYOUTS = {
    b"II*\0": _Layout(Struct("<I"), Struct("<H"), Struct("<HHII"), 4),
    b"MM\0*": _Layout(Struct(">I"), Struct(">H"), Struct(">HHII"), 4),
    b"II+\0": _Layout(Struct("<Q"), Struct("<Q"), Struct("<HHQQ"), 8),
    b"MM\0+": _Layout(Struct(">Q"), Struct(">Q"), Struct(">HHQQ"), 8),
}

_COLOURS = {320, 34_675}
"""ColorMap and the ICC profile: what libtiff cannot read of them it does without."""
_BYTES = (0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8)
"""Of a value, by its type."""


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
    return memoryview(file).toreadonly()


def has_colours(source: memoryview) -> bool:
    """Whether all that the first page says of what its colours mean is there."""
    layout = _LAYOUTS[bytes(source[:4])]
    return not any(
        tag in _COLOURS and size > layout.offset.size and offset + size > len(source)
        for start, end in _directories(source, layout)[:1]
        for tag, size, offset in _entries(source[start + layout.count.size : end], layout)
    )


def _entries(directory: memoryview, layout: _Layout) -> Iterator[tuple[int, int, int]]:
    """Tag, bytes of the values, and where they are unless they fit in place of that."""
    for tag, kind, count, offset in layout.entry.iter_unpack(directory):
        yield tag, count * _BYTES[kind] if kind < len(_BYTES) else 0, offset


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
            link = start + layout.count.size + entries * layout.entry.size
            layout.offset.unpack_from(source, link)
            found[start] = link
    except (error, OverflowError):
        pass  # what lies beyond the end is no page
    return [*found.items()]
