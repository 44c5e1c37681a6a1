"""JPEGs that say they are huge, go over their picture for ever, or carry what they should not."""

import struct

from tests.support.drawings import jpeg, quarters

SOUND = jpeg(quarters())
PROGRESSIVE = jpeg(quarters(), interlace=True)


def of_size(source: bytes, width: int, height: int) -> bytes:
    """Another size in the frame header (ITU-T T.81 §B.2.2)."""
    at = max(source.find(b"\xff\xc0"), source.find(b"\xff\xc2"))
    return source[: at + 5] + struct.pack(">HH", height, width) + source[at + 9 :]


def with_segment(marker: int, payload: bytes, times: int = 1) -> bytes:
    segment = bytes((0xFF, marker)) + struct.pack(">H", len(payload) + 2) + payload
    return SOUND[:2] + segment * times + SOUND[2:]


def with_scans(count: int, side: int = 4000) -> bytes:
    """Each scan says again that there is nothing to say."""
    at = PROGRESSIVE.rfind(b"\xff\xda")
    length = 2 + struct.unpack(">H", PROGRESSIVE[at + 2 : at + 4])[0]
    scan = PROGRESSIVE[at : at + length] + b"\0"
    return of_size(PROGRESSIVE[:at], side, side) + scan * count + b"\xff\xd9"


def exif(body: bytes) -> bytes:
    return with_segment(0xE1, b"Exif\0\0" + body)


LOOP = b"II*\0\x08\0\0\0" + b"\x01\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + b"\x08\0\0\0"

BOMBS = {
    "of 65500×65500": (of_size(SOUND, 65_500, 65_500), "65500×65500 pixels, more than"),
    "progressive, of 65500×65500": (of_size(PROGRESSIVE, 65_500, 65_500), "pixels, more than"),
    "of 9000×9000, and no data": (of_size(SOUND, 9000, 9000), ""),
    "progressive of 9000×9000, and no data": (of_size(PROGRESSIVE, 9000, 9000), ""),
    "of no height": (of_size(SOUND, 100, 0), ""),
    "of 2,000 scans": (with_scans(2000), "more than 100 scans"),
    "of 90 scans": (with_scans(90), ""),
    "of 60,000 comments": (with_segment(0xFE, b"", 60_000), "more than 10,000 segments"),
    "of 255 profiles": (with_segment(0xE2, b"ICC_PROFILE\0\x01\xff" + b"x" * 9000, 255), ""),
    "a profile of no sense": (with_segment(0xE2, b"ICC_PROFILE\0\x01\x01" + b"\xff" * 200), ""),
    "an EXIF loop": (exif(LOOP), ""),
    "an EXIF of 65,535 entries": (exif(b"MM\0*\0\0\0\x08\xff\xff" + b"\xff" * 600), ""),
    "a length of nothing": (SOUND[:2] + b"\xff\xe1\0\0" + SOUND[2:], ""),
    "a ZIP behind": (SOUND + b"PK\3\4" + bytes(100) + b"PK\5\6" + bytes(18), ""),
    "a script in a comment": (with_segment(0xFE, b"<script>alert(1)</script>"), ""),
}
