"""TIFFs whose directories run in circles and whose strips lie."""

import struct
import zlib

_LONG = 4


def entry(tag: int, value: int, count: int = 1, kind: int = _LONG) -> bytes:
    return struct.pack("<HHII", tag, kind, count, value)


def directory(entries: dict[int, int], following: int) -> bytes:
    body = b"".join(entry(tag, entries[tag]) for tag in sorted(entries))
    return struct.pack("<H", len(entries)) + body + struct.pack("<I", following)


def picture(width: int, height: int, **other: int) -> dict[int, int]:
    """Grey, uncompressed, in one strip that starts at the head of the file; `tNNN` is a tag."""
    tags = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 273: 0, 277: 1, 278: height, 279: 64}
    return tags | {int(name[1:]): value for name, value in other.items()}


def tiff(*directories: bytes, tail: bytes = b"") -> bytes:
    return b"II*\0" + struct.pack("<I", 8) + b"".join(directories) + tail


SMALL = picture(8, 8)
_SIZE = len(directory(SMALL, 0))
DEFLATED = zlib.compress(bytes(20_000_000), 9)


def pages(count: int) -> bytes:
    """Directories that each lead to the next."""
    places = (8 + (n + 1) * _SIZE for n in range(count))
    return tiff(*(directory(SMALL, at if n < count - 1 else 0) for n, at in enumerate(places)))


def deflated(width: int, height: int) -> bytes:
    tags = picture(width, height, t259=8, t279=len(DEFLATED), t273=0)
    at = 8 + len(directory(tags, 0))
    return tiff(directory(tags | {273: at}, 0), tail=DEFLATED)


def tiled(side: int) -> bytes:
    tags = {t: v for t, v in picture(100, 100).items() if t not in (273, 278, 279)}
    return tiff(directory(tags | {322: side, 323: side, 324: 0, 325: 64}, 0))


BOMBS = {
    "a directory that leads to itself": (tiff(directory(SMALL, 8)), ""),
    "two that lead to each other": (tiff(directory(SMALL, 8 + _SIZE), directory(SMALL, 8)), ""),
    "a sub-directory that is its own": (tiff(directory(SMALL | {330: 8}, 0)), ""),
    "30,000 pages": (pages(30_000), ""),
    "a directory out of the file": (tiff(directory(SMALL, 2**31)), ""),
    "65,535 entries": (b"II*\0\x08\0\0\0\xff\xff" + entry(256, 9) * 999, ""),
    "of 65535×65535": (tiff(directory(picture(65_535, 65_535), 0)), "65535×65535 pixels, more"),
    "of 2³²-1 each way": (tiff(directory(picture(2**32 - 1, 2**32 - 1), 0)), ""),
    "of 9000×9000, and no data": (tiff(directory(picture(9000, 9000), 0)), ""),
    "of 9000×9000 in one deflated strip": (deflated(9000, 9000), ""),
    "20 MB for 64 pixels": (deflated(8, 8), ""),
    "a strip of 4 GiB": (tiff(directory(SMALL | {279: 2**32 - 1}, 0)), ""),
    "a strip out of the file": (tiff(directory(SMALL | {273: 2**32 - 9}, 0)), ""),
    "a tile of 2³⁰": (tiff(directory(picture(9, 9, t322=2**30, t323=2**30), 0)), ""),
    "a tile of 32768×32768": (tiled(32_768), ""),
    "65,535 samples": (tiff(directory(SMALL | {277: 65_535}, 0)), ""),
    "64 bits": (tiff(directory(SMALL | {258: 64}, 0)), ""),
    "BigTIFF of 2⁶³ entries": (b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**63) + bytes(99), ""),
}
