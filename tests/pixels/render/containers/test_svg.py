"""SVG: drawn at the size asked for, and blind to everything outside itself."""

import base64
import gzip
from pathlib import Path

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.model.transform import Fit
from tests.support.drawings import BLUE, RED, flat, near, picture, png, rendered

HEAD = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' width="100" height="50">'
)


def svg(inside: str, head: str = HEAD) -> bytes:
    return f"{head}{inside}</svg>".encode()


SQUARE = svg('<rect width="50" height="50" fill="rgb(220,40,30)"/>')


def test_a_drawing_is_rasterised_at_the_size_asked_for() -> None:
    image = picture(SQUARE, width=1000, fit=Fit.CONTAIN)
    assert (image.width, image.height) == (1000, 500)
    edge = [image(x, 250)[3] for x in range(496, 505)]
    assert set(edge) <= {0, 255}, "the edge is soft: it was enlarged from pixels"


def test_an_svgz_is_drawn_as_its_svg() -> None:
    assert near(picture(gzip.compress(SQUARE))(25, 25), (*RED, 255))


def test_a_drawing_squeezes_and_crops_as_a_picture_does() -> None:
    squeezed = picture(SQUARE, width=40, height=90, fit=Fit.SQUEEZE)
    assert near(squeezed(10, 80), (*RED, 255))
    assert squeezed(30, 80)[3] == 0
    covered = picture(SQUARE, width=50, height=50, fit=Fit.COVER)
    assert near(covered(20, 25), (*RED, 255))


def test_a_drawing_of_any_declared_size_stays_within_the_limits() -> None:
    huge = svg('<rect width="9" height="9"/>', HEAD.replace('"100"', '"30000"'))
    assert rendered(huge, width=300, format=Format.PNG).width == 300
    limits = Limits(max_source_pixels=10_000)
    assert rendered(SQUARE, width=2000, fit=Fit.CONTAIN, limits=limits).width == 2000


@pytest.fixture
def sibling(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A picture beside which the process stands, as if the SVG lay there."""
    path = tmp_path / "sibling.png"
    path.write_bytes(png(flat(100, 50, BLUE)))
    monkeypatch.chdir(tmp_path)
    return path


OUTSIDE = [
    '<image xlink:href="{name}" width="100" height="50"/>',
    '<image href="{path}" width="100" height="50"/>',
    '<image xlink:href="file://{path}" width="100" height="50"/>',
    '<image xlink:href="http://127.0.0.1:9/x.png" width="100" height="50"/>',
    '<use xlink:href="{name}#x"/>',
    '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="{path}" parse="text"/>',
    "<style>@import url('{path}');</style>",
]


@pytest.mark.parametrize("inside", OUTSIDE)
def test_nothing_outside_the_file_is_drawn(sibling: Path, inside: str) -> None:
    source = svg(inside.format(name=sibling.name, path=sibling))
    assert picture(source, format=Format.PNG).extract_band(3).max() == 0


def test_an_external_entity_is_not_read(sibling: Path) -> None:
    sibling.with_name("secret.txt").write_text("<rect width='100' height='50'/>")
    doctype = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file://{sibling.with_name("secret.txt")}">]>'
    try:
        image = picture(doctype.encode() + svg("&x;"), format=Format.PNG)
    except UnprocessableSource:
        return
    assert not image.hasalpha() or image.extract_band(3).max() == 0


def test_an_image_inside_the_file_is_drawn() -> None:
    data = base64.b64encode(png(flat(100, 50, BLUE))).decode()
    image = f'<image width="100" height="50" xlink:href="data:image/png;base64,{data}"/>'
    assert near(picture(svg(image), format=Format.PNG)(50, 25)[:3], BLUE)


def test_entities_that_multiply_are_refused() -> None:
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 10))
    doctype = f'<!DOCTYPE svg [<!ENTITY e0 "ha">{levels}]>'
    with pytest.raises(UnprocessableSource):
        rendered(doctype.encode() + svg("<text>&e9;</text>"))


def test_a_broken_drawing_is_refused() -> None:
    with pytest.raises(UnprocessableSource, match="not well-formed"):
        rendered(svg("<g>"))
