"""Formats that are read where a decoder is installed: the right picture, or what to install."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import UnprocessableSource
from resizer.limits import Limits
from resizer.render import decoders
from resizer.render.decoders import avif, heic, jxl, libvips, pdf
from resizer.render.decoders.jxl_header import read_header
from resizer.render.examine import examine
from resizer.render.sniff import SourceFormat
from resizer.render.spawn import COMMAND
from resizer.transform import Format, Gamut, Metadata, Transform
from tests import foreign
from tests.drawings import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    flat,
    jpeg,
    look,
    near,
    oriented,
    picture,
    quarters,
    rendered,
)
from tests.puppet_pool import original, running

UPRIGHT = [RED, GREEN, BLUE, YELLOW]
TURNED = {
    1: UPRIGHT,
    2: [GREEN, RED, YELLOW, BLUE],
    3: [YELLOW, BLUE, GREEN, RED],
    4: [BLUE, YELLOW, RED, GREEN],
    5: [RED, BLUE, GREEN, YELLOW],
    6: [BLUE, RED, YELLOW, GREEN],
    7: [YELLOW, GREEN, BLUE, RED],
    8: [GREEN, YELLOW, RED, BLUE],
}
"""What a viewer shows of `quarters` stored with each EXIF orientation (EXIF 2.32, §4.6.4 A)."""

RED_OF_P3 = (234, 51, 35)
"""The samples of Display P3 that show sRGB's (255, 0, 0)."""
DISPLAY_P3 = 12
SHEET = "/MediaBox[0 0 100 50]"
HALVES = "1 0 0 rg 0 0 50 50 re f 0 0 1 rg 50 0 50 50 re f"
"""Red on the left, blue on the right."""

EACH: dict[SourceFormat, Callable[[], bytes]] = {
    SourceFormat.HEIC: lambda: foreign.heic(quarters()),
    SourceFormat.JXL: lambda: foreign.jxl(quarters()),
    SourceFormat.PDF: lambda: foreign.pdf((SHEET, HALVES)),
    SourceFormat.AVIF_SEQUENCE: lambda: foreign.avif_sequence(quarters(), quarters().fliphor()),
}
KINDS = pytest.mark.parametrize("kind", EACH)


def described(source: bytes, **options: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(rendered(source, format=Format.JSON, **options).body)
    return told


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (heic, "pillow_heif"),
        (jxl, "pillow_jxl"),
        (pdf, "pypdfium2"),
        (avif, "plugin"),
    ):
        monkeypatch.setattr(module, name, None)
    monkeypatch.setattr(libvips, "_decodes_hevc", lambda: False)


def test_every_optional_format_is_tried() -> None:
    assert set(EACH) == set(decoders.EXTRAS)


@KINDS
@pytest.mark.usefixtures("nothing_installed")
def test_without_a_decoder_the_refusal_says_what_to_install(kind: SourceFormat) -> None:
    heads = {
        SourceFormat.HEIC: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        SourceFormat.JXL: b"\xff\x0a\xfa",
        SourceFormat.PDF: b"%PDF-1.7",
        SourceFormat.AVIF_SEQUENCE: b"\0\0\0\x18ftypavis\0\0\0\0avifavis",
    }
    extra, _ = decoders.EXTRAS[kind]
    with pytest.raises(UnprocessableSource, match=rf"install.*resizer\[{extra}\]") as refusal:
        rendered(heads[kind])
    assert len(str(refusal.value)) < 300


@KINDS
def test_a_description_names_the_format(kind: SourceFormat) -> None:
    assert described(EACH[kind]())["original"]["format"] == kind


@KINDS
def test_what_is_written_is_what_every_browser_reads(kind: SourceFormat) -> None:
    source = EACH[kind]()
    assert rendered(source).content_type == "image/jpeg"
    for format_ in (Format.WEBP, Format.AVIF):
        assert rendered(source, format=format_).content_type == f"image/{format_}"


@KINDS
def test_more_pixels_than_allowed_are_refused_by_the_header_or_never_drawn(
    kind: SourceFormat,
) -> None:
    source, limits = EACH[kind](), Limits(max_source_pixels=1000)
    if kind is SourceFormat.PDF:
        header = examine(memoryview(source), limits)
        assert header.opened
        assert rendered(source, limits=limits, width=200).width == 200
        return
    with pytest.raises(UnprocessableSource, match=r"120×80 pixels, more than 1,000"):
        examine(memoryview(source), limits)


@KINDS
def test_a_file_that_is_cut_short_is_refused_or_sound(kind: SourceFormat) -> None:
    source = EACH[kind]()
    refused = 0
    for end in range(1, len(source), len(source) // 25):
        try:
            look(rendered(source[:end], width=40))
        except UnprocessableSource:
            refused += 1
    assert refused > 10


@KINDS
def test_a_page_that_is_not_there_is_refused(kind: SourceFormat) -> None:
    with pytest.raises(UnprocessableSource, match="There is no page 9 in the original"):
        rendered(EACH[kind](), page=9)


def test_all_of_them_render_in_a_worker_that_is_locked_in() -> None:
    async def scenario() -> list[str]:
        async with running(limits=Limits(), command=COMMAND) as (pool, diary):
            for make in EACH.values():
                with original(make()) as given:
                    assert (await pool.render(given, Transform(width=40))).width == 40
            return diary.deaths

    assert asyncio.run(scenario()) == []


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


def test_a_jpeg_xl_without_loss_is_what_was_drawn() -> None:
    for drawn in (quarters(), flat(40, 30, (7,)), flat(40, 30, (200, 100, 40, 128))):
        image = look(rendered(foreign.jxl(drawn), format=Format.PNG))
        expected = drawn.colourspace("srgb")
        assert (image - expected).abs().max() == 0


def test_sixteen_bits_of_grey_are_read_with_their_profile() -> None:
    light = (flat(40, 30, (90,)).cast("ushort") * 257).cast("ushort")  # this encoder says linear
    sample = 255 * (1.055 * (90 / 255) ** (1 / 2.4) - 0.055)
    assert near(picture(foreign.jxl(light), format=Format.PNG)(9, 9), (sample,) * 3, 1)


@pytest.mark.parametrize("orientation", TURNED)
def test_a_recompressed_jpeg_is_upright(orientation: int) -> None:
    source = foreign.recompressed(jpeg(oriented(quarters(), orientation)))
    assert corners(picture(source, format=Format.PNG)) == TURNED[orientation]


SELECTORS = [(0, 9), (1, 13), (2, 18), (3, 30)]
RATIOS = [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)]


@given(
    st.sampled_from(SELECTORS),
    st.integers(0, 2**9 - 1),
    st.one_of(st.integers(1, 7), st.none()),
    st.integers(0, 2**9 - 1),
    st.integers(1, 8),
    st.booleans(),
)
def test_the_size_of_a_jpeg_xl_is_read_before_anything_is_decoded(
    selector: tuple[int, int],
    down: int,
    ratio: int | None,
    across: int,
    orientation: int,
    animated: bool,
) -> None:
    number, bits = selector
    head = [(0, 1), (number, 2), (down, bits), (ratio or 0, 3)]
    if ratio is None:
        head += [(number, 2), (across, bits)]
    head += [(0, 1), (1, 1), (orientation - 1, 3), (0, 1), (0, 1), (int(animated), 1)]
    height = down + 1
    times, by = RATIOS[ratio - 1] if ratio else (0, 1)
    width = max(1, height * times // by) if ratio else across + 1
    found = read_header(memoryview(foreign.codestream(head)))
    upright = (width, height) if orientation < 5 else (height, width)
    assert ((found.size.width, found.size.height), found.animated) == (upright, animated)


@pytest.mark.parametrize(("width", "height"), [(8, 8), (256, 256), (1, 1), (300, 17), (1600, 900)])
def test_the_header_agrees_with_the_encoder(width: int, height: int) -> None:
    size = read_header(memoryview(foreign.jxl(flat(width, height, (9,))))).size
    assert (size.width, size.height) == (width, height)


def test_a_jpeg_xl_of_many_pixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jxl, "pillow_jxl", object())  # fails at whatever is asked of it
    huge = foreign.codestream([(0, 1), (3, 2), (2**30 - 1, 30), (1, 3), (1, 1)])
    with pytest.raises(UnprocessableSource, match="1073741824×1073741824 pixels, more than"):
        rendered(huge)


def test_an_animated_jpeg_xl_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jxl, "pillow_jxl", object())
    moving = [(1, 1), (0, 5), (1, 3), (0, 1), (1, 1), (0, 3), (0, 1), (0, 1), (1, 1)]
    with pytest.raises(UnprocessableSource, match="animated"):
        rendered(foreign.codestream(moving))


def test_a_page_of_a_pdf_has_two_pixels_a_point_and_is_drawn_sharp_at_any_size() -> None:
    source = foreign.pdf((SHEET, HALVES))
    assert (described(source)["width"], described(source)["height"]) == (200, 100)
    for width in (200, 50, 20):
        image = picture(source, width=width, format=Format.PNG)
        row = [image(x, 3) for x in range(width)]
        half = width // 2
        assert row == [[255, 0, 0]] * half + [[0, 0, 255]] * half


def test_a_pdf_is_drawn_on_white_and_turned_as_its_page_says() -> None:
    source = foreign.pdf((SHEET, ""), (SHEET + "/Rotate 90", HALVES))
    assert near(picture(source)(9, 9), (255, 255, 255), 1)
    image = picture(source, page=2, format=Format.PNG)
    assert (image.width, image.height) == (100, 200)
    assert (image(50, 20), image(50, 180)) == ([255, 0, 0], [0, 0, 255])


@pytest.mark.parametrize("box", ["0 0 20000 10", "0 0 0 0", "0 0 1 99999999999"])
def test_a_page_of_no_earthly_size_is_refused_or_given_another(box: str) -> None:
    source = foreign.pdf((f"/MediaBox[{box}]", HALVES))
    try:
        size = look(rendered(source, width=40))
    except UnprocessableSource:
        return
    assert 1 <= size.width <= 40


def test_a_locked_pdf_asks_for_its_password_in_vain() -> None:
    keys = f"/O<{'00' * 32}>/U<{'00' * 32}>/P -4"
    locked = f"/Encrypt<</Filter/Standard/V 1/R 2{keys}>>/ID[<00><00>]"
    pytest.importorskip("pypdfium2")
    with pytest.raises(UnprocessableSource, match="password"):
        rendered(foreign.pdf((SHEET, HALVES), trailer=locked))


def test_every_frame_of_an_avif_sequence_is_a_page() -> None:
    colours = [RED, GREEN, BLUE]
    source = foreign.avif_sequence(*(flat(64, 64, colour) for colour in colours))
    assert described(source)["original"]["pages"] == 3
    for page, colour in enumerate(colours, 1):
        assert near(picture(source, page=page, format=Format.PNG)(9, 9), colour, 4)


def test_a_frame_too_deep_in_an_avif_sequence_is_refused_before_it_is_decoded() -> None:
    frames = [flat(64, 64, (shade, shade, shade)) for shade in range(0, 250, 50)]
    source, limits = foreign.avif_sequence(*frames), Limits(max_source_pixels=64 * 64)
    assert rendered(source, limits=limits, page=4).width == 64
    with pytest.raises(UnprocessableSource, match="up to page 5"):
        examine(memoryview(source), limits, page=5)


@pytest.mark.usefixtures("nothing_installed")
def test_libvips_alone_reads_the_first_picture_of_an_avif_sequence() -> None:
    source = foreign.avif_sequence(quarters(), quarters().fliphor())
    assert corners(picture(source, format=Format.PNG)) == UPRIGHT
