"""TIFF files of every kind of sample, which no library at hand writes (TIFF 6.0)."""

import struct
from typing import Any

import numpy as np

GREY, RGB, CMYK, LAB = 1, 2, 5, 8
"""PhotometricInterpretation."""
UNSPECIFIED, ASSOCIATED, UNASSOCIATED = 0, 1, 2
"""ExtraSamples: colours multiplied by alpha, or not; or something else."""
_KINDS = {"u": 1, "i": 2, "f": 3}


def tiff(
    samples: "np.ndarray[Any, Any]",
    photometric: int,
    *,
    extra: int | tuple[int, ...] = (),
    profile: bytes = b"",
) -> bytes:
    """Rows × columns × bands of any number type, in one strip without compression."""
    rows, columns, bands = samples.shape
    data = samples.astype(samples.dtype.newbyteorder("<")).tobytes()
    tags: list[tuple[int, str, list[int]]] = [
        (256, "H", [columns]),
        (257, "H", [rows]),
        (258, "H", [8 * samples.dtype.itemsize] * bands),
        (259, "H", [1]),
        (262, "H", [photometric]),
        (273, "I", [8]),
        (277, "H", [bands]),
        (278, "H", [rows]),
        (279, "I", [len(data)]),
        (339, "H", [_KINDS[samples.dtype.kind]] * bands),
        (34675, "B", list(profile)),
    ]
    tags.append((338, "H", [extra] if isinstance(extra, int) else [*extra]))
    return _file(data + bytes(len(data) % 2), sorted(tag for tag in tags if tag[2]))


def _file(data: bytes, tags: list[tuple[int, str, list[int]]]) -> bytes:
    start = 8 + len(data)
    after = start + 2 + 12 * len(tags) + 4
    index, tail = struct.pack("<H", len(tags)), b""
    for number, letter, values in tags:
        value = struct.pack(f"<{len(values)}{letter}", *values)
        if len(value) > 4:
            place = struct.pack("<I", after + len(tail))
            tail += value + bytes(len(value) % 2)
            value = place
        kind = {"B": 1, "H": 3, "I": 4}[letter]
        index += struct.pack("<HHI", number, kind, len(values)) + value.ljust(4, b"\0")
    return b"II*\0" + struct.pack("<I", start) + data + index + bytes(4) + tail
