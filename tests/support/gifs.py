"""GIFs written block by block, and what a reader must see of them (GIF89a).

Independent of any encoder: frames may lie anywhere, have palettes of their own, and be disposed of
in every way. Uncompressed: a clear code comes before codes would grow.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from struct import pack

import numpy as np
from numpy.typing import NDArray

Colours = Sequence[tuple[int, int, int]]
Picture = NDArray[np.uint8]
"""Height × width × RGBA."""

KEEP, BACKGROUND, PREVIOUS = 1, 2, 3


@dataclass(frozen=True, kw_only=True)
class Frame:
    """One image block and what controls it."""

    pixels: NDArray[np.uint8]
    """Height × width of indices into `colours`."""
    colours: Colours
    left: int = 0
    top: int = 0
    clear: int | None = None
    """The index that is transparent."""
    delay: int = 100
    """Milliseconds, in tens."""
    disposal: int = 0
    local: bool = True
    """Whether the palette is the frame's own; else it must be the file's."""


def gif(
    width: int, height: int, frames: Sequence[Frame], loop: int | None = None, background: int = 0
) -> bytes:
    """A file. `loop` is what NETSCAPE2.0 says: repetitions after the first time, 0 for ever."""
    depth, table = _table(frames[0].colours)
    parts = [b"GIF89a", pack("<HHBBB", width, height, 0x80 | depth, background, 0), table]
    if loop is not None:
        parts.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + pack("<H", loop) + b"\0")
    return b"".join([*parts, *map(_image, frames), b"\x3b"])


def composed(width: int, height: int, frames: Sequence[Frame]) -> list[Picture]:
    """Each frame as a browser shows it: on what the others left, on a canvas that is clear."""
    canvas = np.zeros((height, width, 4), np.uint8)
    seen = []
    for frame in frames:
        before = canvas.copy()
        rows, columns = frame.pixels.shape
        place = np.s_[frame.top : frame.top + rows, frame.left : frame.left + columns]
        drawn = frame.pixels != (-1 if frame.clear is None else frame.clear)
        canvas[place][drawn, :3] = np.array(frame.colours, np.uint8)[frame.pixels[drawn]]
        canvas[place][drawn, 3] = 255
        seen.append(canvas.copy())
        if frame.disposal == BACKGROUND:
            canvas[place] = 0
        elif frame.disposal == PREVIOUS:
            canvas = before
    return seen


def _image(frame: Frame) -> bytes:
    clear = frame.clear is not None
    control = pack("<BHB", frame.disposal << 2 | clear, frame.delay // 10, frame.clear or 0)
    rows, columns = frame.pixels.shape
    depth, table = _table(frame.colours)
    place = pack("<HHHH", frame.left, frame.top, columns, rows)
    size = max(2, depth + 1)
    coded = _packed(_codes(frame.pixels.ravel(), size), size + 1)
    blocks = [coded[at : at + 255] for at in range(0, len(coded), 255)]
    return b"".join(
        [
            b"\x21\xf9\x04" + control + b"\0\x2c" + place,
            bytes([0x80 | depth]) + table if frame.local else b"\0",
            bytes([size]) + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0",
        ]
    )


def _table(colours: Colours) -> tuple[int, bytes]:
    """Its size as the format says it (2 to the power of depth + 1), and the padded table."""
    depth = max(1, (len(colours) - 1).bit_length()) - 1
    return depth, bytes(np.array(colours, np.uint8)).ljust(3 * 2 ** (depth + 1), b"\0")


def _codes(indices: NDArray[np.uint8], size: int) -> Iterator[int]:
    for at, index in enumerate(indices.tolist()):
        if at % (2**size - 2) == 0:
            yield 2**size
        yield index
    yield 2**size + 1


def _packed(codes: Iterator[int], bits: int) -> bytes:
    """The lowest bit of the first code comes first."""
    whole = sum(code << (at * bits) for at, code in enumerate(codes))
    return whole.to_bytes(whole.bit_length() // 8 + 1, "little")
