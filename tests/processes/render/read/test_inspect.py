"""Limits of decoders: nobody is told that an original which meets one is damaged."""

import asyncio
import struct

import numpy as np
import pytest
import pyvips

from resizer.errors import UnprocessableSource
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.spawn import COMMAND
from resizer.render.pipeline import pipeline
from tests.support.drawings import rendered
from tests.support.puppet_pool import original, running
from tests.support.tiffs import GREY, tiff

LZMA, JBIG, JPEG_2000, OLD_JPEG = 34925, 34661, 34712, 6
SVG = '<svg xmlns="http://www.w3.org/2000/svg" {size}>{body}</svg>'
DASHES = '<path d="M0 0H4000000" stroke="red" stroke-dasharray=".1 .1"/>'
SMALL = 'width="100" height="100"'


def compressed(by: int) -> bytes:
    """A TIFF that names this compression."""
    entry = "<HHIHH"
    plain = tiff(np.full((20, 30, 1), 90, np.uint8), GREY)
    named = plain.replace(struct.pack(entry, 259, 3, 1, 1, 0), struct.pack(entry, 259, 3, 1, by, 0))
    assert named != plain
    return named


def svg(body: str = "", size: str = SMALL) -> bytes:
    return SVG.format(size=size, body=body).encode()


@pytest.mark.parametrize("by", [LZMA, JBIG, JPEG_2000, OLD_JPEG])
def test_a_tiff_of_a_compression_that_is_not_read_is_told_so(by: int) -> None:
    with pytest.raises(UnprocessableSource, match="TIFF compression is not read here"):
        rendered(compressed(by))


def test_a_tiff_that_its_decoder_finds_broken_is() -> None:
    deflate = 8
    with pytest.raises(UnprocessableSource, match="corrupt or cut short"):
        rendered(compressed(deflate))


@pytest.mark.parametrize("size", ["", 'width="0" height="9"', 'width="1e-9" height="1e-9"'])
def test_an_svg_without_a_size_is_told_so(size: str) -> None:
    with pytest.raises(UnprocessableSource, match="no width, or no height"):
        rendered(svg(size=size))


def test_an_svg_that_librsvg_gives_up_is_told_that_it_asks_for_too_much(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gives_up(*_: object) -> None:
        raise pyvips.Error("unable to copy to memory")

    monkeypatch.setattr(pipeline, "_written", gives_up)
    with pytest.raises(UnprocessableSource, match="asks for more than a render may take"):
        rendered(svg())


def test_an_svg_whose_root_is_none_is_still_no_svg() -> None:
    with pytest.raises(UnprocessableSource, match="corrupt"):
        rendered(b"<a>" + svg() + b"</a>")


def test_twenty_million_dashes_are_too_much_and_no_damage() -> None:
    """Whichever bound is met first on this machine: of memory by librsvg, or of time."""

    async def scenario() -> None:
        async with running(limits=Limits(), command=COMMAND) as (pool, _):
            with original(svg(DASHES)) as given:
                await pool.render([given], Transform(width=50))

    with pytest.raises(UnprocessableSource, match=r"The SVG (asks|takes|needs)"):
        asyncio.run(scenario())
