"""PNGs that say they are huge, or inflate to much where nobody looks."""

import struct
import zlib

from tests.support.drawings import png, quarters
from tests.support.pngs import chunk

SOUND = png(quarters())
_HEAD_END = 33


def of_size(
    width: int, height: int, *, depth: int = 8, colour: int = 2, data: bytes = b""
) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", head)
        + chunk(b"IDAT", data or zlib.compress(bytes(100)))
        + chunk(b"IEND", b"")
    )


def with_chunk(data: bytes) -> bytes:
    """A sound PNG with another chunk after its header."""
    return SOUND[:_HEAD_END] + data + SOUND[_HEAD_END:]


DEFLATED = zlib.compress(bytes(20_000_000), 9)
"""20 MB in 20 kB."""

BOMBS = {
    "of 2³¹-1 each way": (of_size(2**31 - 1, 2**31 - 1), ""),
    "of 2³¹-1 by one": (of_size(2**31 - 1, 1), ""),
    "of 50000×50000": (of_size(50_000, 50_000), "50000×50000 pixels, more than"),
    "of 50000×50000 bits": (of_size(50_000, 50_000, depth=1, colour=0), "pixels, more than"),
    "8388640 wide": (of_size(8_388_640, 8), "with a side of more than 1,000,000"),
    "of 100 MP, and no data": (of_size(10_000, 10_000), ""),
    "of no size": (of_size(0, 0), ""),
    "20 MB for 100 pixels": (of_size(10, 10, data=DEFLATED), ""),
    "an iCCP bomb": (with_chunk(chunk(b"iCCP", b"icc\0\0" + DEFLATED)), ""),
    "a zTXt bomb": (with_chunk(chunk(b"zTXt", b"Comment\0\0" + DEFLATED)), ""),
    "an iTXt bomb": (with_chunk(chunk(b"iTXt", b"Comment\0\x01\0\0\0" + DEFLATED)), ""),
    "an iTXt of XMP, a bomb": (
        with_chunk(chunk(b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0" + DEFLATED)),
        "",
    ),
    "many zTXt bombs": (
        with_chunk(chunk(b"zTXt", b"Comment\0\0" + DEFLATED) * 100),
        "more than 50 compressed texts",
    ),
    "20,000 texts": (with_chunk(chunk(b"tEXt", b"Comment\0x") * 20_000), ""),
    "a chunk of 2 GiB": (with_chunk(chunk(b"tEXt", b"Comment\0x", 2**31 - 1)), ""),
    "a chunk of no letters": (with_chunk(chunk(b"\0\xff\0\xff", b"x")), ""),
    "of 2³¹-1 frames": (with_chunk(chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))), ""),
}
