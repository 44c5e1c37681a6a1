"""Hostile originals through real, locked workers: a variant or a refusal, and in time."""

import asyncio
import re
import socket
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest
import pyvips

from resizer.errors import ResizerError, UnprocessableSource
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.pool import Pool
from tests.support.bombs import avif, gif, jpeg, odd, png, svg, tiff, webp
from tests.support.drawings import RED, quarters
from tests.support.puppet_pool import original

LIMITS = Limits(svg_seconds=0.5, render_memory_mb=1536)
KINDS = {
    "jpeg": jpeg.BOMBS,
    "png": png.BOMBS,
    "webp": webp.BOMBS,
    "gif": gif.BOMBS,
    "avif": avif.BOMBS,
    "tiff": tiff.BOMBS,
    "svg": svg.BOMBS,
    "odd": odd.BOMBS,
}
CARRIED = re.compile(rb"<script|alert\(|PK\x03\x04")
VALID: bytes = quarters().pngsave_buffer()

Outcome = Rendered | ResizerError


async def outcome(pool: Pool, *sources: bytes) -> Outcome:
    with ExitStack() as stack:
        given = [stack.enter_context(original(source)) for source in sources]
        try:
            return await pool.render(given, Transform(width=200))
        except ResizerError as error:
            return error


def outcomes(sources: Iterable[bytes], *under: bytes) -> list[Outcome]:
    """What becomes of each, one after the other in one pool, which works at the end."""

    async def scenario() -> list[Outcome]:
        pool = Pool(1, LIMITS)
        await pool.start()
        try:
            found = [await outcome(pool, *under, source) for source in sources]
            assert isinstance(await outcome(pool, VALID), Rendered)
            return found
        finally:
            await pool.close()

    return asyncio.run(scenario())


def fault(found: Outcome, says: str) -> str | None:
    """What is wrong with the outcome, or None."""
    if isinstance(found, Rendered):
        carries = CARRIED.search(found.body)
        return "should be refused" if says else f"carries {carries}" if carries else None
    if not isinstance(found, UnprocessableSource):
        return f"ended in {found!r}"
    return None if says in str(found) else f"was refused with {str(found)!r}"


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_is_a_variant_or_refused_in_words(kind: str) -> None:
    bombs = KINDS[kind]
    found = outcomes(source for source, _ in bombs.values())
    faults = {
        name: fault(one, says) for (name, (_, says)), one in zip(bombs.items(), found, strict=True)
    }
    assert not {name: what for name, what in faults.items() if what}


@pytest.mark.parametrize("kind", KINDS)
def test_a_bomb_over_a_picture_is_drawn_or_refused_by_its_number(kind: str) -> None:
    bombs = KINDS[kind]
    found = outcomes((source for source, _ in bombs.values()), VALID)
    refusals = [one for one in found if not isinstance(one, Rendered)]
    assert {type(one) for one in refusals} <= {UnprocessableSource}
    assert [str(one) for one in refusals if not re.search("Overlay 1: |SVG|memory", str(one))] == []


REFERENCES = (
    '<image href="URL" width="100" height="100"/>',
    '<image xlink:href="URL" width="100" height="100"/>',
    '<use href="URL#x"/>',
    '<filter id="f"><feImage href="URL"/></filter><rect width="9" height="9" filter="url(#f)"/>',
    '<rect width="9" height="9" fill="url(URL#x)"/>',
    "<style>@import url('URL'); @font-face { font-family: a; src: url(URL) }</style>",
    '<xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="URL" parse="text"/>',
    '<script href="URL"/>',
    '<foreignObject width="9" height="9"><img src="URL"/></foreignObject>',
)
BEFORE = (
    '<?xml-stylesheet href="URL" type="text/css"?>',
    '<!DOCTYPE svg SYSTEM "URL">',
    '<!DOCTYPE svg [<!ENTITY e SYSTEM "URL">]>',
    '<!DOCTYPE svg [<!ENTITY % e SYSTEM "URL"> %e;]>',
)


def test_no_reference_of_an_svg_asks_a_server_or_draws_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret.png"
    secret.write_bytes(VALID)
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        urls = (
            f"http://127.0.0.1:{server.getsockname()[1]}/x.png",
            f"file://{secret}",
            str(secret),
        )
        sources = [
            source
            for url in urls
            for source in (
                *(svg.svg(text.replace("URL", url)) for text in REFERENCES),
                *(svg.svg("", before=text.replace("URL", url)) for text in BEFORE),
            )
        ]
        *found, drawn = outcomes([*sources, svg.embedded(VALID, "png")])
        with pytest.raises(BlockingIOError):
            server.accept()
    assert isinstance(drawn, Rendered)
    assert shows(drawn, RED), "this would show a file that is read"
    for source, one in zip(sources, found, strict=True):
        assert isinstance(one, Rendered | UnprocessableSource), source
        assert isinstance(one, UnprocessableSource) or not shows(one, RED), source


def shows(variant: Rendered, colour: tuple[int, int, int]) -> bool:
    """Whether any pixel is near a colour of the picture that was referred to."""
    image = pyvips.Image.new_from_buffer(variant.body, "").colourspace("srgb")
    return bool((image[:3] - list(colour)).abs().bandmean().min() < 20)
