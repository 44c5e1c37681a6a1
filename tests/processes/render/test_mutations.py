"""Pictures broken at random come out as variants or are refused: a sample of
`tests.support.mutations`."""

import asyncio
import os
from random import Random

from resizer.render.host.pool import Pool
from tests.processes.render.read.test_truncated import PICTURE
from tests.support import mutations
from tests.support.bombs import avif, gif, jpeg, png, svg, tiff, webp
from tests.support.mutations import Case, mutated, played

_CASES = 400
_SEED = 20
DRAWN = [
    *(jpeg.SOUND, jpeg.PROGRESSIVE, png.SOUND, webp.SOUND, webp.MOVING, avif.SOUND),
    *(tiff.pages(3), PICTURE.gifsave_buffer(), PICTURE.tiffsave_buffer(compression="lzw")),
    gif.gif(gif.screen(9, 9), gif.frame() * 9),
    svg.svg(svg.RECT.replace("FILL", 'fill="red"') * 5),
]
"""Not the corpus: what it holds may change, and these cases are the same each time."""


def cases() -> list[Case]:
    async def scenario() -> list[Case]:
        workers = os.cpu_count() or 1
        pool = Pool(workers, mutations.LIMITS)
        await pool.start()
        try:
            numbers = iter(range(_CASES))
            return [case async for case in played(pool, DRAWN, _SEED, numbers, workers)]
        finally:
            await pool.close()

    return asyncio.run(scenario())


def test_what_is_broken_at_random_is_a_variant_or_refused() -> None:
    found = cases()
    assert len(found) == _CASES
    verdicts = {case.verdict for case in found}
    assert {"variant", "refused"} <= verdicts, "the mutations break nothing, or everything"
    bad = [case for case in found if case.verdict not in ("variant", "refused")]
    assert not [(case.name, case.verdict, case.outcome) for case in bad]


def test_a_case_is_the_same_every_time() -> None:
    assert mutated(Random("1/2"), jpeg.SOUND) == mutated(Random("1/2"), jpeg.SOUND)
    assert mutated(Random("1/2"), jpeg.SOUND) != jpeg.SOUND
