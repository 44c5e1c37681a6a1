"""Originals as files in a bucket's folder: of every format, every one another object.

Nobody's cache may answer: each has a name, and bytes, of its own.
"""

import hashlib
import struct
import tempfile
import zlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import pyvips

FORMATS = ("jpeg", "png", "webp", "avif")
NAMES = {"jpeg": "JPEG", "png": "PNG", "webp": "WebP", "avif": "AVIF"}
MEGAPIXELS = 3.0
"""Of those that are converted: as large as what people upload in these formats."""
_KEPT = Path(tempfile.gettempdir()) / "resizer-bench-converted"
_SAVED: dict[str, tuple[str, dict[str, object]]] = {
    "png": ("pngsave_buffer", {}),
    "webp": ("webpsave_buffer", {"Q": 90}),
    "avif": ("heifsave_buffer", {"compression": "av1", "Q": 75, "effort": 1}),
}


def lay_out(
    folder: Path, photos: Sequence[Path], format_: str, count: int, start: int = 0
) -> list[str]:
    """The names of `count` distinct originals below `folder`, the photos in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    kinds = [converted(photo, format_) for photo in photos[:count]]
    names = []
    for number in range(start, start + count):
        name = f"{format_}/{number}.{format_}"
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(marked(kinds[number % len(kinds)], format_, number))
        names.append(name)
    return names


@cache
def converted(photo: Path, format_: str) -> bytes:
    """A photo as it is; or smaller, upright and in sRGB, in another format.

    Kept among temporary files, so that the next run need not wait for AVIF.
    """
    data = photo.read_bytes()
    if format_ == "jpeg":
        return data
    _KEPT.mkdir(exist_ok=True)
    kept = _KEPT / f"{hashlib.sha256(data).hexdigest()}.{format_}"
    if not kept.exists():
        kept.write_bytes(_saved(data, format_))
    return kept.read_bytes()


def _saved(data: bytes, format_: str) -> bytes:
    image = pyvips.Image.new_from_buffer(data, "")
    shrink = max(1.0, (image.width * image.height / (MEGAPIXELS * 1e6)) ** 0.5)
    side = round(max(image.width, image.height) / shrink)
    small = pyvips.Image.thumbnail_buffer(data, side, size="down", output_profile="srgb")
    save, settings = _SAVED[format_]
    body: bytes = getattr(small.copy_memory(), save)(keep="none", **settings)
    return body


def marked(data: bytes, format_: str, number: int) -> bytes:
    """The same picture with a number beside it, where decoders look for none."""
    note = b"original %d" % number
    match format_:
        case "jpeg":
            return data[:2] + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + data[2:]
        case "png":
            text = b"tEXtComment\0" + note
            end = data.rindex(b"IEND") - 4
            return data[:end] + _chunk(text) + data[end:]
        case "webp":
            even = note + b" " * (len(note) % 2)
            whole = data + b"note" + struct.pack("<I", len(even)) + even
            return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]
        case _:
            return data + struct.pack(">I", len(note) + 8) + b"free" + note


def _chunk(text: bytes) -> bytes:
    size, check = len(text) - 4, zlib.crc32(text)
    return struct.pack(">I", size) + text + struct.pack(">I", check)
