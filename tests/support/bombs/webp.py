"""WebPs of a canvas that their few bytes do not fill."""

import struct

from tests.support.drawings import animation, flat


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def chunk(kind: bytes, data: bytes) -> bytes:
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


def extended(flags: int, width: int, height: int) -> bytes:
    return chunk(b"VP8X", bytes((flags, 0, 0, 0)) + _three(width - 1) + _three(height - 1))


def lossless(side: int) -> bytes:
    """One colour: five prefix codes of one symbol each, and no pixel takes a bit."""
    bits = (side - 1) | (side - 1) << 14
    return chunk(b"VP8L", b"\x2f" + struct.pack("<I", bits) + b"\x88\x88\x08" + bytes(8))


def frame(side: int, image: bytes) -> bytes:
    head = _three(0) + _three(0) + _three(side - 1) + _three(side - 1) + _three(50) + b"\0"
    return chunk(b"ANMF", head + image)


def moving(canvas: int, side: int, frames: int) -> bytes:
    still = lossless(side)
    return riff(extended(2, canvas, canvas), chunk(b"ANIM", bytes(6)), frame(side, still) * frames)


SOUND: bytes = flat(64, 64, (200, 9, 9)).webpsave_buffer()
MOVING: bytes = animation([flat(64, 64, (n, 9, 9)) for n in (9, 99)], [50, 50]).webpsave_buffer()

BOMBS = {
    "of 16384×16384 in 40 bytes": (riff(lossless(16_384)), ""),
    "of 9999×9999 in 40 bytes": (riff(lossless(9999)), ""),
    "of 4000×4000 in 40 bytes": (riff(lossless(4000)), ""),
    "a canvas of 2²⁴": (riff(extended(0, 2**24, 2**24), lossless(4)), ""),
    "a canvas larger than its picture": (riff(extended(0, 9000, 9000), lossless(4)), ""),
    "an animation of 12000×12000": (moving(12_000, 4, 3), "12000×12000 pixels, more than"),
    "200 frames of 9000×9000": (moving(9000, 9000, 200), "frames of 9000×9000 pixels, more than"),
    "40,000 frames": (moving(4, 4, 40_000), "more than 4,000 chunks"),
    "an animation of no frame": (moving(4, 4, 0), ""),
    "a length of 4 GiB": (b"RIFF\xff\xff\xff\xff" + SOUND[8:], ""),
    "a chunk of 4 GiB": (SOUND[:16] + b"\xff\xff\xff\xff" + SOUND[20:], ""),
    "a profile of no sense": (
        riff(extended(0x20, 4, 4), chunk(b"ICCP", b"\xff" * 999), lossless(4)),
        "",
    ),
    "100,000 chunks": (
        riff(extended(0, 4, 4), chunk(b"XXXX", b"") * 100_000, lossless(4)),
        "more than 4,000 chunks",
    ),
    "a moving one cut short": (MOVING[:-20], ""),
}
