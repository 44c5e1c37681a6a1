"""Every kind of original: the card in each format, depth, colour space and state of health."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pyvips

from resizer.errors import UnprocessableSource
from resizer.render.containers.sniff import sniff
from tests.fidelity.card import badge, card, frames
from tests.support.colours import ADOBE_RGB, PROPHOTO, rgb_profile
from tests.support.foreign import avif_sequence, heic, jxl, pdf

SHOWN = {"jpg", "png", "webp", "avif", "gif", "svg"}
"""Kinds of file that a browser shows."""

_SUFFIXES = {"image/jpeg": "jpg", "image/svg+xml": "svg", "image/avif-sequence": "avif"}
_INK = "ImageMagick subtracts inks from white: brighter than any print"


@dataclass(frozen=True, slots=True)
class Input:
    """One original."""

    name: str
    suffix: str
    bytes: bytes
    note: str = ""

    @property
    def is_shown(self) -> bool:
        return self.suffix in SHOWN


def drawn() -> Iterator[Input]:
    """The card and its like, from plain to odd."""
    plain, clear = card(), badge()
    yield from _jpegs(plain)
    yield from _pngs(plain, clear)
    yield from _others(plain, clear)
    yield from _optional(plain, clear)
    yield from _broken(plain)


def found(folder: Path) -> Iterator[Input]:
    """The files of a folder, by name."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and path.stat().st_size:
            body = path.read_bytes()
            yield Input(str(path.relative_to(folder)), _suffix(body), body)


def _suffix(body: bytes) -> str:
    """By what it is, whatever it is called."""
    try:
        kind = str(sniff(memoryview(body)))
    except UnprocessableSource:
        return "bin"
    return _SUFFIXES.get(kind, kind.rpartition("/")[2])


def _jpegs(plain: pyvips.Image) -> Iterator[Input]:
    yield Input("JPEG", "jpg", _saved(plain, "jpeg"))
    yield Input("JPEG, progressive, 4:4:4", "jpg", _saved(plain, "jpeg", interlace=True, Q=95))
    yield Input("JPEG, grey", "jpg", _saved(plain.colourspace("b-w"), "jpeg"))
    for profile in ("p3", "srgb"):
        held = plain.icc_transform(profile, input_profile="srgb")
        yield Input(f"JPEG with profile {profile}", "jpg", _saved(held, "jpeg"))
    for name, space in (("Adobe RGB", ADOBE_RGB), ("ProPhoto RGB", PROPHOTO)):
        wide = plain.copy()
        wide.set_type(pyvips.GValue.blob_type, "icc-profile-data", rgb_profile(space))
        yield Input(f"JPEG, {name}", "jpg", _saved(wide, "jpeg"), "the card's samples, meant wider")
    ink = plain.icc_transform("cmyk", input_profile="srgb")
    yield Input("JPEG, CMYK with profile", "jpg", _saved(ink, "jpeg"))
    bare = ink.copy()
    bare.remove("icc-profile-data")
    yield Input("JPEG, CMYK without profile", "jpg", _saved(bare, "jpeg", keep="none"), _INK)
    for value, turned in _turned(plain):
        yield Input(f"JPEG, orientation {value}", "jpg", _saved(turned, "jpeg"))


def _turned(plain: pyvips.Image) -> Iterator[tuple[int, pyvips.Image]]:
    """Stored so that the orientation makes it upright: all eight come out the same."""
    stored = {
        2: plain.fliphor(),
        3: plain.rot180(),
        4: plain.flipver(),
        5: plain.rot90().fliphor(),
        6: plain.rot270(),
        7: plain.rot270().fliphor(),
        8: plain.rot90(),
    }
    for value, image in stored.items():
        image = image.copy()
        image.set_type(pyvips.GValue.gint_type, "orientation", value)
        yield value, image


def _pngs(plain: pyvips.Image, clear: pyvips.Image) -> Iterator[Input]:
    yield Input("PNG", "png", _saved(plain, "png"))
    yield Input("PNG with alpha", "png", _saved(clear, "png"))
    yield Input("PNG, palette with alpha", "png", _saved(clear, "png", palette=True))
    yield Input("PNG, 16 bits", "png", _saved(plain.colourspace("rgb16"), "png"))
    yield Input("PNG, 1 bit", "png", _saved(plain.colourspace("b-w"), "png", bitdepth=1))
    grey = clear.colourspace("b-w")
    yield Input("PNG, grey with alpha", "png", _saved(grey, "png"))
    wide = plain.colourspace("rgb16").icc_transform("p3", input_profile="srgb", depth=16)
    yield Input("PNG, 16 bits, Display P3", "png", _saved(wide, "png"))


def _others(plain: pyvips.Image, clear: pyvips.Image) -> Iterator[Input]:
    for name, image in (("WebP", plain), ("WebP with alpha", clear)):
        yield Input(name, "webp", _saved(image, "webp"))
    yield Input("WebP, animated", "webp", _saved(frames(plain), "webp"))
    yield Input("WebP, animated with alpha", "webp", _saved(frames(clear), "webp"))
    yield Input("GIF", "gif", _saved(plain, "gif"))
    yield Input("GIF, animated", "gif", _saved(frames(plain), "gif"))
    yield Input("GIF, animated, transparent", "gif", _saved(frames(clear), "gif"))
    for name, image, bits in (("AVIF", plain, 8), ("AVIF with alpha", clear, 8)):
        yield Input(name, "avif", _saved(image, "heif", compression="av1", bitdepth=bits))
    yield Input("AVIF, 10 bits", "avif", _saved(plain, "heif", compression="av1", bitdepth=10))
    yield Input("TIFF", "tif", _saved(plain, "tiff", compression="deflate"))
    yield Input("TIFF, Lab", "tif", _saved(plain.colourspace("lab"), "tiff"))
    yield Input("TIFF, float", "tif", _saved(plain.colourspace("scrgb"), "tiff"))
    yield Input("TIFF, two pages", "tif", _saved(frames(plain).crop(0, 0, 480, 720), "tiff"))
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="240" height="180" fill="none">'
        b'<rect width="240" height="180" rx="40" fill="#f4d35e"/><circle cx="90" cy="90" r="60"'
        b' fill="#ee964b" fill-opacity=".6"/><path d="M20 160 120 20l100 140" stroke="#0d3b66"'
        b' stroke-width="6"/><text x="150" y="110" font-size="40" fill="#0d3b66">Rg</text></svg>'
    )
    yield Input("SVG", "svg", drawing)
    yield Input("SVG, compressed", "svgz", gzip.compress(drawing))


def _optional(plain: pyvips.Image, clear: pyvips.Image) -> Iterator[Input]:
    """What is read where its decoder is installed, written by the encoder that comes with it."""
    page = (
        "/MediaBox[0 0 240 180]",
        "1 .8 .2 rg 0 0 240 180 re f .1 .3 .6 rg 30 30 90 120 re f 4 w 140 30 m 220 150 l S",
    )
    made: tuple[tuple[str, str, Callable[[], bytes]], ...] = (
        ("HEIC", "heic", lambda: heic(plain)),
        ("JPEG XL with alpha", "jxl", lambda: jxl(clear)),
        ("AVIF sequence", "avif", lambda: avif_sequence(plain, plain.invert())),
        ("PDF", "pdf", lambda: pdf(page)),
    )
    for name, suffix, make in made:
        with suppress(pytest.skip.Exception):
            yield Input(name, suffix, make())


def _broken(plain: pyvips.Image) -> Iterator[Input]:
    photo = _saved(plain, "jpeg")
    progressive = _saved(plain, "jpeg", interlace=True)
    half = len(photo) // 2
    yield Input("JPEG, cut short", "jpg", photo[:half], "rendered as far as it goes")
    yield Input("JPEG, progressive, cut short", "jpg", progressive[: len(progressive) // 2])
    marked = _saved(plain, "jpeg", restart_interval=8)
    yield Input("JPEG with restarts, cut short", "jpg", marked[: len(marked) // 3])
    yield Input("JPEG, broken inside", "jpg", photo[:half] + b"\0" * 40 + photo[half + 40 :])
    flat = _saved(plain, "png")
    yield Input("PNG, cut short", "png", flat[: len(flat) // 2])
    yield Input("PNG, headers only", "png", flat[:60], "nothing to see: refused")
    yield Input("Text", "txt", b"3 3\n1 2 3\n4 5 6\n7 8 9\n", "no image: refused")


def _saved(image: pyvips.Image, kind: str, **options: Any) -> bytes:
    body: bytes = getattr(image, f"{kind}save_buffer")(**options)
    return body
