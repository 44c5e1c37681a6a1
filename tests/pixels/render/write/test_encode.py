"""The encoders: which bytes come out, and what a quality means."""

import pytest
import pyvips

from resizer.model.formats import OUTPUT_FORMATS, Format
from resizer.model.transform import Quality, Transform
from resizer.render.write.encode import encoder_quality
from tests.support.drawings import animation, flat, jpeg, near, picture, png, quarters, rendered

MAGIC = {
    Format.JPEG: b"\xff\xd8\xff",
    Format.BASELINE_JPEG: b"\xff\xd8\xff",
    Format.PNG: b"\x89PNG",
    Format.WEBP: b"RIFF",
    Format.AVIF: b"\0\0\0",
    Format.GIF: b"GIF89a",
}
LOSSY = [Format.JPEG, Format.BASELINE_JPEG, Format.WEBP, Format.AVIF]


@pytest.mark.parametrize("format_", OUTPUT_FORMATS)
def test_a_format_by_name_is_written_and_told(format_: Format) -> None:
    variant = rendered(png(quarters()), format=format_)
    assert variant.content_type == OUTPUT_FORMATS[format_].media_type
    assert variant.body.startswith(MAGIC[format_])
    drawn = quarters()
    for x, y in ((30, 20), (90, 20), (30, 60), (90, 60)):
        assert near(picture(png(drawn), format=format_)(x, y)[:3], tuple(drawn(x, y)), 12)


def test_jpeg_is_progressive_and_baseline_jpeg_is_not() -> None:
    start_of_frame = {Format.JPEG: b"\xff\xc2", Format.BASELINE_JPEG: b"\xff\xc0"}
    for format_, marker in start_of_frame.items():
        body = rendered(png(quarters()), format=format_).body
        other = next(value for value in start_of_frame.values() if value != marker)
        assert marker in body
        assert other not in body


@pytest.mark.parametrize("format_", LOSSY)
def test_a_better_quality_is_a_larger_file(format_: Format) -> None:
    noise = (quarters() + pyvips.Image.gaussnoise(120, 80, sigma=20)).cast("uchar")
    source = png(noise.copy(interpretation="srgb"))
    by_level = [len(rendered(source, format=format_, quality=level).body) for level in Quality]
    assert by_level == sorted(set(by_level))
    by_number = [len(rendered(source, format=format_, quality=q).body) for q in (1, 30, 60, 100)]
    assert by_number == sorted(set(by_number))


@pytest.mark.parametrize("format_", LOSSY)
def test_no_quality_is_medium_high(format_: Format) -> None:
    assert encoder_quality(format_, Transform()) == encoder_quality(
        format_, Transform(quality=Quality.MEDIUM_HIGH)
    )
    assert encoder_quality(format_, Transform(quality=1)) == 1


@pytest.mark.parametrize("format_", [Format.PNG, Format.GIF])
def test_a_format_without_quality_takes_any(format_: Format) -> None:
    for asked in (1, 100, Quality.LOW, Quality.HIGH):
        body = rendered(png(quarters()), format=format_, quality=asked).body
        assert body == rendered(png(quarters()), format=format_).body


def test_fast_is_a_baseline_jpeg_or_what_can_hold_the_picture() -> None:
    photo = rendered(jpeg(quarters()), fast=True, format=Format.AVIF)
    assert photo.content_type == "image/jpeg"
    assert b"\xff\xc0" in photo.body
    clear = rendered(png(flat(9, 9, (9, 9, 9, 0))), fast=True, format=Format.AVIF)
    assert clear.content_type == "image/png"


def test_a_gif_of_one_frame_is_no_animation() -> None:
    still = animation([quarters(20, 20)], [100]).gifsave_buffer()
    assert rendered(still, format=Format.AUTO_JPEG).content_type == "image/jpeg"
