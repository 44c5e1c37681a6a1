"""Originals that are cut short or broken: shown as far as they go, or refused, and nothing else."""

import asyncio
import os
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from hypothesis import given, settings
from hypothesis import strategies as st

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.image import Rendered
from resizer.model.limits import FailOn, Limits
from resizer.model.transform import Transform
from resizer.render.host.pool import Pool
from resizer.render.pipeline import pipeline
from tests.support.broken import (
    CASES,
    COLOURS,
    HEIGHT,
    STRIP,
    WIDTH,
    broken_tiff,
    missing_data,
    moving,
    noise,
    partial,
    pixels,
    shown,
    valid,
    whole,
    wrong_checksum,
)
from tests.support.drawings import (
    GREY,
    flat,
    jpeg,
    look,
    near,
    oriented,
    png,
    quarters,
    rendered,
)
from tests.support.pictures import drawing
from tests.support.puppet_pool import original


def rows_of_png(source: bytes) -> int:
    """How many rows the data of a cut PNG hold, by zlib alone."""
    inflater, rows, at = zlib.decompressobj(), b"", 8
    while at + 8 < len(source):
        end = at + 8 + int.from_bytes(source[at : at + 4], "big")
        if source[at + 4 : at + 8] == b"IDAT":
            rows += inflater.decompress(source[at + 8 : end])
        at = end + 4
    return len(rows) // (1 + WIDTH * 3)


@settings(max_examples=60)
@given(st.integers(0, len(valid("jpeg")) - 3))
def test_a_jpeg_cut_anywhere_is_right_down_to_where_it_was_cut(size: int) -> None:
    variant = shown(valid("jpeg")[:size])
    data = valid("jpeg").index(b"\xff\xda")
    if variant is None:
        assert size < data + 200, "not even one block"
        return
    found, reference = pixels(variant), whole(valid("jpeg"))
    assert variant.partial
    assert found.shape == reference.shape
    differ = np.flatnonzero((found != reference).any(axis=(1, 2)))
    first = int(differ[0]) if differ.size else HEIGHT
    assert first >= HEIGHT * (size - data) / (len(valid("jpeg")) - data) - 2 * STRIP
    assert (found[first + 2 * STRIP :] == GREY).all()


@settings(max_examples=40)
@given(st.integers(0, len(valid("png")) - 20))
def test_a_png_cut_anywhere_is_right_down_to_where_it_was_cut_and_grey_below(size: int) -> None:
    cut = valid("png")[:size]
    held = rows_of_png(cut)
    variant = shown(cut)
    if variant is None:
        assert held < STRIP
        return
    found = pixels(variant)
    rows = int(np.flatnonzero((found != GREY).any(axis=(1, 2)))[-1]) + 1
    # The last row is read only if the end of the data is there too.
    assert rows in {held // STRIP * STRIP, min(held, HEIGHT - 1) // STRIP * STRIP}
    assert (found[:rows] == whole(valid("png"))[:rows]).all()
    assert variant.partial is (rows < HEIGHT)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0.4, 0.99), st.integers(0, 255)), min_size=1, max_size=5))
def test_a_jpeg_with_other_bytes_in_its_data_is_right_above_them(
    changes: list[tuple[float, int]],
) -> None:
    broken = bytearray(valid("jpeg"))
    data = broken.index(b"\xff\xda") + 14
    for share, byte in changes:
        broken[data + int(share * (len(broken) - data - 2))] = byte
    variant = shown(bytes(broken))
    assert variant is not None
    found, reference = pixels(variant), whole(valid("jpeg"))
    above = int(HEIGHT * min(share for share, _ in changes)) - 2 * STRIP
    assert found.shape == reference.shape
    assert (found[: max(0, above)] == reference[: max(0, above)]).all()


def test_a_truncated_progressive_jpeg_is_coarse_all_over() -> None:
    source = jpeg(quarters(400, 304), interlace=True)
    variant = partial(source[: int(len(source) * 0.8)])
    image = look(variant)
    for x, y in ((100, 76), (300, 76), (100, 228), (300, 228)):
        assert near(image(x, y), tuple(quarters(400, 304)(x, y)), 30)


def test_what_a_transparent_png_lacks_is_transparent() -> None:
    source = png(noise(4))
    variant = partial(source[: len(source) // 2])
    found = pixels(variant)
    assert found.shape == (HEIGHT, WIDTH, 4)
    assert (found[:STRIP] == whole(source)[:STRIP]).all()
    assert (found[-STRIP:] == 0).all()


def test_a_cut_photo_is_upright_too() -> None:
    source = jpeg(oriented(noise(), 6))
    variant = partial(source[: len(source) // 2])
    found = pixels(variant)
    assert found.shape == (WIDTH, HEIGHT, 3)
    assert (found[:, :STRIP] == GREY).all(), "its last rows are the first columns"
    assert not (found[:, -STRIP:] == GREY).all(axis=(1, 2)).any()


@pytest.mark.parametrize("fail_on", FailOn)
@pytest.mark.parametrize("case", CASES)
def test_each_setting_refuses_what_it_says(case: str, fail_on: FailOn) -> None:
    source, accepted = CASES[case]
    variant = shown(source, fail_on)
    assert (variant is not None) is (fail_on in accepted)
    assert variant is None or (variant.partial and (variant.width, variant.height) == (96, 80))


@pytest.mark.parametrize("fail_on", FailOn)
def test_what_is_sound_is_read_once_under_every_setting(
    fail_on: FailOn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "salvaged", None)
    for kind in ("jpeg", "progressive", "png", "interlaced", "tiff", "gif", "webp", "avif"):
        variant = shown(valid(kind), fail_on)
        assert variant is not None, kind
        assert not variant.partial, kind


def test_nothing_but_the_checksum_is_wrong_and_nothing_is_missing() -> None:
    variant = shown(wrong_checksum())
    assert variant is not None
    assert (pixels(variant) == whole(valid("png"))).all()


def test_a_tall_picture_is_not_asked_for_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    source, height = png(flat(2, 5000, (9, 80, 200)), compression=0), 5000
    fetch, asked = pyvips.Region.fetch, []

    def counted(region: pyvips.Region, *area: int) -> Any:
        asked.append(area)
        return fetch(region, *area)

    monkeypatch.setattr(pyvips.Region, "fetch", counted)
    found = pixels(partial(source[: len(source) // 2]))
    assert found.shape[0] == height
    assert len(asked) < height // 20
    assert (found[: height // 2 - 20] == (9, 80, 200)).all()
    assert (found[height // 2 + 20 :] == GREY).all()


def test_a_broken_tiff_is_right_above_the_damage() -> None:
    source = broken_tiff()
    variant = partial(source)
    found = pixels(variant)
    assert (found[:STRIP] == whole(valid("tiff"))[:STRIP]).all()
    assert (found[-STRIP // 2 :] == GREY).all()


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_truncated_animation_is_its_whole_frames(kind: str) -> None:
    source = moving(kind)
    variant = partial(source[: len(source) * 9 // 10], format=None)
    image = look(variant, n=-1)
    assert (image.get("n-pages"), image.get("delay")) == (2, [50, 70])
    for frame, colour in enumerate(COLOURS[:2]):
        assert near(image(40, 40 + frame * HEIGHT)[:3], tuple(c + 8 for c in colour), 20)


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_an_animation_with_a_broken_frame_is_the_frames_before_it(kind: str) -> None:
    source = bytearray(moving(kind))
    if kind == "gif":
        data = source.rindex(b",\0\0\0\0") + 11 + 3 * 256
    else:
        data = source.rindex(b"VP8L") + 13
    source[data + 1 : data + 60] = b"\xff" * 59
    variant = partial(bytes(source), format=None)
    assert look(variant, n=-1).get("n-pages") == 2


@pytest.mark.parametrize("kind", ["gif", "webp"])
def test_a_still_of_a_truncated_animation_is_its_first_frame(kind: str) -> None:
    source = moving(kind)
    variant = partial(source[: len(source) // 2])
    assert near(look(variant)(40, 40)[:3], tuple(c + 8 for c in COLOURS[0]), 20)


def test_limits_hold_for_what_is_broken() -> None:
    for kind in ("jpeg", "png", "gif"):
        cut = valid(kind)[: len(valid(kind)) // 2]
        with pytest.raises(UnprocessableSource, match="pixels"):
            rendered(cut, limits=Limits(max_source_pixels=WIDTH * HEIGHT - 1))
    long = moving("gif")
    with pytest.raises(UnprocessableSource, match="frames"):
        rendered(long[: len(long) * 9 // 10], limits=Limits(max_frames=1))


def test_what_was_wrong_with_one_original_is_not_held_against_the_next() -> None:
    pyvips.Image.new_from_buffer(missing_data(), "").copy_memory()  # libvips keeps its warning
    assert not rendered(valid("jpeg")).partial


def test_a_broken_original_is_never_sent_as_it_is() -> None:
    source = jpeg(noise(), Q=10)
    variant = partial(source[: len(source) // 2] + b"\xff\xd9", format=Format.JPEG, quality=100)
    assert len(variant.body) > len(source)


def test_workers_are_let_do_what_mending_takes() -> None:
    """Encoders of TIFF and what reads by rows run nowhere else inside the sandbox."""
    cases = [source for source, accepted in CASES.values() if FailOn.NONE in accepted]

    async def scene() -> list[Rendered]:
        pool = Pool(1, Limits())
        await pool.start()
        try:
            return [await render(pool, source) for source in [*cases, cut_gif, cut_webp]]
        finally:
            await pool.close()

    async def render(pool: Pool, source: bytes) -> Rendered:
        with original(source) as given:
            return await pool.render([given], Transform(width=40))

    cut_gif, cut_webp = (moving(kind)[: len(moving(kind)) * 9 // 10] for kind in ("gif", "webp"))
    assert all(variant.partial for variant in asyncio.run(scene()))


DIGEST = """
import hashlib, pathlib, sys
from resizer.errors import UnprocessableSource
from resizer.model.limits import Limits
from resizer.render.protocol.messages import Resampling
from resizer.render.pipeline.pipeline import render
from resizer.model.formats import Format
from resizer.model.transform import Transform

found = hashlib.sha256()
*broken, other = sorted(pathlib.Path(sys.argv[1]).iterdir())
for path in broken:
    for options in ({}, {"width": 40}):
        for _ in range(int(sys.argv[2])):
            render([other.read_bytes()], Transform(), Limits(), Resampling.LINEAR)
        try:
            asked = Transform(format=Format.PNG, **options)
            found.update(render([path.read_bytes()], asked, Limits(), Resampling.LINEAR).body)
        except UnprocessableSource:
            found.update(path.name.encode())
print(found.hexdigest())
"""


def test_what_memory_held_before_never_shows(tmp_path: Path) -> None:
    """glibc fills what is freed and what is handed out with a byte (mallopt(3), M_PERTURB)."""
    for name, (source, _) in CASES.items():
        (tmp_path / name).write_bytes(source)
    (tmp_path / "the other picture").write_bytes(png(flat(WIDTH, HEIGHT, (255, 0, 255))))
    found = set()
    for perturb, others in (("0", "0"), ("165", "1")):
        command = [sys.executable, "-c", DIGEST, str(tmp_path), others]
        environment = {**os.environ, "MALLOC_PERTURB_": perturb, "VIPS_WARNING": "1"}
        found.add(subprocess.check_output(command, env=environment, timeout=60))
    assert len(found) == 1


@pytest.mark.parametrize("share", [0.15, 0.3, 0.6, 0.95])
@pytest.mark.parametrize("progressive", [False, True])
def test_a_photo_with_many_restart_markers_is_shown_up_to_its_cut(
    share: float, progressive: bool
) -> None:
    photo: bytes = drawing(640, 480).jpegsave_buffer(restart_interval=2, interlace=progressive)
    assert photo.count(b"\xff\xd0") > 50  # of eight kinds that take turns
    variant = partial(photo[: int(len(photo) * share)])
    assert (variant.width, variant.height) == (640, 480)


def test_a_photo_with_a_hole_between_restart_markers_is_partial() -> None:
    photo: bytes = drawing(640, 480).jpegsave_buffer(restart_interval=2)
    half = len(photo) // 2
    partial(photo[:half] + photo[half + 500 :])
    partial(photo[:half] + bytes(200) + photo[half + 200 :])
