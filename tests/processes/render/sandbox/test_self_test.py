"""What a worker tries of its own accord when it starts."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator

import pytest

from resizer.render.sandbox import lock
from resizer.render.sandbox.self_test import ESCAPES
from tests.support.processes import traceable
from tests.support.puppet_pool import order, running
from tests.support.puppet_worker import COMMAND
from tests.support.root import ROOT

UNLOCKED = """
import sys
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import lock, self_test
{part}
print(*self_test.run_self_test())
"""


needs_landlock = pytest.mark.skipif(
    lock.landlock_abi() < 6, reason="this kernel's Landlock is older than ABI 6"
)


@pytest.fixture(autouse=True)
def _traceable() -> Iterator[None]:
    with traceable():
        yield


def problem_of(part: str = "") -> str:
    command = [sys.executable, "-I", "-c", UNLOCKED.format(part=part), str(ROOT)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_every_attempt_works_without_a_lock() -> None:
    assert problem_of() == f"a worker can {', '.join(ESCAPES)}"


@needs_landlock
def test_none_works_in_a_locked_worker() -> None:
    assert problem_of("lock.lock(memory_mb=512, file_bytes=1000)") == ""


@needs_landlock
def test_what_a_part_leaves_open_is_told() -> None:
    no_new_privileges = "import ctypes; ctypes.CDLL(None).prctl(38, 1, 0, 0, 0);"
    assert problem_of(f"{no_new_privileges} lock.seccomp.prepare()()") == (
        "a worker can open a file, list a directory"
    )
    assert problem_of(f"{no_new_privileges} lock.confine(lock.landlock_abi(), ())") == (
        "a worker can send by UDP, start a process, make memory executable, change its limits"
    )


def test_what_works_in_a_worker_is_told_by_its_pool() -> None:
    """A worker whose lock does nothing."""
    unlocked = "from resizer.render.sandbox import lock; lock.lock = lambda **_: []; from tests"
    command = (*COMMAND[:3], COMMAND[3].replace("from tests", unlocked), *COMMAND[4:])

    async def scenario() -> None:
        async with running(command=command) as (pool, diary):
            assert await order(pool, "echo x") == "x"
            (warning,) = diary.warnings
            assert warning == f"sandbox: a worker can {', '.join(ESCAPES)}"

    asyncio.run(scenario())
