"""Guests: who is in quarantine for the first time, on a worker that nobody else needs."""

import asyncio
import os

import pytest

from resizer.errors import UnprocessableSource
from resizer.model.transform import Transform
from tests.support.puppet_pool import order, original, pid, running, until
from tests.support.slow_renders import HURRY, LIGHT, render, slow_render

pytestmark = pytest.mark.alone


def test_the_next_size_of_a_photo_that_was_slow_once_starts_no_worker() -> None:
    """As after a cold start on a starved machine, where each first photo is slow."""

    async def scenario() -> None:
        moves: list[int] = []
        async with running(slow_seconds=HURRY, on_slow=moves.append) as (pool, diary):
            with original("wait") as given:
                first = asyncio.create_task(render(pool, given))
                await until(lambda: pool.busy)
                await asyncio.sleep(2 * HURRY)
                os.pwrite(given.fd, b"gone", 0)
                worker = await first
                assert pool._quarantine.holds([given], LIGHT)
                assert await render(pool, given, Transform(width=11)) == worker
                assert not pool._quarantine.holds([given], LIGHT)
            assert (pool.workers, diary.deaths, moves) == (1, [], [])

    asyncio.run(scenario())


def test_a_guest_gives_way_at_once_and_comes_to_its_end_in_the_slow_lane() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=60.0) as (pool, diary):
            worker = await pid(pool)
            with original("wait") as given:
                pool._quarantine.add([given], LIGHT)
                guest = asyncio.create_task(render(pool, given))
                await until(lambda: pool.busy)
                assert await pid(pool) != worker
                assert (pool.busy, pool.slow_busy, diary.deaths) == (0, 1, [])
                os.pwrite(given.fd, b"gone", 0)
                assert int(await guest) == worker
                assert not pool._quarantine.holds([given], LIGHT), "it never was slow"
            await until(lambda: diary.deaths == ["recycled"])

    asyncio.run(scenario())


def test_without_room_a_guest_is_stopped_and_is_none_again() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=HURRY) as (pool, diary), slow_render(pool) as (first, one):
            with original("wait") as given:
                pool._quarantine.add([given], LIGHT)
                guest = asyncio.create_task(render(pool, given))
                await until(lambda: pool.busy)
                assert await order(pool, "echo x") == "x"
                assert (pool.busy, pool.slow_waiting, diary.deaths) == (0, 1, ["stopped"])
                os.pwrite(given.fd, b"gone", 0)
                await pid(pool)
                assert not guest.done(), "it waits for the slow lane"
                os.pwrite(first.fd, b"gone", 0)
                assert await one != await guest
            await until(lambda: diary.deaths == ["stopped", "recycled", "recycled"])

    asyncio.run(scenario())


def test_who_waits_for_the_slow_lane_takes_a_worker_that_is_idle_by_then() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=HURRY) as (pool, diary), slow_render(pool):
            worker = await pid(pool)
            with original("wait") as other, original("pid") as given:
                working = asyncio.create_task(render(pool, other))
                await until(lambda: pool.busy)
                pool._quarantine.add([given], LIGHT)
                waiting = asyncio.create_task(render(pool, given))
                await until(lambda: pool.slow_waiting)
                os.pwrite(other.fd, b"gone", 0)
                assert int(await waiting) == int(await working) == worker
            assert diary.deaths == []

    asyncio.run(scenario())


def test_what_has_killed_a_worker_is_no_guest() -> None:
    async def scenario() -> None:
        async with running(2) as (pool, diary):
            quick = {await pid(pool) for _ in range(8)}
            with original("crash") as given, pytest.raises(UnprocessableSource, match="twice"):
                await render(pool, given)
            assert diary.deaths == ["crash", "crash"]
            left = {await pid(pool) for _ in range(8)} & quick
            assert len(left) >= len(quick) - 1, "the second try had a worker of its own"

    asyncio.run(scenario())
