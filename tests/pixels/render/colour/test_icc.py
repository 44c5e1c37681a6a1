"""Patches of known colours, coded in every space: a variant shows them within ΔE2000 2.

References are numpy's (see `colours`), littlecms' through Pillow for inks; variants are read by
Pillow.
"""

import io
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms

from resizer.model.formats import Format
from resizer.render.protocol.messages import Resampling
from tests.support import tiffs
from tests.support.colours import (
    ADOBE_RGB,
    DISPLAY_P3,
    LINEAR_SRGB,
    PROPHOTO,
    SRGB,
    Array,
    convert,
    delta_e,
    grey_profile,
    lab,
    power,
    rgb_profile,
)
from tests.support.drawings import rendered
from tests.support.patches import (
    COLUMNS,
    GREYS,
    PATCHES,
    ROWS,
    SHAPES,
    SIDE,
    off,
    rounded,
    sheet,
)
from tests.support.pngs import png_of
from tests.support.tiffs import tiff

SPACES = {
    "sRGB": SRGB,
    "Display P3": DISPLAY_P3,
    "Adobe RGB": ADOBE_RGB,
    "ProPhoto": PROPHOTO,
    "linear": LINEAR_SRGB,
}
SHARMA = [
    ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
    ((50, -1.3802, -84.2814), (50, 0, -82.7485), 1.0),
    ((50, 0, 0), (50, -1, 2), 2.3669),
    ((50, 2.49, -0.001), (50, -2.49, 0.0009), 7.1792),
    ((50, 2.49, -0.001), (50, -2.49, 0.0011), 7.2195),
    ((50, -0.001, 2.49), (50, 0.0011, -2.49), 4.7461),
    ((50, 2.5, 0), (50, 0, -2.5), 4.3065),
    ((50, 2.5, 0), (73, 25, -18), 27.1492),
    ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ((22.7233, 20.0904, -46.6940), (23.0331, 14.9730, -42.5619), 2.0373),
    ((2.0776, 0.0795, -1.1350), (0.9033, -0.0636, -0.5514), 0.9082),
]


@pytest.mark.parametrize(("one", "other", "difference"), SHARMA)
def test_the_measure_gives_the_published_differences(
    one: Any, other: Any, difference: float
) -> None:
    assert float(delta_e(one, other)) == pytest.approx(difference, abs=1e-4)


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("resampling", list(Resampling))
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_an_embedded_profile_is_applied(
    space: str, shape: str, resampling: Resampling, dtype: type
) -> None:
    coded = convert(PATCHES, SRGB, SPACES[space])
    expected = convert(rounded(coded, dtype), SPACES[space], SRGB)
    profile = rgb_profile(SPACES[space])
    source = png_of(sheet(coded, dtype), profile)
    body = rendered(source, format=Format.PNG, resampling=resampling, **SHAPES[shape]).body
    assert off(body, expected) <= 1


@pytest.mark.parametrize("space", ["Adobe RGB", "ProPhoto"])
@pytest.mark.parametrize("format_", [Format.JPEG, Format.WEBP, Format.AVIF])
def test_every_format_shows_them(space: str, format_: Format) -> None:
    coded = convert(PATCHES, SRGB, SPACES[space])
    profile = rgb_profile(SPACES[space])
    jpeg = io.BytesIO()
    drawn = Image.fromarray(sheet(coded))
    drawn.save(jpeg, "JPEG", quality=100, subsampling=0, icc_profile=profile)
    for source in (jpeg.getvalue(), tiff(sheet(coded, np.uint16), tiffs.RGB, profile=profile)):
        body = rendered(source, format=format_, quality=100, width=COLUMNS * SIDE // 2).body
        assert off(body, PATCHES) <= 2


def test_colours_outside_srgb_are_clipped_channel_by_channel() -> None:
    source = png_of(sheet(PATCHES, np.uint16), rgb_profile(PROPHOTO))
    assert off(rendered(source, format=Format.PNG).body, convert(PATCHES, PROPHOTO, SRGB)) <= 1


def test_dark_colours_of_a_wide_space_do_not_band() -> None:
    ramp = np.linspace(0, 0.05, 256).repeat(3).reshape(1, 256, 3).repeat(8, 0)
    source = png_of(np.round(ramp * 65535).astype(np.uint16), rgb_profile(LINEAR_SRGB))
    body = rendered(source, format=Format.PNG).body
    row = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))[4, :, 0]
    expected = SRGB.sample(np.linspace(0, 0.05, 256)) * 255
    assert np.abs(row - expected).max() <= 1


GREY_LIGHTS = {"gamma 1.8": power(1.8)[0], "gamma 2.2": power(2.2)[0], "linear": power(1.0)[0]}


@pytest.mark.parametrize("light", GREY_LIGHTS)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_grey_with_a_profile_is_grey_of_the_same_lightness(
    light: str, dtype: type, alpha: bool
) -> None:
    values = np.concatenate([GREYS, np.ones_like(GREYS)], 1) if alpha else GREYS
    source = png_of(sheet(values, dtype), grey_profile(GREY_LIGHTS[light]))
    expected = SRGB.sample(GREY_LIGHTS[light](rounded(GREYS, dtype))).repeat(3, 1)
    for shape in ("as it is", "smaller"):
        body = rendered(source, format=Format.PNG, **SHAPES[shape]).body
        assert off(body, expected) <= 1
        assert Image.open(io.BytesIO(body)).mode == "L"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_without_a_profile_is_that_of_srgb(dtype: type) -> None:
    expected = rounded(GREYS, dtype).repeat(3, 1)
    for source in (png_of(sheet(GREYS, dtype)), tiff(sheet(GREYS, dtype), tiffs.GREY)):
        assert off(rendered(source, format=Format.PNG).body, expected) <= 1


def test_grey_with_a_profile_of_colours_is_the_grey_of_that() -> None:
    file, profile = io.BytesIO(), rgb_profile(PROPHOTO)
    drawn = Image.fromarray(sheet(GREYS)[..., 0])
    drawn.save(file, "JPEG", quality=100, icc_profile=profile)
    expected = SRGB.sample(PROPHOTO.light(rounded(GREYS))).repeat(3, 1)
    for source in (file.getvalue(), tiff(sheet(GREYS), tiffs.GREY, profile=profile)):
        assert off(rendered(source, format=Format.PNG).body, expected) <= 1


def test_a_palette_and_one_bit_are_the_colours_they_stand_for() -> None:
    drawn = Image.fromarray(sheet(PATCHES)).quantize(256, dither=Image.Dither.NONE)
    expected = np.asarray(drawn.convert("RGB"))[SIDE // 2 :: SIDE, SIDE // 2 :: SIDE] / 255
    for kind in ("PNG", "GIF", "TIFF"):
        file = io.BytesIO()
        drawn.save(file, kind)
        body = rendered(file.getvalue(), format=Format.PNG).body
        assert off(body, expected.reshape(-1, 3)) <= 1
    bits: Array = np.asarray(np.arange(ROWS * COLUMNS) % 2, float).reshape(-1, 1)
    for kind in ("PNG", "TIFF"):
        file = io.BytesIO()
        Image.fromarray(sheet(bits)[..., 0]).convert("1").save(file, kind)
        assert off(rendered(file.getvalue(), format=Format.PNG).body, bits.repeat(3, 1)) <= 1


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_a_tiff_of_many_bits_is_rounded_to_eight(dtype: type) -> None:
    body = rendered(tiff(sheet(PATCHES, dtype), tiffs.RGB), format=Format.PNG).body
    assert off(body, PATCHES) <= 1


@pytest.mark.parametrize("values", [PATCHES, GREYS], ids=["colour", "grey"])
@pytest.mark.parametrize("shape", SHAPES)
def test_floats_are_linear_light(values: Array, shape: str) -> None:
    light = SRGB.light(values)
    photometric = tiffs.RGB if values.shape[1] == 3 else tiffs.GREY
    source = tiff(sheet(light, np.float32), photometric)
    body = rendered(source, format=Format.PNG, **SHAPES[shape]).body
    assert off(body, np.broadcast_to(values, PATCHES.shape)) <= 1


def test_lab_has_the_white_of_profiles() -> None:
    values = lab(PATCHES)
    coded = np.stack([values[:, 0] * 65535 / 100, values[:, 1] * 256, values[:, 2] * 256], -1)
    words = np.round(coded).astype(np.int64).astype(np.uint16).reshape(ROWS, COLUMNS, 3)
    source = tiff(words.repeat(SIDE, 0).repeat(SIDE, 1), tiffs.LAB)
    for shape in ("as it is", "smaller"):
        assert off(rendered(source, format=Format.PNG, **SHAPES[shape]).body, PATCHES) <= 1


INKS = np.array(
    [(c, m, y, k) for c in (0, 200) for m in (0, 90, 220) for y in (30, 180) for k in (0, 120)]
)


def _seen(inks: "np.ndarray[Any, Any]") -> Array:
    """What littlecms makes of them, relative colorimetric with black point compensation."""
    profile = ImageCms.ImageCmsProfile(io.BytesIO(pyvips.Image.profile_load("cmyk")))
    seen = ImageCms.profileToProfile(
        Image.fromarray(inks, "CMYK"),
        profile,
        ImageCms.createProfile("sRGB"),
        renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
        outputMode="RGB",
        flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    assert seen is not None
    return np.asarray(np.asarray(seen) / 255)


@pytest.mark.parametrize("with_profile", [True, False])
@pytest.mark.parametrize("kind", ["jpeg", "tiff", "deep tiff"])
@pytest.mark.parametrize("shape", ["as it is", "smaller"])
def test_inks_are_what_a_press_makes_of_them(with_profile: bool, kind: str, shape: str) -> None:
    profile = pyvips.Image.profile_load("cmyk") if with_profile else b""
    dtype = np.uint16 if kind == "deep tiff" else np.uint8
    if kind == "jpeg":
        file = io.BytesIO()
        drawn = Image.fromarray(sheet(INKS / 255), "CMYK")
        drawn.save(file, "JPEG", quality=100, subsampling=0, icc_profile=profile or None)
        source = file.getvalue()
    else:
        source = tiff(sheet(INKS / 255, dtype), tiffs.CMYK, profile=profile)
    body = rendered(source, format=Format.PNG, **SHAPES[shape]).body
    expected = _seen(sheet(INKS / 255))[SIDE // 2 :: SIDE, SIDE // 2 :: SIDE].reshape(-1, 3)
    assert off(body, expected) <= 2


MIXTURES = {
    "black and paper": ((0, 0, 0, 255), (0, 0, 0, 0)),
    "black and orange": ((0, 0, 0, 255), (0, 128, 255, 0)),
    "grey of black and grey of colours": ((0, 0, 0, 150), (150, 120, 120, 0)),
}


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize("alpha", [False, True])
def test_fine_detail_in_ink_keeps_its_light(mixture: str, alpha: bool) -> None:
    inks = np.array(MIXTURES[mixture], np.uint8)
    board = inks[np.indices((240, 240)).sum(0) % 2]
    expected = SRGB.sample(SRGB.light(_seen(inks[None])[0]).mean(0))
    if alpha:
        board = np.dstack([board, np.full_like(board[..., :1], 255)])
    body = rendered(tiff(board, tiffs.CMYK), format=Format.PNG, width=40).body
    middle = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))[20, 20] / 255
    assert delta_e(lab(middle), lab(expected)) <= 4
