"""What of an original's metadata goes out with a variant."""

from struct import pack

import pytest
import pyvips
from PIL import Image

from resizer.model.formats import Format
from resizer.model.transform import Metadata
from resizer.render.containers.iptc import words
from resizer.render.write.metadata import _text
from tests.support.drawings import jpeg, picture, quarters, rendered

FORMATS = [Format.JPEG, Format.BASELINE_JPEG, Format.PNG, Format.WEBP, Format.AVIF]

SECRET = "Bei Tante Trude"
XMP = b'<x:xmpmeta xmlns:x="adobe:ns:meta/">Tante Trude</x:xmpmeta>'


def tagged() -> bytes:
    """A photo with everything a camera and an archive write into it."""
    image = quarters(120, 80).copy()
    texts = {
        "exif-ifd0-Copyright": "Ada L.",
        "exif-ifd0-Artist": "Ada Lovelace",
        "exif-ifd0-ImageDescription": SECRET,
        "exif-ifd0-Make": "Difference Engines",
        "exif-ifd3-GPSLatitude": "55/1 43/1 5287/100",
        "exif-ifd3-GPSLatitudeRef": "N",
    }
    for name, value in texts.items():
        image.set_type(pyvips.GValue.gstr_type, name, value)
    image.set_type(pyvips.GValue.gint_type, "orientation", 3)
    image.set_type(pyvips.GValue.blob_type, "xmp-data", XMP)
    return jpeg(image, profile="p3")


@pytest.fixture(scope="module")
def source() -> bytes:
    return tagged()


def fields(image: pyvips.Image) -> dict[str, str]:
    return {name: str(image.get(name)) for name in image.get_fields() if "-" in name}


def test_the_drawn_original_holds_what_the_others_look_for(source: bytes) -> None:
    found = fields(pyvips.Image.new_from_buffer(source, ""))
    assert {"exif-ifd3-GPSLatitude", "exif-ifd0-Copyright", "xmp-data"} <= set(found)


@pytest.mark.parametrize("format_", FORMATS)
def test_copyright_keeps_the_maker_and_nothing_else(source: bytes, format_: Format) -> None:
    found = fields(picture(source, format=format_))
    assert found["exif-ifd0-Copyright"].startswith("Ada L.")
    assert found["exif-ifd0-Artist"].startswith("Ada Lovelace")
    left = {"exif-ifd0-ImageDescription", "exif-ifd0-Make", "xmp-data", "icc-profile-data"}
    assert not left & set(found)
    assert not [name for name in found if "GPS" in name]
    assert SECRET.encode() not in rendered(source, format=format_).body


@pytest.mark.parametrize("format_", FORMATS)
def test_keep_keeps_all_but_orientation_and_profile(source: bytes, format_: Format) -> None:
    image = picture(source, format=format_, metadata=Metadata.KEEP)
    found = fields(image)
    assert found["exif-ifd0-ImageDescription"].startswith(SECRET)
    assert "exif-ifd3-GPSLatitude" in found
    assert image.get("xmp-data").startswith(XMP[:10])
    assert "icc-profile-data" not in found
    assert found.get("exif-ifd0-Orientation", "1").startswith("1"), "it would be turned twice"


@pytest.mark.parametrize("format_", [*FORMATS, Format.GIF])
def test_none_keeps_nothing(source: bytes, format_: Format) -> None:
    variant = rendered(source, format=format_, metadata=Metadata.NONE)
    for word in (b"Ada", b"Trude", b"Exif", b"Difference", b"ICC_PROFILE"):
        assert word not in variant.body


def test_a_picture_without_a_maker_gets_no_block_of_its_own() -> None:
    assert b"Exif" not in rendered(jpeg(quarters(), keep=0)).body


def test_the_thumbnail_of_what_was_cropped_away_never_goes_out() -> None:
    image = quarters(120, 80).copy()
    image.set_type(pyvips.GValue.blob_type, "jpeg-thumbnail-data", jpeg(quarters(16, 16)))
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Make", "Difference Engines")
    original = jpeg(image)
    assert original.count(b"\xff\xd8\xff") == 2, "the drawing holds no thumbnail"
    kept = rendered(original, metadata=Metadata.KEEP).body
    assert b"Difference Engines" in kept
    assert kept.count(b"\xff\xd8\xff") == 1


def resource(number: int, data: bytes) -> bytes:
    """One of Photoshop's, without a name."""
    size = len(data)
    return b"8BIM" + pack(">H", number) + b"\0\0" + pack(">I", size) + data + b"\0" * (size % 2)


def data_set(record: int, number: int, data: bytes) -> bytes:
    return pack(">BBBH", 0x1C, record, number, len(data)) + data


TITLE = data_set(2, 5, b"A machine")
PREVIEW = data_set(2, 202, SECRET.encode())


def with_segment(marker: int, data: bytes) -> bytes:
    body = jpeg(quarters(120, 80), keep=0)
    return body[:2] + pack(">BBH", 0xFF, marker, 2 + len(data)) + data + body[2:]


@pytest.mark.parametrize(
    "thumbnail",
    [
        resource(0x040C, bytes(28) + SECRET.encode()) + resource(0x0404, TITLE),
        resource(0x0404, TITLE) + resource(0x0409, bytes(29) + SECRET.encode()),
        resource(0x0404, data_set(1, 0, b"\0\2") + PREVIEW + TITLE + PREVIEW),
        resource(0x0404, TITLE + data_set(8, 10, SECRET.encode())),
        b"8BIM\4\x25\3odd\0\0\0\1x\0" + resource(0x0404, TITLE) + SECRET.encode(),
    ],
)
def test_iptc_stays_and_brings_no_thumbnail_with_it(thumbnail: bytes) -> None:
    source = with_segment(0xED, b"Photoshop 3.0\0" + thumbnail)
    assert SECRET.encode() in source
    kept = rendered(source, metadata=Metadata.KEEP, width=50).body
    assert TITLE in kept
    assert SECRET.encode() not in kept


@pytest.mark.parametrize(
    "block", [b"", b"8BIM", resource(0x040C, b"x"), PREVIEW, b"\x1c\2\5\0\x99"]
)
def test_nothing_is_said_where_there_is_no_iptc(block: bytes) -> None:
    assert words(block) is None
    assert words(b"Photoshop 3.0\0" + block) is None


def test_iptc_of_a_tiff_is_as_a_jpeg_has_it() -> None:
    assert words(TITLE) == b"Photoshop 3.0\0" + resource(0x0404, TITLE)


@pytest.mark.parametrize("tag", [0x927C, 0x8649, 0x02BC, 0x83BB])
def test_blocks_within_exif_that_may_hold_a_thumbnail_never_go_out(tag: int) -> None:
    """A maker's notes, Photoshop's resources, XMP and IPTC."""
    block, exif = {tag: SECRET.encode() * 3}, Image.Exif()
    exif.update(
        {0x010F: "Engines", 0x8769: block} if tag == 0x927C else {0x010F: "Engines", **block}
    )
    source = with_segment(0xE1, exif.tobytes())
    kept = rendered(source, metadata=Metadata.KEEP, width=50).body
    assert b"Engines" in kept
    assert SECRET.encode() not in kept


@pytest.mark.parametrize(
    "text", ["Ada", "(c) Ada", "Ada (c) 1843", "Ada (Byron)", "((Ada)", "x" + " (" * 4000 + "x"]
)
@pytest.mark.parametrize("metadata", [Metadata.COPYRIGHT, Metadata.KEEP])
def test_brackets_in_a_text_stay_and_bring_nothing_with_them(text: str, metadata: Metadata) -> None:
    image = quarters(120, 80).copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", f"{text} (ASCII)")
    body = rendered(jpeg(image), metadata=metadata).body
    assert body.count(text.encode()) == 1
    assert b"ASCII" not in body


def test_the_brackets_of_a_text_are_not_tried_one_after_the_other() -> None:
    """With the square of their number it takes minutes."""
    text = " (" * 1_000_000
    assert _text(f"{text} ({text}, ASCII, 2000001 components, 2000001 bytes)") == text
    assert _text(text) is None
    assert _text("72/1 (72, Rational, 1 components, 8 bytes)") is None
