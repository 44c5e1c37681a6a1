"""What the lock takes away beside what test_render_hostile tries, and what it says of itself."""

import asyncio
import ctypes
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from resizer.render.sandbox import lock
from tests.support.puppet_pool import pid, running
from tests.support.root import ROOT

FACTS = """
import ctypes, json, os, resource, sys
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import lock

kept = open("/etc/passwd", "rb")
memory = os.memfd_create("x")

def allocates(size):
    try:
        bytearray(size)
    except MemoryError:
        return False
    return True

# All but the filter of system calls, which would deny the questions.
lock.seccomp.prepare = lambda: lambda: []
before = resource.getrlimit(resource.RLIMIT_NPROC)[1]
problems = lock.lock(memory_mb=512, file_bytes=100_000)
prctl = ctypes.CDLL(None).prctl
signal = ctypes.c_int()
prctl(2, ctypes.byref(signal))
print(json.dumps({
    "problems": problems,
    "kept": kept.read(5).decode("latin-1"),
    "written": os.pwrite(memory, b"x" * 200_000, 0),
    "allocates": [allocates(64 << 20), allocates(600 << 20)],
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE),
    "seconds": resource.getrlimit(resource.RLIMIT_CPU),
    "nice": os.nice(0),
    "scheduled as": os.sched_getscheduler(0),
    "no new privileges": prctl(39, 0, 0, 0, 0),
    "dumpable": prctl(3, 0, 0, 0, 0),
    "dies with its parent by": signal.value,
}))
"""
THREADS = """
import os, resource, sys, threading
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import lock

def started(count):
    go, threads = threading.Event(), []
    try:
        for _ in range(count):
            threads.append(threading.Thread(target=go.wait))
            threads[-1].start()
    except RuntimeError:
        threads.pop()
    go.set()
    for thread in threads:
        thread.join()
    return len(threads)

if not os.getuid():
    os.setuid(65534)  # root's are not counted
lock._tasks, lock._MORE_TASKS = lambda: 0, 20
before = started(50)
lock.lock(memory_mb=1024, file_bytes=1000)
print(before, started(50))
"""
REFUSED = """
import sys
sys.path.insert(0, sys.argv[1])
import pyseccomp
from pyseccomp import ALLOW, EQ, ERRNO, Arg, SyscallFilter
from resizer.render.sandbox import lock

lock._tasks = lambda: int("none")
outer = SyscallFilter(ALLOW)
outer.add_rule(ERRNO(1), "capset")
outer.add_rule(ERRNO(38), "landlock_create_ruleset")
outer.add_rule(ERRNO(1), "prctl", Arg(0, EQ, 1))
outer.add_rule(ERRNO(1), "prlimit64", Arg(1, EQ, 9))
outer.add_rule(ERRNO(1), "setrlimit", Arg(0, EQ, 9))
outer.load()
print(*lock.lock(memory_mb=512, file_bytes=1000), sep="\\n")
"""

needs_landlock = pytest.mark.skipif(
    not lock.landlock_abi(), reason="this kernel offers no Landlock"
)


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-I", "-c", code, str(ROOT), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    problems: dict[str, Any] = json.loads(run(FACTS))
    return problems


def test_what_was_open_stays_usable(report: dict[str, Any]) -> None:
    assert report["kept"] == "root:"


def test_memory_files_and_output_are_bounded(report: dict[str, Any]) -> None:
    assert report["allocates"] == [True, False]
    assert report["written"] == 100_000
    assert report["core"] == [0, 0]
    assert report["files"][1] < 100
    assert report["seconds"][1] == 3600


def test_a_worker_goes_last_for_the_processor(report: dict[str, Any]) -> None:
    assert report["scheduled as"] == os.SCHED_IDLE
    assert report["nice"] == min(19, os.nice(0) + 15)


def test_a_worker_dies_with_its_parent_and_gains_nothing(report: dict[str, Any]) -> None:
    assert report["dies with its parent by"] == 9
    assert report["no new privileges"] == 1
    assert report["dumpable"] == 0


@needs_landlock
def test_a_full_lock_reports_no_problem(report: dict[str, Any]) -> None:
    if lock.landlock_abi() < 6:
        pytest.skip("this kernel's Landlock is older than ABI 6")
    assert report["problems"] == []


def test_a_worker_as_others_see_it_is_locked_in() -> None:
    async def scenario() -> dict[str, str]:
        async with running() as (pool, _):
            status = Path(f"/proc/{await pid(pool)}/status").read_text()
            return dict(line.split(":\t", 1) for line in status.splitlines())

    status = asyncio.run(scenario())
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    for name in ("CapInh", "CapPrm", "CapEff", "CapAmb"):
        assert int(status[name], 16) == 0


def test_a_bomb_of_threads_is_bounded() -> None:
    before, after = map(int, run(THREADS).split())
    assert before == 50
    assert after < 21


def test_what_is_refused_is_told_and_the_rest_is_locked() -> None:
    pytest.importorskip("pyseccomp", reason="no libseccomp (package: libseccomp2)")
    problems = run(REFUSED).splitlines()
    assert [text.partition(":")[0] for text in problems] == [
        "RLIMIT_AS",
        "RLIMIT_NPROC",
        "dropping capabilities",
        "ending with the gateway",
        "Landlock is not available",
    ]


def test_a_kernel_without_landlock_is_a_problem_in_words() -> None:
    (problem,) = lock.confine(0, ())
    assert "not available" in problem


@needs_landlock
@pytest.mark.parametrize(
    ("abi", "lacks"),
    [
        (2, ["truncating files", "TCP", "abstract sockets and signals"]),
        (3, ["TCP", "abstract sockets and signals"]),
        (4, ["abstract sockets and signals"]),
        (6, []),
    ],
)
def test_what_an_older_landlock_leaves_open_is_told(abi: int, lacks: list[str]) -> None:
    code = """
import ctypes, sys
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import lock
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
print(*lock.confine(int(sys.argv[2]), ()), sep="\\n")
"""
    if lock.landlock_abi() < abi:
        pytest.skip("this kernel's Landlock is older still")
    problems = [text.partition(" (ABI ")[0] for text in run(code, str(abi)).splitlines() if text]
    assert problems == [f"Landlock ABI {abi} does not confine {what}" for what in lacks]


@needs_landlock
def test_a_thread_that_already_runs_is_a_problem_in_words() -> None:
    code = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import lock
running = threading.Event()
threading.Thread(target=running.wait).start()
print(lock.lock(memory_mb=512, file_bytes=1000))
running.set()
"""
    assert "threads that already run" in run(code)


@pytest.mark.parametrize(
    ("abi", "files", "net", "scoped", "size"),
    [
        (1, 2**13 - 1, 0, 0, 8),
        (2, 2**14 - 1, 0, 0, 8),
        (3, 2**15 - 1, 0, 0, 8),
        (4, 2**15 - 1, 3, 0, 16),
        (5, 2**16 - 1, 3, 0, 16),
        (6, 2**16 - 1, 3, 3, 24),
        (8, 2**16 - 1, 3, 3, 24),
        (9, 2**17 - 1, 3, 3, 24),
        (99, 2**17 - 1, 3, 3, 24),
    ],
)
def test_every_right_of_the_kernels_abi_is_taken_and_no_other(
    abi: int, files: int, net: int, scoped: int, size: int
) -> None:
    found = lock.landlock_rules(abi)
    assert (found.files, found.net, found.scoped) == (files, net, scoped)
    assert lock.landlock_rules_size(abi) == size <= ctypes.sizeof(found)


def test_asking_what_is_available_locks_nothing(tmp_path: Path) -> None:
    lock.landlock_abi()
    (tmp_path / "file").write_text("x")


@needs_landlock
def test_a_directory_of_fonts_stays_readable_and_nothing_beside_it(tmp_path: Path) -> None:
    fonts, beside = tmp_path / "fonts", tmp_path / "beside"
    for directory in (fonts, beside):
        directory.mkdir()
        (directory / "file").write_text("x")
    code = """
import sys
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import lock
lock.lock(memory_mb=512, file_bytes=1000, readable=(sys.argv[2], "/nowhere"))

def succeeds(path, mode):
    try:
        open(path, mode).close()
    except OSError:
        return "no"
    return "yes"

fonts, beside = sys.argv[2:]
tried = [(fonts, "r"), (beside, "r"), (fonts, "a"), (beside, "a")]
print(*(succeeds(f"{directory}/file", mode) for directory, mode in tried))
"""
    assert run(code, str(fonts), str(beside)) == "yes no no no\n"
