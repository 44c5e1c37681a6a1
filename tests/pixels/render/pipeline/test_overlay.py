"""Originals that are laid over another."""

import os

import pytest
import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Border, Colour, Edges, Gamut, Transform
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.pipeline.pipeline import render
from resizer.render.protocol.intermediate import IntermediateKind
from resizer.render.protocol.messages import Resampling
from tests.support.drawings import (
    BLUE,
    GREEN,
    RED,
    WHITE,
    animation,
    corners,
    flat,
    header_alone,
    jpeg,
    look,
    near,
    oriented,
    picture,
    png,
    quarters,
)

PHOTO = png(flat(60, 40, RED))
CLEAR = (0, 0, 0, 0)


def laid(*sources: bytes, limits: Limits | None = None, **options: object) -> Rendered:
    """The first with the others over it, as a PNG unless another format is asked for."""
    transform = Transform(**{"format": Format.PNG, **options})  # type: ignore[arg-type]
    return render(sources, transform, limits or Limits(), Resampling.LINEAR)


def shown(*sources: bytes, **options: object) -> pyvips.Image:
    return look(laid(*sources, **options))  # type: ignore[arg-type]


def refusal(*sources: bytes, limits: Limits | None = None) -> str:
    with pytest.raises(UnprocessableSource) as caught:
        laid(*sources, limits=limits)
    return str(caught.value)


def test_an_overlay_lies_on_the_middle_as_it_is() -> None:
    image = shown(PHOTO, png(flat(20, 10, BLUE)))
    assert (image.width, image.height, image.bands) == (60, 40, 3)
    inside, outside = [(20, 15), (39, 24)], [(19, 15), (20, 14), (40, 24), (39, 25)]
    assert all(near(image(x, y), BLUE, 0) for x, y in inside)
    assert all(near(image(x, y), RED, 0) for x, y in outside)


def test_an_overlay_is_not_resized_with_the_picture() -> None:
    image = shown(PHOTO, png(flat(20, 10, BLUE)), width=30)
    assert (image.width, image.height) == (30, 20)
    assert near(image(5, 5), BLUE, 0)
    assert near(image(4, 5), RED, 0)


def test_later_overlays_lie_over_earlier_ones() -> None:
    image = shown(PHOTO, png(flat(20, 10, BLUE)), png(flat(4, 4, GREEN)))
    assert near(image(30, 20), GREEN, 0)
    assert near(image(22, 20), BLUE, 0)


def test_alpha_is_blended_in_gamma_coded_values() -> None:
    image = shown(png(flat(8, 8, (0, 0, 0))), png(flat(8, 8, (255, 255, 255, 128))))
    assert near(image(4, 4), (128, 128, 128), 1)


def test_where_an_overlay_is_clear_the_picture_is_untouched() -> None:
    photo = png(
        (pyvips.Image.gaussnoise(50, 50).bandjoin([30, 200]))
        .cast("uchar")
        .copy(interpretation="srgb")
    )
    under, over = shown(photo), shown(photo, png(flat(50, 50, CLEAR)))
    assert (under == over).min() == 255


def test_a_picture_that_is_clear_stays_so_beside_the_overlay() -> None:
    image = shown(png(flat(20, 20, CLEAR)), png(flat(10, 10, (*BLUE, 128))))
    assert near(image(10, 10), (*BLUE, 128), 2)
    assert image(2, 2)[3] == 0


def test_a_background_is_under_both() -> None:
    image = shown(
        png(flat(20, 20, CLEAR)), png(flat(10, 10, BLUE)), background=Colour(255, 255, 255)
    )
    assert near(image(10, 10), BLUE, 0)
    assert near(image(2, 2), WHITE, 0)


def test_an_overlay_larger_than_the_canvas_is_cropped_to_its_middle() -> None:
    image = shown(png(flat(40, 20, RED)), png(quarters(120, 80)))
    assert (image.width, image.height) == (40, 20)
    assert corners(image) == corners(picture(png(quarters(120, 80))))


def test_the_canvas_has_the_border_that_was_added() -> None:
    border = Border(Edges(10, 10, 10, 10), Colour(*GREEN))
    image = shown(PHOTO, png(flat(200, 60, BLUE)), border=border)
    assert (image.width, image.height) == (80, 60)
    assert all(near(image(x, y), BLUE, 0) for x, y in ((0, 0), (79, 59)))


def test_an_overlay_is_upright() -> None:
    stored = oriented(quarters(80, 120).rot90(), 8)
    image = shown(png(flat(80, 120, RED)), jpeg(stored))
    assert corners(image) == corners(quarters(80, 120))


@pytest.mark.parametrize("gamut", Gamut)
def test_an_overlay_is_in_the_colours_of_the_picture(gamut: Gamut) -> None:
    """A wide profile of its own, on a picture without one."""
    wide = png(flat(20, 20, GREEN), profile="p3")
    alone = shown(wide, gamut=gamut)
    over = shown(png(flat(20, 20, WHITE), profile="p3"), wide, gamut=gamut)
    assert near(over(10, 10), tuple(alone(10, 10)), 1)
    assert not near(over(10, 10), GREEN, 1) or gamut is not Gamut.SRGB


def test_a_grey_one_of_16_bits_and_a_drawing_are_overlays_too() -> None:
    deep = (flat(10, 10, (128,)).cast("ushort") * 257).cast("ushort").copy(interpretation="grey16")
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4">'
        b'<rect width="4" height="4" fill="#fff"/></svg>'
    )
    image = shown(PHOTO, png(deep), drawing)
    assert near(image(26, 16), (128, 128, 128), 1)
    assert near(image(30, 20), WHITE, 0)


def test_every_frame_of_an_animation_has_it() -> None:
    frames = animation([flat(40, 40, RED), flat(40, 40, GREEN)], [100, 100]).gifsave_buffer()
    image = look(laid(frames, png(flat(16, 16, BLUE)), format=Format.WEBP, quality=100), n=-1)
    for top in (0, 40):
        assert near(image(20, top + 20)[:3], BLUE, 12)
    assert near(image(2, 2)[:3], RED, 12)
    assert near(image(2, 42)[:3], GREEN, 12)


def test_a_photo_in_its_own_size_and_format_has_its_overlay() -> None:
    """Such a file may be no larger than its original; the picture is another all the same."""
    photo = jpeg(flat(64, 64, RED), Q=20)
    image = shown(photo, png(flat(16, 16, BLUE)), format=Format.JPEG)
    assert near(image(32, 32), BLUE, 12)


@pytest.mark.parametrize(
    "broken", [b"no picture", png(quarters())[:200], jpeg(quarters())[:-300], b"GIF89a"]
)
def test_a_broken_one_is_named_by_its_number(broken: bytes) -> None:
    valid = png(flat(4, 4, BLUE))
    assert refusal(PHOTO, broken).startswith("Overlay 1: ")
    assert refusal(PHOTO, valid, broken).startswith("Overlay 2: ")


def test_a_broken_picture_is_not_blamed_on_its_overlay() -> None:
    valid = png(flat(4, 4, BLUE))
    assert not refusal(b"no picture", valid).startswith("Overlay")
    cut = jpeg(quarters(400, 400))
    rendered = laid(cut[: len(cut) * 2 // 3], valid)
    assert rendered.partial
    assert near(look(rendered)(200, 200), BLUE, 0)


def test_pixels_of_all_together_keep_the_limit_of_one() -> None:
    limits = Limits(max_source_pixels=10_000)
    small, large = png(flat(50, 50, BLUE)), png(flat(90, 90, BLUE))
    assert laid(PHOTO, small, small, limits=limits)
    assert laid(PHOTO, png(flat(80, 80, BLUE)), limits=limits)
    assert "pixels, more than 7,600" in refusal(PHOTO, large, limits=limits)
    assert refusal(PHOTO, small, small, small, small, limits=limits).startswith("Overlay 4: ")


def test_a_bomb_is_known_by_its_header() -> None:
    bomb = bytearray(header_alone(PHOTO))
    bomb[16:24] = (60_000).to_bytes(4) * 2
    assert refusal(PHOTO, bytes(bomb)).startswith("Overlay 1: ")


def test_a_drawing_has_as_many_pixels_as_the_others_leave() -> None:
    huge = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="50000" height="50000">'
        b'<rect width="50000" height="50000" fill="#fff"/></svg>'
    )
    image = shown(PHOTO, huge, limits=Limits(max_source_pixels=10_000))
    assert near(image(0, 0), WHITE, 0)


def test_what_is_kept_of_a_picture_is_without_its_overlay() -> None:
    file = os.memfd_create("shaped")
    kept = Intermediates(outputs={IntermediateKind.SHAPED: file}, max_bytes=10**6)
    asked = Transform(width=30, format=Format.PNG)
    sources = (PHOTO, png(flat(10, 10, BLUE)))
    render(sources, asked, Limits(), Resampling.LINEAR, kept)
    again = Intermediates([(one, file) for one in kept.written])
    alone = look(render(sources[:1], asked, Limits(), Resampling.LINEAR, again))
    assert again.began is IntermediateKind.SHAPED
    assert near(alone(15, 10), RED, 0)
    both = look(render(sources, asked, Limits(), Resampling.LINEAR, again))
    assert near(both(15, 10), BLUE, 0)
    os.close(file)


def test_a_description_is_of_the_picture() -> None:
    alone, both = (laid(*some, format=Format.JSON).body for some in ((PHOTO,), (PHOTO, PHOTO)))
    assert alone == both
