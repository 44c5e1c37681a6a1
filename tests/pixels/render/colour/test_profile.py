"""Colours that a file names by numbers: curves of broadcast, ranges, cameras."""

import io
import struct

import numpy as np
import pytest
import pyvips
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

from resizer.model.formats import Format
from resizer.model.transform import Gamut, Metadata
from resizer.render.colour.from_avif import (
    AvifColour,
    avif_colour,
    says_limited_range,
    with_range_named,
)
from resizer.render.colour.from_png import named_profile
from resizer.render.colour.icc import is_wide, of_colours
from tests.support.colours import (
    ADOBE_RGB,
    D65,
    DISPLAY_P3,
    PROPHOTO,
    SRGB,
    Array,
    Space,
    convert,
    delta_e,
    grey_profile,
    lab,
    rgb_profile,
)
from tests.support.corpus import corpus
from tests.support.drawings import flat, jpeg, picture, rendered
from tests.support.pngs import chunked, png_of

BT2020 = Space(((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)), D65, SRGB.light, SRGB.sample)


@pytest.mark.parametrize("transfer", [1, 6, 13, 14, 15, 2])
def test_curves_of_broadcast_are_those_of_srgb(transfer: int) -> None:
    colour = np.array([0.3, 0.6, 0.4])
    samples = np.full((8, 8, 3), np.round(65535 * convert(colour, SRGB, BT2020)), np.uint16)
    source = chunked(png_of(samples), cICP=bytes((9, transfer, 0, 1)))
    found = np.array(picture(source, format=Format.PNG)(2, 2)) / 255
    assert delta_e(lab(found), lab(colour)) <= 1


def test_alpha_of_limited_range_is_stretched() -> None:
    source = (corpus() / "real/avif/alpha_inverted_4k.avif").read_bytes()
    small = pyvips.Image.new_from_buffer(rendered(source, format=Format.PNG, width=480).body, "")
    reference = Image.open(io.BytesIO(source)).getchannel("A").reduce(8)
    off = np.abs(small[3].numpy().astype(float) - np.asarray(reference, float))
    assert off.mean() < 1


def ramp_in_range(stream: str, box: bytes) -> tuple[bytes, Array]:
    """An AVIF of greys whose stream is of one range and whose box says this, and the greys."""
    greys = np.linspace(0, 255, 16).round()
    file = io.BytesIO()
    drawn = Image.fromarray(greys.astype(np.uint8).repeat(16)[None].repeat(32, 0))
    drawn.convert("RGB").save(file, "AVIF", quality=100, subsampling="4:4:4", range=stream)
    body = file.getvalue()
    at = body.index(b"nclx") + 4
    return body[:at] + box + body[at + 7 :], greys


UNNAMED, SRGB_NAMED = b"\0\2\0\2\0\2", b"\0\1\0\x0d\0\6"


@pytest.mark.parametrize("named", [UNNAMED, SRGB_NAMED])
@pytest.mark.parametrize("box", ["full", "limited"])
@pytest.mark.parametrize("stream", ["full", "limited"])
def test_the_range_that_a_box_says_is_that_of_the_picture(
    named: bytes, box: str, stream: str
) -> None:
    source, greys = ramp_in_range(stream, named + (b"\x80" if box == "full" else b"\0"))
    if (stream, box) == ("limited", "full"):
        greys = 16 + greys * 219 / 255
    elif (stream, box) == ("full", "limited"):
        greys = ((greys - 16) * 255 / 219).clip(0, 255)
    found = picture(source, format=Format.PNG).numpy()[16, 8::16, 0]
    assert np.abs(found - greys).max() <= 2


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


LIMITED = bytes.fromhex("12000a0a1b2efbfe1bfb6021a024")
"""A temporal delimiter and the sequence header of grey alpha that an old encoder wrote."""
NCLX = b"nclx\0\x0c\0\x0d\0\x06"
ALPHA = box(b"auxC", bytes(4), b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha\0")


def avif(*properties: bytes, picture: bytes = b"\1", alpha: bytes = b"", version: int = 0) -> bytes:
    """The boxes of an AVIF: which of its properties, from 1, its picture and its alpha have."""
    size = 4 if version else 2
    items = [
        one.to_bytes(size, "big") + bytes([len(has)]) + has
        for one, has in ((7, picture), (8, alpha))
    ]
    said = bytes((version, 0, 0, 0)) + struct.pack(">I", 2) + b"".join(items)
    iprp = box(b"iprp", box(b"ipco", *properties), box(b"ipma", said))
    pitm = box(b"pitm", bytes((version, 0, 0, 0)), (7).to_bytes(size, "big"))
    return box(b"ftyp", b"avif") + box(b"meta", bytes(4), pitm, iprp)


@pytest.mark.parametrize("version", [0, 1])
def test_the_boxes_of_the_picture_count(version: int) -> None:
    full, limited = box(b"colr", NCLX, b"\x80"), box(b"colr", b"nclx\0\x09\0\x10\0\x06\0")
    av1c = box(b"av1C", bytes(4), LIMITED)

    def read(**which: bytes) -> AvifColour:
        return avif_colour(memoryview(avif(full, limited, av1c, ALPHA, version=version, **which)))

    assert read() == AvifColour(12, 13)
    assert read(picture=b"\x82") == AvifColour(9, 16), "bit 7 only says that it is essential"
    assert read(picture=b"\3") == AvifColour(), "without a box, sRGB"
    assert read(alpha=b"\4\3") == AvifColour(12, 13, limited_alpha=True)
    assert read(alpha=b"\4\2") == AvifColour(12, 13, limited_alpha=True)
    assert read(alpha=b"\4\3\1") == AvifColour(12, 13), "the box counts for more than the stream"
    assert read(alpha=b"\3") == AvifColour(12, 13), "what is no alpha"
    assert read(picture=b"\x7f") == AvifColour()


def test_a_sequence_header_is_read_to_its_range() -> None:
    assert says_limited_range(LIMITED)
    assert not any(says_limited_range(LIMITED[:size]) for size in range(len(LIMITED)))
    assert not says_limited_range(LIMITED[:-1] + b"\x34"), "one bit is another"


@settings(max_examples=80, deadline=None)
@given(st.data())
@example(None)
def test_no_bytes_upset_the_readers(data: st.DataObject | None) -> None:
    files = [
        avif(box(b"colr", NCLX, b"\x80"), box(b"av1C", bytes(4), LIMITED), ALPHA, alpha=b"\3\2"),
        chunked(
            png_of(np.zeros((2, 2, 3), np.uint8)), gAMA=bytes(4), cHRM=bytes(32), cICP=bytes(4)
        ),
        rgb_profile(DISPLAY_P3),
        grey_profile(SRGB.light),
        LIMITED,
    ]
    for file in files:
        changed = bytearray(file)
        if data is not None:
            for at in data.draw(st.lists(st.integers(0, len(file) - 1), max_size=6)):
                changed[at] = data.draw(st.sampled_from([0, 1, 0x7F, 0x80, 0xFF]))
            changed = changed[: data.draw(st.integers(0, len(file)))]
        body = bytes(changed)
        avif_colour(memoryview(body))
        with_range_named(memoryview(body))
        named_profile(memoryview(body), None)
        says_limited_range(body)
        is_wide(body)
        of_colours(body)


def test_which_profiles_are_wide() -> None:
    assert [is_wide(rgb_profile(space)) for space in (DISPLAY_P3, ADOBE_RGB, PROPHOTO)] == [
        True
    ] * 3
    assert is_wide(pyvips.Image.profile_load("cmyk"))
    narrow = (rgb_profile(SRGB), pyvips.Image.profile_load("srgb"), grey_profile(SRGB.light), b"")
    assert not any(is_wide(profile) for profile in narrow)


def of_a_camera(colour: tuple[int, int, int], index: str, space: str) -> bytes:
    image = flat(64, 64, colour).copy()
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd4-InteroperabilityIndex", index)
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd2-ColorSpace", space)
    return jpeg(image, keep="exif")


def test_a_camera_that_says_adobe_rgb_is_believed() -> None:
    colour = (120, 200, 90)
    adobe = np.array(colour) / 255
    source = of_a_camera(colour, "R03", "65535")
    found = np.array(picture(source, format=Format.PNG)(9, 9)) / 255
    assert delta_e(lab(found), lab(convert(adobe, ADOBE_RGB, SRGB))) <= 1.5
    assert Image.open(io.BytesIO(rendered(source, gamut=Gamut.P3).body)).info["icc_profile"]
    for plain in (of_a_camera(colour, "R98", "1"), of_a_camera(colour, "R03", "1")):
        assert np.abs(np.array(picture(plain, format=Format.PNG)(9, 9)) - colour).max() <= 2


def test_a_variant_says_of_its_own_colours_alone() -> None:
    source = of_a_camera((120, 200, 90), "R03", "65535")
    for gamut, space in ((Gamut.SRGB, "1 "), (Gamut.P3, "65535 ")):
        kept = picture(source, metadata=Metadata.KEEP, gamut=gamut)
        assert "exif-ifd4-InteroperabilityIndex" not in kept.get_fields()
        assert kept.get("exif-ifd2-ColorSpace").startswith(space)
