"""The size of what is written, to the pixel and to its last row and column, by every encoder."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.model.transform import Box, Fit, Transform
from tests.support import positions
from tests.support.drawings import described, flat, jpeg, png, rendered
from tests.support.oracle import expected

WRITTEN = {
    Format.JPEG: 16_384,
    Format.PNG: 16_384,
    Format.WEBP: 16_383,
    Format.AVIF: 16_384,
    Format.GIF: 16_384,
}
"""One format of each encoder, and the longest side that it can write under the limits here."""
LIMITS = Limits(max_output_side=16_384)


def decoded(body: bytes) -> Image.Image:
    image = Image.open(BytesIO(body))
    image.load()
    return image


def off_colour(image: Image.Image) -> int:
    return int(np.abs(np.asarray(image.convert("RGB")).astype(int) - COLOUR).max())


COLOUR = (90, 120, 200)
ODD = [(1, 1), (1, 7), (7, 1), (2, 3), (3, 2), (5, 5), (15, 17), (17, 15), (31, 33), (63, 65)]


@pytest.mark.parametrize("format_", WRITTEN)
@pytest.mark.parametrize("size", ODD)
def test_no_edge_is_stretched_black_or_blended(size: tuple[int, int], format_: Format) -> None:
    """Encoders that halve chroma work on even sizes, and on blocks of 8, 16 or 64."""
    whole = (300, 260)
    kept = Box(left=50, top=40, width=2 * size[0], height=2 * size[1])
    box: dict[str, Any] = {"width": size[0], "height": size[1], "fit": Fit.SQUEEZE, "trim": kept}
    numbers = expected(whole, Transform(**box))
    assert numbers
    right, _ = positions.shown(numbers, whole, Transform(**box))
    source = positions.file(positions.drawn(*whole), "PNG")
    found = positions.read(rendered(source, format=format_, **box).body)
    assert found.shape == (size[1], size[0], 4)
    assert (found[..., 3] == 255).all()
    off = np.abs(found[..., :3] - right)
    for edge in (off[0], off[-1], off[:, 0], off[:, -1]):
        assert edge.max() <= 10, "an edge is not what lies beside it"


@pytest.mark.parametrize("fit", list(Fit))
def test_what_is_written_has_the_size_that_json_tells(fit: Fit) -> None:
    source = jpeg(flat(97, 61, COLOUR))
    for box in ({"width": 33, "height": 47}, {"width": 151, "height": 77}, {"height": 13}):
        options: dict[str, Any] = {"fit": fit, "dpr": 1.5, **box}
        numbers = expected((97, 61), Transform(**options))
        assert numbers
        assert decoded(rendered(source, **options).body).size == numbers.size
        facts = described(source, **options)
        assert (facts["width"], facts["height"]) == numbers.size


sides = st.sampled_from([1, 2, 3, 99, 100, 2000]) | st.integers(1, 300)


@settings(max_examples=80, deadline=None)
@given(
    st.tuples(sides, sides),
    st.sampled_from(Fit),
    st.fixed_dictionaries({}, optional={"width": st.integers(1, 400), "height": sides}),
    st.integers(10_000, 30_000).map(lambda n: n / 10_000),
)
@example((1, 1), Fit.COVER, {"width": 300, "height": 1}, 3.0)
@example((1, 300), Fit.CONTAIN, {"width": 3}, 1.0)
@example((300, 1), Fit.PAD, {"width": 7, "height": 9}, 1.3333)
@example((2, 3), Fit.ASPECT_CROP, {"width": 300, "height": 1}, 1.0)
def test_a_picture_of_any_ratio_has_the_planned_size(
    size: tuple[int, int], fit: Fit, box: dict[str, int], dpr: float
) -> None:
    options: dict[str, Any] = {"fit": fit, "dpr": dpr, **box}
    numbers = expected(size, Transform(**options))
    if not numbers or max(*numbers.size) > 2000 or max(numbers.resized) > 20_000:
        return
    variant = rendered(png(flat(*size, COLOUR)), **options)
    image = decoded(variant.body)
    assert image.size == numbers.size == (variant.width, variant.height)
    if fit is not Fit.PAD:
        low, high = np.asarray(image).min(axis=(0, 1)), np.asarray(image).max(axis=(0, 1))
        assert low.tolist() == high.tolist() == [*COLOUR]


LONG: list[tuple[tuple[int, int], int | None]] = [
    ((10_000, 1), 10_000),
    ((1, 10_000), 10_000),
    ((16_383, 2), 16_383),
    ((20_000, 2), None),
    ((2, 40_000), None),
]
"""Sizes, and their longest side as it is written; None is the longest of the format."""


@pytest.mark.parametrize("format_", WRITTEN)
@pytest.mark.parametrize(("size", "side"), LONG)
def test_a_picture_is_never_too_long_for_its_format(
    size: tuple[int, int], side: int | None, format_: Format
) -> None:
    longest = side or WRITTEN[format_]
    short = min(size) if side else 1
    right = (longest, short) if size[0] > size[1] else (short, longest)
    variant = rendered(png(flat(*size, COLOUR)), format=format_, limits=LIMITS)
    image = decoded(variant.body)
    assert image.size == right
    assert off_colour(image) <= 8


THREADS = [
    ((1, 10_000), {"width": 1}, (1, 10_000)),
    ((1, 10_000), {"height": 100}, (1, 100)),
    ((10_000, 1), {"width": 100}, (100, 1)),
    ((10_000, 3), {"width": 100, "height": 100}, (100, 1)),
    ((16_383, 2), {"width": 8191}, (8191, 1)),
    ((16_383, 2), {"width": 9, "height": 9, "fit": Fit.PAD}, (9, 9)),
    ((10_000, 1), {"width": 9, "height": 9, "fit": Fit.SQUEEZE}, (9, 9)),
    ((1, 10_000), {"width": 9, "height": 9, "fit": Fit.CROP}, (1, 9)),
]


@pytest.mark.parametrize(("size", "options", "right"), THREADS)
def test_a_thread_is_never_thinner_than_a_pixel(
    size: tuple[int, int], options: dict[str, Any], right: tuple[int, int]
) -> None:
    image = decoded(rendered(png(flat(*size, COLOUR)), limits=LIMITS, **options).body)
    assert image.size == right
    assert options.get("fit") is Fit.PAD or off_colour(image) <= 8
