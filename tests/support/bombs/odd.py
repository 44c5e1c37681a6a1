"""What is no picture, or two things at once."""

from random import Random

from tests.support.bombs.jpeg import SOUND as JPEG
from tests.support.bombs.png import SOUND as PNG

UNKNOWN = "of no format known here"

BOMBS = {
    "nothing": (b"", "empty"),
    "one byte": (b"\xff", UNKNOWN),
    "zeros": (bytes(65_536), UNKNOWN),
    "noise": (Random(1).randbytes(65_536), UNKNOWN),
    "line feeds": (b"\n" * 65_536, UNKNOWN),
    "a matrix": (b"3 3\n1 2 3\n4 5 6\n7 8 9\n", UNKNOWN),
    "a huge matrix": (b"99999 99999\n1 2 3\n", UNKNOWN),
    "a picture of libvips' own": (b"\xb6\xa6\xf2\x08" + bytes(200), UNKNOWN),
    "a script of ImageMagick": (b"push graphic-context\nimage over 0,0 0,0 'x'\n", UNKNOWN),
    "a web page": (b"<html><body><script>alert(1)</script></body></html>", UNKNOWN),
    "a program": (b"\x7fELF\x02\x01\x01" + bytes(100), UNKNOWN),
    "a ZIP": (b"PK\3\4" + bytes(100), UNKNOWN),
    "a PDF with a JPEG": (b"%PDF-1.4\n" + JPEG + b"\n%%EOF", ""),
    "a JPEG in a PNG": (PNG[:33] + JPEG, ""),
    "a PNG behind a JPEG": (JPEG + PNG, ""),
    "the head of a JPEG": (b"\xff\xd8\xff", ""),
    "the head of a PNG": (b"\x89PNG\r\n\x1a\n", ""),
    "the head of a WebP": (b"RIFF\x10\0\0\0WEBP", ""),
    "the head of a GIF": (b"GIF89a", ""),
    "the head of a TIFF": (b"II*\0", ""),
    "the head of a gzip": (b"\x1f\x8b", ""),
}
