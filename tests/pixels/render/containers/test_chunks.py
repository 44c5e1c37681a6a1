"""A PNG or WebP has no more chunks than is sensible."""

import pytest

from resizer.errors import UnprocessableSource
from resizer.render.containers.chunks import check_png, check_webp
from tests.support.bombs import png, webp
from tests.support.drawings import flat, quarters
from tests.support.pngs import chunk


def test_what_encoders_write_is_fine() -> None:
    check_png(memoryview(quarters().pngsave_buffer()))
    check_png(memoryview(flat(2000, 2000, (9, 9, 9)).pngsave_buffer(compression=0)))
    check_webp(memoryview(webp.SOUND))
    check_webp(memoryview(webp.MOVING))


@pytest.mark.parametrize("kind", [b"zTXt", b"iTXt"])
def test_compressed_texts_are_counted(kind: bytes) -> None:
    check_png(memoryview(png.with_chunk(chunk(kind, b"x") * 50)))
    with pytest.raises(UnprocessableSource, match="more than 50 compressed texts"):
        check_png(memoryview(png.with_chunk(chunk(kind, b"x") * 51)))


def test_chunks_are_counted() -> None:
    check_png(memoryview(png.with_chunk(chunk(b"IDAT", b"x") * 19_000)))
    with pytest.raises(UnprocessableSource, match="more than 20,000 chunks"):
        check_png(memoryview(png.with_chunk(chunk(b"IDAT", b"x") * 20_000)))
    check_webp(memoryview(webp.moving(4, 4, 3900)))
    with pytest.raises(UnprocessableSource, match="more than 4,000 chunks"):
        check_webp(memoryview(webp.moving(4, 4, 4000)))


def test_what_trails_behind_the_end_is_not_counted() -> None:
    check_png(memoryview(quarters().pngsave_buffer() + bytes(1_000_000)))
    check_webp(memoryview(webp.MOVING + bytes(1_000_000)))


@pytest.mark.parametrize("check", [check_png, check_webp])
@pytest.mark.parametrize("source", [b"", b"\x89PNG\r\n", b"RIFF", bytes(20), b"\xff" * 40])
def test_what_ends_early_is_left_to_the_decoder(check: object, source: bytes) -> None:
    assert callable(check)
    check(memoryview(source))
