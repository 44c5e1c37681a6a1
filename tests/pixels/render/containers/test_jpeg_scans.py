"""A JPEG goes over its picture no more often than is sensible."""

import pytest
import pyvips

from resizer.errors import UnprocessableSource
from resizer.render.containers.jpeg_scans import MAX_SCANS, check_scans
from tests.support.drawings import jpeg, quarters

SCAN = b"\xff\xda\0\x08\x01\x01\0\0\x3f\0"
END = b"\xff\xd9"


def accepted(source: bytes) -> bool:
    try:
        check_scans(memoryview(source))
    except UnprocessableSource:
        return False
    return True


def test_what_encoders_write_is_fine() -> None:
    assert accepted(jpeg(quarters()))
    assert accepted(jpeg(quarters(), interlace=True))
    assert accepted(pyvips.Image.gaussnoise(300, 300).cast("uchar").jpegsave_buffer(Q=100))


def test_scans_are_counted() -> None:
    assert accepted(b"\xff\xd8" + SCAN * MAX_SCANS + END)
    with pytest.raises(UnprocessableSource, match="more than 100 scans"):
        check_scans(memoryview(b"\xff\xd8" + SCAN * (MAX_SCANS + 1) + END))
    assert not accepted(b"\xff\xd8" + (SCAN + b"\x12\xff\0\xff\xd0") * (MAX_SCANS + 1) + END)


@pytest.mark.parametrize(
    "hidden",
    [
        b"\xff\xe1" + (2 + 1500).to_bytes(2) + SCAN[:10] * 150,
        END + SCAN * 500,
    ],
    ids=["in a segment", "after the end"],
)
def test_only_scans_of_the_picture_count(hidden: bytes) -> None:
    assert accepted(b"\xff\xd8" + SCAN + hidden + END)


def test_segments_are_counted() -> None:
    assert accepted(b"\xff\xd8" + b"\xff\xfe\0\x02" * 9000 + END)
    assert not accepted(b"\xff\xd8" + b"\xff\xfe\0\x02" * 11_000 + END)


@pytest.mark.parametrize("source", [b"", b"\xff", b"\xff\xd8\xff", b"\xff\xda", b"\xff\xda\xff"])
def test_what_ends_early_is_left_to_the_decoder(source: bytes) -> None:
    assert accepted(source)
