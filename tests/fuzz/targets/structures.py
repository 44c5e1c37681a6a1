"""The outer structure of picture files: what is read of it, cut off and put together, in a worker.

No exception but a refusal, nothing without end, and nothing made up.
"""

from collections.abc import Callable
from itertools import pairwise

import pyvips

from resizer.errors import UnprocessableSource
from resizer.render.containers import chunks, iptc
from resizer.render.containers.jpeg_scans import check_scans
from resizer.render.containers.truncation import (
    ended_gif,
    ended_jpeg,
    ended_png,
    ended_webp,
    gif_frames,
    gif_has_end,
    webp_frames,
)
from resizer.render.read.gif_canvas import with_transparent_canvas
from tests.fuzz.oracles import check_refusal
from tests.fuzz.target import Target
from tests.support.pictures import drawing


def check(data: bytes) -> None:
    file = memoryview(data)
    if data.startswith(b"\xff\xd8"):
        check_jpeg(file)
    if data.startswith(MAGIC):
        check_png(file)
    if data.startswith(b"GIF8"):
        check_gif(file)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        check_webp(file)
    if data.startswith((b"\x1c", b"Photoshop 3.0\0")):
        check_iptc(data)


def check_jpeg(file: memoryview) -> None:
    check_bound(check_scans, file)
    ended = ended_jpeg(file)
    if ended is None:
        return
    assert ended.endswith(b"\xff\xd9")
    assert bytes(file).startswith(ended[:-2])
    assert ended_jpeg(memoryview(ended)) is None


def check_png(file: memoryview) -> None:
    check_bound(chunks.check_png, file)
    ended = ended_png(file)
    *_, last = chunks.png_chunks(memoryview(ended))
    assert last.name == b"IEND"
    assert last.end <= len(ended)


def check_gif(file: memoryview) -> None:
    ends = gif_frames(file)
    check_ends(ends, file)
    for end in ends[-2:]:
        ended = memoryview(ended_gif(file, end))
        assert gif_has_end(ended)
        assert gif_frames(ended)[-1] >= end
    cleared = with_transparent_canvas(file)
    assert len(gif_frames(cleared)) == len(ends)
    assert with_transparent_canvas(cleared) == cleared


def check_webp(file: memoryview) -> None:
    check_bound(chunks.check_webp, file)
    ends = webp_frames(file)
    check_ends(ends, file)
    for end in ends[-2:]:
        ended = memoryview(ended_webp(file, end))
        assert int.from_bytes(ended[4:8], "little") + 8 == len(ended)
        assert webp_frames(ended) == ends[: ends.index(end) + 1]


def check_iptc(block: bytes) -> None:
    """What is taken out once stays out, and nothing is put in but the head."""
    words = iptc.words(block)
    if words is not None:
        assert iptc.words(words) == words
        assert len(words) <= len(block) + 27


def check_bound(check: Callable[[memoryview], None], file: memoryview) -> None:
    try:
        check(file)
    except UnprocessableSource as error:
        check_refusal(error, 422)


def check_ends(ends: list[int], file: memoryview) -> None:
    assert all(one < other for one, other in pairwise(ends))
    assert all(0 < end <= len(file) for end in ends)


MAGIC = b"\x89PNG\r\n\x1a\n"


def _drawn() -> list[bytes]:
    picture = drawing(3, 2)
    frames = pyvips.Image.arrayjoin([drawing(3, 2), drawing(3, 2, (9, 9, 9))], across=1).copy()
    frames.set_type(pyvips.GValue.gint_type, "page-height", 2)
    return [
        picture.jpegsave_buffer(),
        picture.jpegsave_buffer(optimize_coding=True),
        picture.pngsave_buffer(),
        frames.webpsave_buffer(),
        frames.gifsave_buffer(),
    ]


def _with_words(picture: pyvips.Image) -> list[bytes]:
    picture = picture.copy()
    picture.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Copyright", "somebody")
    picture.set_type(pyvips.GValue.blob_type, "xmp-data", b"<x/>")
    savers = (picture.jpegsave_buffer, picture.pngsave_buffer, picture.webpsave_buffer)
    return [save(keep="all") for save in savers]


DRAWN = _drawn()
TARGET = Target(
    check,
    seeds=[
        *DRAWN,
        *(file[: len(file) * 2 // 3] for file in DRAWN),
        *_with_words(drawing(3, 2)),
        drawing(3, 2).jpegsave_buffer(interlace=True, restart_interval=1),
        b"Photoshop 3.0\08BIM\4\x0c\0\0\0\0\0\1x\08BIM\4\4\0\0\0\0\0\6\x1c\2\5\0\1x",
        b"\x1c\1\0\0\2\0\2\x1c\2\xca\0\1x\x1c\2\5\0\1x",
        b"RIFF\x0c\0\0\0WEBPVP8X\x0a\0\0\0\x12\0\0\0\2\0\0\1\0\0ANMF\0\0\0\0",
    ],
    words=[
        *(b"\xff\xd8", b"\xff\xd9", b"\xff\xda\0\2", b"\xff\xfe\0\2", b"\xff\xdd\0\4", b"\xff\xff"),
        *(b"\xff\xe0\0\x10JFIF\0", b"\xff\xee\0\x0eAdobe\0", b"\xff\xd0", b"\xff\0", b"\xff\xc2"),
        *(b"IHDR", b"IDAT", b"IEND", b"tEXt", b"gAMA", b"sRGB", b"\0\0\0\0IEND\xaeB`\x82"),
        *(b"VP8 ", b"VP8L", b"VP8X", b"ANIM", b"ANMF", b"ALPH", b"EXIF", b"XMP ", b"RIFF", b"WEBP"),
        *(b"GIF89a", b"!\xf9\4", b"!\xff\x0bNETSCAPE2.0", b"!\xfe", b",", b"\0;", b";"),
        *(b"8BIM", b"8BIM\4\4", b"Photoshop 3.0\0", b"\x1c\2", b"\x1c\2\xc8"),
        *(b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x80"),
    ],
)
