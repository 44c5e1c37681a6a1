"""Formats that are read where a decoder is installed: the right picture, or what to install."""

import asyncio
import gzip
import re
from collections.abc import Callable
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.containers.sniff import SourceFormat
from resizer.render.host.spawn import COMMAND
from resizer.render.read import decoders
from resizer.render.read.decoders import avif, heic, jxl, libvips, pdf
from resizer.render.read.inspect import inspect
from tests.support import foreign
from tests.support.drawings import (
    UPRIGHT,
    corners,
    described,
    look,
    picture,
    quarters,
    rendered,
)
from tests.support.puppet_pool import original, running

SHEET = "/MediaBox[0 0 100 50]"
HALVES = "1 0 0 rg 0 0 50 50 re f 0 0 1 rg 50 0 50 50 re f"
"""Red on the left, blue on the right."""

EACH: dict[SourceFormat, Callable[[], bytes]] = {
    SourceFormat.HEIC: lambda: foreign.heic(quarters()),
    SourceFormat.JXL: lambda: foreign.jxl(quarters()),
    SourceFormat.PDF: lambda: foreign.pdf((SHEET, HALVES)),
    SourceFormat.AVIF_SEQUENCE: lambda: foreign.avif_sequence(quarters(), quarters().fliphor()),
}
KINDS = pytest.mark.parametrize("kind", EACH)


@pytest.fixture
def nothing_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (heic, "pillow_heif"),
        (jxl, "pillow_jxl"),
        (pdf, "pypdfium2"),
        (avif, "plugin"),
    ):
        monkeypatch.setattr(module, name, None)
    monkeypatch.setattr(libvips, "_decodes_hevc", lambda: False)


def test_every_optional_format_is_tried() -> None:
    assert set(EACH) == set(decoders.OPTIONAL)


@KINDS
@pytest.mark.usefixtures("nothing_installed")
def test_without_a_decoder_the_refusal_says_what_to_install(kind: SourceFormat) -> None:
    heads = {
        SourceFormat.HEIC: b"\0\0\0\x18ftypheic\0\0\0\0mif1heic",
        SourceFormat.JXL: b"\xff\x0a\xfa",
        SourceFormat.PDF: b"%PDF-1.7",
        SourceFormat.AVIF_SEQUENCE: b"\0\0\0\x18ftypavis\0\0\0\0avifavis",
    }
    install, _ = decoders.OPTIONAL[kind]
    with pytest.raises(UnprocessableSource, match=f"add it: {re.escape(install)}[.]") as refusal:
        rendered(heads[kind])
    assert "JPEG, PNG, WebP, AVIF, GIF, TIFF and SVG are read" in str(refusal.value)
    assert len(str(refusal.value)) < 300


@pytest.mark.usefixtures("nothing_installed")
def test_without_a_decoder_other_originals_are_told_what_is_read() -> None:
    for source in (b"BM\x36\0\0\0", gzip.compress(b"text")):
        with pytest.raises(UnprocessableSource, match=r"AVIF, GIF, TIFF and SVG are read[.]$"):
            rendered(source)


def test_a_refusal_lists_what_was_installed_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heic, "pillow_heif", object())
    monkeypatch.setattr(jxl, "pillow_jxl", None)
    monkeypatch.setattr(pdf, "pypdfium2", object())
    with pytest.raises(UnprocessableSource, match=r"GIF, TIFF, SVG, HEIC and PDF are read[.]$"):
        rendered(b"8BPS\0\x01")


@KINDS
def test_a_description_names_the_format(kind: SourceFormat) -> None:
    assert described(EACH[kind]())["original"]["format"] == kind


@KINDS
def test_what_is_written_is_what_every_browser_reads(kind: SourceFormat) -> None:
    source = EACH[kind]()
    assert rendered(source).content_type == "image/jpeg"
    for format_ in (Format.WEBP, Format.AVIF):
        assert rendered(source, format=format_).content_type == f"image/{format_}"


@KINDS
def test_more_pixels_than_allowed_are_refused_by_the_header_or_never_drawn(
    kind: SourceFormat,
) -> None:
    source, limits = EACH[kind](), Limits(max_source_pixels=1000)
    if kind is SourceFormat.PDF:
        header = inspect(memoryview(source), limits)
        assert header.lazy
        assert rendered(source, limits=limits, width=200).width == 200
        return
    with pytest.raises(UnprocessableSource, match=r"120×80 pixels, more than 1,000"):
        inspect(memoryview(source), limits)


@KINDS
def test_a_truncated_file_is_refused_or_read(kind: SourceFormat) -> None:
    source = EACH[kind]()
    refused = 0
    for end in range(1, len(source), len(source) // 25):
        try:
            look(rendered(source[:end], width=40))
        except UnprocessableSource:
            refused += 1
    assert refused > 10


@KINDS
def test_a_page_that_is_not_there_is_refused(kind: SourceFormat) -> None:
    with pytest.raises(UnprocessableSource, match="There is no page 9 in the original"):
        rendered(EACH[kind](), page=9)


def test_all_of_them_render_in_a_worker_that_is_locked_in() -> None:
    words = {"exif": foreign.exif(1, "Ada"), "xmp": b"<x:xmpmeta/>"}
    with_words = (
        foreign.avif_sequence(quarters(), quarters().fliphor(), **words),
        foreign.heic(quarters(), **words),
    )

    async def scenario() -> list[str]:
        async with running(limits=Limits(), command=COMMAND) as (pool, diary):
            for source in [*(make() for make in EACH.values()), *with_words]:
                with original(source) as given:
                    assert (await pool.render([given], Transform(width=40))).width == 40
            return diary.deaths

    assert asyncio.run(scenario()) == []


@pytest.mark.parametrize("error", [PermissionError(13, "Permission denied"), ImportError("no")])
def test_what_a_decoder_is_denied_is_not_held_against_the_original(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = EACH[SourceFormat.AVIF_SEQUENCE]()

    def denied(file: object) -> None:
        raise error

    monkeypatch.setattr(avif.plugin, "AvifImageFile", denied)
    with pytest.raises(type(error)):
        rendered(source)


@pytest.mark.usefixtures("nothing_installed")
def test_libvips_alone_reads_the_first_picture_of_an_avif_sequence() -> None:
    source = foreign.avif_sequence(quarters(), quarters().fliphor())
    assert corners(picture(source, format=Format.PNG)) == UPRIGHT
    assert corners(picture(source, page=1, format=Format.PNG)) == UPRIGHT


@pytest.mark.usefixtures("nothing_installed")
def test_libvips_alone_knows_of_the_other_frames_and_says_what_reads_them() -> None:
    source = foreign.avif_sequence(*(quarters() for _ in range(5)))
    assert described(source)["original"]["pages"] == 5
    assert not decoders.reads_every_page(SourceFormat.AVIF_SEQUENCE)
    with pytest.raises(
        UnprocessableSource, match=r"its 5 frames: install a Pillow that reads AVIF"
    ):
        rendered(source, page=2)
    with pytest.raises(UnprocessableSource, match=r"There is no page 6 .* it has 5"):
        rendered(source, page=6)


@cache
def _two_frames() -> bytes:
    return foreign.avif_sequence(quarters(), quarters())


@given(st.integers(0, 4000), st.binary(min_size=1, max_size=9))
def test_no_bytes_of_a_sequence_do_more_than_hide_how_many_frames_it_has(
    at: int, noise: bytes
) -> None:
    source = bytearray(_two_frames())
    source[at : at + len(noise)] = noise
    assert avif.sample_count(memoryview(source)) >= 1
