"""GIFs of large screens and many frames."""

import struct

_TABLE = b"\0\0\0\xff\xff\xff"
_PIXEL = b"\x02\x02\x44\x01\0"


def screen(width: int, height: int) -> bytes:
    return b"GIF89a" + struct.pack("<HHBBB", width, height, 0x80, 0, 0) + _TABLE


def frame(width: int = 1, height: int = 1, left: int = 0, top: int = 0) -> bytes:
    return b"," + struct.pack("<HHHHB", left, top, width, height, 0) + _PIXEL


def gif(head: bytes, *blocks: bytes) -> bytes:
    return head + b"".join(blocks) + b";"


BOMBS = {
    "a screen of 65535×65535": (gif(screen(65_535, 65_535), frame()), ""),
    "of no size": (gif(screen(0, 0), frame(0, 0)), ""),
    "a frame of 65535×65535": (gif(screen(65_535, 65_535), frame(65_535, 65_535)), "pixels, more"),
    "a frame outside": (gif(screen(9, 9), frame(9, 9, 65_000, 65_000)), ""),
    "of 65535×65535 in a screen of 9×9": (gif(screen(9, 9), frame(65_535, 65_535)), ""),
    "200 frames of 9000×9000": (
        gif(screen(9000, 9000), frame(9000, 9000), frame() * 200),
        "frames of 9000×9000",
    ),
    "100,000 frames": (gif(screen(9, 9), frame() * 100_000), "100000 frames, more than 256"),
    "100,000 frames of 3000×3000": (gif(screen(3000, 3000), frame() * 100_000), "frames"),
    "250 frames of no data": (gif(screen(600, 600), frame(600, 600) * 250), ""),
    "a comment of 2 MB": (gif(screen(9, 9), b"!\xfe" + (b"\xff" + b"x" * 255) * 8000 + b"\0"), ""),
    "a script": (b"GIF89a=1;alert(1);/*" + b"x" * 200 + b"*/", ""),
    "no frame": (gif(screen(9, 9)), ""),
    "an endless block": (screen(9, 9) + b"!\xfe" + b"\xff" * 70_000, ""),
}
