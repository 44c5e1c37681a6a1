"""The numbers of a render: every fit, every gravity, every limit."""

from typing import Any

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.geometry import Area, Size
from resizer.model.limits import Limits
from resizer.model.plan import plan
from resizer.model.transform import (
    Border,
    Box,
    Edges,
    Fit,
    Gravity,
    Point,
    Saliency,
    Transform,
    UniformEdge,
)
from tests.support.plans import LIMITS, planned

WIDE, TALL, SMALL = Size(1200, 800), Size(600, 1200), Size(120, 80)

# fit, original, box → what it is resized to, what is kept of that, the variant's size
FITS = [
    (Fit.SCALE_DOWN, WIDE, (300, 300), (300, 200), (0, 0, 300, 200), (300, 200)),
    (Fit.SCALE_DOWN, TALL, (300, 300), (150, 300), (0, 0, 150, 300), (150, 300)),
    (Fit.SCALE_DOWN, SMALL, (300, 300), (120, 80), (0, 0, 120, 80), (120, 80)),
    (Fit.SCALE_DOWN, WIDE, (2000, 400), (600, 400), (0, 0, 600, 400), (600, 400)),
    (Fit.CONTAIN, WIDE, (300, 300), (300, 200), (0, 0, 300, 200), (300, 200)),
    (Fit.CONTAIN, TALL, (300, 300), (150, 300), (0, 0, 150, 300), (150, 300)),
    (Fit.CONTAIN, SMALL, (300, 300), (300, 200), (0, 0, 300, 200), (300, 200)),
    (Fit.COVER, WIDE, (300, 300), (450, 300), (75, 0, 300, 300), (300, 300)),
    (Fit.COVER, TALL, (300, 300), (300, 600), (0, 150, 300, 300), (300, 300)),
    (Fit.COVER, SMALL, (300, 300), (450, 300), (75, 0, 300, 300), (300, 300)),
    (Fit.COVER, Size(1000, 1000), (333, 333), (333, 333), (0, 0, 333, 333), (333, 333)),
    (Fit.CROP, WIDE, (300, 300), (450, 300), (75, 0, 300, 300), (300, 300)),
    (Fit.CROP, TALL, (300, 300), (300, 600), (0, 150, 300, 300), (300, 300)),
    (Fit.CROP, SMALL, (300, 300), (120, 80), (0, 0, 120, 80), (120, 80)),
    (Fit.CROP, WIDE, (2000, 400), (1200, 800), (0, 200, 1200, 400), (1200, 400)),
    (Fit.CROP, TALL, (300, 2000), (600, 1200), (150, 0, 300, 1200), (300, 1200)),
    (Fit.ASPECT_CROP, WIDE, (300, 300), (450, 300), (75, 0, 300, 300), (300, 300)),
    (Fit.ASPECT_CROP, SMALL, (300, 300), (120, 80), (20, 0, 80, 80), (80, 80)),
    (Fit.ASPECT_CROP, Size(612, 613), (1920, 1120), (612, 613), (0, 128, 612, 357), (612, 357)),
    (Fit.ASPECT_CROP, WIDE, (2000, 400), (1200, 800), (0, 280, 1200, 240), (1200, 240)),
    (Fit.PAD, WIDE, (300, 300), (300, 200), (0, 0, 300, 200), (300, 300)),
    (Fit.PAD, TALL, (300, 300), (150, 300), (0, 0, 150, 300), (300, 300)),
    (Fit.PAD, SMALL, (300, 300), (300, 200), (0, 0, 300, 200), (300, 300)),
    (Fit.SQUEEZE, WIDE, (300, 300), (300, 300), (0, 0, 300, 300), (300, 300)),
    (Fit.SQUEEZE, SMALL, (300, 500), (300, 500), (0, 0, 300, 500), (300, 500)),
]


@pytest.mark.parametrize(("fit", "size", "box", "resized", "crop", "result"), FITS)
def test_every_fit_has_its_meaning(
    fit: Fit,
    size: Size,
    box: tuple[int, int],
    resized: tuple[int, int],
    crop: tuple[int, int, int, int],
    result: tuple[int, int],
) -> None:
    numbers = planned(size, fit=fit, width=box[0], height=box[1])
    assert numbers.resized == Size(*resized)
    assert numbers.crop == Area(*crop)
    assert numbers.size == Size(*result)


CORNERS = [
    (Point(0, 0), (0, 0)),
    (Point(0.5, 0), (75, 0)),
    (Point(1, 0), (150, 0)),
    (Point(0, 0.5), (0, 150)),
    (Point(0.5, 0.5), (75, 150)),
    (Point(1, 0.5), (150, 150)),
    (Point(0, 1), (0, 300)),
    (Point(1, 1), (150, 300)),
    (Point(0.2, 0.9), (30, 270)),
]


@pytest.mark.parametrize("fit", [Fit.COVER, Fit.CROP, Fit.ASPECT_CROP])
@pytest.mark.parametrize(("gravity", "corner"), CORNERS)
def test_a_gravity_is_the_fraction_of_what_is_cut_away(
    fit: Fit, gravity: Point, corner: tuple[int, int]
) -> None:
    wide = planned(WIDE, fit=fit, width=300, height=300, gravity=gravity)
    tall = planned(TALL, fit=fit, width=300, height=300, gravity=gravity)
    assert (wide.crop.left, wide.crop.top) == (corner[0], 0)
    assert (tall.crop.left, tall.crop.top) == (0, corner[1])


@pytest.mark.parametrize("fit", [Fit.SCALE_DOWN, Fit.CONTAIN, Fit.PAD, Fit.SQUEEZE])
@pytest.mark.parametrize("gravity", [Point(0, 0), Point(1, 1), Saliency()])
def test_gravity_means_nothing_to_a_fit_that_cuts_nothing(fit: Fit, gravity: Gravity) -> None:
    box: dict[str, Any] = {"fit": fit, "width": 300, "height": 300}
    assert planned(WIDE, **box, gravity=gravity) == planned(WIDE, **box)


@pytest.mark.parametrize("fit", [Fit.COVER, Fit.CROP, Fit.ASPECT_CROP])
def test_saliency_plans_the_size_that_a_point_would(fit: Fit) -> None:
    salient = planned(WIDE, fit=fit, width=300, height=300, gravity=Saliency())
    assert salient.crop.size == Size(300, 300)


ONE_SIDE = [
    (Fit.SCALE_DOWN, (600, 400), (1200, 800)),
    (Fit.CONTAIN, (600, 400), (2400, 1600)),
    (Fit.COVER, (600, 400), (2400, 1600)),
    (Fit.CROP, (600, 400), (1200, 800)),
    (Fit.ASPECT_CROP, (600, 400), (1200, 800)),
    (Fit.PAD, (600, 400), (2400, 1600)),
    (Fit.SQUEEZE, (600, 400), (2400, 1600)),
]


@pytest.mark.parametrize(("fit", "smaller", "larger"), ONE_SIDE)
def test_one_side_alone_keeps_the_ratio(
    fit: Fit, smaller: tuple[int, int], larger: tuple[int, int]
) -> None:
    assert planned(WIDE, fit=fit, width=600).size == Size(*smaller)
    assert planned(WIDE, fit=fit, height=400).size == Size(*smaller)
    assert planned(WIDE, fit=fit, width=2400).size == Size(*larger)
    assert planned(WIDE, fit=fit, height=1600).size == Size(*larger)


@pytest.mark.parametrize("fit", list(Fit))
def test_without_a_box_the_picture_keeps_its_size(fit: Fit) -> None:
    assert planned(WIDE, fit=fit, dpr=2.0).size == WIDE


def test_dpr_multiplies_the_box_and_the_border() -> None:
    border = Border(Edges(1, 2, 3, 4))
    numbers = planned(WIDE, width=100, height=100, fit=Fit.COVER, dpr=1.5, border=border)
    assert numbers.crop.size == Size(150, 150)
    assert numbers.border == Edges(2, 3, 5, 6)
    assert numbers.size == Size(159, 157)


def test_an_odd_pixel_of_padding_goes_right_and_down() -> None:
    assert planned(WIDE, width=301, height=301, fit=Fit.PAD).pad == Edges(50, 0, 50, 0)
    assert planned(Size(100, 100), width=103, height=100, fit=Fit.PAD).pad == Edges(0, 2, 0, 1)


@pytest.mark.parametrize("rotate", [90, 270])
def test_width_and_height_are_of_the_rotated_picture(rotate: int) -> None:
    assert planned(WIDE, width=400, rotate=rotate).size == Size(400, 600)
    assert planned(WIDE, rotate=rotate).size == Size(800, 1200)
    covered = planned(WIDE, width=300, height=200, fit=Fit.COVER, rotate=rotate)
    assert covered.resized == Size(300, 450)


def test_half_a_turn_keeps_the_sides() -> None:
    assert planned(WIDE, width=400, rotate=180).size == Size(400, 267)


TRIMS = [
    (Edges(10, 20, 30, 40), 1.0, (40, 10, 1140, 760)),
    (Edges(10, 20, 30, 40), 2.0, (80, 20, 1080, 720)),
    (Edges(1, 0, 0, 0), 1.5, (0, 2, 1200, 798)),
    (Box(left=100, top=50), 1.0, (100, 50, 1100, 750)),
    (Box(left=100, width=200, height=100), 1.0, (100, 0, 200, 100)),
    (Box(left=100, width=200, height=100), 2.0, (200, 0, 400, 200)),
    (Box(left=1100, width=200), 1.0, (1100, 0, 100, 800)),
]


@pytest.mark.parametrize(("trim", "dpr", "kept"), TRIMS)
def test_trim_is_cut_from_the_original_times_dpr(
    trim: Edges | Box, dpr: float, kept: tuple[int, int, int, int]
) -> None:
    numbers = planned(WIDE, trim=trim, dpr=dpr)
    assert numbers.trim == Area(*kept)
    assert numbers.size == Size(*kept[2:])


def test_the_fit_sees_the_trimmed_picture() -> None:
    numbers = planned(WIDE, trim=Edges(0, 400, 0, 0), width=400, height=400, fit=Fit.COVER)
    assert numbers.resized == Size(400, 400)


def test_a_uniform_edge_is_cut_where_it_was_found() -> None:
    found = Area(10, 20, 300, 200)
    numbers = plan(WIDE, Transform(trim=UniformEdge(), width=150), LIMITS, found)
    assert (numbers.trim, numbers.size) == (found, Size(150, 100))


@pytest.mark.parametrize(
    "trim", [Edges(400, 0, 400, 0), Edges(0, 1200, 0, 0), Box(left=1200), Box(top=900)]
)
def test_a_trim_that_leaves_nothing_is_refused(trim: Edges | Box) -> None:
    with pytest.raises(UnprocessableSource, match="1200×800"):
        planned(WIDE, trim=trim)


def test_a_wholly_uniform_picture_has_no_edge_to_trim() -> None:
    whole = plan(WIDE, Transform(trim=UniformEdge()), LIMITS, Area(0, 0, 0, 0))
    assert whole.size == WIDE


def test_a_result_over_the_limit_shrinks_and_keeps_its_ratio() -> None:
    limits = Limits(max_output_side=1000)
    contained = Transform(width=4000, fit=Fit.CONTAIN)
    assert plan(WIDE, contained, limits).size == Size(1000, 666)
    covered = Transform(width=3000, height=6000, fit=Fit.COVER, gravity=Point(0, 0))
    numbers = plan(WIDE, covered, limits)
    assert (numbers.size, numbers.crop) == (Size(500, 1000), Area(0, 0, 500, 1000))
    assert numbers.resized == Size(1500, 1000)


def test_an_original_over_the_limit_shrinks_without_a_box() -> None:
    assert plan(Size(20_000, 10), Transform(), LIMITS).size == Size(8192, 4)


def test_padding_and_border_shrink_with_the_picture() -> None:
    limits = Limits(max_output_side=500)
    padded = Transform(width=980, height=980, fit=Fit.PAD, border=Border(Edges(10, 10, 10, 10)))
    numbers = plan(Size(980, 490), padded, limits)
    assert numbers.size == Size(500, 500)
    assert numbers.border == Edges(5, 5, 5, 5)


def test_a_thread_is_not_enlarged_to_a_sheet() -> None:
    with pytest.raises(UnprocessableSource, match="100000×1 pixels is too narrow"):
        planned(Size(100_000, 1), fit=Fit.COVER, width=500, height=500)
    assert planned(Size(100_000, 1), fit=Fit.SQUEEZE, width=500, height=500).size.height == 500
