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
from resizer.render.host.pixel_cache import MAX_INTERMEDIATES, PixelCache
from resizer.render.host.pool import Pool
from resizer.render.protocol.intermediate import Intermediate, IntermediateKind
from resizer.render.protocol.messages import ProtocolViolation
from tests.support.puppet_pool import order, original, running, said

MIB = 1024 * 1024
LIBC = CDLL(None)
new_serial = itertools.count(1_000_000).__next__


async def again(pool: Pool, given: Original) -> str:
    return said(await pool.render([given], Transform()))


def rewritten(given: Original, text: str) -> None:
    """The puppet's next order, in the same bytes as far as the gateway knows."""
    os.pwrite(given.fd, text.encode().ljust(given.size), 0)


def test_the_second_render_of_an_original_is_asked_for_decoded_pixels() -> None:
    async def scenario() -> None:
        async with running(pixel_bytes=MIB) as (pool, _):
            with original("intermediates abc") as given:
                assert await again(pool, given) == "inputs  outputs shaped"
                assert await again(pool, given) == "inputs shaped:abc outputs decoded shaped"
                assert "decoded:abc" in await again(pool, given)

    asyncio.run(scenario())


def test_pixels_come_back_as_they_were_left() -> None:
    async def scenario() -> None:
        async with running(2, pixel_bytes=MIB) as (pool, _):
            with original("intermediates pixels    ") as given:
                await again(pool, given)
                await again(pool, given)
                rewritten(given, "intermediate-read pixels")
                assert await again(pool, given) == "pixels"

    asyncio.run(scenario())


def test_another_original_is_lent_nothing_of_it() -> None:
    async def scenario() -> None:
        async with running(pixel_bytes=MIB) as (pool, _):
            with original("intermediates abc") as one, original("intermediates abc") as other:
                await again(pool, one)
                assert await again(pool, other) == "inputs  outputs shaped"

    asyncio.run(scenario())


def test_without_a_budget_nothing_is_asked_for() -> None:
    async def scenario() -> None:
        async with running() as (pool, _):
            assert await order(pool, "intermediates abc") == "inputs  outputs "

    asyncio.run(scenario())


def test_a_worker_that_tells_false_of_an_intermediate_is_ended_and_nothing_is_kept() -> None:
    async def scenario() -> None:
        for told in ("intermediate-of-another-size", "intermediate-mapped"):
            async with running(pixel_bytes=MIB) as (pool, diary):
                with pytest.raises(UnprocessableSource):
                    await order(pool, told)
                assert diary.deaths[0] == "bad-reply"
                assert pool.pixels.size == pool.pixels.files == 0

    asyncio.run(scenario())


def test_many_at_once_leave_no_descriptor_open() -> None:
    async def scenario() -> None:
        async with running(2, pixel_bytes=MIB) as (pool, _):
            with original("intermediates abc") as given:
                await asyncio.gather(*(again(pool, given) for _ in range(MAX_INTERMEDIATES * 2)))
                assert pool.pixels.files <= MAX_INTERMEDIATES
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
    with cache.lend(given) as buffers:
        if IntermediateKind.SHAPED in buffers.outputs and size <= buffers.max_bytes:
            os.write(buffers.outputs[IntermediateKind.SHAPED], bytes(size))
            buffers.accept(Intermediate(IntermediateKind.SHAPED, name, size, 1, 1))


def test_the_original_used_least_recently_goes_first() -> None:
    cache = PixelCache(400, 1000)
    with ExitStack() as stack:
        first, second, *others = (stack.enter_context(original(name)) for name in "abcde")
        for given in (first, second, *others[:2], first, others[2]):
            leave(cache, given, 100)
        assert cache.size == 400
        with cache.lend(second) as buffers:
            assert not buffers.inputs
        with cache.lend(first) as buffers:
            assert buffers.inputs
    cache.close()


def test_what_is_kept_is_sealed() -> None:
    cache = PixelCache(400, 1000)
    with original("a") as given:
        leave(cache, given, 50)
        with cache.lend(given) as buffers:
            ((_, file),) = buffers.inputs
            with pytest.raises(PermissionError):
                os.pwrite(file, b"x", 0)
    cache.close()


def test_an_intermediate_over_a_quarter_of_the_budget_is_not_asked_for() -> None:
    cache = PixelCache(400, 1000)
    with original("a") as given, cache.lend(given) as buffers:
        assert buffers.max_bytes == 100


def test_the_same_intermediate_is_kept_once() -> None:
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
            with cache.lend(replace(other, serial=new_serial())):
                pass
        with cache.lend(given) as buffers:
            assert len(buffers.inputs) == 1
    cache.close()


def test_a_render_that_fails_leaves_no_descriptor_open() -> None:
    cache = PixelCache(400, 1000)
    with original("a") as given:
        before = descriptors(cache)
        for _ in range(3):
            with pytest.raises(ValueError, match="it failed"), cache.lend(given):
                raise ValueError("it failed")
        assert descriptors(cache) == before
    cache.close()


def test_a_file_with_more_behind_its_end_is_no_intermediate() -> None:
    cache = PixelCache(64 * MIB, 64 * MIB)
    with original("a") as given, cache.lend(given) as buffers:
        file = buffers.outputs[IntermediateKind.SHAPED]
        os.write(file, bytes(8 * MIB))
        os.ftruncate(file, 4 * MIB)
        LIBC.fallocate(file, 1, c_long(0), c_long(16 * MIB))  # FALLOC_FL_KEEP_SIZE
        assert os.fstat(file).st_size == 4 * MIB
        with pytest.raises(ProtocolViolation):
            buffers.accept(Intermediate(IntermediateKind.SHAPED, "x", 4096, 1024, 1))
    cache.close()
