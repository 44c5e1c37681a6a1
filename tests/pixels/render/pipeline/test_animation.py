"""Every option on every frame of an animation, from and to GIF and WebP."""

from typing import Any

import numpy as np
import pytest

from resizer.model.formats import Format
from resizer.model.transform import Border, Colour, Edges, Fit, Flip, Point, Transform, UniformEdge
from tests.support import positions
from tests.support.animations import roll, seen
from tests.support.drawings import rendered
from tests.support.oracle import expected

MOVING = [Format.GIF, Format.WEBP]
SIZE, BLUES = (60, 40), (60, 128, 200)
ROLL = roll([positions.drawn(*SIZE, blue) for blue in BLUES], [50, 60, 70])
SHAPES: list[dict[str, Any]] = [
    *(
        {"fit": fit, "width": width, "height": height}
        for fit in Fit
        for width, height in ((31, 23), (100, 90), (90, 25))
    ),
    *(
        {"fit": fit, "width": 30, "height": 30, "gravity": gravity}
        for fit in (Fit.COVER, Fit.CROP, Fit.ASPECT_CROP)
        for gravity in (Point(0, 0), Point(1, 0.5), Point(0.25, 1))
    ),
    *({"rotate": angle, "width": 25} for angle in (90, 180, 270)),
    *({"flip": flip} for flip in Flip),
    {"flip": Flip.H, "rotate": 90, "fit": Fit.COVER, "width": 20, "height": 20},
    {"trim": Edges(5, 10, 15, 20)},
    {"border": Border(Edges(1, 2, 3, 4), Colour(128, 128, 128)), "width": 30},
]
NOISE = {Format.GIF: 0.5, Format.WEBP: 2.5}
WORST = 20.0
"""Levels: the 256 colours of a GIF are dithered, and WebP halves chroma."""


@pytest.mark.parametrize("format_", MOVING)
@pytest.mark.parametrize("options", SHAPES, ids=str)
def test_every_frame_is_shaped_as_a_still_is(options: dict[str, Any], format_: Format) -> None:
    asked = Transform(**options)
    numbers = expected(SIZE, asked)
    assert numbers
    background = Colour(128, 128, 128) if asked.fit is Fit.PAD else None
    body = rendered(ROLL, format=format_, quality=100, background=background, **options).body
    found = seen(body)
    assert (found.delays, found.times) == ([50, 60, 70], 0)
    noise, worst = NOISE[format_], WORST
    if (asked.border or background) and format_ is Format.WEBP:
        noise, worst = 8.0, 90.0  # the colour of what was added bleeds over the edge
    for frame, blue in zip(found.frames, BLUES, strict=True):
        positions.check(frame, numbers, SIZE, asked, noise, blue=blue, worst=worst)


@pytest.mark.parametrize("box", [(90, 25), (25, 90), (100, 90)])
@pytest.mark.parametrize("format_", MOVING)
def test_padding_is_clear_in_every_frame(box: tuple[int, int], format_: Format) -> None:
    asked = Transform(fit=Fit.PAD, width=box[0], height=box[1])
    numbers = expected(SIZE, asked)
    assert numbers
    _, inside = positions.shown(numbers, SIZE, asked)
    body = rendered(ROLL, fit=Fit.PAD, width=box[0], height=box[1], format=format_).body
    for frame in seen(body).frames:
        assert (frame[inside, 3] == 255).all()
        assert (frame[~inside, 3] == 0).all()


def test_a_background_and_a_blur_are_given_to_every_frame() -> None:
    clear = np.zeros((40, 60, 4))
    frames = [clear.copy() for _ in range(3)]
    for at, frame in enumerate(frames):
        frame[10:30, 10 * at : 10 * at + 30] = (200, 40, 40, 255)
    source = roll(frames, [50, 50, 50])
    flat = seen(rendered(source, background=Colour(0, 90, 0), format=Format.GIF).body)
    for frame in flat.frames:
        assert (frame[..., 3] == 255).all()
        assert np.abs(frame[2, 2, :3] - (0, 90, 0)).max() <= 2
    soft = seen(rendered(source, blur=3.0, background=Colour(0, 90, 0), quality=100).body)
    for at, frame in enumerate(soft.frames):
        assert not at or 20 < frame[20, 10 * at, 0] < 180
        assert frame[20, 10 * at + 15, 0] > 190
        assert frame[2, 2, 0] < 10, "a frame was blurred into the next"
        assert frame[-2, 2, 0] < 10, "a frame was blurred into the next"


@pytest.mark.parametrize("format_", MOVING)
@pytest.mark.parametrize("width", [21, 130])
def test_no_frame_has_a_fringe_around_its_shape(format_: Format, width: int) -> None:
    frames = [np.zeros((60, 60, 4)) for _ in range(2)]
    for at, frame in enumerate(frames):
        frame[..., :3] = (0, 255, 0) if at else (255, 255, 255)  # under what is clear
        frame[17:43, 13 + 9 * at : 37 + 9 * at] = (230, 40, 160, 255)
    body = rendered(
        roll(frames, [50, 50]), format=format_, width=width, fit=Fit.CONTAIN, quality=100
    ).body
    for frame in seen(body).frames:
        solid = frame[frame[..., 3] > 127]
        assert len(solid)
        assert np.abs(solid[:, :3] - (230, 40, 160)).max() <= 48


def test_a_uniform_edge_is_that_of_the_first_frame_or_of_the_page() -> None:
    frames = [np.full((40, 60, 4), 255.0) for _ in range(2)]
    for at, frame in enumerate(frames):
        frame[10:30, 10 + 10 * at : 30] = (200, 40, 40, 255)
    source = roll(frames, [50, 50])
    both = seen(rendered(source, trim=UniformEdge(), quality=100).body)
    assert [frame.shape[:2] for frame in both.frames] == [(20, 20)] * 2
    assert np.abs(both.frames[1][10, 4, :3] - 255).max() <= 6
    alone = rendered(source, trim=UniformEdge(), page=2)
    assert (alone.width, alone.height) == (10, 20)
