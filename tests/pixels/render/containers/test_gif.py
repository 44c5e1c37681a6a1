"""Colours counted in compressed data: never one too few."""

from io import BytesIO

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from resizer.render.containers.gif import colours
from tests.support.gifs import Frame, gif


def data(file: bytes) -> tuple[bytes, int]:
    """The data of the only image, and the size of their codes."""
    at = file.index(b"\x2c", 13 + (3 << (file[10] & 7) + 1))
    at += 10 + (3 << (file[at + 9] & 7) + 1 if file[at + 9] & 0x80 else 0)
    size, blocks = file[at], b""
    at += 1
    while file[at]:
        blocks += file[at + 1 : at + 1 + file[at]]
        at += 1 + file[at]
    return blocks, size


def by_pillow(pixels: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> bytes:
    image = Image.fromarray(pixels)
    body = BytesIO()
    image.save(body, "GIF", optimize=False)
    return body.getvalue()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 256), st.integers(1, 80), st.integers(1, 5))
def test_what_is_used_is_found(seed: int, many: int, side: int, runs: int) -> None:
    """Runs make long strings; noise fills the code table and starts it anew."""
    draw = np.random.default_rng(seed)
    palette = draw.permutation(256)[:many].astype(np.uint8)
    pixels = np.repeat(draw.choice(palette, (side, side)), runs, axis=1)
    used = set(np.unique(pixels).tolist())
    assert colours(*data(by_pillow(pixels))) == used
    strip = pixels[:20]
    frame = Frame(pixels=strip, colours=[(n, n, n) for n in range(256)])
    assert colours(*data(gif(strip.shape[1], len(strip), [frame]))) == set(np.unique(strip))


@given(st.binary(max_size=400), st.integers(2, 8))
def test_no_data_trip_it(rest: bytes, size: int) -> None:
    assert all(0 <= colour < 1 << size for colour in colours(rest, size))
