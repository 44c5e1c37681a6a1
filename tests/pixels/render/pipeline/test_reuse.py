"""Kept pixels change nothing: a variant is the same to the bit with and without them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
import pyvips

from resizer.model.formats import Format
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Box, Fit, Metadata, Saliency, Transform
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.pipeline.pipeline import render
from resizer.render.protocol.intermediate import Intermediate, IntermediateKind
from resizer.render.protocol.messages import Resampling

MANY = 64 * 1024 * 1024


class Keeper:
    """What the gateway does, in this process."""

    def __init__(self) -> None:
        self.inputs: list[tuple[Intermediate, int]] = []
        self.began: list[IntermediateKind | None] = []

    def render(self, source: bytes, transform: Transform, light: Resampling) -> Rendered:
        outputs = {kind: os.memfd_create(kind) for kind in IntermediateKind}
        intermediates = Intermediates(self.inputs, outputs, MANY)
        rendered = render([source], transform, Limits(), light, intermediates)
        self.began.append(intermediates.began)
        self.inputs += [
            (intermediate, outputs.pop(intermediate.kind)) for intermediate in intermediates.written
        ]
        for file in outputs.values():
            os.close(file)
        return rendered


@contextmanager
def keeper() -> Iterator[Keeper]:
    keeping = Keeper()
    try:
        yield keeping
    finally:
        for _, file in keeping.inputs:
            os.close(file)


def noise(width: int, height: int) -> pyvips.Image:
    """Detail at every scale, and no two pixels that mean the same."""
    bands = [
        pyvips.Image.gaussnoise(width, height, sigma=50, mean=m, seed=m) for m in (90, 120, 150)
    ]
    return bands[0].bandjoin(bands[1:]).cast("uchar").copy(interpretation="srgb")


def photo(width: int, height: int, suffix: str, **settings: object) -> bytes:
    image = noise(width, height)
    return bytes(image.write_to_buffer(suffix, **settings))


ORIGINALS = {
    "jpeg": photo(301, 203, ".jpg", Q=90),
    "progressive": photo(301, 203, ".jpg", Q=90, interlace=True),
    "png": photo(301, 203, ".png"),
    "webp": photo(301, 203, ".webp", Q=90),
    "avif": photo(301, 203, ".avif", Q=60, effort=0),
    "tiff": photo(301, 203, ".tif"),
}


DECODED = {Resampling.LINEAR: (1, 2, 4), Resampling.GAMMA: (1, 2, 4, 8)}
"""The shrinks at which a JPEG of 301 pixels is decoded for 16 pixels and more."""


SIDES = [
    pytest.param([*range(16, 302, 5), 284], id="every fifth"),
    pytest.param(range(16, 302), id="all", marks=pytest.mark.nightly),
]
"""At 284, of these, streamed pixels come out otherwise than those that are held."""


@pytest.mark.parametrize("sides", SIDES)
@pytest.mark.parametrize("light", Resampling)
@pytest.mark.parametrize("name", ["jpeg", "png", "webp"])
def test_every_size_is_the_same_from_decoded_pixels_as_from_the_file(
    name: str, light: Resampling, sides: Sequence[int]
) -> None:
    source = ORIGINALS[name]
    with keeper() as keeping:
        for width in sides:
            asked = Transform(width=width, format=Format.PNG)
            alone = render([source], asked, Limits(), light)
            assert keeping.render(source, asked, light).body == alone.body, width
        assert keeping.began.count(None) == (len(DECODED[light]) if name == "jpeg" else 1)


ASKED = [
    Transform(width=90),
    Transform(width=90, format=Format.WEBP),
    Transform(width=90, format=Format.AVIF, metadata=Metadata.KEEP),
    Transform(width=90, height=90, fit=Fit.COVER, rotate=90),
    Transform(width=90, height=90, fit=Fit.COVER, gravity=Saliency()),
    Transform(width=90, height=90, fit=Fit.PAD, blur=2.0),
]


@pytest.mark.parametrize("name", ORIGINALS)
def test_every_format_is_the_same_from_a_shaped_picture(name: str) -> None:
    source, light = ORIGINALS[name], Resampling.LINEAR
    with keeper() as keeping:
        for asked in [*ASKED, *reversed(ASKED)]:
            alone = render([source], asked, Limits(), light)
            assert keeping.render(source, asked, light).body == alone.body, asked
        assert keeping.began.count(IntermediateKind.SHAPED) == 9


def test_an_orientation_a_profile_and_exif_are_those_of_the_file() -> None:
    image = noise(120, 80).copy()
    image.set_type(pyvips.GValue.gint_type, "orientation", 6)
    image.set_type(pyvips.GValue.gstr_type, "exif-ifd0-Artist", "Ada")
    source = bytes(image.jpegsave_buffer(profile="p3"))
    with keeper() as keeping:
        for metadata in (*Metadata, *Metadata):
            asked = Transform(width=50, metadata=metadata)
            alone = render([source], asked, Limits(), Resampling.LINEAR)
            kept = keeping.render(source, asked, Resampling.LINEAR)
            assert kept.body == alone.body
            assert (kept.width, kept.height) == (50, 75)
        assert keeping.began == [None, *[IntermediateKind.SHAPED] * 5]


def test_nothing_of_a_broken_original_is_kept() -> None:
    source = ORIGINALS["jpeg"][:9000]
    with keeper() as keeping:
        asked = Transform(width=50)
        assert keeping.render(source, asked, Resampling.LINEAR).partial
        assert not keeping.inputs


def test_an_original_whose_end_nobody_needs_is_shown_as_without_keeping() -> None:
    """The pixels asked for are read: that others cannot be must not make them partial."""
    source = ORIGINALS["png"][:-2000]
    asked = Transform(trim=Box(height=40))
    alone = render([source], asked, Limits(), Resampling.LINEAR)
    with keeper() as keeping:
        kept = keeping.render(source, asked, Resampling.LINEAR)
    assert (kept.body, kept.partial) == (alone.body, alone.partial)


def test_animations_and_drawings_leave_no_decoded_pixels() -> None:
    drawing = (
        b'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="30"><circle r="9"/></svg>'
    )
    with keeper() as keeping:
        keeping.render(drawing, Transform(width=20), Resampling.LINEAR)
        assert [intermediate.kind for intermediate, _ in keeping.inputs] == [
            IntermediateKind.SHAPED
        ]
