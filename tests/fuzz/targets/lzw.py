"""The data of a GIF image: every colour that a decoder finds in them is known to be there.

The first byte of an input is the size of its codes.
"""

from resizer.render.containers.gif import colours
from tests.fuzz.target import Target

Entry = tuple[int, frozenset[int]]
"""A string of the code table: its first colour, and all of them."""


def check(data: bytes) -> None:
    size = 2 + data[0] % 7 if data else 2
    assert _decoded(data[1:], size) <= colours(data[1:], size)


def _decoded(data: bytes, size: int) -> set[int]:
    """By the code table of GIF89a, appendix F, up to the first code that makes no sense."""
    clear, end = 1 << size, (1 << size) + 1
    first: list[Entry] = [(colour, frozenset({colour})) for colour in range(clear)]
    first += [(0, frozenset())] * 2
    table, width, previous = [*first], size + 1, None
    used: set[int] = set()
    bits, left = int.from_bytes(data, "little"), 8 * len(data)
    while left >= width:
        code = bits & (1 << width) - 1
        bits, left = bits >> width, left - width
        if code == end:
            break
        if code == clear:
            table, width, previous = [*first], size + 1, None
            continue
        if code > len(table) or (code == len(table) and previous is None):
            break
        entry = table[code] if code < len(table) else previous
        assert entry is not None
        used |= entry[1]
        if previous is not None and len(table) < 4096:
            table.append((previous[0], previous[1] | {entry[0]}))
        previous = entry if code < len(table) - 1 or previous is None else table[-1]
        if len(table) == 1 << width and width < 12:
            width += 1
    return used


def _codes(size: int, *codes: int) -> bytes:
    """As many as still have `size` + 1 bits."""
    value = sum(code << (size + 1) * index for index, code in enumerate(codes))
    return bytes([size - 2]) + value.to_bytes((size + 1) * len(codes) // 8 + 1, "little")


TARGET = Target(
    check,
    seeds=[
        _codes(2, 4, 1, 6, 5),
        _codes(2, 4, 1, 2, 4, 3, 0, 5),
        _codes(8, 256, 7, 258, 259, 255, 256, 1, 257),
        _codes(8, 256, *range(200)),
        _codes(4, *range(8), 16, *range(8), 17),
        b"",
        b"\0" + bytes(range(256)) * 8,
        b"\6" + b"\0\1\xff" * 700,
    ],
    words=[bytes([size]) + bytes([1 << size & 255, 1 << size >> 8]) for size in range(2, 9)],
)
