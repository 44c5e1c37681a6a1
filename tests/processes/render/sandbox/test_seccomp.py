"""The filter's program, run here over every call, on this architecture and on others."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from resizer.render.sandbox import seccomp
from tests.support import bpf
from tests.support.root import ROOT

pyseccomp = pytest.importorskip("pyseccomp", reason="no libseccomp (package: libseccomp2)")

PROCESS = 4711
CALLS = range(512)
DENIED, UNKNOWN = bpf.errno(errno.EPERM), bpf.errno(errno.ENOSYS)
SyscallFilter = pyseccomp.SyscallFilter
X86_64, AARCH64 = pyseccomp.Arch.X86_64, pyseccomp.Arch.AARCH64
CLONE_THREAD = 0x10000
AS_PTHREADS = 0x3D0F00
NAMESPACES = [1 << bit for bit in (7, 17, 25, 26, 27, 28, 29, 30)]

Ask = Callable[..., int]


@pytest.fixture(scope="module", params=[X86_64, AARCH64], ids=["x86_64", "aarch64"])
def architecture(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture(scope="module")
def ask(architecture: int, tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """What the filter says to a call, by its name or number."""
    program = _program(architecture, tmp_path_factory.mktemp("seccomp") / "program")

    def verdict(call: str | int, *arguments: int) -> int:
        number = call if isinstance(call, int) else pyseccomp.resolve_syscall(architecture, call)
        return bpf.verdict(program, architecture, number, arguments)

    return verdict


def _program(architecture: int, file: Path) -> list[bpf.Instruction]:
    def filter_(action: int) -> object:
        made = SyscallFilter(action)
        if architecture != pyseccomp.system_arch():
            made.add_arch(architecture)
            made.remove_arch(pyseccomp.system_arch())
        return made

    with pytest.MonkeyPatch.context() as patch, file.open("wb") as opened:
        patch.setattr(pyseccomp, "SyscallFilter", filter_)
        seccomp.build(PROCESS).export_bpf(opened)
    return bpf.read(file.read_bytes())


def _name(architecture: int, number: int) -> str:
    try:
        return str(pyseccomp.resolve_syscall(architecture, number).decode())
    except ValueError:
        return ""


def test_no_call_is_allowed_but_those_that_are_listed(ask: Ask, architecture: int) -> None:
    listed = {name for names in seccomp.ALLOWED.values() for name in names.split()}
    found = {_name(architecture, call) for call in CALLS if ask(call, 1, 1, 1, 1, 1) == bpf.ALLOW}
    there = {name for name in listed if pyseccomp.resolve_syscall(architecture, name) >= 0}
    # with these arguments: memory to read, and a descriptor's flag
    assert found == there | {"mmap", "mprotect", "fcntl"}
    assert {ask(call) for call in CALLS} <= {bpf.ALLOW, DENIED, UNKNOWN}


def test_nothing_that_renders_need_is_missing_on_an_architecture(architecture: int) -> None:
    """Of the older calls those that aarch64 left out have successors in the list."""
    needed = {name for names in seccomp.ALLOWED.values() for name in names.split()}
    missing = {name for name in needed if pyseccomp.resolve_syscall(architecture, name) < 0}
    assert missing <= {"access", "lstat", "readlink", "stat", "getrlimit"}


@pytest.mark.parametrize("call", ["clone3", "openat2"])
def test_a_call_whose_arguments_nobody_can_see_is_said_not_to_exist(ask: Ask, call: str) -> None:
    assert ask(call) == UNKNOWN


def test_a_thread_can_be_started_and_nothing_else(ask: Ask) -> None:
    assert ask("clone", AS_PTHREADS) == bpf.ALLOW
    for flags in (0, 17, AS_PTHREADS & ~CLONE_THREAD, 0x4000 | 0x100 | 17, AS_PTHREADS | 17):
        assert ask("clone", flags) == DENIED, hex(flags)
    for namespace in NAMESPACES:
        assert ask("clone", AS_PTHREADS | namespace) == DENIED, hex(namespace)


@pytest.mark.parametrize("call", ["mmap", "mprotect"])
def test_no_memory_becomes_executable(ask: Ask, call: str) -> None:
    for protection in range(8):
        expected = DENIED if protection & 4 else bpf.ALLOW
        assert ask(call, 0, 4096, protection) == expected


def test_files_are_opened_for_reading_only(ask: Ask) -> None:
    for flags in (0, os.O_CLOEXEC, os.O_NONBLOCK | os.O_NOCTTY):
        assert ask("openat", -100, 1, flags) == bpf.ALLOW
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_CREAT, os.O_TRUNC, os.O_TMPFILE, 3):
        assert ask("openat", -100, 1, flags) == DENIED, oct(flags)


def test_only_its_own_threads_are_signalled(ask: Ask) -> None:
    assert ask("tgkill", PROCESS, 1, 6) == bpf.ALLOW
    for other in (1, PROCESS + 1, -1, PROCESS + 2**32):
        assert ask("tgkill", other, 1, 6) == DENIED


def test_limits_are_read_and_never_set(ask: Ask) -> None:
    assert ask("prlimit64", 0, 7, 0, 1) == bpf.ALLOW
    assert ask("prlimit64", 0, 7, 1, 0) == DENIED
    assert ask("prlimit64", PROCESS, 7, 0, 1) == DENIED


def test_replies_go_nowhere_else(ask: Ask) -> None:
    assert ask("sendto", 3, 1, 1, 0, 0, 0) == bpf.ALLOW
    assert ask("sendto", 3, 1, 1, 0, 1, 16) == DENIED


def test_the_owner_and_the_signal_of_a_descriptor_stay(ask: Ask) -> None:
    commands = (*range(64), *range(1000, 1064))
    allowed = [command for command in commands if ask("fcntl", 0, command) == bpf.ALLOW]
    assert allowed == [1, 2, 3, 1030]


def test_a_thread_is_named_and_nothing_else_is_set(ask: Ask) -> None:
    assert [option for option in range(100) if ask("prctl", option) == bpf.ALLOW] == [15]


def test_a_call_of_another_architecture_ends_the_process(architecture: int, tmp_path: Path) -> None:
    program = _program(architecture, tmp_path / "program")
    for other in (AARCH64, X86_64, pyseccomp.Arch.X86, pyseccomp.Arch.ARM):
        if other != architecture:
            assert bpf.verdict(program, other, 0) == bpf.KILL_PROCESS
    if architecture == X86_64:
        assert bpf.verdict(program, X86_64, 0x40000000) == bpf.KILL_PROCESS


def test_threads_that_already_run_are_held_to_it() -> None:
    code = """
import ctypes, os, sys, threading
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import seccomp
go, found = threading.Event(), []
def work():
    go.wait()
    try:
        os.getpgid(0)
    except PermissionError:
        found.append("denied")
thread = threading.Thread(target=work)
thread.start()
ctypes.CDLL(None).prctl(38, 1, 0, 0, 0)
os.getpgid(0)
print(seccomp.prepare()())
go.set()
thread.join()
print(found)
"""
    assert _run(code) == "[]\n['denied']\n"


WITHOUT = """
import builtins, ctypes.util, errno, sys
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import seccomp
{change}
print(*seccomp.prepare()(), sep="\\n")
"""


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("sys.modules['pyseccomp'] = None", "seccomp is not available: import of pyseccomp"),
        (
            "ctypes.util.find_library = lambda name: None if name == 'seccomp' else 'libc.so.6'",
            "seccomp is not available: Unable to find libseccomp",
        ),
        (
            "import pyseccomp\n"
            "def refuse(self): raise OSError(errno.EINVAL, 'Invalid argument')\n"
            "pyseccomp.SyscallFilter.load = refuse",
            "seccomp is refused by",
        ),
    ],
    ids=["no pyseccomp", "no libseccomp", "refused"],
)
def test_what_keeps_the_filter_from_being_put_on_is_told(change: str, problem: str) -> None:
    (said,) = _run(WITHOUT.format(change=change)).splitlines()
    assert said.startswith(problem)


def test_a_container_that_refuses_seccomp_is_told() -> None:
    """Really refused, by another filter, as some containers' does."""
    code = """
import ctypes, sys
sys.path.insert(0, sys.argv[1])
from resizer.render.sandbox import seccomp
import pyseccomp
outer = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
outer.add_rule(pyseccomp.ERRNO(1), "seccomp")
outer.add_rule(pyseccomp.ERRNO(1), "prctl", pyseccomp.Arg(0, pyseccomp.EQ, 22))
outer.load()
print(*seccomp.prepare()())
"""
    assert _run(code).startswith("seccomp is refused by")


def _run(code: str) -> str:
    command = [sys.executable, "-I", "-c", code, str(ROOT)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
