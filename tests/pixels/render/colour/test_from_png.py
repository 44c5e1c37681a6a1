"""Colours that a file names without a profile are applied: chunks of a PNG, boxes of an AVIF."""

import io
import struct

import numpy as np
import pytest
from PIL import Image

from resizer.model.formats import Format
from tests.support.colours import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    Array,
    Space,
    convert,
    rgb_profile,
)
from tests.support.drawings import rendered
from tests.support.patches import (
    GREYS,
    PATCHES,
    SHAPES,
    middles,
    off,
    rounded,
    sheet,
)
from tests.support.pngs import chunked, png_of


def chrm(space: Space) -> bytes:
    points = (space.white, *space.primaries)
    return struct.pack(">8I", *(round(100_000 * value) for point in points for value in point))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_gamma_and_primaries_of_a_png_are_applied(dtype: type) -> None:
    gamma = struct.pack(">I", round(100_000 / (563 / 256)))
    coded = convert(PATCHES, SRGB, ADOBE_RGB)
    source = chunked(png_of(sheet(coded, dtype)), gAMA=gamma, cHRM=chrm(ADOBE_RGB))
    for shape in ("as it is", "smaller"):
        assert off(rendered(source, format=Format.PNG, **SHAPES[shape]).body, PATCHES) <= 1


def test_a_gamma_alone_is_one_of_the_primaries_of_srgb() -> None:
    linear = chunked(png_of(sheet(SRGB.light(PATCHES), np.uint16)), gAMA=struct.pack(">I", 100_000))
    assert off(rendered(linear, format=Format.PNG).body, PATCHES) <= 1
    grey = chunked(png_of(sheet(GREYS)), gAMA=struct.pack(">I", 100_000))
    body = rendered(grey, format=Format.PNG).body
    assert off(body, SRGB.sample(rounded(GREYS)).repeat(3, 1)) <= 1
    assert Image.open(io.BytesIO(body)).mode == "L"


def test_a_gamma_near_that_of_srgb_means_srgb() -> None:
    source = png_of(sheet(PATCHES))
    for chunks in (
        {"gAMA": struct.pack(">I", 45_455)},
        {"gAMA": struct.pack(">I", 45_455), "cHRM": chrm(SRGB)},
        {"sRGB": b"\0", "gAMA": struct.pack(">I", 100_000), "cHRM": chrm(PROPHOTO)},
    ):
        body = rendered(chunked(source, **chunks), format=Format.PNG).body
        assert (middles(body) == rounded(PATCHES)).all()


def test_code_points_count_for_more_than_a_profile_and_that_for_more_than_a_gamma() -> None:
    p3 = convert(PATCHES, SRGB, DISPLAY_P3)
    source = png_of(sheet(p3), rgb_profile(PROPHOTO))
    assert (
        off(rendered(chunked(source, cICP=bytes((12, 13, 0, 1))), format=Format.PNG).body, PATCHES)
        <= 1
    )
    source = chunked(png_of(sheet(p3), rgb_profile(DISPLAY_P3)), gAMA=struct.pack(">I", 100_000))
    assert off(rendered(source, format=Format.PNG).body, PATCHES) <= 1
    source = chunked(png_of(sheet(PATCHES), rgb_profile(PROPHOTO)), cICP=bytes((1, 13, 0, 1)))
    assert off(rendered(source, format=Format.PNG).body, PATCHES) <= 0.1


NONSENSE = {
    "no gamma": {"gAMA": bytes(4)},
    "a short gamma": {"gAMA": b"\0\1"},
    "no white": {"gAMA": struct.pack(">I", 100), "cHRM": bytes(32)},
    "primaries on a line": {
        "gAMA": struct.pack(">I", 100_000),
        "cHRM": struct.pack(">8I", *(31_270, 32_900, *(30_000, 30_000) * 3)),
    },
    "far away": {"gAMA": struct.pack(">I", 100_000), "cHRM": struct.pack(">8I", *[1] * 8)},
    "short code points": {"cICP": b"\x0c"},
    "unknown code points": {"cICP": bytes((99, 99, 0, 1))},
    "unspecified": {"cICP": bytes((2, 2, 0, 1))},
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("chunks", NONSENSE.values(), ids=NONSENSE)
def test_chunks_that_make_no_sense_are_none(chunks: dict[str, bytes]) -> None:
    body = rendered(chunked(png_of(sheet(PATCHES)), **chunks), format=Format.PNG).body
    assert off(body, PATCHES) <= 0.1


def avif_of(values: Array, primaries: int, transfer: int) -> bytes:
    """An AVIF whose code points say so."""
    file = io.BytesIO()
    Image.fromarray(sheet(values)).save(file, "AVIF", quality=100, subsampling="4:4:4")
    said, plain = struct.pack(">HH", primaries, transfer), struct.pack(">HH", 1, 13)
    assert file.getvalue().count(b"colrnclx" + plain) == 1
    return file.getvalue().replace(b"colrnclx" + plain, b"colrnclx" + said)


@pytest.mark.parametrize("shape", ["as it is", "smaller"])
def test_code_points_of_an_avif_are_applied(shape: str) -> None:
    source = avif_of(convert(PATCHES, SRGB, DISPLAY_P3), 12, 13)
    assert off(rendered(source, format=Format.PNG, **SHAPES[shape]).body, PATCHES) <= 2


def test_an_avif_of_srgb_or_of_nothing_named_is_srgb() -> None:
    for codes in ((1, 13), (2, 2), (1, 1), (1, 6), (77, 77)):
        assert off(rendered(avif_of(PATCHES, *codes), format=Format.PNG).body, PATCHES) <= 2
