"""First bytes of originals: a format that is read, or a refusal; no pixel is decoded here."""

import gzip
import zlib

from resizer.errors import UnprocessableSource
from resizer.render.containers.sniff import SourceFormat, sniff, svg_text
from tests.fuzz.oracles import check_refusal
from tests.fuzz.target import Target

MAX_SVG_BYTES = 16 * 1024 * 1024
TEXTS = (b"\xff\xd8", b"\x89PNG", b"GIF8", b"II", b"MM", b"RIFF", b"%PDF", b"\xff\x0a", b"\0\0\0")
"""How no SVG begins."""


def check(data: bytes) -> None:
    source = memoryview(data)
    try:
        kind = sniff(source)
        text = svg_text(source) if kind is SourceFormat.SVG else None
    except UnprocessableSource as error:
        check_refusal(error, 422)
        return
    assert isinstance(kind, SourceFormat)
    assert sniff(memoryview(data + b"\0" * 300)) is kind
    assert (text is not None) == (kind is SourceFormat.SVG)
    if text is not None:
        check_svg(data, bytes(text))


def check_svg(data: bytes, text: bytes) -> None:
    assert len(text) <= MAX_SVG_BYTES
    assert not text.startswith(TEXTS)
    assert b"svg" in text
    assert text == data or text == zlib.decompressobj(31).decompress(data)


SVG = b'<?xml version="1.0"?><!-- x --><svg xmlns="http://www.w3.org/2000/svg" width="16"/>'
TARGET = Target(
    check,
    seeds=[
        *(b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"II*\0", b"MM\0+", b"%PDF-1.7"),
        *(b"RIFF\4\0\0\0WEBPVP8 ", b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a", b"BM", b"8BPS"),
        *(b"\0\0\0\x1cftypavif\0\0\0\0mif1avifmiaf", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"),
        *(b"\0\0\0\x14ftypavis\0\0\0\0msf1", b"\xff\xff\xff\xffftyp", b"\0\0\0\0ftypmif1"),
        *(SVG, b"\xef\xbb\xbf \n" + SVG, b"<svg:svg/>", b"3 3\n1 2 3"),
        *(gzip.compress(SVG), gzip.compress(SVG)[:-6], gzip.compress(b"text"), b"\x1f\x8b\x08"),
        gzip.compress(SVG, 0),
    ],
    words=[
        *(b"ftyp", b"avif", b"avis", b"heic", b"mif1", b"msf1", b"miaf", b"hevc"),
        *(b"<svg", b":svg", b"<?xml", b"<!DOCTYPE", b"\xef\xbb\xbf", b"\x1f\x8b\x08\0"),
    ],
)
