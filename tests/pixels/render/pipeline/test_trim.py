"""Trimming, also where the original was loaded smaller than it is."""

import pytest
import pyvips

from resizer.model.formats import Format
from resizer.model.transform import Box, Edges, UniformEdge
from tests.support.drawings import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    animation,
    corners,
    flat,
    jpeg,
    look,
    near,
    oriented,
    picture,
    png,
    quarters,
    rendered,
)

ALL = [RED, GREEN, BLUE, YELLOW]


def framed(edge: int = 30, size: tuple[int, int] = (120, 80)) -> pyvips.Image:
    """Four colours inside an edge of white."""
    inner = quarters(*size)
    return inner.embed(edge, edge, size[0] + 2 * edge, size[1] + 2 * edge, extend="white")


TRIMS = [
    (Edges(30, 30, 30, 30), (120, 80), ALL),
    (Box(left=30, top=30, width=60, height=40), (60, 40), [RED] * 4),
    (Box(left=90, top=70, width=60, height=40), (60, 40), [YELLOW] * 4),
]


@pytest.mark.parametrize(("trim", "size", "expected"), TRIMS)
def test_trim_keeps_what_it_says(
    trim: Edges | Box, size: tuple[int, int], expected: list[tuple[int, ...]]
) -> None:
    image = picture(png(framed()), trim=trim)
    assert (image.width, image.height) == size
    assert corners(image) == expected


def test_trim_speaks_of_the_picture_as_a_person_sees_it() -> None:
    stored = oriented(framed().rot270(), 6)
    image = picture(jpeg(stored), trim=Box(left=30, top=30, width=60, height=40))
    assert corners(image) == [RED] * 4


@pytest.mark.parametrize("width", [12, 23, 50])
def test_nothing_of_what_is_trimmed_shines_through_a_small_variant(width: int) -> None:
    large = flat(1000, 800, RED).embed(101, 53, 1200, 900, extend="white")
    trim = Box(left=101, top=53, width=1000, height=800)
    for source in (jpeg(large), large.webpsave_buffer(Q=95)):
        image = picture(source, trim=trim, width=width, format=Format.PNG)
        for x, y in ((0, 0), (width - 1, 0), (0, image.height - 1), (width - 1, image.height - 1)):
            assert near(image(x, y), RED, 10), (x, y)


@pytest.mark.parametrize("orientation", [1, 6])
def test_a_uniform_edge_is_found_and_cut(orientation: int) -> None:
    drawn = framed(edge=25)
    stored = oriented(drawn.rot270() if orientation == 6 else drawn, orientation)
    for source in (png(stored), jpeg(stored)):
        image = picture(source, trim=UniformEdge())
        assert abs(image.width - 120) <= 2
        assert abs(image.height - 80) <= 2
        assert corners(image) == ALL


def test_a_transparent_edge_is_uniform_whatever_its_colour() -> None:
    drawn = flat(100, 60, (0, 0, 0, 0)).insert(flat(40, 30, (*RED, 255)), 20, 10)
    image = picture(png(drawn), trim=UniformEdge())
    assert (image.width, image.height) == (40, 30)


def test_the_edge_of_a_drawing_is_cut_too() -> None:
    svg = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="100" height="100">'
        b'<rect x="20" y="10" width="50" height="25" fill="red"/></svg>'
    )
    image = picture(svg, trim=UniformEdge(), width=200, fit="contain")
    assert (image.width, image.height) == (200, 100)


def test_a_picture_that_is_all_edge_is_left_as_it_is() -> None:
    image = picture(png(flat(40, 30, RED)), trim=UniformEdge())
    assert (image.width, image.height) == (40, 30)


def test_every_frame_is_trimmed_alike() -> None:
    roll = animation([framed(), framed().fliphor()], [100, 100])
    image = look(rendered(roll.webpsave_buffer(lossless=True), trim=Edges(30, 30, 30, 30)), n=-1)
    assert (image.width, image.get_page_height(), image.get_n_pages()) == (120, 80, 2)
    assert corners(image.crop(0, 0, 120, 80)) == ALL
