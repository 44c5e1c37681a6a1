"""What every walk through the blocks of a GIF takes (GIF89a §15, §18, §19).

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
