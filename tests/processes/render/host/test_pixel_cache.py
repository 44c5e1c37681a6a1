"""The pixel cache with real processes: what workers leave behind, and who is lent it."""

import asyncio
import itertools
import os
from contextlib import ExitStack
from ctypes import CDLL, c_long
from dataclasses import replace

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.image import Original
from resizer.model.transform import Transform
from resizer.render.host.pixel_cache import MOST_STAGES, PixelCache
from resizer.render.host.pool import Pool
from resizer.render.protocol.intermediate import Intermediate, IntermediateKind
from resizer.render.protocol.messages import ProtocolViolation
from tests.support.puppet_pool import order, original, running, said

MIB = 1024 * 1024
LIBC = CDLL(None)
new_serial = itertools.count(1_000_000).__next__


async def again(pool: Pool, given: Original) -> str:
    return said(await pool.render(given, Transform()))


def rewritten(given: Original, text: str) -> None:
    """The puppet's next order, in the same bytes as far as the gateway knows."""
    os.pwrite(given.fd, text.encode().ljust(given.size), 0)


def test_the_second_render_of_an_original_is_asked_for_an_octave() -> None:
    async def scenario() -> None:
        async with running(pixel_bytes=MIB) as (pool, _):
            with original("stages abc") as given:
                assert await again(pool, given) == "ready  room shaped"
                assert await again(pool, given) == "ready shaped:abc room octave shaped"
                assert "octave:abc" in await again(pool, given)

    asyncio.run(scenario())


def test_pixels_come_back_as_they_were_left() -> None:
    async def scenario() -> None:
        async with running(2, pixel_bytes=MIB) as (pool, _):
            with original("stages pixels    ") as given:
                await again(pool, given)
                await again(pool, given)
                rewritten(given, "stage-read pixels")
                assert await again(pool, given) == "pixels"

    asyncio.run(scenario())


def test_another_original_is_lent_nothing_of_it() -> None:
    async def scenario() -> None:
        async with running(pixel_bytes=MIB) as (pool, _):
            with original("stages abc") as one, original("stages abc") as other:
                await again(pool, one)
                assert await again(pool, other) == "ready  room shaped"

    asyncio.run(scenario())


def test_without_a_budget_nothing_is_asked_for() -> None:
    async def scenario() -> None:
        async with running() as (pool, _):
            assert await order(pool, "stages abc") == "ready  room "

    asyncio.run(scenario())


def test_a_worker_that_lies_about_a_stage_is_ended_and_nothing_is_kept() -> None:
    async def scenario() -> None:
        for lie in ("stage-of-another-size", "stage-mapped"):
            async with running(pixel_bytes=MIB) as (pool, diary):
                with pytest.raises(UnprocessableSource):
                    await order(pool, lie)
                assert diary.deaths[0] == "lie"
                assert pool.pixels.size == pool.pixels.files == 0

    asyncio.run(scenario())


def test_many_at_once_leave_no_descriptor_open() -> None:
    async def scenario() -> None:
        async with running(2, pixel_bytes=MIB) as (pool, _):
            with original("stages abc") as given:
                await asyncio.gather(*(again(pool, given) for _ in range(MOST_STAGES * 2)))
                assert pool.pixels.files <= MOST_STAGES
                before = descriptors(pool.pixels)
                await again(pool, given)
                assert descriptors(pool.pixels) == before
            pool.pixels.close()
            assert pool.pixels.size == pool.pixels.files == 0

    asyncio.run(scenario())


def descriptors(cache: PixelCache) -> int:
    """Of this process, when those that were let go are closed."""
    cache._closing.submit(lambda: None).result()
    return len(os.listdir("/proc/self/fd"))


def leave(cache: PixelCache, given: Original, size: int, name: str = "x") -> None:
    with cache.lent(given) as shelf:
        if IntermediateKind.SHAPED in shelf.room and size <= shelf.most_bytes:
            os.write(shelf.room[IntermediateKind.SHAPED], bytes(size))
            shelf.take(Intermediate(IntermediateKind.SHAPED, name, size, 1, 1))


def test_the_original_used_least_recently_goes_first() -> None:
    cache = PixelCache(400, 1000)
    with ExitStack() as stack:
        first, second, *others = (stack.enter_context(original(name)) for name in "abcde")
        for given in (first, second, *others[:2], first, others[2]):
            leave(cache, given, 100)
        assert cache.size == 400
        with cache.lent(second) as shelf:
            assert not shelf.ready
        with cache.lent(first) as shelf:
            assert shelf.ready
    cache.close()


def test_what_is_kept_is_sealed() -> None:
    cache = PixelCache(400, 1000)
    with original("a") as given:
        leave(cache, given, 50)
        with cache.lent(given) as shelf:
            ((_, file),) = shelf.ready
            with pytest.raises(PermissionError):
                os.pwrite(file, b"x", 0)
    cache.close()


def test_a_stage_over_a_quarter_of_the_budget_is_not_asked_for() -> None:
    cache = PixelCache(400, 1000)
    with original("a") as given, cache.lent(given) as shelf:
        assert shelf.most_bytes == 100


def test_the_same_stage_is_kept_once() -> None:
    cache = PixelCache(400, 1000)
    with original("a") as given:
        leave(cache, given, 50)
        leave(cache, given, 50)
        assert (cache.files, cache.size) == (1, 50)
    cache.close()


def test_originals_that_leave_nothing_push_nothing_out() -> None:
    cache = PixelCache(400, 1000)
    with original("a") as given, original("b") as other:
        leave(cache, given, 50)
        for _ in range(5000):
            with cache.lent(replace(other, serial=new_serial())):
                pass
        with cache.lent(given) as shelf:
            assert len(shelf.ready) == 1
    cache.close()


def test_a_render_that_fails_leaves_no_descriptor_open() -> None:
    cache = PixelCache(400, 1000)
    with original("a") as given:
        before = descriptors(cache)
        for _ in range(3):
            with pytest.raises(ValueError, match="it failed"), cache.lent(given):
                raise ValueError("it failed")
        assert descriptors(cache) == before
    cache.close()


def test_a_file_with_more_behind_its_end_is_no_stage() -> None:
    cache = PixelCache(64 * MIB, 64 * MIB)
    with original("a") as given, cache.lent(given) as shelf:
        file = shelf.room[IntermediateKind.SHAPED]
        os.write(file, bytes(8 * MIB))
        os.ftruncate(file, 4 * MIB)
        LIBC.fallocate(file, 1, c_long(0), c_long(16 * MIB))  # FALLOC_FL_KEEP_SIZE
        assert os.fstat(file).st_size == 4 * MIB
        with pytest.raises(ProtocolViolation):
            shelf.take(Intermediate(IntermediateKind.SHAPED, "x", 4096, 1024, 1))
    cache.close()
