"""One picture of each format, cut off at each kilobyte: a variant or a refusal, in real workers."""

import asyncio
import os

import pytest
import pyvips

from resizer.errors import ResizerError, UnprocessableSource
from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.pool import Pool
from tests.support.drawings import animation
from tests.support.puppet_pool import original

_STEP = 1024
_NOISE = pyvips.Image.gaussnoise(96, 96, mean=128, sigma=40).cast("uchar")
PICTURE = _NOISE.bandjoin([_NOISE.fliphor(), _NOISE.flipver()]).copy(interpretation="srgb")
FORMATS: dict[str, bytes] = {
    "jpeg": PICTURE.jpegsave_buffer(Q=95),
    "progressive jpeg": PICTURE.jpegsave_buffer(Q=95, interlace=True),
    "png": PICTURE.pngsave_buffer(),
    "interlaced png": PICTURE.pngsave_buffer(interlace=True),
    "webp": PICTURE.webpsave_buffer(lossless=True),
    "animated webp": animation([PICTURE, PICTURE.rot90()], [50, 50]).webpsave_buffer(),
    "avif": PICTURE.heifsave_buffer(compression="av1", Q=95, effort=0),
    "gif": PICTURE.gifsave_buffer(),
    "animated gif": animation([PICTURE, PICTURE.rot90()], [50, 50]).gifsave_buffer(),
    "tiff": PICTURE.tiffsave_buffer(),
    "deflated tiff": PICTURE.tiffsave_buffer(compression="deflate", tile=True),
}


def outcomes(sources: list[bytes]) -> list[Rendered | ResizerError]:
    async def outcome(pool: Pool, source: bytes) -> Rendered | ResizerError:
        with original(source) as given:
            try:
                return await pool.render([given], Transform(width=50))
            except ResizerError as error:
                return error

    async def scenario() -> list[Rendered | ResizerError]:
        pool = Pool(os.cpu_count() or 1, Limits())
        await pool.start()
        try:
            return await asyncio.gather(*(outcome(pool, source) for source in sources))
        finally:
            await pool.close()

    return asyncio.run(scenario())


@pytest.mark.parametrize("name", FORMATS)
def test_a_picture_cut_off_anywhere_is_a_variant_or_refused(name: str) -> None:
    whole = FORMATS[name]
    assert len(whole) > 3 * _STEP
    *found, last = outcomes([whole[:end] for end in [*range(0, len(whole), _STEP), len(whole)]])
    assert isinstance(last, Rendered)
    assert not last.partial
    assert isinstance(found[0], UnprocessableSource)
    for number, one in enumerate(found):
        assert isinstance(one, Rendered | UnprocessableSource), f"{number} kB: {one!r}"
        assert isinstance(one, Rendered) or not one.reason, f"{number} kB: {one!r}, {one.reason}"
