"""Files with room for something that shows nothing have no bare form, or one without it."""

import zlib
from struct import pack
from time import perf_counter

import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.transform import Format
from resizer.render.write.strip import stripped
from tests.support.drawings import animation, flat, quarters
from tests.support.pngs import chunk

SECRET = b"a secret that lay in the picture"
JPEG: bytes = quarters().jpegsave_buffer(keep="none")
SCAN = JPEG.index(b"\xff\xda")
PNG: bytes = quarters().pngsave_buffer(keep="none")
PALETTE: bytes = quarters().pngsave_buffer(palette=True, keep="none")
WEBP: bytes = quarters().webpsave_buffer(keep="none")
MOVING: bytes = animation([quarters(), quarters().invert()], [40, 70]).webpsave_buffer(keep="none")
GIF: bytes = quarters().gifsave_buffer()
GIF_BLOCKS = 13 + (3 << (GIF[10] & 7) + 1)

FILES = {
    Format.JPEG: JPEG,
    Format.PNG: PNG,
    Format.WEBP: WEBP,
    Format.GIF: GIF,
}


def bare(file: bytes, format_: Format) -> bytes | None:
    return stripped(file, FILES[format_], format_)


def in_jpeg(segment: bytes, at: int = SCAN) -> bytes:
    return JPEG[:at] + segment + JPEG[at:]


def quantization(number: int) -> bytes:
    return b"\xff\xdb\0\x43" + bytes([number]) + (SECRET * 2)[:64]


def huffman(number: int) -> bytes:
    counts = bytes([0] * 15 + [len(SECRET)])
    return b"\xff\xc4" + pack(">H", 19 + len(SECRET)) + bytes([number]) + counts + SECRET


def restarts(interval: int) -> bytes:
    return b"\xff\xdd\0\4" + pack(">H", interval)


JPEGS = {
    "a table that no component has": in_jpeg(quantization(3)),
    "a table that is replaced": in_jpeg(quantization(0), 2),
    "a code that no scan has": in_jpeg(huffman(0x13)),
    "a code behind the last scan": in_jpeg(huffman(0), len(JPEG) - 2),
    "bytes behind a table": in_jpeg(b"\xff\xdb\0\x20" + SECRET[:30]),
    "an interval that is replaced": in_jpeg(restarts(1) + restarts(0)),
    "a long interval": in_jpeg(b"\xff\xdd" + pack(">H", 4 + len(SECRET)) + b"\0\0" + SECRET),
    "restarts without an interval": in_jpeg(b"\xff\xd0\xff\xd5\xff\xd3", len(JPEG) - 2),
    "fill bytes between segments": in_jpeg(b"\xff\xff"),
    "fill bytes behind the data": in_jpeg(b"\xff\xff", len(JPEG) - 2),
    "fill bytes amid the data": in_jpeg(b"\xff\xff\0", SCAN + 30),
    "a marker without a length": in_jpeg(b"\xff\x01\0\4"),
    "a start within": in_jpeg(b"\xff\xd8\0\4"),
    "a frame twice": in_jpeg(JPEG[JPEG.index(b"\xff\xc0") :][:19]),
    "Adobe's segment twice": in_jpeg(b"\xff\xee\0\x0eAdobe\0\x64\0\0\0\0\1" * 2),
}


@pytest.mark.parametrize("case", JPEGS)
def test_a_jpeg_with_room_for_more_has_no_bare_form(case: str) -> None:
    assert bare(JPEGS[case], Format.JPEG) is None


def test_tables_that_a_later_scan_uses_are_no_room_for_more() -> None:
    for options in ({"interlace": True}, {"restart_interval": 2}, {"optimize_coding": True}):
        file: bytes = quarters().jpegsave_buffer(keep="none", **options)
        assert bare(file, Format.JPEG) is not None


@pytest.mark.parametrize("coding", [0, 1])
def test_adobes_segment_is_kept_as_far_as_readers_know_it(coding: int) -> None:
    said = b"Adobe\0\x65\x80\0\0\0" + bytes([coding]) + SECRET
    file = in_jpeg(b"\xff\xee" + pack(">H", 2 + len(said)) + said)
    stood_in = bare(file, Format.JPEG)
    assert stood_in is not None
    assert SECRET not in stood_in
    shown = [pyvips.Image.new_from_buffer(one, "").write_to_memory() for one in (stood_in, file)]
    assert shown[0] == shown[1]


def test_fill_bytes_are_passed_over_once() -> None:
    """Each was the start of a search to the end of them all, once."""

    def seconds(many: int) -> float:
        file = in_jpeg(b"\xff" * many + b"\0", SCAN + 30)
        start = perf_counter()
        assert bare(file, Format.JPEG) is None
        return perf_counter() - start

    few = min(seconds(20_000) for _ in range(3))
    assert min(seconds(80_000) for _ in range(3)) < 8 * few + 0.01


def png(*chunks: tuple[bytes, bytes]) -> bytes:
    return PNG[:8] + b"".join(chunk(name, data) for name, data in chunks)


def parts(file: bytes) -> list[tuple[bytes, bytes]]:
    found, at = [], 8
    while at < len(file):
        end = at + 12 + int.from_bytes(file[at : at + 4], "big")
        found.append((file[at + 4 : at + 8], file[at + 8 : end - 4]))
        at = end
    return found


HEADER, *_, END = parts(PNG)
DATA = b"".join(data for name, data in parts(PNG) if name == b"IDAT")
ROWS = zlib.decompress(DATA)
COLOURS = next(data for name, data in parts(PALETTE) if name == b"PLTE")
INDICES = b"".join(data for name, data in parts(PALETTE) if name == b"IDAT")
PALETTE_HEADER = parts(PALETTE)[0]

PNGS = {
    "bytes in its end": png(HEADER, (b"IDAT", DATA), (b"IEND", SECRET)),
    "bytes behind its data": png(HEADER, (b"IDAT", DATA + SECRET), END),
    "data behind its data": png(HEADER, (b"IDAT", DATA), (b"IDAT", SECRET), END),
    "more rows than it is high": png(HEADER, (b"IDAT", zlib.compress(ROWS + SECRET)), END),
    "more than it can show": png(HEADER, (b"IDAT", zlib.compress(bytes(1 << 24))), END),
    "fewer rows": png(HEADER, (b"IDAT", zlib.compress(ROWS[:-1])), END),
    "data without an end": png(HEADER, (b"IDAT", DATA[:-4]), END),
    "two headers": png(HEADER, HEADER, (b"IDAT", DATA), END),
    "a long header": png((b"IHDR", HEADER[1] + SECRET), (b"IDAT", DATA), END),
    "a wrong checksum": PNG[:-4] + b"1234",
    "a long transparent colour": png(HEADER, (b"tRNS", SECRET), (b"IDAT", DATA), END),
    "colours behind its data": png(PALETTE_HEADER, (b"IDAT", INDICES), (b"PLTE", COLOURS), END),
    "more colours than bits": png(
        PALETTE_HEADER, (b"PLTE", COLOURS + SECRET * 24), (b"IDAT", INDICES), END
    ),
    "clearer than it has colours": png(
        PALETTE_HEADER, (b"PLTE", COLOURS), (b"tRNS", SECRET * 9), (b"IDAT", INDICES), END
    ),
}


SHAPES = [
    *(("b-w", 1, bits) for bits in (1, 2, 4, 8)),
    *(("b-w", 2, 8), ("srgb", 3, 8), ("srgb", 4, 8)),
    *(("grey16", 1, 16), ("grey16", 2, 16), ("rgb16", 3, 16), ("rgb16", 4, 16)),
]
"""Interpretation, bands and bits of a sample."""


@pytest.mark.parametrize("case", PNGS)
def test_a_png_with_room_for_more_has_no_bare_form(case: str) -> None:
    assert bare(PNGS[case], Format.PNG) is None


def test_a_suggested_palette_is_left_out() -> None:
    file = png(HEADER, (b"PLTE", (SECRET * 3)[:96]), (b"IDAT", DATA), END)
    assert bare(file, Format.PNG) == bare(PNG, Format.PNG) is not None


@given(st.integers(1, 40), st.integers(1, 40), st.booleans(), st.sampled_from(SHAPES))
def test_a_png_of_every_shape_has_a_bare_form(
    width: int, height: int, interlace: bool, shape: tuple[str, int, int]
) -> None:
    interpretation, bands, bits = shape
    image = flat(width, height, (9, 80, 200, 90)[:bands]).cast("ushort" if bits > 8 else "uchar")
    file: bytes = image.copy(interpretation=interpretation).pngsave_buffer(
        interlace=interlace, keep="none", bitdepth=bits
    )
    assert file[24] == bits
    assert bare(file, Format.PNG) is not None


def riff(*chunks: bytes) -> bytes:
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + pack("<I", len(body)) + body


def webp_chunk(name: bytes, data: bytes, padding: bytes = b"\0") -> bytes:
    return name + pack("<I", len(data)) + data + padding * (len(data) % 2)


def in_frames(more: bytes) -> bytes:
    """The animation with something behind each frame's data."""
    chunks, at = [], 12
    while at < len(MOVING):
        name, size = MOVING[at : at + 4], int.from_bytes(MOVING[at + 4 : at + 8], "little")
        data = MOVING[at + 8 : at + 8 + size]
        chunks.append(webp_chunk(name, data + more if name == b"ANMF" else data))
        at += 8 + size + size % 2
    return riff(*chunks)


STILL = WEBP[12:]
WEBPS = {
    "a chunk in a frame": in_frames(webp_chunk(b"XTRA", SECRET)),
    "words in a frame": in_frames(webp_chunk(b"EXIF", SECRET)),
    "two pictures in a frame": in_frames(STILL),
    "two pictures": riff(STILL, webp_chunk(b"VP8 ", SECRET)),
    "a picture beside frames": riff(MOVING[12:], STILL),
    "transparency that nobody sees": riff(STILL, webp_chunk(b"ALPH", SECRET)),
    "a long head": riff(webp_chunk(b"VP8X", bytes(10) + SECRET), STILL),
    "something in its padding": riff(STILL, webp_chunk(b"XTRA", b"odd", b"s")),
    "a piece of a chunk": riff(STILL, SECRET[:7]),
}


@pytest.mark.parametrize("case", WEBPS)
def test_a_webp_with_room_for_more_has_no_bare_form(case: str) -> None:
    assert bare(WEBPS[case], Format.WEBP) is None
    assert bare(in_frames(b""), Format.WEBP) is not None


def in_gif(block: bytes) -> bytes:
    return GIF[:GIF_BLOCKS] + block + GIF[GIF_BLOCKS:]


MORE = bytes([len(SECRET)]) + SECRET
LOOP = b"!\xff\x0bNETSCAPE2.0\3\1\0\0"
GIFS = {
    "a long control": in_gif(b"!\xf9\4\0\0\0\0" + MORE + b"\0"),
    "a long loop count": in_gif(LOOP + MORE + b"\0"),
    "loop counts": in_gif((LOOP + b"\0") * 9),
}


@pytest.mark.parametrize("case", GIFS)
def test_a_gif_with_room_for_more_has_no_bare_form(case: str) -> None:
    assert bare(GIFS[case], Format.GIF) is None


def test_a_gif_keeps_one_control_for_an_image() -> None:
    control = b"!\xf9\4\0SEC\0"
    for file in (in_gif(control * 9 + b"!\xf9\4\0\0\0\0\0"), GIF[:-1] + control + b";"):
        found = bare(file, Format.GIF)
        assert found is not None
        assert b"SEC" not in found
