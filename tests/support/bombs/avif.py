"""AVIFs whose boxes lie."""

import struct

from tests.support.drawings import flat


def box(kind: bytes, data: bytes, length: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(data) if length is None else length) + kind + data


FTYP = box(b"ftyp", b"avif\0\0\0\0mif1avif")
SOUND: bytes = flat(64, 64, (200, 9, 9)).heifsave_buffer(compression="av1")


def of_size(width: int, height: int) -> bytes:
    """Another size in `ispe` (ISO/IEC 23008-12 §6.5.3)."""
    at = SOUND.index(b"ispe") + 8
    return SOUND[:at] + struct.pack(">II", width, height) + SOUND[at + 8 :]


def full(kind: bytes, data: bytes, version: int = 0) -> bytes:
    return box(kind, bytes((version, 0, 0, 0)) + data)


def grid(rows: int, columns: int, side: int) -> bytes:
    """A picture of tiles that all are the same one, which is not there."""
    idat = bytes((0, 1, rows - 1, columns - 1)) + struct.pack(">II", side, side)
    entry = full(b"infe", struct.pack(">HH", 1, 0) + b"grid\0", 2)
    tile = full(b"infe", struct.pack(">HH", 2, 0) + b"av01\0", 2)
    place = struct.pack(">HHHHHII", 1, 1, 0, 1, 0, 0, len(idat))[:-8]
    iloc = full(b"iloc", b"\x44\0" + struct.pack(">H", 1) + place + struct.pack(">II", 0, 12), 1)
    refers = box(b"dimg", struct.pack(">HH", 1, rows * columns) + b"\0\2" * (rows * columns))
    ispe = full(b"ispe", struct.pack(">II", side, side))
    props = box(b"ipco", ispe) + full(b"ipma", struct.pack(">IHBB", 1, 1, 1, 1))
    meta = full(
        b"meta",
        full(b"hdlr", bytes(4) + b"pict" + bytes(13))
        + full(b"pitm", b"\0\1")
        + iloc
        + full(b"iinf", struct.pack(">H", 2) + entry + tile)
        + full(b"iref", refers)
        + box(b"iprp", props)
        + box(b"idat", idat),
    )
    return FTYP + meta


BOMBS = {
    "of 65535×65535": (of_size(65_535, 65_535), ""),
    "of 2³²-1 each way": (of_size(2**32 - 1, 2**32 - 1), ""),
    "of 9000×9000, of which 64×64 are there": (of_size(9000, 9000), ""),
    "of no size": (of_size(0, 0), ""),
    "65,025 tiles that are one": (grid(255, 255, 16_000), ""),
    "100,000 empty boxes": (FTYP + box(b"free", b"") * 100_000, ""),
    "boxes within boxes": (FTYP + (struct.pack(">I", 2**31) + b"meta") * 5000, ""),
    "a box of 2⁶³ bytes": (FTYP + b"\0\0\0\x01meta\x7f" + b"\xff" * 7, ""),
    "a box of no length": (FTYP + box(b"meta", b"", 0), ""),
    "a box shorter than its head": (FTYP + box(b"meta", bytes(40), 4), ""),
    "a head alone": (FTYP, ""),
    "a property that nobody knows": (SOUND.replace(b"av1C", b"i\xff\xffr"), ""),
}
