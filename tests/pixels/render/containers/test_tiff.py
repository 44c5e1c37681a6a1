"""The chain of a TIFF's directories; and a page alone, whatever is wrong with the others."""

from io import BytesIO
from struct import pack, pack_into

import numpy as np
import pytest
import pyvips
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.limits import FailOn, Limits
from resizer.render.containers import tiff
from tests.support import tiffs
from tests.support.drawings import animation, near, picture, rendered

GREYS = (40, 120, 200)
MAGIC = {
    ("<", False): b"II*\0",
    (">", False): b"MM\0*",
    ("<", True): b"II+\0",
    (">", True): b"MM\0+",
}
NONE, JBIG = 1, 34_661


def written(
    order: str = "<", big: bool = False, codecs: tuple[int, ...] = (NONE,) * 3, back: int = 0
) -> bytes:
    """A grey page of 30×20 for each codec; the last links `back` to the page of that number."""
    offset = order + ("Q" if big else "I")
    body = bytearray(MAGIC[order, big] + (pack(order + "HH", 8, 0) if big else b""))
    body += pack(offset, 0)
    link, starts = len(body) - len(pack(offset, 0)), []
    for grey, codec in zip(GREYS, codecs, strict=True):
        strip = len(body)
        body += bytes([grey]) * 600
        starts.append(len(body))
        body[link : link + len(pack(offset, 0))] = pack(offset, len(body))
        tags = {256: 30, 257: 20, 258: 8, 259: codec, 262: 1, 273: strip, 277: 1, 278: 20, 279: 600}
        body += pack(order + ("Q" if big else "H"), len(tags))
        for tag, value in tags.items():
            body += pack(offset[0] + ("HHQQ" if big else "HHII"), tag, 16 if big else 4, 1, value)
        link = len(body)
        body += pack(offset, 0)
    if back:
        body[link:] = pack(offset, starts[back - 1])
    return bytes(body)


@pytest.mark.parametrize(("order", "big"), MAGIC)
def test_every_page_is_found_and_stands_alone(order: str, big: bool) -> None:
    source = memoryview(written(order, big))
    assert tiff.pages(source) == 3
    for index, grey in enumerate(GREYS):
        one = tiff.alone(source, index)
        assert (tiff.pages(one), len(one)) == (1, len(source))
        if (order, big) != (">", True):  # which Pillow does not read
            assert Image.open(BytesIO(one)).getpixel((5, 5)) == grey
        assert near(picture(bytes(source), page=index + 1, format=Format.PNG)(5, 5), (grey,) * 3, 0)


def test_a_page_of_an_unknown_codec_harms_no_other() -> None:
    source = written(codecs=(NONE, JBIG, NONE))
    for page, grey in ((None, GREYS[0]), (1, GREYS[0]), (3, GREYS[2])):
        variant = rendered(source, page=page, format=Format.PNG)
        assert not variant.partial
        assert near(picture(source, page=page, format=Format.PNG)(5, 5), (grey,) * 3, 0)
    with pytest.raises(UnprocessableSource, match="compression is not read"):
        rendered(source, page=2)


def test_a_truncated_page_harms_no_other() -> None:
    source = bytearray(written())
    strip = source.rindex(pack("<HHI", 273, 4, 1)) + 8
    source[strip : strip + 4] = pack("<I", len(source) - 300)
    assert not rendered(bytes(source), page=2).partial
    with pytest.raises(UnprocessableSource, match="corrupt"):
        rendered(bytes(source), page=3)


@pytest.mark.parametrize("back", [1, 2, 3])
def test_a_chain_that_bites_its_tail_ends(back: int) -> None:
    source = written(back=back)
    assert tiff.pages(memoryview(source)) == 3
    with pytest.raises(UnprocessableSource, match=r"no page 4 .* it has 3\."):
        rendered(source, page=4)
    assert near(picture(source, page=2, format=Format.PNG)(5, 5), (GREYS[1],) * 3, 0)


def test_a_file_of_one_page_is_not_copied() -> None:
    source = tiff.alone(memoryview(written()), 0)
    assert tiff.alone(source, 0) is source


@given(st.sampled_from([*MAGIC.values()]), st.binary(max_size=200))
def test_no_bytes_trip_the_walk(magic: bytes, rest: bytes) -> None:
    source = memoryview(magic + rest)
    count = tiff.pages(source)
    assert 1 <= count <= 100
    for index in range(count):
        assert len(tiff.alone(source, index)) == len(source)


@given(st.sampled_from(["<", ">"]), st.integers(17, 2**64 - 1))
def test_an_offset_beyond_the_end_is_no_page(order: str, offset: int) -> None:
    source = MAGIC[order, True] + pack(order + "HHQ", 8, 0, offset) + bytes(8)
    assert tiff.pages(memoryview(source)) == 1


@pytest.mark.parametrize(("order", "big"), MAGIC)
@pytest.mark.parametrize("tag", [320, 34_675])
def test_a_tiff_has_its_colours_as_long_as_they_are_whole(order: str, big: bool, tag: int) -> None:
    kind, values, size = (3, 768, 1536) if tag == 320 else (7, 1536, 1536)
    body = bytearray(written(order, big))
    entry = pack(order + "HHQ" if big else order + "HHI", 278, 16 if big else 4, 1)
    at = body.index(entry)  # of the rows in a strip, which nobody reads here
    form = order + ("HHQQ" if big else "HHII")
    pack_into(form, body, at, tag, kind, values, len(body))
    whole = bytes(body) + bytes(size)
    assert tiff.has_colours(memoryview(whole))
    for missing in (1, 700, size):
        assert not tiff.has_colours(memoryview(whole)[:-missing])
    pack_into(form, body, at, tag, 7, 3, 2**31)
    assert tiff.has_colours(memoryview(body)), "three bytes stand in the directory itself"


def test_a_tiff_that_lost_its_profile_is_partial() -> None:
    ink = np.full((40, 60, 4), 90, np.uint8)
    profile: bytes = pyvips.Operation.call("profile_load", "cmyk")
    source = tiffs.tiff(ink, tiffs.CMYK, profile=profile)
    assert source.endswith(profile)
    whole, cut = rendered(source), rendered(source[: -len(profile) // 2])
    assert (whole.partial, cut.partial) == (False, True)
    assert (cut.width, cut.height) == (60, 40)
    with pytest.raises(UnprocessableSource):
        rendered(source[: -len(profile) // 2], limits=Limits(fail_on=FailOn.TRUNCATED))


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_only_the_page_that_is_damaged_is_partial(broken: int) -> None:
    noise = np.random.default_rng(0).integers(0, 16, (600, 300)).astype(np.uint8) * 16
    page = pyvips.Image.new_from_array(noise).copy(interpretation="b-w")
    source = bytearray(animation([page] * 3, []).tiffsave_buffer(compression="lzw"))
    at = len(source) * (2 * broken - 1) // 6  # amid its data
    source[at : at + 2000] = b"\xff" * 2000
    found = [rendered(bytes(source), page=page, width=30).partial for page in (1, 2, 3)]
    assert found == [page == broken for page in (1, 2, 3)]
