"""Originals that are cut short or broken, and what comes of them."""

from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.image import Rendered
from resizer.model.limits import FailOn, Limits
from tests.support.drawings import (
    animation,
    flat,
    header_alone,
    look,
    rendered,
)

WIDTH, HEIGHT = 96, 80
STRIP = 16
"""Rows that libvips reads of a PNG at a time, and the height of a JPEG's blocks at 4:2:0."""
Pixels = npt.NDArray[np.uint8]


@cache
def noise(bands: int = 3) -> pyvips.Image:
    """Every row as hard to compress as the next, so that a share of a file is that of its rows."""
    pixels = np.random.default_rng(4).integers(0, 255, (HEIGHT, WIDTH, bands), np.uint8)
    return pyvips.Image.new_from_array(pixels).copy(interpretation="srgb")


@cache
def valid(kind: str) -> bytes:
    save: dict[str, tuple[str, dict[str, Any]]] = {
        "jpeg": ("jpegsave_buffer", {"Q": 90}),
        "progressive": ("jpegsave_buffer", {"Q": 90, "interlace": True}),
        "png": ("pngsave_buffer", {}),
        "interlaced": ("pngsave_buffer", {"interlace": True}),
        "tiff": ("tiffsave_buffer", {"compression": "lzw", "tile_height": STRIP}),
        "gif": ("gifsave_buffer", {}),
        "webp": ("webpsave_buffer", {"lossless": True}),
        "avif": ("heifsave_buffer", {"compression": "av1", "effort": 0}),
    }
    name, options = save[kind]
    body: bytes = getattr(noise(), name)(**options)
    return body


def shown(source: bytes, fail_on: FailOn = FailOn.NONE, **options: Any) -> Rendered | None:
    """What comes of an original, as PNG; None for a refusal."""
    options.setdefault("format", Format.PNG)
    try:
        return rendered(source, limits=Limits(fail_on=fail_on), **options)
    except UnprocessableSource:
        return None


def partial(source: bytes, **options: Any) -> Rendered:
    """What comes of a broken original."""
    variant = shown(source, **options)
    assert variant is not None
    assert variant.partial
    return variant


def pixels(variant: Rendered) -> Pixels:
    return np.asarray(look(variant).numpy())


def whole(source: bytes) -> Pixels:
    return np.asarray(pyvips.Image.new_from_buffer(source, "").numpy())


def wrong_checksum() -> bytes:
    """A PNG that is whole but for the checksum of its data."""
    broken = bytearray(valid("png"))
    length = int.from_bytes(broken[(at := broken.index(b"IDAT")) - 4 : at], "big")
    broken[at + 4 + length] ^= 1
    return bytes(broken)


def broken_tiff() -> bytes:
    broken = bytearray(valid("tiff"))
    at = len(broken) * 2 // 3
    broken[at : at + 40] = b"\xff" * 40
    return bytes(broken)


def missing_data() -> bytes:
    """A JPEG with an end, and too little before it."""
    return valid("jpeg")[: len(valid("jpeg")) // 2] + b"\xff\xd9"


N, T, E, W = FailOn
CASES: dict[str, tuple[bytes, set[FailOn]]] = {
    "a jpeg cut short": (valid("jpeg")[: len(valid("jpeg")) // 2], {N}),
    "a progressive one": (valid("progressive")[: len(valid("progressive")) // 2], {N}),
    "a jpeg with data missing": (missing_data(), {N, T, E}),
    "a png cut short": (valid("png")[: len(valid("png")) // 2], {N}),
    "a png with a wrong checksum": (wrong_checksum(), {N, T}),
    "a broken tiff": (broken_tiff(), {N}),
    "a gif cut short": (valid("gif")[: len(valid("gif")) // 2], {N}),
    "an interlaced png": (valid("interlaced")[: len(valid("interlaced")) // 2], set()),
    "a webp cut short": (valid("webp")[: len(valid("webp")) // 2], set()),
    "an avif cut short": (valid("avif")[: len(valid("avif")) // 2], set()),
    "a png of a header": (header_alone(valid("png")), set()),
    "a jpeg of headers": (valid("jpeg")[: valid("jpeg").index(b"\xff\xda") + 14], set()),
    "half a header": (valid("jpeg")[:100], set()),
}

COLOURS = ((220, 40, 30), (30, 160, 60), (40, 70, 200))


def moving(kind: str) -> bytes:
    frames = [flat(WIDTH, HEIGHT, colour) + noise() / 16 for colour in COLOURS]
    roll = animation([frame.cast("uchar") for frame in frames], [50, 70, 90])
    body: bytes = roll.gifsave_buffer() if kind == "gif" else roll.webpsave_buffer(lossless=True)
    return body
