"""What holds of every plan, whatever the original and the box."""

from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import UnprocessableSource
from resizer.geometry import Size, plan
from resizer.limits import Limits
from resizer.transform import (
    Border,
    Edges,
    Fit,
    Point,
    Saliency,
    Transform,
)
from tests.plans import planned

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
