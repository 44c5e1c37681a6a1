"""JPEGs with restart markers that are cut short: right above the cut, and grey below."""

import re
from functools import cache
from itertools import islice
from typing import Any

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from resizer.render.cut_short import ended_jpeg
from resizer.render.restarts import filled
from tests.broken import partial, pixels, shown
from tests.drawings import GREY, look, near, quarters

WIDTH, HEIGHT = 203, 301
ROWS = 16
"""Of a row of MCUs, or two."""
RESTART = re.compile(rb"\xff[\xd0-\xd7]")
LAYOUTS = {
    "4:4:4": (3, "off", 26 * 38),
    "4:2:0": (3, "on", 13 * 19),
    "grey": (1, "off", 26 * 38),
    "grey at 4:2:0": (1, "on", 26 * 38),
}
"""Bands, subsampling, and how many MCUs a picture has."""
LAYOUT = pytest.mark.parametrize("layout", LAYOUTS)


@cache
def written(layout: str, interval: int = 1, **options: Any) -> bytes:
    """Noise, so that a share of the file is that of its rows."""
    bands, subsampling, _ = LAYOUTS[layout]
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, bands), np.uint8)
    image = pyvips.Image.new_from_array(noise).copy(interpretation="srgb" if bands > 1 else "b-w")
    body: bytes = image.jpegsave_buffer(
        Q=80, subsample_mode=subsampling, restart_interval=interval, **options
    )
    return body


def filled_up(source: bytes) -> bytes | None:
    return filled(memoryview(ended_jpeg(memoryview(source)) or source))


def scan(source: bytes) -> int:
    return source.index(b"\xff\xda")


@settings(max_examples=60, deadline=None)
@given(st.sampled_from([*LAYOUTS]), st.sampled_from([1, 2, 7, 26, 100]), st.floats(0.02, 1))
def test_a_jpeg_cut_anywhere_is_right_above_and_grey_below(
    layout: str, interval: int, share: float
) -> None:
    source = written(layout, interval)
    data = scan(source) + 200
    variant = partial(source[: data + int(share * (len(source) - 3 - data))])
    whole = shown(source)
    assert whole
    found, reference = pixels(variant), pixels(whole)
    differ = (found != reference).reshape(HEIGHT, -1).any(axis=1)
    first = int(np.flatnonzero(differ)[0]) if differ.any() else HEIGHT
    assert first >= share * HEIGHT - 2 * ROWS - 1
    assert (found[first + 2 * ROWS + 1 :] == GREY[0]).all()


@LAYOUT
@pytest.mark.parametrize("interval", [1, 5, 26, 1000, 65_535])
def test_there_are_as_many_intervals_as_in_the_sound_file(layout: str, interval: int) -> None:
    source = written(layout, interval)
    units = LAYOUTS[layout][2]
    for share in (0.02, 0.3, 0.9):
        start = scan(source)
        cut = source[: start + 200 + int(share * (len(source) - start - 200))]
        whole = filled_up(cut)
        if units <= interval or whole is None:
            assert units <= interval
            continue
        assert whole[: len(cut) - 1] == cut[:-1]
        markers = RESTART.findall(whole, start)
        assert len(markers) == (units - 1) // interval
        assert markers == [bytes((0xFF, 0xD0 + n % 8)) for n in range(len(markers))]


@LAYOUT
def test_what_is_filled_in_is_read_without_a_warning(layout: str) -> None:
    source = written(layout)
    cut = source[: [found.start() for found in RESTART.finditer(source, scan(source))][3]]
    whole = filled_up(cut)
    assert whole
    image = pyvips.Image.jpegload_buffer(whole, fail_on="warning")
    assert (image.numpy()[ROWS + 1 :] == GREY[0]).all()


@pytest.mark.parametrize("end", [b"", b"\xff\xd9", b"\xff\xd9<html>"])
def test_an_end_that_comes_too_early_is_no_end(end: bytes) -> None:
    source = written("4:4:4")
    found = pixels(partial(source[: len(source) // 3] + end))
    assert (found[HEIGHT // 2 :] == GREY[0]).all()


def test_what_lacks_nothing_is_left_alone() -> None:
    for layout in LAYOUTS:
        assert filled_up(written(layout)) is None
        assert filled_up(written(layout, 0)[:-400]) is None, "it has no restart markers"
    assert filled_up(written("4:4:4", 65_535)) is None


def test_intervals_that_are_lost_in_the_middle_are_not_added_at_the_end() -> None:
    source = written("4:4:4")
    places = [found.start() for found in RESTART.finditer(source, scan(source))]
    assert filled_up(source[: places[99]] + source[places[101] :]) is None


@pytest.mark.parametrize("subsampling", ["off", "on"])
def test_a_progressive_jpeg_cut_in_any_of_its_scans_is_coarse_all_over(subsampling: str) -> None:
    source = quarters(400, 304).jpegsave_buffer(
        Q=90, interlace=True, subsample_mode=subsampling, restart_interval=1
    )
    scans = [found.start() for found in re.finditer(rb"\xff\xda", source)]
    assert len(scans) > 5
    for start, end in zip(scans[1:], [*scans[2:], len(source)], strict=True):
        image = look(partial(source[: start + (end - start) // 3]))
        for x, y in ((100, 76), (300, 76), (100, 228), (300, 228)):
            assert near(image(x, y), tuple(quarters(400, 304)(x, y)), 30)


@LAYOUT
def test_a_progressive_jpeg_cut_in_its_first_scan_is_grey_below(layout: str) -> None:
    source = written(layout, interlace=True)
    first, second = (found.start() for found in islice(re.finditer(rb"\xff\xda", source), 2))
    found = pixels(partial(source[: (first + second) // 2]))
    assert not (found[: HEIGHT // 3] == GREY[0]).all(axis=0).any()
    assert (found[HEIGHT * 2 // 3 :] == GREY[0]).all()


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 700), st.integers(0, 255), st.integers(0, 1000))
def test_no_bytes_trip_it(place: int, byte: int, size: int) -> None:
    source = bytearray(written("4:2:0")[:2000])
    source[2 + place] = byte
    whole = filled_up(bytes(source[: 1000 + size]))
    assert whole is None or len(whole) < 2_000_000_000
