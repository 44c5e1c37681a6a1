"""Which colours the data of a GIF image use, without decoding them (GIF89a, appendix F).

A string of the code table is made of colours that were seen before it: the first of each has a
code of its own. So codes are counted, and no string is ever built.
"""

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
