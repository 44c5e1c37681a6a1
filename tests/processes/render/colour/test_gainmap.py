"""A gain map makes a picture brighter on some screens: a variant has none, and says of none."""

import asyncio
import io

import numpy as np
import pytest
import pyvips
from PIL import Image

from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.model.transform import Gamut, Metadata, Transform
from resizer.render.containers.xmp import sanitized
from resizer.render.host.spawn import COMMAND
from tests.support.corpus import corpus
from tests.support.drawings import RED, flat, jpeg, near, picture, quarters, rendered
from tests.support.puppet_pool import original, running

TRACES = (b"hdrgm", b"hdr-gain-map", b"GainMap", b"HDRGainMap", b"MPF\0", b"21496", b"tmap")
XMP = b"""<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF
 xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description
 xmlns:Container="http://ns.google.com/photos/1.0/container/"
 xmlns:Item="http://ns.google.com/photos/1.0/container/item/"
 xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/"
 xmlns:dc="http://purl.org/dc/elements/1.1/" hdrgm:Version="1.0" tiff:Orientation="6"
 tiff:Make="Difference Engines"><Container:Directory><rdf:Seq><rdf:li
 rdf:parseType="Resource"><Container:Item Item:Semantic="GainMap" Item:Mime="image/jpeg"
 Item:Length="1234"/></rdf:li></rdf:Seq></Container:Directory>
 <dc:title>A bright day</dc:title></rdf:Description></rdf:RDF></x:xmpmeta>"""


def segment(marker: int, body: bytes) -> bytes:
    return bytes((0xFF, marker)) + (len(body) + 2).to_bytes(2, "big") + body


def ultra_hdr() -> bytes:
    """A JPEG with a second one behind it, and all three ways to say that this is a gain map."""
    base, gain = jpeg(quarters(), keep=0), jpeg(flat(60, 40, (200,)), keep=0)
    entry = (
        b"MM\0*\0\0\0\x08\0\x03\xb0\0\0\x07\0\0\0\x040100\xb0\x01\0\x04\0\0\0\x01\0\0\0\x02"
        b"\xb0\x02\0\x07\0\0\0\x20\0\0\0\x32\0\0\0\0\0\x03\0\0"
    )
    sizes = b"".join(n.to_bytes(4, "big") for n in (len(base), 0, 0, 0, len(gain), len(base), 0))
    words = (
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + XMP)
        + segment(0xE2, b"urn:iso:std:iso:ts:21496:-1\0" + bytes(4))
        + segment(0xE2, b"MPF\0" + entry + sizes)
    )
    return base[:2] + words + base[2:] + gain


@pytest.mark.parametrize("metadata", list(Metadata))
@pytest.mark.parametrize("format_", [Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF])
def test_no_trace_of_a_gain_map_is_left(metadata: Metadata, format_: Format) -> None:
    source = ultra_hdr()
    assert all(trace in source for trace in TRACES[:3] + TRACES[4:6])
    for width in (None, 60):
        body = rendered(source, format=format_, metadata=metadata, width=width).body
        assert not [trace for trace in TRACES if trace in body]
        assert body.count(b"\xff\xd8\xff") == (format_ is Format.JPEG)


@pytest.mark.parametrize("format_", [Format.JPEG, Format.PNG, Format.WEBP, Format.AVIF])
def test_what_else_is_said_is_kept_where_that_is_asked_for(format_: Format) -> None:
    kept = picture(ultra_hdr(), format=format_, metadata=Metadata.KEEP).get("xmp-data")
    assert b"<dc:title>A bright day</dc:title>" in kept
    assert b'tiff:Make="Difference Engines"' in kept
    assert b"Orientation" not in kept, "it would be turned twice"


def test_the_picture_is_that_of_ordinary_brightness() -> None:
    assert near(picture(ultra_hdr(), format=Format.PNG)(5, 5), RED, 3)


def test_a_packet_that_says_nothing_stale_is_not_touched() -> None:
    packet = b'<?xpacket begin=""?>' + XMP.split(b"<rdf:RDF")[0] + b"</x:xmpmeta>  "
    assert sanitized(packet) == packet


@pytest.mark.parametrize(
    "packet",
    [
        XMP[:-9],
        b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + XMP,
        XMP.decode().encode("utf-16"),
        b"hdrgm http://ns.adobe.com/hdr-gain-map/1.0/",
        b"<a hdrgm='http://ns.adobe.com/hdr-gain-map/1.0/'>" * 5000,
        XMP + bytes(2_000_000),
        XMP + b" " * 2_000_000,
    ],
)
def test_a_packet_that_cannot_be_read_loses_its_stale_words(packet: bytes) -> None:
    kept = sanitized(packet)
    assert kept is None or b"hdr" not in kept.replace(b"\0", b"")


@pytest.mark.parametrize("name", ["photos/ultrahdr_8mp_gainmap.jpg", "real/avif/gainmap.avif"])
def test_real_gain_maps_are_dropped_and_the_base_is_shown(name: str) -> None:
    source = (corpus() / name).read_bytes()
    for format_ in (Format.JPEG, Format.AVIF):
        body = rendered(source, format=format_, width=200, metadata=Metadata.KEEP, quality=90).body
        assert not [trace for trace in TRACES if trace in body]
        base = Image.open(io.BytesIO(source)).convert("RGB")
        found = Image.open(io.BytesIO(body)).convert("RGB")
        small = base.resize(found.size, Image.Resampling.BOX)
        assert np.abs(np.asarray(small, float) - np.asarray(found, float)).mean() < 8


def test_a_locked_worker_reads_and_writes_the_words_and_the_wide_profile() -> None:
    wide = flat(40, 40, RED).icc_transform("p3", input_profile="srgb", depth=8).copy()
    wide.set_type(pyvips.GValue.blob_type, "xmp-data", XMP)
    asked = Transform(gamut=Gamut.P3, metadata=Metadata.KEEP)

    async def scenario() -> None:
        async with running(command=COMMAND, limits=Limits()) as (pool, diary):
            for source in (jpeg(wide), wide.pngsave_buffer()):
                with original(source) as drawn:
                    body = (await pool.render([drawn], asked)).body
                assert Image.open(io.BytesIO(body)).info["icc_profile"]
                words = pyvips.Image.new_from_buffer(body, "").get("xmp-data")
                assert b"A bright day" in words
                assert b"hdrgm" not in words
            assert diary.deaths == diary.warnings == []

    asyncio.run(scenario())
