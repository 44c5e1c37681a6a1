"""What one worker process costs its gateway, tried through a pool of puppets."""

import asyncio
import fcntl
import os
import select
import subprocess
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from resizer.errors import Overloaded, RenderTimeout, ResizerError, UnprocessableSource
from resizer.model.formats import Format
from resizer.model.transform import Transform
from resizer.render.host import spawn
from resizer.render.host.pool import Pool
from resizer.render.host.worker_process import Worker, WorkerEnd, read_variant
from resizer.render.protocol.messages import MAX_ORIGINALS, ProtocolViolation
from tests.support.deadlines import stretched
from tests.support.puppet_pool import LIMITS, gone, order, original, pid, running, said, until
from tests.support.puppet_worker import COMMAND
from tests.support.root import ROOT


def test_a_render_is_what_the_worker_made_of_the_original() -> None:
    async def scenario() -> None:
        async with running() as (pool, _):
            with original("echo a body") as given:
                rendered = await pool.render([given], Transform())
            assert said(rendered) == "a body"
            assert (rendered.content_type, rendered.width, rendered.height) == ("image/png", 1, 1)
            assert 0 < rendered.seconds < stretched(5)

    asyncio.run(scenario())


def test_several_originals_come_to_the_worker_in_their_order() -> None:
    async def scenario() -> None:
        async with running(pixel_bytes=10**6) as (pool, _):
            with original("together a") as first, original("b") as second, original("c") as third:
                for _ in range(3):
                    rendered = await pool.render([first, second, third], Transform())
                    assert said(rendered) == "a b c"

    asyncio.run(scenario())


def test_more_originals_than_a_job_may_have_are_no_job() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            with original("together a") as given:
                with pytest.raises(ResizerError):
                    await pool.render([given] * (MAX_ORIGINALS + 1), Transform())
                assert said(await pool.render([given] * MAX_ORIGINALS, Transform()))
            assert diary.deaths == []

    asyncio.run(scenario())


def test_a_refusal_keeps_its_words() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            with pytest.raises(UnprocessableSource, match=r"^too many pixels$"):
                await order(pool, "refuse too many pixels")
            assert diary.deaths == []

    asyncio.run(scenario())


def test_what_nobody_foresaw_goes_to_the_log_and_not_to_the_client() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            with pytest.raises(UnprocessableSource) as refusal:
                await order(pool, "fail secret of /etc")
            assert "secret" not in str(refusal.value)
            assert diary.warnings == ["a render failed: RuntimeError: secret of /etc"]
            assert diary.deaths == []

    asyncio.run(scenario())


def test_memory_that_a_render_took_is_given_back_after_it() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            before = _resident_kib(await pid(pool))
            worker = int(await order(pool, "gorge"))
            await until(lambda: _resident_kib(worker) < before + 30_000)
            assert await pid(pool) == worker
            assert diary.deaths == []

    asyncio.run(scenario())


def test_memory_that_balloons_costs_one_request() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            with pytest.raises(UnprocessableSource, match="more memory"):
                await order(pool, "balloon")
            assert await order(pool, "echo on") == "on"
            assert diary.deaths == []

    asyncio.run(scenario())


@pytest.mark.parametrize("order_", ["garbage {}", "garbage x", "false-size", "false-sequence"])
def test_a_worker_that_sends_a_bad_reply_is_killed(order_: str) -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            worker = await pid(pool)
            with pytest.raises(UnprocessableSource):
                await order(pool, order_)
            assert set(diary.deaths) == {"bad-reply"}
            await until(lambda: gone(worker))
            assert await order(pool, "echo on") == "on"

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("said", "bound", "wrong"),
    [(9, 8, "another size"), (8, 100, "another size"), (10, 100, "another size")],
    ids=["beyond its bound", "less than there is", "more than there is"],
)
def test_a_variant_is_read_only_when_it_is_of_the_size_said(
    said: int, bound: int, wrong: str
) -> None:
    with original("a variant") as given:
        assert read_variant(given.fd, 9, 9) == b"a variant"
        with pytest.raises(ProtocolViolation, match=wrong):
            read_variant(given.fd, said, bound)


def test_a_worker_that_seals_its_variant_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """The filter denies it that; without one it would keep the memory."""
    make = os.memfd_create

    def sealed(name: str, flags: int = os.MFD_CLOEXEC) -> int:
        memory = make(name, flags)
        if name == "variant":
            fcntl.fcntl(memory, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK)
        return memory

    async def scenario() -> None:
        async with running() as (pool, diary):
            monkeypatch.setattr(os, "memfd_create", sealed)
            assert await order(pool, "echo x") == "x"
            await diary.died.wait()
            assert diary.deaths == ["bad-reply"]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("asked", "claim"),
    [(Format.PNG, "image/webp"), (Format.JSON, "image/png"), (None, "image/jpeg")],
    ids=["another format", "no picture was asked for", "other bytes"],
)
def test_a_worker_whose_variant_does_not_fit_its_job_is_killed(
    asked: Format | None, claim: str
) -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            with original(f"claim {claim}") as given, pytest.raises(UnprocessableSource):
                await pool.render([given], Transform(format=asked))
            assert set(diary.deaths) == {"bad-reply"}
            assert await order(pool, "echo on") == "on"

    asyncio.run(scenario())


def test_a_reply_that_nobody_asked_for_ends_its_worker() -> None:
    async def scenario() -> None:
        async with running() as (pool, diary):
            talker = await pid(pool)
            with suppress(UnprocessableSource):
                await order(pool, "twice 2")
            await diary.died.wait()
            assert diary.deaths[0] == "bad-reply"
            assert await pid(pool) != talker

    asyncio.run(scenario())


def test_a_worker_that_floods_its_socket_is_killed_at_its_first_word() -> None:
    async def scenario() -> None:
        async with running(2) as (pool, diary):
            before = _resident_kib()
            for _ in range(2):
                with pytest.raises(UnprocessableSource):
                    await order(pool, "flood")
                assert await order(pool, "echo on") == "on"
            assert set(diary.deaths) <= {"bad-reply", "recycled"}
            assert _resident_kib() < before + 10_000

    asyncio.run(scenario())


def test_workers_that_read_nothing_cost_their_requests_and_nothing_else() -> None:
    command = (*COMMAND[:3], COMMAND[3].replace("main", "ignore"), *COMMAND[4:])
    limits = replace(LIMITS, render_seconds=0.2)

    async def scenario() -> None:
        async with running(2, limits, command=command) as (pool, diary):
            open_files = len(os.listdir("/proc/self/fd"))
            outcomes = await asyncio.gather(
                *(order(pool, "x" * 65_536) for _ in range(6)), return_exceptions=True
            )
            assert {type(outcome) for outcome in outcomes} == {RenderTimeout}
            assert set(diary.deaths) == {"timeout"}
            await until(lambda: len(os.listdir("/proc/self/fd")) == open_files)

    asyncio.run(scenario())


def _resident_kib(process: int | str = "self") -> int:
    return int(Path(f"/proc/{process}/statm").read_text().split()[1]) * 4


def test_descriptors_do_not_pile_up_on_either_side() -> None:
    async def scenario() -> None:
        async with running() as (pool, _):

            async def open_files() -> tuple[int, str]:
                return len(os.listdir("/proc/self/fd")), await order(pool, "free-descriptor")

            before = await open_files()
            for turn in range(200):
                with suppress(UnprocessableSource):
                    await order(pool, ("echo x", "refuse x", "fail x")[turn % 3])
            assert await open_files() == before

    asyncio.run(scenario())


def test_workers_that_died_leave_no_descriptor_and_no_zombie() -> None:
    async def scenario() -> None:
        pool = Pool(2, LIMITS, command=COMMAND)
        before = len(os.listdir("/proc/self/fd"))
        await pool.start()
        pids = {await pid(pool)}
        for _ in range(3):
            with suppress(UnprocessableSource):
                await order(pool, "crash")
            pids.add(await pid(pool))
        await pool.close()
        assert all(map(gone, pids))
        assert len(os.listdir("/proc/self/fd")) == before

    asyncio.run(scenario())


def test_a_worker_finds_nothing_in_its_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")

    async def scenario() -> None:
        async with running() as (pool, _):
            names = set((await order(pool, "environment")).split())
            # LC_CTYPE is Python's own, set when it finds no locale
            assert names - {"LC_CTYPE"} == set(spawn.ENVIRONMENT)

    asyncio.run(scenario())


def _calling(entry: str) -> tuple[str, ...]:
    """The command of a puppet that begins with another function of its module."""
    return (*COMMAND[:3], COMMAND[3].replace("main", entry), *COMMAND[4:])


def test_what_a_worker_started_ends_with_it() -> None:
    async def scenario() -> None:
        async with running(command=_calling("with_child")) as (pool, _):
            child = int(await order(pool, "child"))
            assert not gone(child)
            watch = os.pidfd_open(child)
        with open(watch):
            assert select.select([watch], [], [], 5)[0]

    asyncio.run(scenario())


def test_a_program_that_ends_at_once_is_reported_with_its_last_words() -> None:
    command = (sys.executable, "-c", "raise SystemExit('no such library')")

    async def scenario() -> None:
        async with running(command=command) as (pool, diary):
            with pytest.raises(Overloaded):
                await pool.check()
            await until(lambda: any("no such library" in text for text in diary.warnings))

    asyncio.run(scenario())


def test_what_a_worker_could_not_lock_is_told_once() -> None:
    async def scenario() -> None:
        async with running(3, command=_calling("complain")) as (pool, diary):
            assert await order(pool, "echo x") == "x"
            assert diary.warnings == ["sandbox: nothing is locked"]

    asyncio.run(scenario())


GATEWAY = """
import asyncio, os, sys
sys.path.insert(0, sys.argv[1])
from tests.support.processes import children
from tests.support.puppet_pool import LIMITS, pid, render_under_way
from resizer.render.host.pool import Pool
from tests.support.puppet_worker import COMMAND

async def main():
    pool = Pool(2, LIMITS, command=COMMAND)
    await pool.start()
    pids = {await pid(pool) for _ in range(50)}
    async with render_under_way(pool):
        pids.add(await pid(pool))
        print(*children(os.getpid()), flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_workers_die_with_their_gateway() -> None:
    root = str(ROOT)
    command = [sys.executable, "-c", GATEWAY, root]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout
        watches = [os.pidfd_open(int(number)) for number in gateway.stdout.readline().split()]
        gateway.kill()
    assert len(watches) == 2
    for watch in watches:
        with open(watch):
            assert select.select([watch], [], [], 5)[0]


def test_a_worker_that_was_started_ahead_is_the_first_to_serve() -> None:
    async def scenario() -> None:
        spawn.spawn_ahead(1)
        (ahead,) = spawn._ahead
        worker = Worker(spawn.COMMAND)
        assert not spawn._ahead
        await worker.hello(LIMITS)
        worker.kill(WorkerEnd.CLOSED)
        await worker.reap()
        assert ahead.process.poll() is not None

    asyncio.run(scenario())
