"""`gamut=p3`: wide originals stay wide, all others are what they were."""

import io
from typing import Any

import numpy as np
import pytest
import pyvips
from PIL import Image, ImageCms, ImageSequence

from resizer.model.formats import Format
from resizer.model.transform import Border, Colour, Edges, Fit, Gamut, Metadata
from tests.support import tiffs
from tests.support.colours import (
    ADOBE_RGB,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    Array,
    Space,
    convert,
    delta_e,
    lab,
    rgb_profile,
)
from tests.support.drawings import animation, flat, jpeg, png, quarters, rendered
from tests.support.tiffs import tiff

RED = np.array([1.0, 0.0, 0.0])
CARRIERS = [Format.JPEG, Format.BASELINE_JPEG, Format.PNG, Format.WEBP, Format.AVIF]


def coded(colour: Array, space: Space, side: int = 64) -> bytes:
    """A PNG of one colour in `space`, its profile embedded."""
    image = flat(side, side, tuple(np.round(255 * colour))).copy()
    image.set_type(pyvips.GValue.blob_type, "icc-profile-data", rgb_profile(space))
    return png(image)


def seen(body: bytes, x: int = 30, y: int = 30) -> Array:
    """A pixel in CIELAB, as its profile says it is (read by littlecms), or as sRGB without one."""
    picture = Image.open(io.BytesIO(body))
    profile = picture.info.get("icc_profile")
    pixel = picture.convert("RGB").crop((x, y, x + 1, y + 1))
    if profile is None:
        return lab(np.asarray(pixel)[0, 0] / 255)
    found = ImageCms.profileToProfile(
        pixel,
        ImageCms.ImageCmsProfile(io.BytesIO(profile)),
        ImageCms.createProfile("LAB"),
        outputMode="LAB",
    )
    assert found is not None
    lightness, a, b = np.frombuffer(found.tobytes(), np.uint8)
    return np.array([float(lightness) * 100 / 255, float(np.int8(a)), float(np.int8(b))])


def profile_of(body: bytes) -> bytes | None:
    found: bytes | None = Image.open(io.BytesIO(body)).info.get("icc_profile")
    return found


@pytest.mark.parametrize("format_", CARRIERS)
def test_the_red_of_p3_survives_where_it_is_asked_for(format_: Format) -> None:
    source = coded(RED, DISPLAY_P3)
    for size in ({}, {"width": 40}):
        options: dict[str, Any] = {"format": format_, "quality": 95, **size}
        wide = rendered(source, gamut=Gamut.P3, **options).body
        assert delta_e(seen(wide), lab(RED, DISPLAY_P3)) <= 2
        assert len(profile_of(wide) or b"") < 1000
        plain = rendered(source, **options).body
        assert delta_e(seen(plain), lab(RED, SRGB)) <= 2
        assert profile_of(plain) is None
    assert delta_e(lab(RED, DISPLAY_P3), lab(RED, SRGB)) > 4, "the two reds look alike"


@pytest.mark.parametrize("space", [DISPLAY_P3, ADOBE_RGB, PROPHOTO])
@pytest.mark.parametrize("colour", [(40, 200, 60), (200, 60, 30), (30, 80, 180), (128, 128, 120)])
def test_colours_of_every_wide_space_come_out_as_they_are(
    space: Space, colour: tuple[int, ...]
) -> None:
    drawn = np.array(colour) / 255
    expected = convert(drawn, space, DISPLAY_P3)
    body = rendered(coded(drawn, space), gamut=Gamut.P3).body
    assert delta_e(seen(body), lab(expected, DISPLAY_P3)) <= 2
    found = np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))[9, 9] / 255
    assert np.abs(found - expected).max() <= 1.5 / 255


@pytest.mark.parametrize("format_", CARRIERS)
def test_an_original_that_is_srgb_stays_as_it_is(format_: Format) -> None:
    profiled = quarters().copy()
    profiled.set_type(pyvips.GValue.blob_type, "icc-profile-data", rgb_profile(SRGB))
    grey = flat(30, 30, (90,)).copy()
    grey.set_type(pyvips.GValue.blob_type, "icc-profile-data", rgb_profile(DISPLAY_P3))
    for source in (png(quarters()), jpeg(quarters()), png(profiled), jpeg(grey)):
        options: dict[str, Any] = {"format": format_, "width": 20, "background": Colour(1, 2, 3)}
        wide = rendered(source, gamut=Gamut.P3, **options).body
        assert wide == rendered(source, **options).body
        assert profile_of(wide) is None


def test_a_gif_is_srgb() -> None:
    body = rendered(coded(RED, DISPLAY_P3), format=Format.GIF, gamut=Gamut.P3).body
    assert delta_e(seen(body), lab(RED, SRGB)) <= 2


@pytest.mark.parametrize("metadata", list(Metadata))
@pytest.mark.parametrize("format_", CARRIERS)
def test_metadata_never_takes_the_profile_along(metadata: Metadata, format_: Format) -> None:
    source = coded(RED, DISPLAY_P3)
    body = rendered(source, format=format_, gamut=Gamut.P3, metadata=metadata).body
    assert profile_of(body) is not None


def test_the_colours_of_a_url_stay_what_they_are() -> None:
    orange = Colour(250, 120, 20)
    body = rendered(
        coded(RED, DISPLAY_P3),
        gamut=Gamut.P3,
        width=64,
        height=100,
        fit=Fit.PAD,
        background=orange,
        border=Border(Edges(4, 4, 4, 4), Colour(0, 200, 0)),
        format=Format.PNG,
    ).body
    assert delta_e(seen(body, 30, 8), lab(np.array([250, 120, 20]) / 255)) <= 1.5
    assert delta_e(seen(body, 1, 1), lab(np.array([0, 200, 0]) / 255)) <= 1.5
    assert delta_e(seen(body, 30, 50), lab(RED, DISPLAY_P3)) <= 2


def test_transparency_lies_on_white_and_on_a_colour_of_the_url() -> None:
    clear = flat(64, 64, (255, 0, 0, 0)).copy()
    clear.set_type(pyvips.GValue.blob_type, "icc-profile-data", rgb_profile(DISPLAY_P3))
    clear = clear.insert(flat(64, 20, (255, 0, 0, 255)), 0, 0)
    for background, colour in ((None, (255, 255, 255)), (Colour(0, 200, 0), (0, 200, 0))):
        body = rendered(
            png(clear), gamut=Gamut.P3, format=Format.JPEG, quality=95, background=background
        ).body
        assert delta_e(seen(body, 30, 50), lab(np.array(colour) / 255)) <= 1.5
        assert profile_of(body)


def test_inks_and_lab_are_wide() -> None:
    cyan = tiff(np.full((40, 40, 4), (255, 0, 0, 0), np.uint8), tiffs.CMYK)
    found = seen(rendered(cyan, gamut=Gamut.P3, format=Format.PNG).body)
    assert delta_e(found, seen(rendered(cyan, format=Format.PNG).body)) > 2
    green = lab(np.array([0.0, 1.0, 0.0]), DISPLAY_P3) * (65535 / 100, 256, 256)
    words = np.round(green).astype(np.int64).astype(np.uint16)
    source = tiff(np.full((40, 40, 3), words, np.uint16), tiffs.LAB)
    body = rendered(source, gamut=Gamut.P3, format=Format.PNG).body
    assert delta_e(seen(body), lab(np.array([0.0, 1.0, 0.0]), DISPLAY_P3)) <= 2


def test_a_deep_original_stays_wide() -> None:
    samples = np.full((40, 40, 3), np.round(65535 * RED), np.uint16)
    source = tiff(samples, tiffs.RGB, profile=rgb_profile(DISPLAY_P3))
    body = rendered(source, gamut=Gamut.P3, format=Format.PNG).body
    assert delta_e(seen(body), lab(RED, DISPLAY_P3)) <= 2


def test_a_broken_profile_is_srgb_whatever_gamut_is_asked_for() -> None:
    inks = pyvips.Image.profile_load("cmyk")
    no_curve = rgb_profile(DISPLAY_P3).replace(b"rTRC", b"xTRC")
    no_primary = rgb_profile(DISPLAY_P3).replace(b"gXYZ", b"xXYZ")
    for profile in (inks, no_curve, no_primary, b"no profile at all" * 20):
        image = flat(40, 40, (220, 40, 30)).copy()
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", profile)
        for source in (image.tiffsave_buffer(), image.colourspace("rgb16").tiffsave_buffer()):
            for gamut in Gamut:
                body = rendered(source, gamut=gamut, format=Format.PNG).body
                assert delta_e(seen(body), lab(np.array([220, 40, 30]) / 255)) <= 1.5


def test_frames_stay_wide() -> None:
    frames = [flat(40, 40, colour) for colour in ((255, 0, 0), (0, 255, 0))]
    roll = animation(frames, [100, 200])
    roll.set_type(pyvips.GValue.blob_type, "icc-profile-data", rgb_profile(DISPLAY_P3))
    source = roll.webpsave_buffer(lossless=True)
    body = rendered(source, gamut=Gamut.P3, width=20, quality=95).body
    moving = Image.open(io.BytesIO(body))
    assert sum(1 for _ in ImageSequence.Iterator(moving)) == 2
    assert delta_e(seen(body, 9, 9), lab(RED, DISPLAY_P3)) <= 2
    gif = rendered(source, gamut=Gamut.P3, format=Format.GIF).body
    assert delta_e(seen(gif, 9, 9), lab(RED, SRGB)) <= 2
