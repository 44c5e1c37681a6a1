"""Frames of an AVIF sequence, which libvips alone does not find."""

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.render.read.inspect import inspect
from tests.support import foreign
from tests.support.drawings import (
    BLUE,
    GREEN,
    RED,
    described,
    flat,
    near,
    picture,
    rendered,
)


def test_every_frame_of_an_avif_sequence_is_a_page() -> None:
    colours = [RED, GREEN, BLUE]
    source = foreign.avif_sequence(*(flat(64, 64, colour) for colour in colours))
    assert described(source)["original"]["pages"] == 3
    for page, colour in enumerate(colours, 1):
        assert near(picture(source, page=page, format=Format.PNG)(9, 9), colour, 4)


def test_a_frame_too_deep_in_an_avif_sequence_is_refused_before_it_is_decoded() -> None:
    frames = [flat(64, 64, (shade, shade, shade)) for shade in range(0, 250, 50)]
    source, limits = foreign.avif_sequence(*frames), Limits(max_source_pixels=64 * 64)
    assert rendered(source, limits=limits, page=4).width == 64
    with pytest.raises(UnprocessableSource, match="up to page 5"):
        inspect(memoryview(source), limits, page=5)
