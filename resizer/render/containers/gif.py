"""The sub-blocks of a GIF, walked in a bounded number of steps (GIF89a §15, §18, §19).

A sub-block holds 255 bytes at most and one at least: 64 MiB of the least took 16 s to walk.
"""

from collections.abc import Iterator

_MOST = 1_000_000
"""Sub-blocks that are walked in one file: four times as many as fill 64 MiB."""


def steps() -> Iterator[int]:
    """As many as one walk through a file may take."""
    return iter(range(_MOST))


def data_end(file: bytes | memoryview, at: int, steps: Iterator[int]) -> int:
    """Where the last whole sub-block of those from `at` on ends: at their terminator, unless the
    file is cut short. The end of the file once the steps are used up.
    """
    for _ in steps:
        if at >= len(file) or not file[at] or at + 1 + file[at] > len(file):
            return at
        at += 1 + file[at]
    return len(file)


def table_bytes(flags: int) -> int:
    """Bytes of the colour table that a screen or an image says it has."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


_LONGEST = 12
"""Bits of a code."""


def colours(data: bytes, size: int) -> set[int]:
    """The indices that occur in `data`, whose codes begin with `size` bits and one more."""
    clear, end = 1 << size, (1 << size) + 1
    found: set[int] = set()
    width, entries = size + 1, end
    held = bits = 0
    for byte in data:
        held |= byte << bits
        bits += 8
        while bits >= width:
            code = held & (1 << width) - 1
            held >>= width
            bits -= width
            if code == end:
                return found
            if code == clear:
                width, entries = size + 1, end
                continue
            if code < clear:
                found.add(code)
            entries += 1
            if entries == 1 << width and width < _LONGEST:
                width += 1
    return found
