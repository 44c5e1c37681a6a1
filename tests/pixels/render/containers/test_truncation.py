"""Files that end too early, given an end after what is whole in them."""

import pytest

from resizer.render.containers.truncation import (
    ended_gif,
    ended_jpeg,
    ended_png,
    ended_webp,
    gif_frames,
    gif_has_end,
    webp_frames,
)
from tests.support.drawings import animation, checkerboard, flat, jpeg, png, quarters

COLOURS = ((220, 40, 30), (30, 160, 60), (40, 70, 200))
MOVING = animation([flat(40, 30, colour) for colour in COLOURS], [50, 50, 50])
GIF, WEBP = MOVING.gifsave_buffer(), MOVING.webpsave_buffer(keep=0)
EOI = b"\xff\xd9"


def test_a_jpeg_that_has_its_end_is_left_alone() -> None:
    for interlace in (False, True):
        whole = jpeg(quarters(), interlace=interlace)
        assert ended_jpeg(memoryview(whole)) is None
        assert ended_jpeg(memoryview(whole + b"<html>")) is None


def test_a_jpeg_cut_amid_its_data_ends_there() -> None:
    cut = jpeg(quarters())[:-40]
    assert ended_jpeg(memoryview(cut)) == cut + EOI


def test_a_jpeg_cut_amid_a_table_ends_before_it() -> None:
    whole = jpeg(quarters(), interlace=True)
    table = whole.rindex(b"\xff\xc4")
    for missing in (1, 2, 5):
        cut = memoryview(whole)[: table + 2 + missing]
        assert ended_jpeg(cut) == whole[:table] + EOI


def test_a_jpeg_ends_before_a_marker_that_there_is_not() -> None:
    whole = jpeg(quarters())
    broken = whole[:-30] + b"\xff\x05\0\0" + whole[-26:]
    assert ended_jpeg(memoryview(broken)) == whole[:-30] + EOI


def test_a_png_keeps_what_is_there_of_its_last_chunk() -> None:
    whole = png(quarters())
    data = whole.index(b"IDAT")
    cut = ended_png(memoryview(whole)[: data + 4 + 20])
    assert cut[: data - 4] == whole[: data - 4]
    assert cut[data - 4 :] == b"\0\0\0\x14" + whole[data : data + 24] + bytes(4) + whole[-12:]
    assert ended_png(memoryview(whole)[: data + 2]) == whole[: data - 4] + whole[-12:]


def test_each_frame_ends_where_the_next_begins() -> None:
    assert len(gif_frames(memoryview(GIF))) == len(webp_frames(memoryview(WEBP))) == 3
    assert ended_gif(memoryview(GIF), gif_frames(memoryview(GIF))[-1]) == GIF
    assert ended_webp(memoryview(WEBP), webp_frames(memoryview(WEBP))[-1]) == WEBP


@pytest.mark.parametrize("whole", [GIF, WEBP])
def test_a_file_cut_anywhere_has_the_frames_that_end_before(whole: bytes) -> None:
    frames = gif_frames if whole is GIF else webp_frames
    ends = frames(memoryview(whole))
    terminator = whole is GIF
    for size in range(ends[0], len(whole)):
        there = [end for end in ends if end + terminator <= size]
        assert frames(memoryview(whole)[:size]) == (there or ends[:1])


def test_a_gif_cut_in_its_first_frame_ends_after_its_last_whole_block() -> None:
    big = checkerboard(400, 300).gifsave_buffer()
    first = big.index(b",\0\0\0\0") + 11
    second = first + 1 + big[first]
    assert second < len(big) - 2
    assert gif_frames(memoryview(big)[: second + 5]) == [second]
    assert gif_frames(memoryview(big)[: second - 5]) == []
    assert ended_gif(memoryview(big), second) == big[:second] + b"\0;"


def test_only_a_gif_that_is_whole_has_its_end() -> None:
    for size in range(len(GIF)):
        assert not gif_has_end(memoryview(GIF)[:size])
    for junk in (b"", b"\n", b"<html>"):
        assert gif_has_end(memoryview(GIF + junk))


def test_nothing_is_found_in_a_head() -> None:
    for size in range(20):
        assert gif_frames(memoryview(GIF)[:size]) == []
        assert webp_frames(memoryview(WEBP)[:size]) == []
