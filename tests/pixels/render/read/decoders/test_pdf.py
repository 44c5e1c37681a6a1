"""Pages of a PDF, drawn on white at the size that is asked for."""

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from tests.support import foreign
from tests.support.drawings import (
    described,
    look,
    near,
    picture,
    rendered,
)

SHEET = "/MediaBox[0 0 100 50]"
HALVES = "1 0 0 rg 0 0 50 50 re f 0 0 1 rg 50 0 50 50 re f"
"""Red on the left, blue on the right."""


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
