"""Originals that show which one they are: the key's number and the version, as two colours.

The left half says the version, the right half the key, each in twelve bits: four a channel, far
enough apart to survive any resizing. Also two places for them where they can be replaced.
"""

import asyncio
import os
import struct
import zlib
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import pyvips

from tests.support.pngs import chunk
from tests.support.servers import S3Bucket

MOST = 4096
"""Numbers that a colour can say; a larger one wraps."""


def numbered(key: int, version: int, width: int = 96, height: int = 64) -> bytes:
    """A PNG that `read_numbers` reads back. Every version is another number of bytes."""
    row = b"\0" + b"\0" * (width // 16) + b"\xff" * (width // 16)
    header = struct.pack("!IIBBBBB", width, height, 1, 3, 0, 0, 0)
    chunks = (
        chunk(b"IHDR", header),
        chunk(b"PLTE", bytes((*_colour(version), *_colour(key)))),
        # A file that is replaced within one tick of the clock differs in its size all the same.
        chunk(b"tEXt", b"Comment\0" + b"x" * (version % MOST)),
        chunk(b"IDAT", zlib.compress(row * height, 1)),
        chunk(b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@lru_cache(maxsize=4096)
def read_numbers(body: bytes) -> tuple[int, int]:
    """Key and version that an image shows. Raises ValueError where it shows no such thing."""
    try:
        image = pyvips.Image.new_from_buffer(body, "").colourspace("srgb")
        middle = image.height // 2
        version, key = image(0, middle), image(image.width - 1, middle)
    except pyvips.Error as error:
        raise ValueError(f"not a picture: {error}") from None
    return _number(key), _number(version)


class Originals(Protocol):
    """Where gateways find them. What is put takes the place of what was there in one step."""

    async def put(self, key: str, body: bytes) -> None: ...
    async def delete(self, key: str) -> None: ...


class InDirectory:
    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, body: bytes) -> None:
        path = self._root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".part")
        beside.write_bytes(body)
        os.replace(beside, path)

    async def delete(self, key: str) -> None:
        (self._root / key).unlink(missing_ok=True)


class InBucket:
    def __init__(self, bucket: S3Bucket) -> None:
        self._bucket = bucket

    async def put(self, key: str, body: bytes) -> None:
        await asyncio.to_thread(self._bucket.put, key, body)

    async def delete(self, key: str) -> None:
        name = self._bucket.name
        await asyncio.to_thread(self._bucket.client.delete_object, Bucket=name, Key=key)


def _colour(number: int) -> tuple[int, int, int]:
    return (_level(number >> 8), _level(number >> 4), _level(number))


def _level(digit: int) -> int:
    return 8 + 16 * (digit & 15)


def _number(pixel: list[float]) -> int:
    red, green, blue = (int(level) // 16 for level in pixel[:3])
    return red << 8 | green << 4 | blue
