"""The pool over real processes, whose originals tell them what to do (see puppet_worker)."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Coroutine
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import uvloop

from resizer.errors import Overloaded, RenderTimeout, UnprocessableSource
from resizer.model.image import Original, Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.host.render_request import RenderRequest
from tests.support.deadlines import stretched
from tests.support.puppet_pool import (
    gone,
    order,
    original,
    pid,
    render_under_way,
    running,
    said,
    until,
)
from tests.support.puppet_worker import COMMAND

pytestmark = pytest.mark.alone


def test_workers_work_side_by_side_and_are_counted() -> None:
    async def scenario() -> None:
        async with (
            running(2) as (pool, _),
            render_under_way(pool) as (first, one),
            render_under_way(pool) as (second, two),
        ):
            third = asyncio.create_task(order(pool, "echo third"))
            await until(lambda: pool.waiting)
            assert (pool.busy, pool.waiting) == (2, 1)
            os.pwrite(second.fd, b"gone", 0)
            assert await third == "third"
            os.pwrite(first.fd, b"gone", 0)
            assert await one != await two
            await until(lambda: (pool.busy, pool.waiting) == (0, 0))

    asyncio.run(scenario())


def test_pixels_that_are_in_the_making_are_waited_for_while_there_is_other_work() -> None:
    async def scenario() -> None:
        served: list[object] = []

        async def ask(given: Original, transform: Transform) -> None:
            await pool.render([given], transform)
            served.append(transform.quality)

        async with running(2) as (pool, _), render_under_way(pool) as (first, one):
            with original("wait") as given, original("echo other") as other:
                low, high = (Transform(width=9, quality=quality) for quality in (10, 90))
                begun = asyncio.create_task(ask(given, high))
                await until(lambda: pool.busy == 2)
                alike = asyncio.create_task(ask(given, low))
                aside = asyncio.create_task(ask(other, Transform()))
                await until(lambda: pool.waiting == 2)
                os.pwrite(first.fd, b"gone", 0)
                await asyncio.gather(one, aside)
                assert served == [None]
                os.pwrite(given.fd, b"gone", 0)
                await asyncio.gather(begun, alike)

    asyncio.run(scenario())


def test_who_waits_longest_is_served_first() -> None:
    async def scenario() -> None:
        served: list[int] = []

        async def take(number: int) -> None:
            await order(pool, "echo x")
            served.append(number)

        async with running() as (pool, _), render_under_way(pool) as (first, _task):
            tasks = [asyncio.create_task(take(number)) for number in range(8)]
            await until(lambda: pool.waiting == 8)
            os.pwrite(first.fd, b"gone", 0)
            await asyncio.gather(*tasks)
            assert served == list(range(8))

    asyncio.run(scenario())


def test_a_worker_killed_mid_render_costs_one_retry_on_a_fresh_one() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            victim = await pid(pool)
            async with render_under_way(pool) as (given, task):
                os.kill(victim, signal.SIGKILL)
                await diary.died.wait()
                os.pwrite(given.fd, b"gone", 0)
                fresh = int(await task)
            assert fresh != victim
            assert await pid(pool) not in (victim, fresh)
            assert diary.deaths == ["crash", "recycled"]
            await until(lambda: diary.warnings)
            assert diary.warnings == ["a render worker ended: crash (SIGKILL)"]

    asyncio.run(scenario())


@pytest.mark.parametrize("how", ["crash", "leave"])
def test_an_original_that_crashes_twice_is_unprocessable_and_the_pool_serves_on(how: str) -> None:
    async def scenario() -> None:
        async with running(2) as (pool, diary):
            with pytest.raises(UnprocessableSource, match="crashed twice"):
                await order(pool, how)
            assert diary.deaths == ["crash", "crash"]
            assert await order(pool, "echo on") == "on"
            await pool.check()

    asyncio.run(scenario())


def test_a_render_that_hangs_is_killed_at_its_limit_and_nobody_else_waits() -> None:
    async def scenario() -> None:
        limits = Limits(render_memory_mb=256, render_seconds=0.4)
        async with running(2, limits) as (pool, diary):
            start = time.perf_counter()
            with original("wait") as given:
                hanging = asyncio.create_task(pool.render([given], Transform()))
                await until(lambda: pool.busy)
                assert await order(pool, "echo meanwhile") == "meanwhile"
                assert not hanging.done()
                with pytest.raises(RenderTimeout):
                    await hanging
            assert 0.4 <= time.perf_counter() - start < stretched(2)
            assert diary.deaths == ["timeout"]
            assert await asyncio.gather(pid(pool), pid(pool))

    asyncio.run(scenario())


def test_a_worker_is_recycled_after_its_renders() -> None:
    async def scenario() -> None:
        async with running(recycle_after=3) as (pool, diary):
            pids = {await pid(pool) for _ in range(3)}
            assert len(pids) == 1
            await diary.died.wait()
            assert diary.deaths == ["recycled"]
            assert await pid(pool) not in pids
            assert diary.warnings == []

    asyncio.run(scenario())


def test_renders_go_on_while_a_worker_is_recycled() -> None:
    async def scenario() -> None:
        async with running(2, recycle_after=5) as (pool, diary):
            bodies = await asyncio.gather(*(order(pool, f"echo {n}") for n in range(60)))
            assert bodies == [str(n) for n in range(60)]
            # On a busy machine one of the two may do nearly all.
            await until(lambda: diary.deaths)
            assert set(diary.deaths) == {"recycled"}

    asyncio.run(scenario())


def test_a_worker_that_dies_idle_is_replaced() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            first = await pid(pool)
            os.kill(first, signal.SIGKILL)
            await diary.died.wait()
            assert diary.deaths == ["crash"]
            assert await pid(pool) != first
            assert diary.deaths == ["crash"]

    asyncio.run(scenario())


def test_a_caller_that_leaves_the_queue_costs_nobody_a_worker() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary), render_under_way(pool) as (first, _task):
            leaver = asyncio.create_task(order(pool, "crash"))
            stayer = asyncio.create_task(order(pool, "echo stayed"))
            await until(lambda: pool.waiting == 2)
            leaver.cancel()
            await asyncio.wait([leaver])
            assert pool.waiting == 1
            os.pwrite(first.fd, b"gone", 0)
            assert await stayer == "stayed"
            assert diary.deaths == []

    asyncio.run(scenario())


def test_a_caller_that_leaves_mid_render_lets_its_worker_finish() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            worker = await pid(pool)
            async with render_under_way(pool) as (given, task):
                task.cancel()
                await asyncio.wait([task])
                following = asyncio.create_task(pid(pool))
                await until(lambda: pool.waiting)
                os.pwrite(given.fd, b"gone", 0)
                assert await following == worker
            assert diary.deaths == []

    asyncio.run(scenario())


def test_a_caller_that_left_is_not_retried() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            victim = await pid(pool)
            async with render_under_way(pool) as (_, task):
                task.cancel()
                await asyncio.wait([task])
                os.kill(victim, signal.SIGKILL)
                assert await pid(pool) != victim
            assert diary.deaths == ["crash"]

    asyncio.run(scenario())


@pytest.mark.parametrize("kind", [RenderRequest, Rendered])
def test_no_render_is_ever_spelled_out(kind: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of megabytes, while the event loop stands still."""

    texts: list[str] = []

    def spelled_out(self: object) -> str:
        texts.append("a text")
        return texts[-1]

    monkeypatch.setattr(kind, "__repr__", spelled_out)

    async def scenario() -> None:
        async with running() as (pool, _):
            assert await order(pool, "echo quick") == "quick"
            with original("echo slow") as given:
                pool._quarantine.add([given], Transform())
                assert said(await pool.render([given], Transform())) == "slow"

    asyncio.run(scenario())
    assert texts == []


def test_a_program_that_is_not_there_is_reported_and_not_tried_all_the_time() -> None:
    async def scenario() -> None:
        async with running(command=("/no/such/program",)) as (pool, diary):
            with pytest.raises(Overloaded):
                await pool.check()
            with pytest.raises(Overloaded):
                await order(pool, "echo x")
            await asyncio.sleep(0.25)
            assert 1 <= len(diary.warnings) <= 3
            assert "does not start" in diary.warnings[0]

    asyncio.run(scenario())


def test_a_pool_recovers_when_workers_can_be_started_again(tmp_path: Path) -> None:
    program = tmp_path / "python"

    async def scenario() -> None:
        async with running(command=(str(program), *COMMAND[1:])) as (pool, _):
            with pytest.raises(Overloaded):
                await pool.check()
            program.symlink_to(sys.executable)
            while True:
                with suppress(Overloaded):
                    assert await order(pool, "echo again") == "again"
                    return
                await asyncio.sleep(0.02)

    asyncio.run(scenario())


def test_who_waits_is_told_when_no_worker_can_be_started_any_more(tmp_path: Path) -> None:
    program = tmp_path / "python"
    program.symlink_to(sys.executable)

    async def scenario() -> None:
        async with running(command=(str(program), *COMMAND[1:])) as (pool, _):
            program.unlink()
            async with render_under_way(pool) as (given, _task):
                orders = [asyncio.create_task(order(pool, text)) for text in ("crash", "echo x")]
                await until(lambda: pool.waiting == 2)
                os.pwrite(given.fd, b"gone", 0)
                outcomes = await asyncio.gather(*orders, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [Overloaded, Overloaded]

    asyncio.run(scenario())


def test_closing_tells_who_waits_and_leaves_no_process() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            worker = await pid(pool)
            with original("wait") as given:
                renders = [asyncio.create_task(pool.render([given], Transform())) for _ in range(2)]
                await until(lambda: pool.waiting == 1)
                await pool.close()
                outcomes = await asyncio.gather(*renders, return_exceptions=True)
            assert [type(outcome) for outcome in outcomes] == [Overloaded, Overloaded]
            assert gone(worker)
            assert diary.deaths == []
            with pytest.raises(Overloaded):
                await pool.check()

    asyncio.run(scenario())


def test_a_pool_runs_under_uvloop() -> None:
    async def scenario() -> None:
        async with running(2, recycle_after=4) as (pool, diary):
            assert await order(pool, "echo x") == "x"
            with pytest.raises(UnprocessableSource):
                await order(pool, "crash")
            bodies = await asyncio.gather(*(order(pool, f"echo {n}") for n in range(40)))
            assert bodies == [str(n) for n in range(40)]
            await until(lambda: "recycled" in diary.deaths)

    _run_under_uvloop(scenario())


def _run_under_uvloop(scenario: Coroutine[Any, Any, None]) -> None:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario)
