"""A variant of an original's own size and format is never larger than it."""

from typing import Any

import pytest
import pyvips

from resizer.model.image import Rendered
from resizer.model.transform import Colour, Fit, Flip, Format, Metadata, Quality
from tests.support.drawings import animation, look, oriented, rendered


def noise(width: int = 160, height: int = 120) -> pyvips.Image:
    """Nothing compresses it well, so quality decides its size."""
    bands = [pyvips.Image.gaussnoise(width, height, mean=128, sigma=40, seed=n) for n in (1, 2, 3)]
    return bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")


POOR = {
    Format.JPEG: noise().jpegsave_buffer(Q=30, keep="none"),
    Format.WEBP: noise().webpsave_buffer(Q=35, keep="none"),
    Format.PNG: noise().pngsave_buffer(palette=True, bitdepth=2, keep="none"),
    Format.AVIF: noise().heifsave_buffer(compression="av1", Q=35, keep="none"),
}
"""Compressed harder than any of our defaults does."""


def same_pixels(variant: Rendered, source: bytes) -> bool:
    shown, original = (
        one.colourspace("srgb").extract_band(0, n=3)
        for one in (look(variant), pyvips.Image.new_from_buffer(source, ""))
    )
    return bool((shown - original).abs().max() == 0)


@pytest.mark.parametrize("format_", [Format.JPEG, Format.WEBP, Format.PNG])
@pytest.mark.parametrize(
    "options",
    [{}, {"width": 160}, {"width": 5000}, {"width": 160, "height": 120, "fit": Fit.COVER}],
)
def test_the_originals_own_picture_stands_in(format_: Format, options: dict[str, Any]) -> None:
    source = POOR[format_]
    variant = rendered(source, format=format_, quality=90, **options)
    assert len(variant.body) <= len(source)
    assert same_pixels(variant, source)


def test_a_format_that_is_not_named_is_the_originals_own() -> None:
    assert len(rendered(POOR[Format.JPEG]).body) <= len(POOR[Format.JPEG])


def test_what_cannot_stand_in_is_encoded_again_until_it_is_smaller() -> None:
    for source in (POOR[Format.AVIF], oriented(noise(), 6).jpegsave_buffer(Q=50)):
        variant = rendered(source)
        assert len(variant.body) <= len(source)


def test_however_hard_an_original_was_compressed_its_variant_is() -> None:
    source: bytes = noise(480, 360).heifsave_buffer(compression="av1", Q=20, keep="none")
    assert len(rendered(source).body) <= len(source)


@pytest.mark.parametrize("quality", [36, 46, 49])
def test_no_more_is_lost_than_the_size_asks_for(quality: int) -> None:
    source: bytes = noise(480, 360).heifsave_buffer(compression="av1", Q=quality, keep="none")
    assert len(rendered(source).body) > 0.8 * len(source)


def test_a_quality_asked_for_by_number_is_kept_where_nothing_can_stand_in() -> None:
    source: bytes = oriented(noise(), 6).jpegsave_buffer(Q=50)
    asked, level = rendered(source, quality=95), rendered(source, quality=Quality.HIGH)
    assert len(asked.body) > len(source)
    assert len(level.body) < len(asked.body)


@pytest.mark.parametrize(
    "options",
    [
        {"width": 159},
        {"flip": Flip.H},
        {"blur": 1.0},
        {"brightness": 1.1},
        {"rotate": 180},
        {"width": 300, "fit": Fit.CONTAIN},
        {"format": Format.PNG},
    ],
)
def test_another_picture_is_never_the_originals(options: dict[str, Any]) -> None:
    source = POOR[Format.JPEG]
    variant = rendered(source, quality=100, **options)
    assert variant.body[:200] != rendered(source, quality=100).body[:200]
    if (variant.width, variant.height) == (160, 120):
        assert not same_pixels(variant, source) or variant.content_type == "image/png"


def test_words_are_those_that_may_stay() -> None:
    image = noise().copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", "Zoe")
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd3-GPSLatitude", "1/1 2/1 3/1")
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Model", "a camera")
    source: bytes = image.jpegsave_buffer(Q=30)
    kept = look(rendered(source, quality=90))
    assert "Zoe" in kept.get("exif-ifd0-Copyright")
    assert "a camera" not in str([kept.get(name) for name in kept.get_fields() if "exif" in name])
    bare = rendered(source, quality=90, metadata=Metadata.NONE)
    assert b"Zoe" not in bare.body
    assert same_pixels(bare, source)


def test_colours_of_another_profile_are_converted_all_the_same() -> None:
    wide = noise().copy()
    source: bytes = wide.jpegsave_buffer(Q=30, profile="p3")
    variant = rendered(source, quality=90)
    assert not same_pixels(variant, source)


def test_a_profile_that_is_srgb_is_left_out() -> None:
    source: bytes = noise().jpegsave_buffer(Q=30, profile="srgb")
    variant = rendered(source, quality=90)
    assert same_pixels(variant, source)
    assert b"ICC_PROFILE" not in variant.body


@pytest.mark.parametrize("options", [{}, {"interlace": True}, {"restart_interval": 4}])
@pytest.mark.parametrize("beyond", [b"s", b"a secret behind the picture", b"\xff\xd0secret"])
def test_what_lies_behind_a_picture_in_its_data_does_not_stand_in(
    options: dict[str, Any], beyond: bytes
) -> None:
    """libjpeg says nothing of it where it reads a picture once, from top to bottom."""
    tight: bytes = noise().jpegsave_buffer(Q=30, keep="none", **options)
    assert same_pixels(rendered(tight, quality=90), tight)
    variant = rendered(tight[:-2] + beyond + tight[-2:], quality=90)
    assert not same_pixels(variant, tight)
    assert not variant.partial
    assert beyond not in variant.body[-40:]


def test_an_animation_stands_in_whole() -> None:
    frames = [noise(), noise().invert()]
    source: bytes = animation(frames, [50, 80]).webpsave_buffer(Q=5, keep="none")
    variant = rendered(source, quality=90)
    assert len(variant.body) <= len(source)
    assert look(variant, n=-1).get("delay") == [50, 80]
    still = rendered(source, quality=90, anim=False)
    assert look(still).height == 120


def test_a_background_under_transparency_is_no_original() -> None:
    source: bytes = noise().bandjoin(100).webpsave_buffer(Q=20, keep="none")

    variant = rendered(source, quality=90, background=Colour(255, 0, 0))
    assert not look(variant).hasalpha()
