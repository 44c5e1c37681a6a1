"""A variant of an original's own size and format is encoded again where it outgrew it."""

from typing import Any

import pytest
import pyvips

from resizer.model.formats import Format
from resizer.model.transform import Fit, Flip, Metadata, Quality
from tests.support.drawings import animation, look, oriented, rendered


def noise(width: int = 160, height: int = 120) -> pyvips.Image:
    """Nothing compresses it well, so quality decides its size."""
    bands = [pyvips.Image.gaussnoise(width, height, mean=128, sigma=40, seed=n) for n in (1, 2, 3)]
    return bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")


POOR = {
    Format.JPEG: noise().jpegsave_buffer(Q=30, keep="none"),
    Format.WEBP: noise().webpsave_buffer(Q=35, keep="none"),
    Format.AVIF: noise().heifsave_buffer(compression="av1", Q=35, keep="none"),
}
"""Compressed harder than any of our defaults does."""


@pytest.mark.parametrize("format_", POOR)
@pytest.mark.parametrize(
    "options",
    [{}, {"width": 160}, {"width": 5000}, {"width": 160, "height": 120, "fit": Fit.COVER}],
)
def test_what_outgrew_its_original_is_encoded_again_until_it_is_no_larger(
    format_: Format, options: dict[str, Any]
) -> None:
    source = POOR[format_]
    variant = rendered(source, format=format_, quality=Quality.HIGH, **options)
    assert len(variant.body) <= len(source)


def test_a_format_that_is_not_named_is_the_originals_own() -> None:
    assert len(rendered(POOR[Format.JPEG]).body) <= len(POOR[Format.JPEG])


def test_so_is_what_was_turned_upright() -> None:
    source: bytes = oriented(noise(), 6).jpegsave_buffer(Q=50)
    assert len(rendered(source).body) <= len(source)


def test_a_png_is_encoded_with_more_effort() -> None:
    source: bytes = noise().pngsave_buffer(palette=True, bitdepth=2, keep="none")
    larger = rendered(source, quality=90, brightness=1.001)
    assert len(source) < len(rendered(source).body) < len(larger.body)


def test_however_hard_an_original_was_compressed_its_variant_is() -> None:
    source: bytes = noise(480, 360).heifsave_buffer(compression="av1", Q=20, keep="none")
    assert len(rendered(source).body) <= len(source)


@pytest.mark.parametrize("quality", [36, 46, 49])
def test_no_more_is_lost_than_the_size_asks_for(quality: int) -> None:
    source: bytes = noise(480, 360).heifsave_buffer(compression="av1", Q=quality, keep="none")
    assert len(rendered(source).body) > 0.8 * len(source)


@pytest.mark.parametrize("source", [POOR[Format.JPEG], oriented(noise(), 6).jpegsave_buffer(Q=50)])
def test_a_quality_asked_for_by_number_is_kept(source: bytes) -> None:
    asked, level = rendered(source, quality=95), rendered(source, quality=Quality.HIGH)
    assert len(asked.body) > len(source)
    assert len(level.body) < len(asked.body)


@pytest.mark.parametrize(
    "options",
    [
        {"width": 159},
        {"flip": Flip.H},
        {"brightness": 1.1},
        {"rotate": 180},
        {"width": 300, "fit": Fit.CONTAIN},
        {"format": Format.PNG},
    ],
)
def test_another_picture_may_be_larger(options: dict[str, Any]) -> None:
    source = POOR[Format.JPEG]
    assert len(rendered(source, quality=Quality.HIGH, **options).body) > len(source)


def test_metadata_is_obeyed_at_every_attempt() -> None:
    image = noise().copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", "Zoe")
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Model", "a camera")
    source: bytes = image.jpegsave_buffer(Q=30)
    kept = look(rendered(source))
    assert "Zoe" in kept.get("exif-ifd0-Copyright")
    assert "a camera" not in str([kept.get(name) for name in kept.get_fields() if "exif" in name])
    assert b"Zoe" not in rendered(source, metadata=Metadata.NONE).body


def test_an_animation_stays_one() -> None:
    frames = [noise(), noise().invert()]
    source: bytes = animation(frames, [50, 80]).webpsave_buffer(Q=40, keep="none")
    variant = rendered(source)
    assert len(variant.body) <= len(source)
    assert look(variant, n=-1).get("delay") == [50, 80]
