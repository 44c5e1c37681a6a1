"""CPU time of workers: bounded while the gateway stands still, and taken for jobs alone."""

import asyncio
import math
import os
import resource
import select
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from resizer.errors import RenderTimeout
from resizer.model.transform import Transform
from resizer.render.host import cpu_limit
from tests.support.puppet_pool import order, original, running, said, until
from tests.support.puppet_worker import COMMAND
from tests.support.root import ROOT

pytestmark = pytest.mark.alone
SPINS = [sys.executable, "-c", "while True: pass"]
_STAYS = "import os; os.nice = os.sched_setscheduler = lambda *by: 0; "
EAGER = (*COMMAND[:3], _STAYS + COMMAND[3], *COMMAND[4:])
"""A puppet that does not go last: a second of CPU time would take long on a busy machine."""
GATEWAY = """
import asyncio, os, signal, sys
sys.path.insert(0, sys.argv[1])
from resizer.model.limits import Limits
from tests.support.puppet_pool import order, pid, running, until

async def main():
    limits = Limits(render_memory_mb=256, render_seconds=0.3)
    async with running(limits=limits, command=sys.argv[2:]) as (pool, _):
        print(await pid(pool), flush=True)
        render = asyncio.create_task(order(pool, "spin"))
        await until(lambda: pool.busy)
        os.kill(os.getpid(), signal.SIGSTOP)

asyncio.run(main())
"""


@pytest.fixture
def spinning() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(SPINS) as process:
        yield process
        process.kill()


def test_a_bound_counts_what_was_used_before(spinning: "subprocess.Popen[bytes]") -> None:
    while cpu_limit.used(spinning.pid) < 0.1:
        time.sleep(0.01)
    assert cpu_limit.bound(spinning.pid, 4.6) == math.ceil(0.1 + 2 * 4.6)
    assert resource.prlimit(spinning.pid, resource.RLIMIT_CPU)[0] == 10


def test_a_bound_stays_below_the_one_of_its_life(spinning: "subprocess.Popen[bytes]") -> None:
    resource.prlimit(spinning.pid, resource.RLIMIT_CPU, (7, 7))
    assert cpu_limit.bound(spinning.pid, 60) == 7


def test_a_worker_ends_by_itself_while_its_gateway_is_stopped() -> None:
    """The gateway would kill it after 0.3 s and cannot; its bound is a second of CPU time."""
    root = str(ROOT)
    command = [sys.executable, "-c", GATEWAY, root, *EAGER]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as gateway:
        assert gateway.stdout
        watch = os.pidfd_open(int(gateway.stdout.readline()))
        os.waitid(os.P_PID, gateway.pid, os.WSTOPPED)
        with open(watch):
            ended = select.select([watch], [], [], 15)[0]
        gateway.kill()
        assert ended, "it runs on"


def test_cpu_time_that_is_used_up_is_a_timeout_and_not_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        cpu_limit, "_PROCESSORS", 0.01
    )  # a second, long before the render's time is over

    async def scenario() -> None:
        async with running(command=EAGER) as (pool, diary):
            with pytest.raises(RenderTimeout):
                await order(pool, "spin")
            assert diary.deaths == ["timeout"]
            await until(lambda: diary.warnings)
            assert "SIGXCPU" in diary.warnings[0]

    asyncio.run(scenario())


def test_a_worker_that_computes_while_it_has_no_job_is_ended_and_nobody_is_quarantined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(cpu_limit, "_REST_SECONDS", 0.1)

    async def scenario() -> None:
        async with running(command=EAGER) as (pool, diary):
            busy = int(await order(pool, "spin-on"))
            before = cpu_limit.used(busy)
            await until(lambda: cpu_limit.used(busy) > before + 0.2)
            with original("pid") as given:
                assert int(said(await pool.render([given], Transform()))) != busy
                assert not pool._quarantine.holds([given], Transform())
            assert diary.deaths == ["bad-reply"]

    asyncio.run(scenario())
