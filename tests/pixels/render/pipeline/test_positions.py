"""Where every pixel of a picture goes: orientation, flip, rotate, trim, fits and gravities.

Each variant is compared, pixel by pixel, with what the upright picture must show there.
"""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.formats import Format
from resizer.model.transform import (
    CENTRE,
    Border,
    Box,
    Edges,
    Fit,
    Flip,
    Gravity,
    Point,
    Saliency,
    Transform,
)
from tests.support import positions
from tests.support.drawings import rendered
from tests.support.oracle import expected

SIZE = (60, 40)
UPRIGHT = positions.drawn(*SIZE)
BOXES = ((31, 23), (100, 90), (90, 25), (17, 61))
"""Smaller on both sides, larger on both, and each way between."""
LOSSY = {"JPEG", "AVIF"}
GRAVITIES: list[Gravity] = [
    CENTRE,
    Point(0, 0.5),
    Point(1, 0.5),
    Point(0.5, 0),
    Point(0.5, 1),
    Point(0.2, 0.9),
]


def check(
    source: bytes,
    size: tuple[int, int] = SIZE,
    noise: float = positions.EXACT,
    moved: float = 0.1,
    **options: Any,
) -> None:
    asked = Transform(format=Format.PNG, **options)
    numbers = expected(size, asked)
    assert numbers
    found = positions.read(rendered(source, format=Format.PNG, **options).body)
    positions.check(found, numbers, size, asked, noise, moved)


@pytest.mark.parametrize("fit", list(Fit))
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_meets_every_fit_and_gravity(orientation: int, fit: Fit) -> None:
    source = positions.file(UPRIGHT, "PNG", orientation)
    for at, gravity in enumerate(GRAVITIES):
        width, height = BOXES[at % len(BOXES)]
        check(source, width=width, height=height, fit=fit, gravity=gravity)
        check(source, width=height, height=width, fit=fit, gravity=gravity)


@pytest.mark.parametrize("kind", positions.SAVED)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_format_says_its_orientation_in_its_own_way(orientation: int, kind: str) -> None:
    source = positions.file(UPRIGHT, kind, orientation)
    noise = positions.LOSSY if kind in LOSSY else positions.EXACT
    check(source, noise=noise)
    check(source, noise=noise, width=30, height=25, fit=Fit.COVER, gravity=Point(1, 0))


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_nothing_moves_where_a_picture_is_loaded_smaller(orientation: int, kind: str) -> None:
    size = (731, 523)  # no multiple of what a decoder can shrink by
    source = positions.file(positions.drawn(*size), kind, orientation)
    check(source, size, width=57)
    cut: dict[str, Any] = {"fit": Fit.COVER, "gravity": Point(0, 0), "trim": Edges(9, 0, 0, 3)}
    # What was loaded at a third of a pixel each can be cut only there.
    check(source, size, moved=0.35, width=41, height=41, **cut)


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fit", [Fit.COVER, Fit.CROP, Fit.ASPECT_CROP])
def test_saliency_cuts_an_upright_piece_out_of_the_picture(orientation: int, fit: Fit) -> None:
    source = positions.file(UPRIGHT, "PNG", orientation)
    box: dict[str, Any] = {"width": 30, "height": 30, "fit": fit}
    body = rendered(source, format=Format.PNG, gravity=Saliency(), **box).body
    numbers = expected(SIZE, Transform(**box))
    assert numbers
    left = (positions.read(body)[..., 0].mean() - positions.DARK) / positions.RANGE * 45 - 15
    x = min(1.0, max(0.0, round(left) / (numbers.resized[0] - 30)))
    asked = Transform(gravity=Point(x, 0.5), **box)
    found = expected(SIZE, asked)
    assert found
    positions.check(positions.read(body), found, SIZE, asked)


trims = (
    st.none()
    | st.builds(Edges, *[st.integers(0, 12)] * 4)
    | st.builds(
        Box,
        st.integers(0, 20),
        st.integers(0, 12),
        st.none() | st.integers(20, 60),
        st.none() | st.integers(20, 40),
    )
)
borders = st.none() | st.builds(Border, st.builds(Edges, *[st.integers(0, 5)] * 4))


@given(
    st.integers(1, 8),
    st.fixed_dictionaries(
        {
            "fit": st.sampled_from(Fit),
            "width": st.none() | st.integers(15, 120),
            "height": st.none() | st.integers(15, 120),
            "rotate": st.sampled_from([0, 90, 180, 270]),
            "flip": st.none() | st.sampled_from(Flip),
            "trim": trims,
            "gravity": st.sampled_from(GRAVITIES),
            "border": borders,
            "dpr": st.sampled_from([1.0, 1.5, 2.0]),
        }
    ),
)
def test_everything_that_moves_pixels_moves_them_together(
    orientation: int, options: dict[str, Any]
) -> None:
    options["trim"] = options["trim"] if options["dpr"] == 1 else None
    check(positions.file(UPRIGHT, "PNG", orientation), **options)


def test_the_check_itself_sees_a_pixel_of_difference() -> None:
    numbers = expected(SIZE, Transform())
    assert numbers
    moved = np.roll(UPRIGHT, 1, axis=1)
    with pytest.raises(AssertionError):
        positions.check(moved, numbers, SIZE, Transform())


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("left", [2, 46])
def test_saliency_finds_the_same_whichever_way_a_picture_is_stored(
    orientation: int, left: int
) -> None:
    dull = np.full((40, 60, 3), 128, np.uint8)
    dull[14:26, left : left + 12] = (220, 40, 30)
    source = positions.file(dull, "PNG", orientation)
    whole: list[int] = []
    for width, height in ((20, 40), (15, 30)):
        box: dict[str, Any] = {"width": width, "height": height, "fit": Fit.COVER}
        body = rendered(source, format=Format.PNG, gravity=Saliency(), **box).body
        found = positions.read(body)
        whole.append(int(((found[..., 0] > 190) & (found[..., 1] < 70)).sum()))
    assert whole == [144, 64], "some of it was cut away"
