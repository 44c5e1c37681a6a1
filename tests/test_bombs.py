"""Hostile originals through real, locked workers: a variant or a refusal, and in time."""

import asyncio
import re
from collections.abc import Iterable

import pytest

from resizer.errors import ResizerError, UnprocessableSource
from resizer.image import Rendered
from resizer.limits import Limits
from resizer.render.pool import Pool
from resizer.transform import Transform
from tests.bombs import avif, gif, jpeg, odd, png, svg, tiff, webp
from tests.drawings import quarters
from tests.puppet_pool import original

LIMITS = Limits(render_seconds=15, svg_seconds=1, render_memory_mb=1536)
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
SOUND: bytes = quarters().pngsave_buffer()

Outcome = Rendered | ResizerError


async def outcome(pool: Pool, source: bytes) -> Outcome:
    with original(source) as given:
        try:
            return await pool.render(given, Transform(width=200))
        except ResizerError as error:
            return error


def outcomes(sources: Iterable[bytes]) -> list[Outcome]:
    """What becomes of each, one after the other in one pool, which is sound at the end."""

    async def scenario() -> list[Outcome]:
        pool = Pool(1, LIMITS)
        await pool.start()
        try:
            found = [await outcome(pool, source) for source in sources]
            assert isinstance(await outcome(pool, SOUND), Rendered)
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
