"""What every decoder hands over: a header, and pixels as a libvips image when asked for."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import Any
from warnings import catch_warnings, simplefilter

import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Size

BROKEN = "The original is corrupt or cut short."
_KINDS = {
    "L": (1, "uchar", "b-w"),
    "LA": (2, "uchar", "b-w"),
    "RGB": (3, "uchar", "srgb"),
    "RGBA": (4, "uchar", "srgb"),
    "I;16": (1, "ushort", "grey16"),
}
"""Bands, format and interpretation of each of Pillow's modes."""
_EXIF = b"Exif\0\0"
_MAX_SEGMENT = 65_533 - len(_EXIF)
"""Bytes that a JPEG segment has room for behind its length and its name."""


@dataclass(frozen=True, slots=True)
class LazyImage:
    """An original whose header was read by an optional decoder; pixels are read on demand."""

    size: Size
    """One page, upright."""
    pages: int
    draw: Callable[[float], pyvips.Image]
    """The page's pixels, upright; those of a drawing at this scale of `size`."""
    wide: bool = False
    """Whether it may hold colours outside sRGB."""


def installed(name: str) -> Any:
    """The package if it is installed, else None."""
    try:
        return import_module(name)
    except ImportError:
        return None


@contextmanager
def decoding() -> Iterator[None]:
    """Whatever a foreign decoder raises at hostile bytes is the original's fault.

    Not so where it was denied what it asked of the system: the worker lacks that, and says so.
    """
    try:
        with catch_warnings():
            simplefilter("ignore")
            yield
    except (UnprocessableSource, MemoryError, pyvips.Error, PermissionError, ImportError):
        raise
    except Exception as error:
        raise UnprocessableSource(BROKEN) from error


def page_count(image: pyvips.Image) -> int:
    """The header's own number: libvips' `get_n_pages` takes 10,000 and more for 1."""
    return max(1, image.get("n-pages")) if image.get_typeof("n-pages") else 1


def page_index(page: int, pages: int) -> int:
    """From 0, of a `page` from 1. Raises UnprocessableSource where there is no such page."""
    if page > pages:
        raise UnprocessableSource(f"There is no page {page} in the original: it has {pages:,}.")
    return page - 1


def picture(pixels: Any, size: Size, mode: str) -> pyvips.Image:
    """Rows of samples as an image, by Pillow's name of their mode.

    A small last letter (`RGBa`) is Pillow's sign of colours that are multiplied by their alpha.
    """
    if mode.upper() not in _KINDS:
        raise UnprocessableSource(f"An original with samples of the kind {mode} is not read.")
    bands, format_, interpretation = _KINDS[mode.upper()]
    image = pyvips.Image.new_from_memory(pixels, size.width, size.height, bands, format_)
    image = image.copy(interpretation=interpretation)
    return image.unpremultiply().rint().cast("uchar") if mode.endswith("a") else image


def described(
    image: pyvips.Image, *, icc: bytes | None, exif: bytes | None, xmp: bytes | None
) -> pyvips.Image:
    """The image with its profile and words, in the fields where libvips' loaders put them."""
    for name, blob in (("icc-profile-data", icc), ("xmp-data", xmp)):
        if blob:
            image.set_type(pyvips.GValue.blob_type, name, blob)
    if exif:
        _describe(image, exif.removeprefix(_EXIF))
    return image


def _describe(image: pyvips.Image, exif: bytes) -> None:
    """libvips reads EXIF only in a file it knows: a JPEG of one pixel carries it there."""
    if len(exif) > _MAX_SEGMENT:
        return
    length = (2 + len(_EXIF) + len(exif)).to_bytes(2, "big")
    segment = b"\xff\xe1" + length + _EXIF + exif
    carrier = pyvips.Image.jpegload_buffer(_pixel()[:2] + segment + _pixel()[2:])
    for name in carrier.get_fields():
        if name.startswith("exif-"):
            image.set_type(carrier.get_typeof(name), name, carrier.get(name))


@cache
def _pixel() -> bytes:
    body: bytes = pyvips.Image.black(1, 1).jpegsave_buffer(keep="none")
    return body
