"""PNG: of the chunks (§5.3, §11.2) those that a picture needs.

An APNG becomes its default image.
"""

import zlib
from collections.abc import Iterator
from itertools import pairwise

from resizer.render.containers.chunks import png_chunks
from resizer.render.write.bare.usual import usual

_MAGIC = b"\x89PNG\r\n\x1a\n"
_ORDER = {b"IHDR": 0, b"PLTE": 1, b"tRNS": 2, b"IDAT": 3, b"IEND": 4}
_WORDS = {b"eXIf", b"iTXt", b"tEXt", b"zTXt"}
_GREY, _COLOUR, _PALETTE = 0, 2, 3
_SAMPLES = {_GREY: 1, _COLOUR: 3, _PALETTE: 1, 4: 2, 6: 4}
"""Of a pixel, by colour type."""
_PASSES = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)
"""First column and row, and steps between them (§8.2)."""
_STEP = 1024 * 1024


def png(original: bytes, encoded: bytes) -> bytes:
    """The picture of one and the words of the other."""
    words = [chunk for name, chunk in _chunks(encoded) if name in _WORDS]
    chunks = [(name, chunk) for name, chunk in _chunks(original) if name in _ORDER]
    usual(chunks[0][0] == b"IHDR" and len(chunks[0][1]) == 25)
    kind = chunks[0][1][17]
    usual(kind in _SAMPLES)
    chunks = [(name, chunk) for name, chunk in chunks if _counts(name, kind)]
    for (name, _), (following, _) in pairwise(chunks):
        usual(_ORDER[name] < _ORDER[following] or name == following == b"IDAT")
    picture = [chunk for _, chunk in chunks]
    _check_colours(kind, dict(chunks))
    _check_data(picture[0], b"".join(chunk[8:-4] for name, chunk in chunks if name == b"IDAT"))
    usual(len(picture[-1]) == 12)
    return b"".join((_MAGIC, picture[0], *words, *picture[1:]))


def _counts(name: bytes, kind: int) -> bool:
    """Whether a reader obeys it. A palette of other colour types is a suggestion."""
    return name in (b"IHDR", b"IDAT", b"IEND") or (
        kind == _PALETTE if name == b"PLTE" else kind in (_GREY, _COLOUR, _PALETTE)
    )


def _check_colours(kind: int, chunks: dict[bytes, bytes]) -> None:
    colours, clear = (len(chunks.get(name, bytes(12))) - 12 for name in (b"PLTE", b"tRNS"))
    if kind == _PALETTE:
        usual(colours % 3 == 0 and colours // 3 <= 1 << chunks[b"IHDR"][16])
        usual(clear <= colours // 3)
    else:
        usual(clear in (0, 2 * _SAMPLES[kind]))


def _check_data(header: bytes, data: bytes) -> None:
    """They inflate to the rows of the picture, and nothing follows (§10.1)."""
    size, total, inflater = _rows_bytes(header), 0, zlib.decompressobj()
    try:
        while not inflater.eof:
            rows = inflater.decompress(data, _STEP)
            data = inflater.unconsumed_tail
            total += len(rows)
            usual(inflater.eof or (bool(rows) and total <= size))
    except zlib.error:
        usual(False)
    usual(total == size and not inflater.unused_data and not data)


def _rows_bytes(header: bytes) -> int:
    """Bytes of all rows, each with its filter (§7.2)."""
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (8, 12))
    depth, kind, interlaced = header[16], header[17], header[20]
    usual(interlaced <= 1)
    passes = _PASSES if interlaced else ((0, 0, 1, 1),)
    total = 0
    for left, top, across, down in passes:
        columns, rows = -((left - width) // across), -((top - height) // down)
        if columns > 0:
            total += max(rows, 0) * (1 + (columns * depth * _SAMPLES[kind] + 7) // 8)
    return total


def _chunks(file: bytes) -> Iterator[tuple[bytes, bytes]]:
    name = b""
    for name, at, end in png_chunks(memoryview(file)):
        usual(end <= len(file))
        if name in _ORDER:
            usual(zlib.crc32(file[at + 4 : end - 4]) == int.from_bytes(file[end - 4 : end], "big"))
        yield name, file[at:end]
    usual(name == b"IEND")
