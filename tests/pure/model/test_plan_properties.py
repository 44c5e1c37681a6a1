"""What holds of every plan, whatever the original and the box."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Size
from resizer.model.limits import Limits
from resizer.model.plan import MAX_RESIZED_SIDE, Plan, plan
from resizer.model.transform import (
    Border,
    Box,
    Edges,
    Fit,
    Point,
    Saliency,
    Transform,
)
from tests.support.oracle import Expected, expected
from tests.support.plans import planned
from tests.support.transforms import FIELDS

sides = st.integers(1, 20_000)
some = st.integers(1, 1000)
sizes = st.builds(Size, some, some)
points = st.builds(Point, st.floats(0, 1), st.floats(0, 1))
edges = st.builds(Edges, *[st.integers(0, 300)] * 4)
transforms = st.builds(
    Transform,
    width=st.none() | sides,
    height=st.none() | sides,
    dpr=st.floats(1, 3),
    fit=st.sampled_from(Fit),
    gravity=points | st.just(Saliency()),
    rotate=st.sampled_from([0, 90, 180, 270]),
    border=st.none() | st.builds(Border, edges),
    trim=st.none() | edges,
)


@given(sizes, transforms, st.integers(16, 10_000))
def test_a_plan_fits_into_itself_and_its_limits(
    size: Size, transform: Transform, limit: int
) -> None:
    try:
        numbers = plan(size, transform, Limits(max_output_side=limit))
    except UnprocessableSource:
        assert transform.trim is not None, "only a trim may leave nothing"
        return
    for area, whole in ((numbers.trim, size), (numbers.crop, numbers.resized)):
        assert 0 <= area.left < area.left + area.width <= whole.width
        assert 0 <= area.top < area.top + area.height <= whole.height
    for side in (numbers.size.width, numbers.size.height):
        assert 1 <= side <= limit
    for added in (numbers.pad, numbers.border):
        assert min(added.top, added.right, added.bottom, added.left) >= 0


@given(sizes, st.integers(1, 8192), st.integers(1, 8192), points)
def test_cover_pad_and_squeeze_fill_the_box_exactly(
    size: Size, width: int, height: int, gravity: Point
) -> None:
    for fit in (Fit.COVER, Fit.PAD, Fit.SQUEEZE):
        numbers = planned(size, fit=fit, width=width, height=height, gravity=gravity)
        assert numbers.size == Size(width, height)


@given(sizes, st.integers(1, 8192), st.sampled_from(Fit))
def test_one_side_alone_is_met_exactly(size: Size, side: int, fit: Fit) -> None:
    enlarges = fit in (Fit.CONTAIN, Fit.COVER, Fit.PAD, Fit.SQUEEZE)
    roomy = Limits(max_output_side=10**9)
    wide = plan(size, Transform(width=side, fit=fit), roomy).size
    assert wide.width == (side if enlarges else min(side, size.width))
    high = plan(size, Transform(height=side, fit=fit), roomy).size
    assert high.height == (side if enlarges else min(side, size.height))


@given(sizes, st.integers(1, 8192), st.integers(1, 8192))
def test_what_must_not_enlarge_never_does(size: Size, width: int, height: int) -> None:
    for fit in (Fit.SCALE_DOWN, Fit.CROP, Fit.ASPECT_CROP):
        resized = planned(size, fit=fit, width=width, height=height).resized
        assert resized.width <= size.width
        assert resized.height <= size.height


@given(sizes, st.integers(1, 8192), st.integers(1, 8192))
def test_the_ratio_is_kept_within_half_a_pixel(size: Size, width: int, height: int) -> None:
    for fit in (Fit.SCALE_DOWN, Fit.CONTAIN, Fit.COVER, Fit.PAD):
        resized = planned(size, fit=fit, width=width, height=height).resized
        if resized.pixels > 8192**2:
            continue  # shrunk as a whole, and rounded once more
        exact = min(
            abs(resized.height - max(1, resized.width * size.height / size.width)),
            abs(resized.width - max(1, resized.height * size.width / size.height)),
        )
        assert exact <= 0.5, f"{fit}: {size} became {resized}"


@given(sizes, st.integers(1, 8192), st.integers(1, 8192))
def test_contain_touches_the_box_and_stays_inside(size: Size, width: int, height: int) -> None:
    result = planned(size, fit=Fit.CONTAIN, width=width, height=height).size
    assert result.width <= width
    assert result.height <= height
    assert result.width == width or result.height == height


@given(sizes, st.integers(1, 8192), st.integers(1, 8192))
def test_aspect_crop_has_the_ratio_of_the_box(size: Size, width: int, height: int) -> None:
    result = planned(size, fit=Fit.ASPECT_CROP, width=width, height=height).size
    off = min(
        abs(result.height - max(1, result.width * height / width)),
        abs(result.width - max(1, result.height * width / height)),
    )
    assert off <= 1


extremes = st.sampled_from([1, 2, 3, 7, 99, 100, 101, 8191, 10_000, 16_383, 65_535])
any_side = extremes | st.integers(1, 20_000)
any_size = st.tuples(any_side, any_side)
transforms_of_urls = st.fixed_dictionaries(
    {},
    optional={name: FIELDS[name] for name in ("dpr", "fit", "gravity", "rotate", "border")}
    | {
        "width": any_side,
        "height": any_side,
        "trim": st.builds(Edges, *[st.integers(0, 40)] * 4) | st.builds(Box, *[some] * 4),
    },
).map(lambda said: Transform(**said))
UNLIMITED = Limits(max_output_side=10**9)


def measured(numbers: Plan) -> Expected:
    trim, crop = numbers.trim, numbers.crop
    return Expected(
        (trim.left, trim.top, trim.width, trim.height),
        (numbers.resized.width, numbers.resized.height),
        (crop.left, crop.top, crop.width, crop.height),
        astuple(numbers.pad),
        astuple(numbers.border),
    )


@given(any_size, transforms_of_urls)
def test_every_number_is_the_documented_one(size: tuple[int, int], transform: Transform) -> None:
    right = expected(size, transform)
    if right is None or max(right.resized) > MAX_RESIZED_SIDE:
        with pytest.raises(UnprocessableSource):
            plan(Size(*size), transform, UNLIMITED)
        return
    assert measured(plan(Size(*size), transform, UNLIMITED)) == right
    assert min(*right.resized, *right.size, *right.crop[2:]) >= 1


@given(any_size, transforms_of_urls, st.integers(16, 9000))
def test_what_is_over_the_limit_becomes_the_limit(
    size: tuple[int, int], transform: Transform, limit: int
) -> None:
    right = expected(size, transform)
    if right is None or max(right.resized) > MAX_RESIZED_SIDE:
        return
    numbers = plan(Size(*size), transform, Limits(max_output_side=limit))
    longest = max(right.size)
    if longest <= limit:
        assert measured(numbers) == right
        return
    top, right_, bottom, left = (side * limit // longest for side in right.border)
    width, height = (side * limit // longest for side in right.size)
    assert (numbers.size.width, numbers.size.height) == (
        max(width, left + right_ + 1),
        max(height, top + bottom + 1),
    )
    assert max(numbers.size.width, numbers.size.height) == limit


@pytest.mark.parametrize(
    ("pixels", "dpr", "device"),
    [
        (100, 1.005, 101),
        (50, 1.01, 51),
        (1, 1.4999, 1),
        (1, 1.5, 2),
        (3, 1.1667, 4),
        (29, 1.15, 33),
    ],
)
def test_a_half_pixel_of_dpr_is_rounded_up(pixels: int, dpr: float, device: int) -> None:
    assert planned(Size(900, 900), width=pixels, dpr=dpr).size == Size(device, device)
