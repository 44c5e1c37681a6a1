"""The queue of the slow lane: bounded in length and in time, and left without a trace."""

import asyncio
import os
from dataclasses import replace

import pytest

from resizer.errors import Overloaded, RenderTimeout, UnprocessableSource
from resizer.model.image import Original
from tests.support.processes import children
from tests.support.puppet_pool import (
    LIMITS,
    order,
    original,
    running,
    until,
)
from tests.support.slow_renders import HURRY, SHORT, offend, render, slow_render

pytestmark = pytest.mark.alone


def test_too_many_that_wait_for_the_slow_lane_are_overloaded_and_others_are_served() -> None:
    async def scenario() -> None:
        limits = replace(LIMITS, max_queue=8)
        moves: list[int] = []
        async with running(1, limits, slow_seconds=HURRY, on_slow=moves.append) as (pool, _):
            with original("wait") as given:
                offend(pool, given)
                waiting = [asyncio.create_task(render(pool, given)) for _ in range(3)]
                await until(lambda: pool.slow_busy and pool.slow_waiting == 2)
                with pytest.raises(Overloaded):
                    await render(pool, given)
                assert await order(pool, "echo x") == "x"
                os.pwrite(given.fd, b"gone", 0)
                assert len(set(await asyncio.gather(*waiting))) == 3
            assert sum(moves) == 0
            assert moves.count(1) == 3

    asyncio.run(scenario())


def test_who_was_slow_least_often_goes_first_and_is_not_turned_away_for_others() -> None:
    async def scenario() -> None:
        limits = replace(LIMITS, max_queue=8)
        async with running(1, limits, slow_seconds=HURRY) as (pool, _):
            with original("wait") as bad, original("echo honest") as honest:
                for given in (bad, bad, honest):
                    offend(pool, given)
                served: list[str] = []

                async def take(name: str, given: Original) -> None:
                    await render(pool, given)
                    served.append(name)

                many = [asyncio.create_task(take("bad", bad)) for _ in range(3)]
                await until(lambda: pool.slow_busy and pool.slow_waiting == 2)
                late = asyncio.create_task(take("honest", honest))
                await asyncio.wait([many[-1]])
                assert isinstance(many[-1].exception(), Overloaded)
                os.pwrite(bad.fd, b"gone", 0)
                await asyncio.gather(*many[:-1], late)
                assert served == ["bad", "honest", "bad"]

    asyncio.run(scenario())


def test_the_shortest_queue_there_is_still_leads_to_a_second_try() -> None:
    async def scenario() -> None:
        async with running(1, replace(LIMITS, max_queue=1)) as (pool, diary):
            with pytest.raises(UnprocessableSource, match="crashed twice"):
                await order(pool, "crash")
            assert diary.deaths == ["crash", "crash"]

    asyncio.run(scenario())


def test_who_waits_too_long_for_the_slow_lane_is_told_so() -> None:
    async def scenario() -> None:
        async with running(1, SHORT, slow_seconds=HURRY) as (pool, _):
            with original("wait") as given:
                offend(pool, given)
                with original("wait") as other:
                    offend(pool, other)
                    outcomes = await asyncio.gather(
                        render(pool, given), render(pool, other), return_exceptions=True
                    )
            assert [type(outcome) for outcome in outcomes] == [RenderTimeout, Overloaded]
            assert pool.slow_waiting == 0

    asyncio.run(scenario())


def test_who_leaves_the_slow_queue_costs_no_worker() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=HURRY) as (pool, diary), slow_render(pool) as (first, one):
            with original("echo x") as given:
                offend(pool, given)
                leaver = asyncio.create_task(render(pool, given))
                await until(lambda: pool.slow_waiting)
                leaver.cancel()
                await asyncio.wait([leaver])
                assert pool.slow_waiting == 0
            os.pwrite(first.fd, b"gone", 0)
            await one
            await until(lambda: pool.workers == 1)
            assert diary.deaths == ["recycled"]

    asyncio.run(scenario())


def test_closing_ends_what_is_slow_and_tells_who_waits() -> None:
    async def scenario() -> None:
        before = set(children(os.getpid()))
        async with running(slow_seconds=HURRY) as (pool, diary), slow_render(pool) as (given, task):
            offend(pool, given)
            waiting = asyncio.create_task(render(pool, given))
            await until(lambda: pool.slow_waiting)
            await pool.close()
            outcomes = await asyncio.gather(task, waiting, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [Overloaded, Overloaded]
            assert set(children(os.getpid())) == before
            assert diary.deaths == []
            assert (pool.workers, pool.slow_busy, pool.slow_waiting) == (0, 0, 0)

    asyncio.run(scenario())
