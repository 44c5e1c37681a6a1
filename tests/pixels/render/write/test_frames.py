"""Frames of GIF and WebP: what each is composed of, how long and how often it is seen."""

from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.limits import Limits
from tests.support import positions
from tests.support.animations import roll, seen
from tests.support.drawings import rendered
from tests.support.gifs import BACKGROUND, KEEP, PREVIOUS, Frame, composed, gif
from tests.support.positions import Samples

MOVING = [Format.GIF, Format.WEBP]
GREYS = [(level, level, level) for level in (0, 40, 80, 120, 160, 200, 230, 255)]
OTHER_GREYS = [(255 - level, 255 - level, 255 - level) for level, _, _ in GREYS]


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


@pytest.mark.parametrize(
    "format_", [None, Format.AVIF, Format.WEBP, Format.JPEG, Format.PNG, Format.GIF]
)
def test_the_first_frame_can_be_had_however_long_an_animation_is(format_: Format | None) -> None:
    limits = Limits(max_frames=2)
    with pytest.raises(UnprocessableSource, match="3 frames, more than 2;"):
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
