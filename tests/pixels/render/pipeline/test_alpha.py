"""Transparency, per pixel against numpy: nothing lends its colour where it cannot be seen."""

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image

from resizer.model.formats import Format
from resizer.model.transform import Border, Box, Colour, Edges, Fit, UniformEdge
from resizer.render.protocol.messages import Resampling
from tests.support import tiffs
from tests.support.drawings import png, rendered
from tests.support.pngs import chunked
from tests.support.tiffs import tiff

Samples = np.ndarray[Any, np.dtype[np.float64]]
INK, LEVEL = (200, 60, 20), 150
SIDE = 64
GREY_INK = (LEVEL,) * 3
"""What is drawn in the left half, half transparent on top, and wholly below; the right is solid."""


def drawn(colour: tuple[int, ...] = INK, hidden: int = 0) -> "np.ndarray[Any, Any]":
    """Solid right, half transparent left above, clear left below with another colour in hiding."""
    picture = np.zeros((SIDE, SIDE, len(colour) + 1), np.uint8)
    picture[..., :-1], picture[..., -1] = colour, 255
    picture[: SIDE // 2, : SIDE // 2, -1] = 128
    picture[SIDE // 2 :, : SIDE // 2, :-1] = hidden
    picture[SIDE // 2 :, : SIDE // 2, -1] = 0
    return picture


def saved(samples: "np.ndarray[Any, Any]", kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.fromarray(samples).save(file, kind, **options)
    return file.getvalue()


def deep_png(samples: "np.ndarray[Any, Any]") -> bytes:
    image = pyvips.Image.new_from_array(samples.astype(np.uint16) * 257)
    return png(image.copy(interpretation="rgb16" if samples.shape[2] == 4 else "grey16"))


def keyed(samples: "np.ndarray[Any, Any]", key: bytes) -> bytes:
    """A PNG whose chunk tRNS names one colour that is clear."""
    return chunked(saved(samples[..., 0] if samples.shape[2] == 1 else samples, "PNG"), tRNS=key)


def palette(kind: str) -> bytes:
    image = Image.new("P", (SIDE, SIDE), 1)
    image.putpalette([0, 0, 0, *INK, *INK])
    image.paste(0, (0, SIDE // 2, SIDE // 2, SIDE))
    image.paste(2, (0, 0, SIDE // 2, SIDE // 2))
    file = io.BytesIO()
    transparency = bytes((0, 255, 128)) if kind == "PNG" else 0
    image.save(file, kind, transparency=transparency, optimize=False)
    return file.getvalue()


def associated(dtype: type) -> bytes:
    """Colours that are multiplied by alpha already."""
    top = np.iinfo(dtype).max
    whole = drawn().astype(float) / 255
    whole[..., :3] *= whole[..., 3:]
    return tiff(np.round(whole * top).astype(dtype), tiffs.RGB, extra=tiffs.ASSOCIATED)


def svg() -> bytes:
    half = SIDE // 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{SIDE}" height="{SIDE}"'
        f' shape-rendering="crispEdges"><g fill="rgb{INK}"><rect x="{half}" width="{half}"'
        f' height="{SIDE}"/><rect width="{half}" height="{half}" fill-opacity="0.50196"/></g></svg>'
    ).encode()


def _one_clear(colour: tuple[int, ...]) -> "np.ndarray[Any, Any]":
    picture = drawn(colour)
    clear = picture[..., -1] == 0
    return np.where(clear[..., None], 7, picture[..., :-1]).astype(np.uint8)


ORIGINALS: dict[str, tuple[Callable[[], bytes], tuple[int, int, int], int]] = {
    "PNG": (lambda: saved(drawn(), "PNG"), INK, 128),
    "PNG, 16 bits": (lambda: deep_png(drawn()), INK, 128),
    "PNG, grey": (lambda: saved(drawn((LEVEL,)), "PNG"), GREY_INK, 128),
    "PNG, grey, 16 bits": (lambda: deep_png(drawn((LEVEL,))), GREY_INK, 128),
    "PNG, palette": (lambda: palette("PNG"), INK, 128),
    "PNG, a clear colour": (
        lambda: keyed(_one_clear(INK), struct.pack(">3H", 7, 7, 7)),
        INK,
        255,
    ),
    "PNG, a clear grey": (
        lambda: keyed(_one_clear((LEVEL,)), struct.pack(">H", 7)),
        GREY_INK,
        255,
    ),
    "GIF": (lambda: palette("GIF"), INK, 255),
    "WebP": (lambda: saved(drawn(), "WEBP", lossless=True), INK, 128),
    "AVIF": (lambda: saved(drawn(), "AVIF", quality=100, subsampling="4:4:4"), INK, 128),
    "TIFF": (lambda: tiff(drawn(), tiffs.RGB, extra=tiffs.UNASSOCIATED), INK, 128),
    "TIFF, grey": (
        lambda: tiff(drawn((LEVEL,)), tiffs.GREY, extra=tiffs.UNASSOCIATED),
        GREY_INK,
        128,
    ),
    "TIFF, multiplied": (lambda: associated(np.uint8), INK, 128),
    "TIFF, multiplied, 16 bits": (lambda: associated(np.uint16), INK, 128),
    "SVG": (svg, INK, 128),
}
"""Each with the colour that is drawn, and the alpha of its left top."""


def over(colour: Any, alpha: float, ground: Any) -> Samples:
    """CSS compositing: in gamma-coded values (Compositing and Blending §5.1)."""
    share = alpha / 255
    return np.asarray(np.asarray(colour) * share + np.asarray(ground) * (1 - share), float)


def pixels(body: bytes, mode: str = "RGB") -> Samples:
    return np.asarray(Image.open(io.BytesIO(body)).convert(mode), float)


def quarters_of(picture: Samples) -> list[Samples]:
    """The middles of left above, left below, and the right."""
    low, high = SIDE // 4, SIDE * 3 // 4
    return [picture[low, low], picture[high, low], picture[low, high]]


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("ground", [None, (10, 200, 90)])
def test_a_jpeg_lies_on_its_background_and_never_on_black(
    name: str, ground: tuple[int, int, int] | None
) -> None:
    make, ink, alpha = ORIGINALS[name]
    body = rendered(
        make(), format=Format.JPEG, quality=100, background=ground and Colour(*ground)
    ).body
    under = ground or (255, 255, 255)
    found = quarters_of(pixels(body))
    expected = np.array([over(ink, alpha, under), under, ink])
    assert np.abs(np.array(found) - expected).max() <= 4


@pytest.mark.parametrize("name", ORIGINALS)
@pytest.mark.parametrize("width", [None, SIDE // 2])
def test_a_png_is_as_transparent_as_its_original(name: str, width: int | None) -> None:
    make, ink, alpha = ORIGINALS[name]
    found = pixels(rendered(make(), format=Format.PNG, width=width).body, "RGBA")
    if width:
        found = found.repeat(2, 0).repeat(2, 1)
    half, clear, solid = quarters_of(found)
    assert np.abs(half - (*ink, alpha)).max() <= 2
    assert clear[3] == 0
    assert np.abs(solid - (*ink, 255)).max() <= 2


HIDDEN = (0, 255, 90)
OPERATIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "smaller": {"width": 37},
    "larger": {"width": 200, "fit": Fit.CONTAIN},
    "squeezed": {"width": 23, "height": 90, "fit": Fit.SQUEEZE},
    "cropped": {"width": 40, "height": 20, "fit": Fit.COVER},
    "a little blurred": {"blur": 3},
    "blurred": {"blur": 20, "width": 60},
    "turned": {"rotate": 90, "width": 37},
    "padded": {"width": 50, "height": 31, "fit": Fit.PAD},
    "trimmed": {"trim": Box(left=7, top=9), "width": 29},
    "trimmed of its edge": {"trim": UniformEdge(), "width": 29},
}


@pytest.mark.parametrize("resampling", list(Resampling))
@pytest.mark.parametrize("hidden", HIDDEN)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_what_hides_under_transparency_never_shows(
    operation: str, hidden: int, resampling: Resampling
) -> None:
    """Every pixel lies on the line between white and the colour that is drawn."""
    source = saved(drawn(hidden=hidden), "PNG")
    body = rendered(
        source,
        format=Format.PNG,
        background=Colour(255, 255, 255),
        resampling=resampling,
        **OPERATIONS[operation],
    ).body
    found, line = pixels(body) - 255, np.array(INK) - 255.0
    share = np.clip(found @ line / (line @ line), 0, 1)
    off = np.abs(found - share[..., None] * line)
    assert off.max() <= (12 if resampling is Resampling.LINEAR else 30)
    assert np.percentile(off, 99) <= 12


def test_a_frame_around_transparency_keeps_its_colour() -> None:
    source = saved(drawn(), "PNG")
    border = Border(Edges(5, 5, 5, 5), Colour(0, 0, 255))
    found = pixels(rendered(source, format=Format.PNG, border=border, width=32).body, "RGBA")
    for edge in (found[:5], found[-5:], found[:, :5], found[:, -5:]):
        assert (edge == (0, 0, 255, 255)).all()
    assert (found[25:30, 8:12, 3] == 0).all()


@pytest.mark.parametrize("ground", [(9, 130, 240, 255), (9, 130, 240, 77), (250, 0, 3, 1)])
def test_any_transparency_over_any_background_is_what_css_makes_of_it(
    ground: tuple[int, int, int, int],
) -> None:
    random = np.random.default_rng(3).integers(0, 256, (40, 50, 4), np.uint8)
    random[:5, :5, 3], random[5:9, :5, 3] = 0, 255
    source, lower = saved(random, "PNG"), ground[3] / 255
    upper = random[..., 3:] / 255.0
    both = upper + lower * (1 - upper)
    mixed = random[..., :3] * upper + np.array(ground[:3]) * lower * (1 - upper)
    found = pixels(rendered(source, format=Format.PNG, background=Colour(*ground)).body, "RGBA")
    assert np.abs(found[..., 3:] - 255 * both).max() <= 1
    # the fewer levels of alpha there are, the less is left of a colour to compare
    assert np.abs(found[..., :3] * both - mixed).max() <= 1.5
    flat = rendered(source, format=Format.JPEG, quality=100, background=Colour(*ground)).body
    on_white = mixed + 255 * (1 - both)
    assert np.abs(pixels(flat).mean((0, 1)) - on_white.mean((0, 1))).max() <= 2


def test_transparency_survives_in_every_format_that_can_hold_it() -> None:
    source = saved(drawn(), "PNG")
    for format_ in (Format.PNG, Format.WEBP, Format.AVIF):
        found = pixels(rendered(source, format=format_, quality=100).body, "RGBA")
        half, clear, solid = quarters_of(found)
        assert np.abs(half - (*INK, 128)).max() <= 6
        assert clear[3] == 0
        assert np.abs(solid - (*INK, 255)).max() <= 6
    gif = pixels(rendered(source, format=Format.GIF).body, "RGBA")
    assert quarters_of(gif)[1][3] == 0
    assert quarters_of(gif)[2][3] == 255


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize(
    ("photometric", "colours"), [(tiffs.GREY, 1), (tiffs.RGB, 3), (tiffs.CMYK, 4)]
)
def test_what_a_tiff_holds_beside_colours_and_alpha_is_not_shown(
    photometric: int, colours: int, dtype: type
) -> None:
    top = np.iinfo(dtype).max
    samples: np.ndarray[Any, Any] = np.full(
        (SIDE, SIDE, colours + 3), 0 if photometric == tiffs.CMYK else top, dtype
    )
    samples[..., colours:] = top // 2, 3, 5
    extra = (tiffs.UNASSOCIATED, tiffs.UNSPECIFIED, tiffs.UNSPECIFIED)
    source = tiff(samples, photometric, extra=extra)
    for width in (None, SIDE // 2):
        found = pixels(rendered(source, format=Format.PNG, width=width).body, "RGBA")
        assert np.abs(found - (255, 255, 255, 127.5)).max() <= 1
        assert pixels(rendered(source, format=Format.JPEG, width=width).body).min() >= 253
