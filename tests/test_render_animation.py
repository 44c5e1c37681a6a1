"""Animations, frame by frame: what each shows, how long, how often, from and to GIF and WebP."""

from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from resizer.errors import UnprocessableSource
from resizer.limits import Limits
from resizer.transform import (
    Border,
    Colour,
    Edges,
    Fit,
    Flip,
    Format,
    Point,
    Transform,
    UniformEdge,
)
from tests import positions
from tests.drawings import rendered
from tests.gifs import BACKGROUND, KEEP, PREVIOUS, Frame, composed, gif
from tests.oracle import expected
from tests.positions import Samples

MOVING = [Format.GIF, Format.WEBP]
GREYS = [(level, level, level) for level in (0, 40, 80, 120, 160, 200, 230, 255)]
OTHER_GREYS = [(255 - level, 255 - level, 255 - level) for level, _, _ in GREYS]


@dataclass(frozen=True)
class Seen:
    """An animation as Pillow plays it."""

    frames: list[Samples]
    delays: list[int]
    times: int
    """How often it is played; 0 is for ever."""


def seen(body: bytes) -> Seen:
    image: Any = Image.open(BytesIO(body))
    count = getattr(image, "n_frames", 1)
    frames, delays = [], []
    for at in range(count):
        image.seek(at)
        frames.append(np.asarray(image.convert("RGBA")).astype(float))
        delays.append(image.info.get("duration", 0))
    loop = image.info.get("loop")
    if image.format == "GIF":  # counts repetitions after the first time
        loop = 1 if loop is None else loop and loop + 1
    return Seen(frames, delays, loop)


def roll(frames: list[Samples], delays: list[int], loop: int = 0) -> bytes:
    """An animated WebP without loss."""
    first, *others = [Image.fromarray(frame.astype(np.uint8)) for frame in frames]
    body = BytesIO()
    options: dict[str, Any] = {"lossless": True, "exact": True, "loop": loop, "duration": delays}
    first.save(body, "WEBP", save_all=True, append_images=others, **options)
    return body.getvalue()


def alike(found: Samples, right: Samples, within: float) -> None:
    """Alpha is equal, and colour too where anything is to be seen."""
    assert (found[..., 3] == right[..., 3]).all()
    off = np.abs(found - right)[right[..., 3] > 0]
    assert off.max(initial=0) <= within


DISPOSALS = [
    (0, 0, 0, 0),
    (KEEP, KEEP, KEEP, KEEP),
    (BACKGROUND, BACKGROUND, BACKGROUND, BACKGROUND),
    (KEEP, PREVIOUS, PREVIOUS, PREVIOUS),
    (PREVIOUS, PREVIOUS, KEEP, KEEP),
    (KEEP, BACKGROUND, PREVIOUS, KEEP),
    (BACKGROUND, PREVIOUS, KEEP, BACKGROUND),
]


def patches(disposals: tuple[int, ...], *, whole: bool, local: bool) -> list[Frame]:
    """Four frames of holes and greys at places of their own; the first may be `whole`."""
    draw = np.random.default_rng(7)
    frames = []
    for at, disposal in enumerate(disposals):
        rows, columns = (16, 24) if whole and at == 0 else (7, 9)
        frames.append(
            Frame(
                pixels=draw.integers(0, 8, (rows, columns), np.uint8),
                colours=OTHER_GREYS if local and at % 2 else GREYS,
                left=0 if rows == 16 else 3 + at * 2,
                top=0 if rows == 16 else 2 + at,
                clear=3,
                delay=(50, 60, 70, 80)[at],
                disposal=disposal,
                local=local,
            )
        )
    return frames


@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("disposals", DISPOSALS)
def test_frames_are_composed_as_browsers_do(disposals: tuple[int, ...], whole: bool) -> None:
    for local in (True, False):
        frames = patches(disposals, whole=whole, local=local)
        right = [one.astype(float) for one in composed(24, 16, frames)]
        source = gif(24, 16, frames, loop=0, background=5)
        for format_, within in ((Format.GIF, 0), (Format.WEBP, 24)):
            found = seen(rendered(source, format=format_, quality=100).body)
            assert found.delays == [50, 60, 70, 80]
            for one, other in zip(found.frames, right, strict=True):
                alike(one, other, within)
        for page in (1, 2, 3, 4):
            still = seen(rendered(source, page=page, format=Format.PNG).body).frames[0]
            alike(still, right[page - 1], 0)


TIMES = [(None, 1), (0, 0), (1, 2), (2, 3), (7, 8)]
"""What NETSCAPE2.0 says, and how often that is played."""


@pytest.mark.parametrize(("loop", "times"), TIMES)
def test_an_animation_is_played_as_often_as_before(loop: int | None, times: int) -> None:
    source = gif(24, 16, patches(DISPOSALS[0], whole=True, local=True), loop=loop)
    for format_ in MOVING:
        once = rendered(source, format=format_).body
        assert seen(once).times == times
        for other in MOVING:
            assert seen(rendered(once, format=other).body).times == times


SPEEDS = [
    ([100, 100, 100, 100], [100, 100, 100, 100], [100, 100, 100, 100]),
    ([20, 50, 1000, 655350], [20, 50, 1000, 655350], [20, 50, 1000, 655350]),
    ([0, 10, 20, 30], [0, 10, 20, 30], [100, 100, 20, 30]),
]
"""Delays of a GIF, and of the GIF and the WebP made of it. 10 and less are what browsers play as
100, and a WebP says so."""


@pytest.mark.parametrize(("before", "as_gif", "as_webp"), SPEEDS)
def test_delays_stay_what_they_are(
    before: list[int], as_gif: list[int], as_webp: list[int]
) -> None:
    drawn = patches(DISPOSALS[0], whole=True, local=True)
    frames = [
        Frame(pixels=one.pixels, colours=GREYS, delay=delay)
        for one, delay in zip(drawn, before, strict=True)
    ]
    source = gif(24, 16, frames, loop=0)
    assert seen(rendered(source).body).delays == as_gif
    assert seen(rendered(source, format=Format.WEBP).body).delays == as_webp


def test_a_webp_of_milliseconds_becomes_a_gif_of_hundredths_that_is_no_slower() -> None:
    drawn = [positions.drawn(20, 10, blue) for blue in (10, 50, 90, 130, 170, 210)]
    source = roll(drawn, [11, 14, 16, 33, 104, 1000])
    assert seen(rendered(source, format=Format.GIF).body).delays == [20, 20, 20, 30, 100, 1000]
    assert seen(rendered(source).body).delays == [11, 14, 16, 33, 104, 1000]


def test_frames_that_repeat_may_become_one_of_the_same_length() -> None:
    frames = [Frame(pixels=np.zeros((8, 8), np.uint8) + n // 2, colours=GREYS) for n in range(4)]
    for format_ in MOVING:
        found = seen(rendered(gif(8, 8, frames, loop=0), format=format_).body)
        assert (sum(found.delays), found.times) == (400, 0)


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


@pytest.mark.parametrize(
    "format_", [None, Format.AVIF, Format.WEBP, Format.JPEG, Format.PNG, Format.GIF]
)
def test_the_first_frame_can_be_had_however_long_an_animation_is(format_: Format | None) -> None:
    limits = Limits(max_frames=2)
    with pytest.raises(UnprocessableSource, match=r"3 frames, more than 2\."):
        rendered(ROLL, limits=limits)
    for still in ({"anim": False}, {"page": 1}):
        options: dict[str, Any] = {"format": format_, "quality": 100, **still}
        found = seen(rendered(ROLL, limits=limits, **options).body)
        assert len(found.frames) == 1
        assert np.abs(found.frames[0][..., :3] - positions.drawn(*SIZE, 60)).max() <= 20


def test_a_gif_of_one_frame_is_a_still() -> None:
    frame = Frame(pixels=np.arange(64, dtype=np.uint8).reshape(8, 8) // 8, colours=GREYS)
    source = gif(8, 8, [frame], loop=0)
    assert rendered(source, format=Format.AUTO_AVIF).content_type == "image/avif"
    assert rendered(source, format=Format.AUTO_JPEG).content_type == "image/jpeg"
    assert b"NETSCAPE" not in rendered(source, width=4).body
    assert b"ANIM" not in rendered(source, format=Format.WEBP).body


def test_an_apng_shows_its_first_picture() -> None:
    first, *others = [Image.fromarray(positions.drawn(*SIZE, blue)) for blue in BLUES]
    body = BytesIO()
    first.save(body, "PNG", save_all=True, append_images=others, duration=50)
    found = seen(rendered(body.getvalue()).body)
    assert len(found.frames) == 1
    assert (found.frames[0][..., :3] == positions.drawn(*SIZE, BLUES[0])).all()
