"""`page=N`: one frame of an animation or one page of a TIFF, as a still."""

from collections.abc import Sequence
from io import BytesIO
from struct import pack
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import AppendingTiffWriter

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.model.transform import Fit, UniformEdge
from tests.support.drawings import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    animation,
    corners,
    described,
    flat,
    jpeg,
    look,
    near,
    picture,
    png,
    quarters,
    rendered,
)

COLOURS = (RED, GREEN, BLUE, YELLOW)
PLACES = ((0, 0), (20, 0), (0, 15), (20, 15))


def composed_gif() -> bytes:
    """A canvas of 40×30, each frame a quarter of it, so that a frame alone is not the picture."""
    canvas = Image.new("RGB", (40, 30), (128, 128, 128))
    frames = []
    for colour, place in zip(COLOURS, PLACES, strict=True):
        canvas.paste(Image.new("RGB", (20, 15), colour), place)
        frames.append(canvas.copy())
    body = BytesIO()
    frames[0].save(body, "GIF", save_all=True, append_images=frames[1:], duration=100, disposal=1)
    return body.getvalue()


def tiff(pages: Sequence[tuple[int, int, tuple[int, int, int], int]]) -> bytes:
    """Pages of a width, a height, a colour and an orientation each."""
    body = BytesIO()
    with AppendingTiffWriter(body) as file:
        for width, height, colour, orientation in pages:
            page = Image.new("RGB", (width, height), colour)
            page.save(file, "TIFF", tiffinfo={274: orientation})
            file.newFrame()
    return body.getvalue()


PAGES = [(60, 40, RED, 1), (30, 50, GREEN, 1), (80, 20, BLUE, 6)]
SIZES = [(60, 40), (30, 50), (20, 80)]


@pytest.mark.parametrize("page", [1, 2, 3, 4])
def test_a_frame_is_what_the_frames_before_it_have_composed(page: int) -> None:
    for source in (composed_gif(), rendered(composed_gif(), format=Format.WEBP).body):
        image = picture(source, page=page, format=Format.PNG)
        for at, ((left, top), colour) in enumerate(zip(PLACES, COLOURS, strict=True), 1):
            drawn = colour if at <= page else (128, 128, 128)
            assert near(image(left + 10, top + 7)[:3], drawn, 8), (page, at)


@pytest.mark.parametrize("format_", [None, Format.GIF, Format.WEBP, Format.AUTO_AVIF, Format.JPEG])
def test_a_page_is_a_still_in_every_format(format_: Format | None) -> None:
    for page in (1, 3):
        image = look(rendered(composed_gif(), page=page, format=format_))
        assert (image.width, image.height) == (40, 30)
        assert image.get_n_pages() == 1
    assert rendered(composed_gif(), page=2, format=Format.AUTO_AVIF).content_type == "image/avif"


@pytest.mark.parametrize(("page", "size"), [*enumerate(SIZES, 1)])
def test_each_page_of_a_tiff_has_its_own_size_and_orientation(
    page: int, size: tuple[int, int]
) -> None:
    image = picture(tiff(PAGES), page=page)
    assert (image.width, image.height) == size
    assert near(image(10, 10), PAGES[page - 1][2], 3)


def test_a_tiff_without_a_page_shows_its_first() -> None:
    assert near(picture(tiff(PAGES))(10, 10), RED, 3)


def test_every_other_option_is_about_the_page() -> None:
    source = tiff(PAGES)
    box: dict[str, Any] = {"width": 10, "height": 10}
    assert near(picture(source, page=2, fit=Fit.COVER, rotate=90, **box)(5, 5), GREEN, 3)
    framed = quarters(40, 20).embed(10, 10, 60, 40, extend="white")
    roll = animation([flat(60, 40, RED), framed], []).tiffsave_buffer()
    image = picture(roll, page=2, trim=UniformEdge(), format=Format.PNG)
    assert (image.width, image.height) == (40, 20)
    assert corners(image) == [RED, GREEN, BLUE, YELLOW]


def test_json_tells_how_many_pages_there_are_and_is_about_one() -> None:
    facts = described(tiff(PAGES), page=3, width=10)
    assert (facts["width"], facts["height"]) == (10, 40)
    assert (facts["original"]["width"], facts["original"]["height"]) == (20, 80)
    assert (facts["original"]["pages"], facts["original"]["frames"]) == (3, 1)
    moving = described(composed_gif(), page=2)["original"]
    assert (moving["pages"], moving["frames"]) == (4, 4)


SOURCES = {
    "gif": (composed_gif(), 4),
    "tiff": (tiff(PAGES), 3),
    "still gif": (quarters().gifsave_buffer(), 1),
    "jpeg": (jpeg(quarters()), 1),
    "png": (png(quarters()), 1),
    "avif": (quarters().heifsave_buffer(compression="av1", effort=0), 1),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>', 1),
}


@pytest.mark.parametrize("kind", SOURCES)
def test_a_page_that_is_not_there_is_refused_with_the_number_there_are(kind: str) -> None:
    source, pages = SOURCES[kind]
    rendered(source, page=pages)
    for page in (pages + 1, 65_535):
        with pytest.raises(UnprocessableSource, match=f"no page {page} .* it has {pages}\\."):
            rendered(source, page=page)


def long_gif(frames: int) -> bytes:
    """Frames of one pixel, black and white in turn (GIF89a, one LZW code of two bits each)."""
    head = b"GIF89a" + pack("<HH", 1, 1) + b"\x80\0\0" + b"\0\0\0\xff\xff\xff"
    images = [b"\x2c" + pack("<HHHH", 0, 0, 1, 1) + b"\0\2\2" + lzw + b"\0" for lzw in LZW]
    return head + b"".join(images[n % 2] for n in range(frames)) + b"\x3b"


LZW = (b"\x44\1", b"\x4c\1")
"""Clear, 0, end; clear, 1, end: codes of three bits, the lowest first."""


def test_a_page_may_lie_behind_more_frames_than_an_animation_may_keep() -> None:
    source = long_gif(300)
    with pytest.raises(UnprocessableSource, match="300 frames, more than 256"):
        rendered(source)
    assert rendered(source, anim=False).width == 1
    first, last = (picture(source, page=page, format=Format.PNG)(0, 0) for page in (1, 300))
    assert (first[0], last[0]) == (0, 255)


def test_a_page_behind_too_many_pixels_is_refused() -> None:
    limits = Limits(max_source_pixels=1200)
    assert rendered(composed_gif(), page=4, limits=limits).width == 40
    longer = animation([flat(40, 30, colour) for colour in COLOURS * 2], [50] * 8)
    for source in (longer.gifsave_buffer(), longer.webpsave_buffer()):
        assert rendered(source, page=4, limits=limits).width == 40
        with pytest.raises(UnprocessableSource, match="5 frames of 40×30 pixels, more than 4,800"):
            rendered(source, page=5, limits=limits)


def test_ten_thousand_frames_are_not_taken_for_one() -> None:
    source = long_gif(10_001)
    with pytest.raises(UnprocessableSource, match="10001 frames"):
        rendered(source)
    assert rendered(source, page=10_001).width == 1
