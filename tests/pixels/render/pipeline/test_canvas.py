"""What lies around and under a picture."""

from typing import Any

from resizer.model.formats import Format
from resizer.model.transform import Border, Colour, Edges, Fit
from tests.support.drawings import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    WHITE,
    YELLOW,
    flat,
    near,
    picture,
    png,
    quarters,
    rendered,
)

CLEAR_RED = (*RED, 0)


def test_a_background_lies_under_transparency_in_every_format() -> None:
    clear = png(flat(40, 40, CLEAR_RED))
    for format_ in (Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF, Format.GIF):
        image = picture(clear, format=format_, background=Colour(*BLUE))
        pixel = image(20, 20)
        assert near(pixel[:3], BLUE), format_
        assert pixel[3:] in ([], [255]), f"{format_} is still transparent"


def test_a_translucent_background_is_translucent_where_it_can_be() -> None:
    clear = png(flat(40, 40, CLEAR_RED))
    half = Colour(0, 0, 0, 128)
    assert near(picture(clear, format=Format.PNG, background=half)(20, 20), (0, 0, 0, 128))
    assert near(picture(clear, format=Format.JPEG, background=half)(20, 20), (127, 127, 127))


def test_padding_is_the_background_or_transparent_or_white() -> None:
    source = png(quarters(120, 60))
    box: dict[str, Any] = {"fit": Fit.PAD, "width": 120, "height": 120}
    assert near(picture(source, **box, background=Colour(*BLUE))(60, 5), BLUE)
    assert picture(source, **box)(60, 5)[3] == 0
    assert near(picture(source, **box, format=Format.JPEG)(60, 5), WHITE)
    assert rendered(source, **box, format=Format.AUTO_JPEG).content_type == "image/jpeg"


def test_a_translucent_background_lies_under_padding_and_picture_once() -> None:
    half = Colour(0, 0, 0, 128)
    box: dict[str, Any] = {"fit": Fit.PAD, "width": 120, "height": 120, "background": half}
    for source in (png(quarters(120, 60)), png(flat(120, 60, CLEAR_RED))):
        assert near(picture(source, **box, format=Format.PNG)(60, 5), (0, 0, 0, 128))
        assert near(picture(source, **box, format=Format.JPEG)(60, 5), (127, 127, 127))
    clear = picture(png(flat(120, 60, CLEAR_RED)), **box, format=Format.PNG)
    assert near(clear(60, 60), (0, 0, 0, 128)), "a seam between padding and picture"


def test_a_border_lies_around_the_padding() -> None:
    border = Border(Edges(4, 0, 8, 2), Colour(*GREEN))
    image = picture(
        png(quarters(100, 50)),
        fit=Fit.PAD,
        width=100,
        height=100,
        background=Colour(*BLUE),
        border=border,
    )
    assert (image.width, image.height) == (102, 112)
    assert near(image(50, 1), GREEN)
    assert near(image(50, 110), GREEN)
    assert near(image(0, 50), GREEN)
    assert near(image(50, 10), BLUE)
    assert near(image(101, 70), YELLOW)


def test_a_border_is_black_unless_told() -> None:
    image = picture(png(quarters()), border=Border(Edges(2, 2, 2, 2)))
    assert near(image(0, 0), BLACK)
