"""HEIC, as phones write it: upright, in its colours, its pages in order."""

import pytest
import pyvips

from resizer.model.formats import Format
from resizer.model.transform import Gamut, Metadata
from tests.support import foreign
from tests.support.drawings import (
    BLUE,
    GREEN,
    RED,
    TURNED,
    UPRIGHT,
    corners,
    described,
    flat,
    look,
    near,
    picture,
    quarters,
    rendered,
)

RED_OF_P3 = (234, 51, 35)
"""The samples of Display P3 that show sRGB's (255, 0, 0)."""
DISPLAY_P3 = 12


@pytest.mark.parametrize("orientation", TURNED)
def test_a_heic_is_turned_once_though_box_and_exif_both_say_so(orientation: int) -> None:
    source = foreign.heic(quarters(), exif=foreign.exif(orientation))
    image = picture(source, format=Format.PNG)
    assert corners(image) == TURNED[orientation]
    assert (image.width, image.height) == ((120, 80) if orientation < 5 else (80, 120))


def test_a_heic_of_tiles_is_one_picture() -> None:
    source = foreign.heic(quarters(480, 320), tile_size=128)
    image = picture(source, format=Format.PNG)
    assert (image.width, corners(image)) == (480, UPRIGHT)


def test_ten_bits_of_a_heic_become_eight() -> None:
    library = pytest.importorskip("pillow_heif")
    deep = (quarters().cast("ushort") * 257).cast("ushort").write_to_memory()
    file = library.from_bytes(mode="RGB;16", size=(120, 80), data=deep)
    source = foreign.saved(file, quality=-1, chroma=444)
    assert library.open_heif(source).info["bit_depth"] == 10
    assert corners(picture(source, format=Format.PNG)) == UPRIGHT


@pytest.mark.parametrize("premultiplied", [False, True])
def test_the_alpha_of_a_heic_is_straightened(premultiplied: bool) -> None:
    library = pytest.importorskip("pillow_heif")
    clear = flat(64, 64, (200, 100, 40, 128))
    image = foreign.pillow(clear)
    if premultiplied:
        image = image.convert("RGBa")
    file = library.from_bytes(mode=image.mode, size=image.size, data=image.tobytes())
    source = foreign.saved(file, quality=-1, chroma=444)
    variant = rendered(source)
    assert variant.content_type == "image/png"
    assert near(look(variant)(32, 32), (200, 100, 40, 128), 3)
    assert near(picture(source, format=Format.JPEG)(32, 32), (227, 177, 147), 4)  # on white


def test_a_grey_heic_stays_grey() -> None:
    assert near(picture(foreign.heic(flat(64, 64, (90,))))(9, 9), (90, 90, 90), 2)


@pytest.mark.parametrize("named", ["profile", "number"])
def test_a_photo_in_display_p3_comes_out_in_srgb_or_wide_on_request(named: str) -> None:
    options = {"color_primaries": DISPLAY_P3, "transfer_characteristics": 13}
    image = foreign.pillow(flat(64, 64, RED_OF_P3))
    if named == "profile":
        options = {}
        image.info["icc_profile"] = pyvips.Image.profile_load("p3")
    library = pytest.importorskip("pillow_heif")
    source = foreign.saved(library.from_pillow(image), quality=-1, chroma=444, **options)
    assert near(picture(source, format=Format.PNG)(9, 9), (255, 0, 0), 4)
    wide = rendered(source, format=Format.PNG, gamut=Gamut.P3)
    stored = pyvips.Image.pngload_buffer(wide.body)
    assert stored.get_typeof("icc-profile-data")
    assert near(stored(9, 9), RED_OF_P3, 4)


@pytest.mark.parametrize(
    ("metadata", "kept"), [(Metadata.NONE, 0), (Metadata.COPYRIGHT, 1), (Metadata.KEEP, 1)]
)
def test_the_copyright_of_a_heic_is_kept_as_metadata_says(metadata: Metadata, kept: int) -> None:
    source = foreign.heic(quarters(), exif=foreign.exif(6, "(c) Ada"))
    variant = rendered(source, metadata=metadata)
    assert variant.body.count(b"(c) Ada") == kept
    image = look(variant)
    assert not image.get_typeof("orientation") or image.get("orientation") == 1


def test_page_1_of_a_heic_is_the_primary_image_and_the_others_follow() -> None:
    colours = [RED, GREEN, BLUE]
    source = foreign.heic(*(flat(64, 64, colour) for colour in colours), primary_index=1)
    assert described(source)["original"]["pages"] == 3
    pages = [picture(source, format=Format.PNG, **page) for page in ({}, {"page": 2}, {"page": 3})]
    expected = (GREEN, RED, BLUE)
    assert all(near(page(9, 9), c, 3) for page, c in zip(pages, expected, strict=True))
