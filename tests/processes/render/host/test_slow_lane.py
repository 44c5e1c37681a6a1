"""The slow lane over real processes: who goes there, when, and what becomes of them."""

import asyncio
import os
import random
import signal
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from resizer.errors import RenderTimeout, ResizerError, UnprocessableSource
from resizer.model.transform import Transform
from resizer.render.host.pool import Pool
from tests.support.processes import children
from tests.support.puppet_pool import (
    LIMITS,
    gone,
    order,
    original,
    pid,
    render_under_way,
    running,
    until,
)
from tests.support.slow_renders import HURRY, LIGHT, SHORT, offend, render, slow_render

pytestmark = pytest.mark.alone

NEVER = 60.0


def cores(process: int) -> set[int]:
    """Of all its threads."""
    threads = Path(f"/proc/{process}/task").iterdir()
    return set[int]().union(*(os.sched_getaffinity(int(thread.name)) for thread in threads))


def test_a_slow_render_holds_up_nobody_and_comes_to_its_end() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=HURRY) as (pool, diary), slow_render(pool) as (given, task):
            assert [await order(pool, f"echo {n}") for n in range(5)] == list("01234")
            assert (pool.busy, pool.slow_busy, pool.workers) == (0, 1, 2)
            os.pwrite(given.fd, b"gone", 0)
            worker = int(await task)
            await until(lambda: pool.workers == 1)
            assert diary.deaths == ["recycled"]
            await until(lambda: gone(worker))

    asyncio.run(scenario())


def test_who_is_in_nobodys_way_stays_where_it_is() -> None:
    async def scenario() -> None:
        async with (
            running(2, slow_seconds=HURRY) as (pool, diary),
            render_under_way(pool) as (given, task),
        ):
            for _ in range(20):
                await pid(pool)
                await asyncio.sleep(HURRY / 10)
            assert (pool.busy, pool.slow_busy) == (1, 0)
            os.pwrite(given.fd, b"gone", 0)
            worker = int(await task)
            assert not gone(worker)
            assert diary.deaths == []

    asyncio.run(scenario())


def test_one_who_waits_drives_out_one_and_no_more() -> None:
    async def scenario() -> None:
        async with (
            running(4, slow_seconds=HURRY) as (pool, _),
            AsyncExitStack() as stack,
        ):
            for _ in range(4):
                await stack.enter_async_context(render_under_way(pool))
            await asyncio.sleep(2 * HURRY)
            assert await order(pool, "echo x") == "x"
            assert (pool.busy, pool.slow_busy) == (3, 1)

    asyncio.run(scenario())


def test_a_slow_render_leaves_half_of_the_cores_to_others() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=HURRY) as (pool, _):
            worker = await pid(pool)
            assert cores(worker) == os.sched_getaffinity(0)
            async with slow_render(pool):
                allowed = sorted(os.sched_getaffinity(0))
                assert cores(worker) == set(allowed[len(allowed) // 2 :])
                assert cores(await pid(pool)) == os.sched_getaffinity(0)

    asyncio.run(scenario())


def test_workers_stay_in_the_session_of_their_gateway_or_priorities_would_mean_nothing() -> None:
    async def scenario() -> None:
        async with running() as (pool, _):
            worker = await pid(pool)
            assert os.getsid(worker) == os.getsid(0)
            assert os.getpgid(worker) == worker

    asyncio.run(scenario())


def test_without_room_a_slow_render_is_stopped_and_begins_anew_when_there_is() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=HURRY) as (pool, diary), slow_render(pool) as (first, one):
            async with render_under_way(pool) as (second, two):
                assert await order(pool, "echo x") == "x"
                await until(lambda: pool.slow_waiting)
                assert diary.deaths == ["stopped"]
                os.pwrite(second.fd, b"gone", 0)
                assert pool.workers <= 2
                assert not two.done()
                os.pwrite(first.fd, b"gone", 0)
                assert await one != await two
            await until(lambda: pool.workers == 1)
            assert diary.deaths == ["stopped", "recycled", "recycled"]
            assert diary.warnings == []

    asyncio.run(scenario())


def test_what_was_slow_twice_goes_to_the_slow_lane_straight_away_under_any_size() -> None:
    async def scenario() -> None:
        moves: list[int] = []
        async with running(slow_seconds=HURRY, on_slow=moves.append) as (pool, _):
            worker = await pid(pool)
            with original("wait") as given:
                first = asyncio.create_task(render(pool, given))
                await until(lambda: pool.busy)
                await order(pool, "echo x")
                os.pwrite(given.fd, b"gone", 0)
                assert await first == str(worker)
                pool._quarantine.add([given], LIGHT)
                os.pwrite(given.fd, b"wait", 0)
                again = asyncio.create_task(render(pool, given, Transform(width=11)))
                await until(lambda: pool.slow_busy)
                assert pool.busy == 0
                assert await pid(pool) != worker
                os.pwrite(given.fd, b"gone", 0)
                await again
            assert moves == [1, -1, 1, -1]

    asyncio.run(scenario())


def test_who_is_quick_in_quarantine_leaves_it() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=0.5) as (pool, diary):
            with original("echo x") as given:
                offend(pool, given)
                assert await render(pool, given) == "x"
                await until(lambda: diary.deaths == ["recycled"])
                assert await render(pool, given) == "x"
            assert diary.deaths == ["recycled"]

    asyncio.run(scenario())


def test_a_crash_in_the_slow_lane_is_tried_once_more_there() -> None:
    async def scenario() -> None:
        async with running(slow_seconds=HURRY) as (pool, diary):
            worker = await pid(pool)
            async with slow_render(pool) as (given, task):
                os.kill(worker, signal.SIGKILL)
                await until(lambda: diary.deaths == ["crash"])
                assert await order(pool, "echo meanwhile") == "meanwhile"
                os.pwrite(given.fd, b"gone", 0)
                assert int(await task) != worker
            assert diary.deaths == ["crash", "recycled"]

    asyncio.run(scenario())


def test_an_original_that_crashes_in_a_thousand_sizes_costs_two_workers() -> None:
    async def scenario() -> None:
        limits = replace(LIMITS, max_queue=8000)
        async with running(2, limits, slow_seconds=NEVER) as (pool, diary):
            with original("crash") as given:
                sizes = [Transform(width=width) for width in range(1, 1001)]
                asked = [asyncio.create_task(render(pool, given, size)) for size in sizes]
                outcomes = await asyncio.gather(*asked, return_exceptions=True)
            assert {type(outcome) for outcome in outcomes} == {UnprocessableSource}
            # Two places may take it at once before anything is known.
            assert diary.deaths in (["crash"] * 2, ["crash"] * 3)
            assert await order(pool, "echo on") == "on"

    asyncio.run(scenario())


def test_an_original_that_takes_too_long_is_not_tried_in_another_size() -> None:
    async def scenario() -> None:
        async with running(2, replace(LIMITS, render_seconds=0.3)) as (pool, diary):
            with original("wait") as given:
                for width in range(1, 50):
                    with pytest.raises(RenderTimeout) as refusal:
                        await render(pool, given, Transform(width=width))
                    assert refusal.value.of_every_variant
            assert diary.deaths == ["timeout"]

    asyncio.run(scenario())


def test_an_original_that_its_worker_could_not_stop_is_not_tried_in_another_size() -> None:
    async def scenario() -> None:
        async with running(2) as (pool, diary):
            with original("stuck 1") as given:
                for width in range(1, 50):
                    with pytest.raises(UnprocessableSource, match="too much") as refusal:
                        await render(pool, given, Transform(width=width))
                    assert refusal.value.of_every_variant
            assert diary.deaths == ["timeout"]

    asyncio.run(scenario())


def test_a_slow_render_has_as_much_time_as_any() -> None:
    async def scenario() -> None:
        async with running(limits=SHORT, slow_seconds=HURRY) as (pool, diary):
            with pytest.raises(RenderTimeout):
                async with slow_render(pool) as (_, task):
                    await task
            assert diary.deaths == ["timeout"]
            assert await order(pool, "echo on") == "on"

    asyncio.run(scenario())


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_each_is_answered_once_and_workers_stay_few(seed: int) -> None:
    """Orders of all kinds, callers that leave, workers that are killed."""
    choices = random.Random(seed)
    kinds = ("echo x", "echo x", "echo x", "refuse x", "crash", "garbage {}", "wait", "wait")
    count, rooms = seed + 1, max(1, (seed + 1) // 2)
    moves: list[int] = []
    sizes: set[int] = set()
    others = set(children(os.getpid()))

    async def ask(pool: Pool) -> object:
        kind = choices.choice(kinds)
        with original(kind) as given:
            task = asyncio.create_task(render(pool, given, choices.choice((LIGHT, Transform()))))
            await asyncio.wait([task], timeout=choices.random() / 4)
            if choices.random() < 0.2:
                task.cancel()
            os.pwrite(given.fd, b"gone" if kind == "wait" else b"", 0)
            (answer,) = await asyncio.gather(task, return_exceptions=True)
            return answer

    async def look(pool: Pool) -> None:
        while True:
            sizes.add(pool.workers)
            assert pool.busy <= count
            assert pool.slow_busy <= rooms
            workers = [pid for pid in children(os.getpid()) if pid not in others]
            if workers and choices.random() < 0.03:
                with suppress(ProcessLookupError):  # it has ended since
                    os.kill(choices.choice(workers), signal.SIGKILL)
            await asyncio.sleep(0.02)

    async def scenario() -> list[object]:
        async with running(count, slow_seconds=HURRY, on_slow=moves.append) as (pool, _):
            looking = asyncio.create_task(look(pool))
            answers = await asyncio.gather(*(ask(pool) for _ in range(16)))
            await until(lambda: not pool.slow_busy and pool.workers == count)
            assert not looking.done()
            looking.cancel()
            assert (pool.busy, pool.waiting, pool.slow_waiting) == (0, 0, 0)
            assert sum(moves) == 0
            return answers

    answers = asyncio.run(scenario())
    assert max(sizes) <= count + rooms
    expected = (str, ResizerError, asyncio.CancelledError)
    assert [answer for answer in answers if not isinstance(answer, expected)] == []


def test_lanes_say_how_many_of_their_workers_are_at_work() -> None:
    async def scenario() -> None:
        busy: dict[str, int] = {}
        told = busy.__setitem__
        async with running(slow_seconds=HURRY, on_busy=told) as (pool, _):
            async with slow_render(pool) as (given, task):
                await until(lambda: busy == {"quick": 0, "slow": 1})
                os.pwrite(given.fd, b"gone", 0)
                await task
            await until(lambda: busy == {"quick": 0, "slow": 0})

    asyncio.run(scenario())
