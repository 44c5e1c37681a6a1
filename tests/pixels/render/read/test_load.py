"""Which loaders there are, and how small they open a picture."""

from pathlib import Path
from typing import Any

import pytest
import pyvips

from resizer.model.limits import Limits
from resizer.render.protocol.messages import Resampling
from resizer.render.read.inspect import inspect
from resizer.render.read.load import LOADERS, load, load_small
from tests.support.drawings import (
    animation,
    flat,
    jpeg,
    near,
    oriented,
    picture,
    png,
    quarters,
)

LIMITS = Limits()
DRAWING = b'<svg xmlns="http://www.w3.org/2000/svg" width="800" height="600"/>'


def test_libvips_itself_can_load_nothing_else() -> None:
    for text in (b"3 3\n1 2 3\n4 5 6\n7 8 9\n", b"P1\n1 1\n1\n", b"\x08\xf2\xa6\xb6" + b"\0" * 99):
        with pytest.raises(pyvips.Error):
            pyvips.Image.new_from_buffer(text, "")
    with pytest.raises(pyvips.Error, match="blocked"):
        pyvips.Image.uhdrload_buffer(jpeg(quarters()))


def test_no_loader_opens_a_path(tmp_path: Path) -> None:
    path = tmp_path / "sound.png"
    path.write_bytes(png(quarters()))
    with pytest.raises(pyvips.Error):
        pyvips.Image.new_from_file(str(path))


def small_width(source: bytes, shrink: float, *, trimmed: bool = False) -> int:
    header = inspect(memoryview(source), LIMITS)
    image = load_small(header, shrink, Resampling.LINEAR, LIMITS, trimmed=trimmed)
    return int(image.width)


@pytest.mark.parametrize(
    ("shrink", "width"),
    [(1, 800), (4.9, 800), (5, 400), (9, 400), (10, 200), (20, 100), (99, 100)],
)
def test_a_jpeg_opens_at_least_two_and_a_half_times_its_target(shrink: float, width: int) -> None:
    assert small_width(jpeg(flat(800, 600, (9, 9, 9))), shrink) == width


def test_a_webp_opens_whole_but_where_it_is_to_be_trimmed() -> None:
    webp = flat(800, 600, (9, 9, 9)).webpsave_buffer()
    widths = [small_width(webp, shrink, trimmed=True) for shrink in (0.5, 2, 5, 10)]
    assert widths == [800, 800, 400, 200]
    assert small_width(webp, 10) == 800


def test_an_animated_webp_opens_whole() -> None:
    frames = [flat(80, 60, (9, 9, 9)), flat(80, 60, (200, 9, 9))]
    moving = animation(frames, [50, 50]).webpsave_buffer()
    assert [small_width(moving, 10, trimmed=trimmed) for trimmed in (False, True)] == [80, 80]


def test_what_cannot_be_loaded_smaller_is_loaded_whole() -> None:
    assert small_width(png(flat(800, 600, (9, 9, 9))), 20) == 800


def test_a_drawing_opens_at_its_target() -> None:
    assert [small_width(DRAWING, shrink) for shrink in (8, 1, 0.5)] == [100, 800, 1600]


def test_a_header_knows_the_upright_size_and_the_frames() -> None:
    turned = inspect(memoryview(jpeg(oriented(quarters(120, 80), 6))), LIMITS)
    assert (turned.stored.width, turned.size.width, turned.frames) == (120, 80, 1)
    moving = animation([quarters(), quarters().fliphor()], [50, 50]).webpsave_buffer()
    assert inspect(memoryview(moving), LIMITS).frames == 2


def test_the_first_page_of_a_tiff_is_the_picture() -> None:
    pages = animation([quarters(), flat(120, 80, (9, 9, 9))], [])
    image = picture(pages.tiffsave_buffer())
    assert (image.width, image.height) == (120, 80)
    assert near(image(30, 20), tuple(quarters()(30, 20)), 8)


def test_pixels_stream() -> None:
    source = png(quarters())
    assert load(memoryview(source), inspect(memoryview(source), LIMITS).format).get(
        "vips-sequential"
    )


def loaders() -> set[str]:
    """The operations below `VipsForeignLoad` that read memory, by libvips' own account."""
    found: set[str] = set()

    def note(gtype: int, *_: object) -> Any:
        found.add(pyvips.nickname_find(gtype))
        pyvips.type_map(gtype, note_again)
        return pyvips.ffi.NULL

    def note_again(gtype: int, *_: object) -> Any:
        return note(gtype)

    note(pyvips.type_from_name("VipsForeignLoad"))
    return {name for name in found if name.endswith(("load_buffer", "load_source"))}


def blocked(name: str) -> bool:
    given = pyvips.Source.new_from_memory(b"junk") if name.endswith("_source") else b"junk"
    try:
        pyvips.Operation.call(name, given)
    except pyvips.Error as error:
        return "blocked" in str(error)
    return False


def test_only_the_loaders_on_the_list_open_bytes() -> None:
    """Importing the pipeline has blocked the others."""
    every = loaders()
    operations = {operation for _, operation in LOADERS.values()}
    assert {"uhdrload_buffer", "matrixload_source", "vipsload_source"} <= every
    assert operations <= every
    allowed = operations | {name.replace("_source", "_buffer") for name in operations}
    assert {name for name in every if not blocked(name)} == allowed
