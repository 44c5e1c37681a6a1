"""What an original is, by its first bytes."""

import gzip

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.errors import UnprocessableSource
from resizer.render.containers.sniff import NotRead, SourceFormat, sniff, svg_text

SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>'

KNOWN = [
    (b"\xff\xd8\xff\xe0", SourceFormat.JPEG),
    (b"\x89PNG\r\n\x1a\n", SourceFormat.PNG),
    (b"GIF87a", SourceFormat.GIF),
    (b"GIF89a", SourceFormat.GIF),
    (b"RIFF\x10\0\0\0WEBPVP8 ", SourceFormat.WEBP),
    (b"II*\0", SourceFormat.TIFF),
    (b"MM\0*", SourceFormat.TIFF),
    (b"II+\0", SourceFormat.TIFF),
    (b"\0\0\0\x1cftypavif\0\0\0\0mif1miaf", SourceFormat.AVIF),
    (b"\0\0\0\x18ftypmif1\0\0\0\0avifmif1", SourceFormat.AVIF),
    (b"\0\0\0\x18ftypavis\0\0\0\0avifavis", SourceFormat.AVIF_SEQUENCE),
    (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", SourceFormat.HEIC),
    (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", SourceFormat.HEIC),
    (b"\xff\x0a\xfa", SourceFormat.JXL),
    (b"\0\0\0\x0cJXL \r\n\x87\n", SourceFormat.JXL),
    (b"%PDF-1.7", SourceFormat.PDF),
    (SVG, SourceFormat.SVG),
    (b"\xef\xbb\xbf  " + SVG, SourceFormat.SVG),
    (b'<?xml version="1.0"?><!-- ' + b"x" * 2000 + b" -->" + SVG, SourceFormat.SVG),
    (b'<x:svg xmlns:x="http://www.w3.org/2000/svg"/>', SourceFormat.SVG),
    (gzip.compress(SVG, mtime=0), SourceFormat.SVG),
]


@pytest.mark.parametrize(("head", "kind"), KNOWN)
def test_a_format_is_known_by_its_first_bytes(head: bytes, kind: SourceFormat) -> None:
    assert sniff(memoryview(head)) is kind


NOT_READ = [
    (b"BM\x36\0\0\0", "BMP"),
    (b"\0\0\0\x0cjP  \r\n\x87\n", "JPEG 2000"),
    (b"8BPS\0\x01", "Photoshop"),
    (b"\0\0\x01\0\x01\0", "icon"),
    (b"\0\0\0\x18ftypisom\0\0\0\0iso2avc1", "video"),
    (b"3 3\n1 2 3\n4 5 6\n7 8 9\n", "no format known here"),
    (b"<html><body>not found</body></html>", "no format known here"),
    (b"", "no format known here"),
]


@pytest.mark.parametrize(("head", "name"), NOT_READ)
def test_what_is_not_read_is_refused_by_name(head: bytes, name: str) -> None:
    with pytest.raises(NotRead, match=name):
        sniff(memoryview(head))


@given(st.binary(max_size=300))
def test_no_bytes_do_more_than_refuse(head: bytes) -> None:
    try:
        sniff(memoryview(head))
    except UnprocessableSource:
        return


def test_an_svgz_is_inflated_and_an_svg_left_alone() -> None:
    assert bytes(svg_text(memoryview(gzip.compress(SVG, mtime=0)))) == SVG
    assert bytes(svg_text(memoryview(SVG))) == SVG


BAD_SVGZ = [
    (gzip.compress(SVG + b" " * 20 * 1024 * 1024, mtime=0), "more than 8 MiB"),
    (gzip.compress(SVG, mtime=0)[:-12], "cut short"),
    (gzip.compress(SVG, mtime=0)[:10] + b"\xff" * 40, "corrupt"),
    (gzip.compress(gzip.compress(SVG, mtime=0), mtime=0), "is gzip, which is not read"),
    (gzip.compress(b"<html/>", mtime=0), "is gzip, which is not read"),
]


@pytest.mark.parametrize(("source", "reason"), BAD_SVGZ)
def test_a_gzip_that_is_no_sound_svg_is_refused(source: bytes, reason: str) -> None:
    with pytest.raises(UnprocessableSource, match=reason):
        svg_text(memoryview(source))
