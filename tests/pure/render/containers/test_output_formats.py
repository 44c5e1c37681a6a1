"""Which format is written, for every original and everything that can be asked for."""

import pytest

from resizer.model.formats import OUTPUT_FORMATS, Format
from resizer.model.transform import Transform
from resizer.render.containers.output_formats import keeps_frames, may_be, output_format
from resizer.render.containers.sniff import SourceFormat
from resizer.render.read.decoders import OPTIONAL

ORIGINALS = list(SourceFormat)
TRUE_OR_FALSE = (False, True)


@pytest.mark.parametrize("format_", OUTPUT_FORMATS)
@pytest.mark.parametrize("original", ORIGINALS)
def test_a_format_asked_for_by_name_is_what_it_is(format_: Format, original: SourceFormat) -> None:
    for frames in TRUE_OR_FALSE:
        for alpha in TRUE_OR_FALSE:
            asked = Transform(format=format_)
            assert output_format(asked, original, frames=frames, alpha=alpha) is format_


@pytest.mark.parametrize(
    ("asked", "still", "clear", "moving"),
    [
        (Format.AUTO_AVIF, Format.AVIF, Format.AVIF, Format.WEBP),
        (Format.AUTO_WEBP, Format.WEBP, Format.WEBP, Format.WEBP),
        (Format.AUTO_JPEG, Format.JPEG, Format.PNG, Format.GIF),
    ],
)
def test_what_negotiation_chose_moves_to_a_format_that_holds_the_picture(
    asked: Format, still: Format, clear: Format, moving: Format
) -> None:
    transform = Transform(format=asked)
    for original in ORIGINALS:
        assert output_format(transform, original, frames=False, alpha=False) is still
        assert output_format(transform, original, frames=False, alpha=True) is clear
        for alpha in TRUE_OR_FALSE:
            assert output_format(transform, original, frames=True, alpha=alpha) is moving


@pytest.mark.parametrize("format_", [None, Format.JSON])
def test_an_original_keeps_its_format_where_browsers_read_it(format_: Format | None) -> None:
    unread = {SourceFormat.TIFF, SourceFormat.SVG, *OPTIONAL}

    def written(original: SourceFormat, alpha: bool = False) -> Format:
        return output_format(Transform(format=format_), original, frames=False, alpha=alpha)

    for original in unread:
        assert (written(original), written(original, alpha=True)) == (Format.JPEG, Format.PNG)
    for original in set(ORIGINALS) - unread:
        assert OUTPUT_FORMATS[written(original)].media_type == original


def test_fast_overrides_the_format() -> None:
    fast = Transform(format=Format.AVIF, fast=True)
    assert output_format(fast, SourceFormat.AVIF, frames=False, alpha=False) is Format.BASELINE_JPEG
    assert output_format(fast, SourceFormat.AVIF, frames=False, alpha=True) is Format.PNG


def test_frames_are_kept_where_they_are_wanted_and_can_be() -> None:
    assert keeps_frames(Transform(), SourceFormat.GIF)
    assert keeps_frames(Transform(format=Format.AUTO_AVIF), SourceFormat.GIF)
    assert not keeps_frames(Transform(anim=False), SourceFormat.GIF)
    kept = [f for f in OUTPUT_FORMATS if keeps_frames(Transform(format=f), SourceFormat.GIF)]
    assert kept == [Format.WEBP, Format.GIF]


@pytest.mark.parametrize(
    ("source", "frames", "alpha", "expected"),
    [
        (SourceFormat.GIF, True, True, Format.GIF),
        (SourceFormat.WEBP, True, False, Format.WEBP),
        (SourceFormat.AVIF, False, True, Format.AVIF),
        (SourceFormat.JPEG, False, False, Format.JPEG),
    ],
)
def test_frames_and_alpha_stay_in_the_format_of_their_original(
    source: SourceFormat, frames: bool, alpha: bool, expected: Format
) -> None:
    assert output_format(Transform(), source, frames=frames, alpha=alpha) is expected


PICTURES = {
    "image/jpeg": b"\xff\xd8\xff\xe0",
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/webp": b"RIFF\n\0\0\0WEBPVP8 ",
    "image/avif": b"\0\0\0\x1cftypavif",
    "image/gif": b"GIF89a",
    "application/json": b'{"width":1}',
}
ANY_PICTURE = {kind for kind in PICTURES if kind.startswith("image/")}
OF_EACH = {
    None: ANY_PICTURE,
    Format.AUTO_AVIF: {"image/avif", "image/webp"},
    Format.AUTO_WEBP: {"image/webp"},
    Format.AUTO_JPEG: {"image/jpeg", "image/png", "image/gif"},
    Format.BASELINE_JPEG: {"image/jpeg"},
    Format.JPEG: {"image/jpeg"},
    Format.PNG: {"image/png"},
    Format.WEBP: {"image/webp"},
    Format.AVIF: {"image/avif"},
    Format.GIF: {"image/gif"},
    Format.JSON: {"application/json"},
}


@pytest.mark.parametrize("asked", OF_EACH)
def test_a_variant_of_a_type_that_its_job_cannot_give_is_a_bad_reply(asked: Format | None) -> None:
    for media_type, body in PICTURES.items():
        assert may_be(body, media_type, Transform(format=asked)) == (media_type in OF_EACH[asked])


def test_the_quickest_format_is_one_of_three_whatever_is_asked_for() -> None:
    fast = Transform(format=Format.AVIF, fast=True)
    found = {kind for kind, body in PICTURES.items() if may_be(body, kind, fast)}
    assert found == {"image/jpeg", "image/png", "image/gif"}


@pytest.mark.parametrize("media_type", PICTURES)
def test_a_variant_that_begins_otherwise_than_its_type_is_a_bad_reply(media_type: str) -> None:
    asked = Transform(format=Format.JSON if media_type == "application/json" else None)
    fits = {kind for kind, body in PICTURES.items() if may_be(body, media_type, asked)}
    assert fits == {media_type}
    assert not may_be(b"", media_type, asked)
