"""Each claim is tried by code inside a process that locked itself in, and before the lock too,
so that a probe which could never succeed proves nothing."""

import ctypes
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from resizer.render import sandbox

ROOT = str(Path(__file__).parents[1])
PROBES = """
import ctypes, json, os, resource, socket, sys, threading
sys.path.insert(0, sys.argv[1])
from resizer.render import sandbox

directory, port, abstract, named = sys.argv[2:6]
kept = open("/etc/passwd", "rb")

def connect(family, address):
    with socket.socket(family) as client:
        client.connect(address)

def bind():
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))

def run():
    if os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)[1]:
        raise OSError("exit status")

probes = {
    "read a file": lambda: open("/etc/passwd").close(),
    "list a directory": lambda: os.listdir("/"),
    "create a file": lambda: open(f"{directory}/new", "w").close(),
    "write to a file": lambda: open(f"{directory}/old", "a").close(),
    "truncate a file": lambda: os.truncate(f"{directory}/old", 0),
    "delete a file": lambda: os.unlink(f"{directory}/{sys.argv[6]}"),
    "make a directory": lambda: os.mkdir(f"{directory}/{sys.argv[6]}-made"),
    "run a program": run,
    "read the parent's files": lambda: open(f"/proc/{os.getppid()}/fd/0").close(),
    "connect by TCP": lambda: connect(socket.AF_INET, ("127.0.0.1", int(port))),
    "listen on TCP": bind,
    "signal the parent": lambda: os.kill(os.getppid(), 0),
    "connect to an abstract socket": lambda: connect(socket.AF_UNIX, "\\0" + abstract),
    "connect to a named socket": lambda: connect(socket.AF_UNIX, named),
}

def succeeds(probe):
    try:
        probe()
    except OSError:
        return False
    return True

def outcome():
    return {name: succeeds(probe) for name, probe in probes.items()}

def in_a_thread():
    found = {}
    thread = threading.Thread(target=lambda: found.update(outcome()))
    thread.start()
    thread.join()
    return found

def written(size):
    memory = os.memfd_create("x")
    try:
        return os.pwrite(memory, b"x" * size, 0)
    finally:
        os.close(memory)

def allocates(size):
    try:
        bytearray(size)
    except MemoryError:
        return False
    return True

before = outcome()
sys.argv[6] = "second"
problems = sandbox.lock(memory_mb=512, file_bytes=100_000)
prctl = ctypes.CDLL(None).prctl
signal = ctypes.c_int()
prctl(2, ctypes.byref(signal))
print(json.dumps({
    "before": before,
    "after": outcome(),
    "in a thread": in_a_thread(),
    "problems": problems,
    "kept": kept.read(5).decode("latin-1"),
    "written": written(200_000),
    "allocates": [allocates(64 << 20), allocates(600 << 20)],
    "core": resource.getrlimit(resource.RLIMIT_CORE),
    "files": resource.getrlimit(resource.RLIMIT_NOFILE),
    "nice": os.nice(0),
    "no new privileges": prctl(39, 0, 0, 0, 0),
    "dumpable": prctl(3, 0, 0, 0, 0),
    "dies with its parent by": signal.value,
}))
"""

needs_landlock = pytest.mark.skipif(
    not sandbox.available(), reason="this kernel offers no Landlock"
)


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-I", "-c", code, ROOT, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    directory = tmp_path_factory.mktemp("outside")
    for name in ("old", "first", "second"):
        (directory / name).write_text("x")
    abstract, named = f"resizer-test-{os.getpid()}", str(directory / "named")
    with (
        socket.create_server(("127.0.0.1", 0)) as tcp,
        socket.socket(socket.AF_UNIX) as by_name,
        socket.socket(socket.AF_UNIX) as by_path,
    ):
        by_name.bind("\0" + abstract)
        by_path.bind(named)
        by_name.listen()
        by_path.listen()
        port = str(tcp.getsockname()[1])
        yield json.loads(run(PROBES, str(directory), port, abstract, named, "first"))


def test_every_probe_succeeds_before_the_lock(report: dict[str, Any]) -> None:
    assert [name for name, succeeded in report["before"].items() if not succeeded] == []


def _beyond(abi: int) -> set[str]:
    """What a kernel of that ABI cannot deny."""
    since = {
        "truncate a file": 3,
        "connect by TCP": 4,
        "listen on TCP": 4,
        "signal the parent": 6,
        "connect to an abstract socket": 6,
        "connect to a named socket": 9,
    }
    return {name for name, first in since.items() if abi < first}


@needs_landlock
@pytest.mark.parametrize("where", ["after", "in a thread"])
def test_nothing_outside_is_within_reach_after_the_lock(report: dict[str, Any], where: str) -> None:
    allowed = {name for name, succeeded in report[where].items() if succeeded}
    assert allowed - _beyond(sandbox.available()) == set()


def test_what_was_open_stays_usable(report: dict[str, Any]) -> None:
    assert report["kept"] == "root:"


def test_memory_files_and_output_are_bounded(report: dict[str, Any]) -> None:
    assert report["allocates"] == [True, False]
    assert report["written"] == 100_000
    assert report["core"] == [0, 0]
    assert report["files"][1] < 100


def test_a_worker_goes_last_for_the_processor(report: dict[str, Any]) -> None:
    assert report["nice"] == min(19, os.nice(0) + 15)


def test_a_worker_dies_with_its_parent_and_gains_nothing(report: dict[str, Any]) -> None:
    assert report["dies with its parent by"] == 9
    assert report["no new privileges"] == 1
    assert report["dumpable"] == 0


@needs_landlock
def test_a_full_lock_reports_no_problem(report: dict[str, Any]) -> None:
    if sandbox.available() < 4:
        pytest.skip("this kernel's Landlock does not confine TCP")
    assert report["problems"] == []


def test_a_kernel_without_landlock_is_a_problem_in_words() -> None:
    (problem,) = sandbox.confine(0, ())
    assert "not available" in problem


@needs_landlock
def test_a_thread_that_already_runs_is_a_problem_in_words() -> None:
    code = """
import sys, threading
sys.path.insert(0, sys.argv[1])
from resizer.render import sandbox
running = threading.Event()
threading.Thread(target=running.wait).start()
print(sandbox.lock(memory_mb=512, file_bytes=1000))
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
    found = sandbox.rules(abi)
    assert (found.files, found.net, found.scoped) == (files, net, scoped)
    assert sandbox.rules_size(abi) == size <= ctypes.sizeof(found)


def test_asking_what_is_available_locks_nothing(tmp_path: Path) -> None:
    sandbox.available()
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
from resizer.render import sandbox
sandbox.lock(memory_mb=512, file_bytes=1000, readable=(sys.argv[2], "/nowhere"))

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
