"""Orientation, flip and rotate: in numbers, and on pixels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.geometry import Area, Size
from resizer.model.transform import Flip, Transform
from resizer.render.read.orientation import STRAIGHT, Orientation, requested, upright
from tests.support.drawings import (
    BLUE,
    GREEN,
    RED,
    YELLOW,
    corners,
    jpeg,
    oriented,
    picture,
    png,
    quarters,
)

orientations = st.builds(Orientation, st.booleans(), st.integers(0, 3))


@pytest.mark.parametrize("orientation", [0, 9, 255, 65_535])
def test_an_orientation_that_means_nothing_is_ignored(orientation: int) -> None:
    assert upright(orientation) == STRAIGHT


# flip, rotate → the four corners
TURNED = [
    (Flip.H, 0, [GREEN, RED, YELLOW, BLUE]),
    (Flip.V, 0, [BLUE, YELLOW, RED, GREEN]),
    (Flip.HV, 0, [YELLOW, BLUE, GREEN, RED]),
    (None, 90, [BLUE, RED, YELLOW, GREEN]),
    (None, 180, [YELLOW, BLUE, GREEN, RED]),
    (None, 270, [GREEN, YELLOW, RED, BLUE]),
    (Flip.H, 90, [YELLOW, GREEN, BLUE, RED]),
    (Flip.V, 90, [RED, BLUE, GREEN, YELLOW]),
]


@pytest.mark.parametrize(("flip", "rotate", "expected"), TURNED)
def test_flip_comes_before_rotate(
    flip: Flip | None, rotate: int, expected: list[tuple[int, ...]]
) -> None:
    image = picture(png(quarters(120, 80)), flip=flip, rotate=rotate)
    assert (image.width, image.height) == ((80, 120) if rotate in (90, 270) else (120, 80))
    assert corners(image) == expected


def test_a_turned_original_turns_on_from_upright() -> None:
    stored = oriented(quarters(80, 120).rot270(), 6)
    assert corners(picture(jpeg(stored), flip=Flip.H)) == [GREEN, RED, YELLOW, BLUE]


@given(orientations)
def test_an_orientation_and_its_inverse_are_straight(orientation: Orientation) -> None:
    assert orientation.then(orientation.inverse) == STRAIGHT
    assert orientation.inverse.then(orientation) == STRAIGHT


@given(orientations, orientations, orientations)
def test_turns_compose(one: Orientation, two: Orientation, three: Orientation) -> None:
    assert one.then(two).then(three) == one.then(two.then(three))


@given(
    orientations,
    orientations,
    st.integers(0, 9),
    st.integers(0, 9),
    st.integers(1, 9),
    st.integers(1, 9),
)
def test_an_area_turns_as_its_picture_does(
    one: Orientation, two: Orientation, left: int, top: int, width: int, height: int
) -> None:
    size, area = Size(20, 30), Area(left, top, width, height)
    step = two.area(one.area(area, size), one.size(size))
    assert step == one.then(two).area(area, size)
    assert one.inverse.area(one.area(area, size), one.size(size)) == area


def test_what_a_url_asks_for_is_one_turn() -> None:
    assert requested(Transform()) == STRAIGHT
    assert requested(Transform(flip=Flip.HV, rotate=180)) == STRAIGHT
    assert requested(Transform(flip=Flip.H, rotate=180)) == requested(Transform(flip=Flip.V))
