"""JPEG XL: its header read before anything is decoded, and its pixels."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.render.read.decoders import jxl
from resizer.render.read.decoders.jxl_header import read_header
from tests.support import foreign
from tests.support.drawings import (
    TURNED,
    corners,
    flat,
    jpeg,
    look,
    near,
    oriented,
    picture,
    quarters,
    rendered,
)


def test_a_jpeg_xl_without_loss_is_what_was_drawn() -> None:
    for drawn in (quarters(), flat(40, 30, (7,)), flat(40, 30, (200, 100, 40, 128))):
        image = look(rendered(foreign.jxl(drawn), format=Format.PNG))
        expected = drawn.colourspace("srgb")
        assert (image - expected).abs().max() == 0


def test_sixteen_bits_of_grey_are_read_with_their_profile() -> None:
    light = (flat(40, 30, (90,)).cast("ushort") * 257).cast("ushort")  # this encoder says linear
    sample = 255 * (1.055 * (90 / 255) ** (1 / 2.4) - 0.055)
    assert near(picture(foreign.jxl(light), format=Format.PNG)(9, 9), (sample,) * 3, 1)


@pytest.mark.parametrize("orientation", TURNED)
def test_a_recompressed_jpeg_is_upright(orientation: int) -> None:
    source = foreign.recompressed(jpeg(oriented(quarters(), orientation)))
    assert corners(picture(source, format=Format.PNG)) == TURNED[orientation]


SELECTORS = [(0, 9), (1, 13), (2, 18), (3, 30)]
RATIOS = [(1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1)]


@given(
    st.sampled_from(SELECTORS),
    st.integers(0, 2**9 - 1),
    st.one_of(st.integers(1, 7), st.none()),
    st.integers(0, 2**9 - 1),
    st.integers(1, 8),
    st.booleans(),
)
def test_the_size_of_a_jpeg_xl_is_read_before_anything_is_decoded(
    selector: tuple[int, int],
    down: int,
    ratio: int | None,
    across: int,
    orientation: int,
    animated: bool,
) -> None:
    number, bits = selector
    head = [(0, 1), (number, 2), (down, bits), (ratio or 0, 3)]
    if ratio is None:
        head += [(number, 2), (across, bits)]
    head += [(0, 1), (1, 1), (orientation - 1, 3), (0, 1), (0, 1), (int(animated), 1)]
    height = down + 1
    times, by = RATIOS[ratio - 1] if ratio else (0, 1)
    width = max(1, height * times // by) if ratio else across + 1
    found = read_header(memoryview(foreign.codestream(head)))
    upright = (width, height) if orientation < 5 else (height, width)
    assert ((found.size.width, found.size.height), found.animated) == (upright, animated)


@pytest.mark.parametrize(("width", "height"), [(8, 8), (256, 256), (1, 1), (300, 17), (1600, 900)])
def test_the_header_agrees_with_the_encoder(width: int, height: int) -> None:
    size = read_header(memoryview(foreign.jxl(flat(width, height, (9,))))).size
    assert (size.width, size.height) == (width, height)


def test_a_jpeg_xl_of_many_pixels_is_refused_before_it_is_decoded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(jxl, "pillow_jxl", object())  # fails at whatever is asked of it
    huge = foreign.codestream([(0, 1), (3, 2), (2**30 - 1, 30), (1, 3), (1, 1)])
    with pytest.raises(UnprocessableSource, match="1073741824×1073741824 pixels, more than"):
        rendered(huge)


def test_an_animated_jpeg_xl_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jxl, "pillow_jxl", object())
    moving = [(1, 1), (0, 5), (1, 3), (0, 1), (1, 1), (0, 3), (0, 1), (0, 1), (1, 1)]
    with pytest.raises(UnprocessableSource, match="animated"):
        rendered(foreign.codestream(moving))
