"""JPEGs with restart markers that are cut short: right above the cut, and grey below."""

import re
from functools import cache
from itertools import islice, pairwise
from typing import Any

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.broken import partial, pixels, shown
from tests.support.drawings import GREY, look, near, quarters

WIDTH, HEIGHT = 203, 301
ROWS = 33
"""Of two rows of MCUs, and one to which their colours run."""
LAYOUTS = {"4:4:4": (3, "off"), "4:2:0": (3, "on"), "grey": (1, "off"), "grey at 4:2:0": (1, "on")}
"""Bands and subsampling."""


@cache
def written(layout: str, interval: int, **options: Any) -> bytes:
    """Noise, so that a share of the file is that of its rows."""
    bands, subsampling = LAYOUTS[layout]
    noise = np.random.default_rng(1).integers(0, 255, (HEIGHT, WIDTH, bands), np.uint8)
    image = pyvips.Image.new_from_array(noise).copy(interpretation="srgb" if bands > 1 else "b-w")
    body: bytes = image.jpegsave_buffer(
        Q=80, subsample_mode=subsampling, restart_interval=interval, **options
    )
    return body


def scans(source: bytes) -> list[int]:
    return [found.start() for found in re.finditer(rb"\xff\xda", source)]


@settings(max_examples=60)
@given(st.sampled_from([*LAYOUTS]), st.sampled_from([1, 2, 7, 26, 100]), st.floats(0.02, 1))
def test_a_jpeg_cut_anywhere_is_right_above_and_grey_below(
    layout: str, interval: int, share: float
) -> None:
    source = written(layout, interval)
    data = scans(source)[0] + 200
    variant = partial(source[: data + int(share * (len(source) - 3 - data))])
    whole = shown(source)
    assert whole
    found, reference = pixels(variant), pixels(whole)
    differ = (found != reference).reshape(HEIGHT, -1).any(axis=1)
    first = int(np.flatnonzero(differ)[0]) if differ.any() else HEIGHT
    assert first >= share * HEIGHT - ROWS
    assert (found[first + ROWS :] == GREY[0]).all()


@pytest.mark.parametrize("end", [b"", b"\xff\xd9", b"\xff\xd9<html>"])
def test_an_end_that_comes_too_early_is_no_end(end: bytes) -> None:
    source = written("4:4:4", 1)
    found = pixels(partial(source[: len(source) // 3] + end))
    assert (found[HEIGHT // 2 :] == GREY[0]).all()


@pytest.mark.parametrize("subsampling", ["off", "on"])
def test_a_progressive_jpeg_cut_in_any_of_its_scans_is_coarse_all_over(subsampling: str) -> None:
    source = quarters(400, 304).jpegsave_buffer(
        Q=90, interlace=True, subsample_mode=subsampling, restart_interval=1
    )
    found = [*scans(source)[1:], len(source)]
    assert len(found) > 5
    for start, end in pairwise(found):
        image = look(partial(source[: start + (end - start) // 3]))
        for x, y in ((100, 76), (300, 76), (100, 228), (300, 228)):
            assert near(image(x, y), tuple(quarters(400, 304)(x, y)), 30)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_progressive_jpeg_cut_in_its_first_scan_is_grey_below(layout: str) -> None:
    source = written(layout, 1, interlace=True)
    first, second = islice(scans(source), 2)
    found = pixels(partial(source[: (first + second) // 2]))
    assert not (found[: HEIGHT // 3] == GREY[0]).all(axis=0).any()
    assert (found[HEIGHT * 2 // 3 :] == GREY[0]).all()
