"""GIFs of opaque frames: what none of them covers is clear, as in a browser."""

from io import BytesIO
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from resizer.model.formats import Format
from resizer.model.transform import Colour
from resizer.render.read.gif_canvas import with_transparent_canvas
from tests.support.drawings import rendered
from tests.support.gifs import BACKGROUND, KEEP, PREVIOUS, Frame, composed, gif
from tests.support.positions import Samples, read

RED, GREEN, BLUE = (200, 30, 40), (30, 180, 60), (40, 60, 220)


def colours(colour: tuple[int, int, int], many: int) -> list[tuple[int, int, int]]:
    return [(9, 9, 9), colour, (99, 99, 99), (240, 240, 240)] + [(7, 7, 7)] * (many - 4)


def patch(
    colour: tuple[int, int, int], at: int, disposal: int, many: int = 4, **options: Any
) -> Frame:
    """An opaque square of 6×6 that is not the whole canvas, with `many` colours in its table."""
    return Frame(
        pixels=np.ones((6, 6), np.uint8),
        colours=colours(colour, many),
        left=at,
        top=at,
        disposal=disposal,
        **options,
    )


def whole(colour: tuple[int, int, int], disposal: int, many: int = 4, **options: Any) -> Frame:
    return Frame(
        pixels=np.ones((16, 16), np.uint8),
        colours=colours(colour, many),
        disposal=disposal,
        **options,
    )


def shown(source: bytes, pages: int) -> list[Samples]:
    return [
        read(rendered(source, page=page, format=Format.PNG).body) for page in range(1, pages + 1)
    ]


@pytest.mark.parametrize("disposals", [*product((0, KEEP, BACKGROUND, PREVIOUS), repeat=2)])
@pytest.mark.parametrize("covered", [True, False])
@pytest.mark.parametrize(("clear", "many"), [(None, 4), (0, 4), (None, 256)])
def test_what_no_frame_covers_is_clear(
    disposals: tuple[int, int], covered: bool, clear: int | None, many: int
) -> None:
    first = whole(RED, disposals[0], many) if covered else patch(RED, 1, disposals[0], many)
    second = patch(GREEN, 4, disposals[1], many, clear=clear)
    frames = [first, second, patch(BLUE, 8, KEEP, many)]
    found = shown(gif(16, 16, frames, loop=0, background=2), 3)
    for one, right in zip(found, composed(16, 16, frames), strict=True):
        assert (one[..., 3] == right[..., 3]).all()
        assert (one[right[..., 3] > 0] == right[right[..., 3] > 0]).all()


def test_what_is_clear_is_never_black_on_a_jpeg() -> None:
    source = gif(16, 16, [patch(RED, 4, KEEP), patch(GREEN, 6, KEEP)], background=0)
    for background, right in ((None, (255, 255, 255)), (Colour(250, 200, 0), (250, 200, 0))):
        body = rendered(source, format=Format.JPEG, background=background, quality=95).body
        assert np.abs(read(body)[0, 0, :3] - right).max() <= 4


def test_a_file_without_a_control_block_is_read_alike() -> None:
    body = BytesIO()
    Image.new("P", (6, 6), 1).save(body, "GIF")
    still = bytearray(body.getvalue())
    still[6:10] = b"\x10\0\x10\0"  # a larger canvas than its frame
    assert b"\x21\xf9" not in still
    found = shown(bytes(still), 1)[0]
    assert (found[:6, :6, 3] == 255).all()
    assert (found[6:, :, 3] == 0).all()


OPAQUE = [
    [whole(RED, BACKGROUND), whole(GREEN, BACKGROUND), whole(BLUE, BACKGROUND)],
    [whole(RED, KEEP), patch(GREEN, 3, KEEP), patch(BLUE, 5, 0)],
    [whole(RED, 0, clear=0), patch(GREEN, 3, KEEP, clear=0)],
]


@pytest.mark.parametrize("frames", OPAQUE)
def test_a_canvas_that_is_never_seen_costs_nothing(frames: list[Frame]) -> None:
    source = memoryview(gif(16, 16, frames, loop=0))
    assert with_transparent_canvas(source) is source


def test_a_frame_of_256_colours_has_none_to_spare() -> None:
    every = np.arange(256, dtype=np.uint8).reshape(16, 16)
    levels = [(level, 255 - level, 7) for level in range(256)]
    frame = Frame(pixels=every, colours=levels, disposal=BACKGROUND)
    assert (shown(gif(16, 16, [frame]), 1)[0] == composed(16, 16, [frame])[0]).all()
    bare = memoryview(gif(20, 20, [frame, frame]))
    assert with_transparent_canvas(bare) == bare


VALID = gif(16, 16, [patch(RED, 1, 2), patch(GREEN, 4, 3), patch(BLUE, 7, 1)], loop=3)


@given(st.integers(0, len(VALID)))
def test_a_file_that_ends_anywhere_is_left_as_it_is(length: int) -> None:
    source = memoryview(VALID[:length])
    if length < len(VALID):
        assert with_transparent_canvas(source) is source


@given(st.binary(max_size=300))
def test_no_bytes_trip_it(rest: bytes) -> None:
    assert len(with_transparent_canvas(memoryview(b"GIF89a" + rest))) >= len(rest)


def test_a_file_of_very_many_frames_is_not_followed_to_its_end() -> None:
    source = memoryview(gif(16, 16, [patch(RED, 1, 2)] * 4100))
    assert with_transparent_canvas(source) is source
