"""FillLimiter: how many at once, how many may wait."""

import asyncio

import pytest

from resizer.errors import Overloaded
from resizer.gateway.admission import FillLimiter
from tests.support.deadlines import MAX_WAIT
from tests.support.loop import settle


def test_so_many_at_once_and_so_many_wait_and_one_more_is_refused() -> None:
    async def scene() -> None:
        told: list[int] = []
        slots = FillLimiter(1, 2, told.append)
        inside, go = asyncio.Event(), asyncio.Event()
        order: list[str] = []

        async def fill(name: str) -> None:
            async with slots.slot():
                order.append(name)
                inside.set()
                await go.wait()

        first = asyncio.create_task(fill("first"))
        await inside.wait()
        second = asyncio.create_task(fill("second"))
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await fill("third")
        assert order == ["first"]
        go.set()
        await asyncio.gather(first, second)
        assert order == ["first", "second"]
        assert told == [1, 2, 1, 0]

    asyncio.run(scene())


def test_a_slow_fill_gives_its_slot_to_another_and_takes_none_away_at_its_end() -> None:
    async def scene() -> None:
        slots = FillLimiter(1, 10, lambda _: None)
        inside: list[str] = []
        ends = {name: asyncio.Event() for name in ("slow", "other", "third")}

        async def fill(name: str) -> None:
            async with slots.slot():
                inside.append(name)
                await ends[name].wait()
            inside.remove(name)

        fills = [asyncio.create_task(fill(name)) for name in ends]
        await settle()
        assert inside == ["slow"]
        slots.on_slow(1)
        await settle()
        assert inside == ["slow", "other"]
        slots.on_slow(-1)
        ends["slow"].set()
        await settle()
        assert inside == ["other"]
        ends["other"].set()
        await settle()
        assert inside == ["third"]
        ends["third"].set()
        await asyncio.gather(*fills)

    asyncio.run(scene())


def test_who_fails_or_leaves_gives_the_slot_back() -> None:
    async def scene() -> None:
        slots = FillLimiter(1, 2, lambda _: None)
        with pytest.raises(ValueError, match="broken"):
            async with slots.slot():
                raise ValueError("broken")

        async def stay() -> None:
            async with slots.slot():
                await asyncio.Event().wait()

        staying = asyncio.create_task(stay())
        await asyncio.sleep(0)
        waiting = asyncio.create_task(stay())
        await asyncio.sleep(0)
        for task in (waiting, staying):
            task.cancel()
        await asyncio.gather(staying, waiting, return_exceptions=True)
        async with asyncio.timeout(MAX_WAIT), slots.slot():
            pass

    asyncio.run(scene())
