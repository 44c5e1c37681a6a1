"""What of an original's metadata goes out with a variant."""

import pytest
import pyvips

from resizer.transform import Format, Metadata
from tests.drawings import jpeg, picture, quarters, rendered

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


@pytest.mark.parametrize("text", ["Ada", "(c) Ada", "Ada (c) 1843", "Ada (Byron)", "((Ada)"])
@pytest.mark.parametrize("metadata", [Metadata.COPYRIGHT, Metadata.KEEP])
def test_brackets_in_a_text_stay_and_bring_nothing_with_them(text: str, metadata: Metadata) -> None:
    image = quarters(120, 80).copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", f"{text} (ASCII)")
    body = rendered(jpeg(image), metadata=metadata).body
    assert body.count(text.encode()) == 1
    assert b"ASCII" not in body
