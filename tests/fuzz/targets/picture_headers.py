"""What files say of their size and their colours, where a worker reads it itself."""

from resizer.errors import UnprocessableSource
from resizer.render.colour.from_avif import avif_colour, says_limited_range, with_range_named
from resizer.render.colour.from_png import named_profile
from resizer.render.colour.icc import is_wide
from resizer.render.read.decoders.jxl_header import read_header
from tests.fuzz.oracles import check_refusal
from tests.fuzz.target import Target
from tests.support.pictures import drawing


def check(data: bytes) -> None:
    file = memoryview(data)
    check_jxl(file)
    check_avif(data)
    for embedded in (None, b"embedded"):
        profile = named_profile(file, embedded)
        assert profile is None or profile == embedded or profile[36:40] == b"acsp"
    assert is_wide(data) in (True, False)


def check_jxl(file: memoryview) -> None:
    try:
        header = read_header(file)
    except UnprocessableSource as error:
        check_refusal(error, 422)
        return
    assert 1 <= header.size.width <= 2**31
    assert 1 <= header.size.height <= 2**31
    assert 1 <= header.orientation <= 8


def check_avif(data: bytes) -> None:
    colour = avif_colour(memoryview(data))
    assert 0 <= colour.primaries < 2**16
    assert 0 <= colour.transfer < 2**16
    assert len(with_range_named(memoryview(data))) == len(data)
    assert says_limited_range(data) in (True, False)


def _with_chunks(*chunks: bytes) -> bytes:
    """A PNG's beginning."""
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        (len(chunk) - 4).to_bytes(4, "big") + chunk + bytes(4) for chunk in chunks
    )


PICTURE = drawing(8, 8)
TARGET = Target(
    check,
    seeds=[
        *(
            b"\xff\x0a\x3f\x12\x88\xff",
            b"\xff\x0a\xfa\xff\xff\xff\xff\xff\xff\xff",
            b"\xff\x0a\0\0",
        ),
        b"\0\0\0\x0cJXL \r\n\x87\n\0\0\0\x14ftypjxl \0\0\0\0jxl \0\0\0\x10jxlc\xff\x0a\x48\x92",
        PICTURE.heifsave_buffer(compression="av1", effort=0),
        PICTURE.bandjoin(99).heifsave_buffer(compression="av1", effort=0)[:600],
        _with_chunks(b"IHDR" + bytes(13), b"cICP\x09\x10\0\1", b"IDAT"),
        _with_chunks(b"gAMA\0\0\xb1\x8f", b"cHRM" + bytes.fromhex("00007a26000080840000fa00") * 3),
        _with_chunks(b"gAMA\0\0\0\1", b"sRGB\0"),
        bytes(16)
        + b"RGB "
        + bytes(108)
        + b"\0\0\0\3rXYZ\0\0\0\x80\0\0\0\x14gXYZ\0\0\0\x80\0\0\0\x14"
        b"bXYZ\0\0\0\x80\0\0\0\x14" + bytes(32),
    ],
    words=[
        *(b"meta\0\0\0\0", b"iprp", b"ipco", b"ipma", b"pitm", b"colrnclx", b"av1C", b"auxC"),
        *(b"cICP", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"RGB ", b"CMYK", b"rXYZ", b"gXYZ", b"bXYZ"),
        *(
            b"jxlc",
            b"jxlp",
            b"\xff\x0a",
            b"\0\0\0\1",
            b"\0\0\0\0",
            b"\xff\xff\xff\xff",
            b"\x0a\x0b",
        ),
    ],
)
