"""Locks a worker in, before the first hostile byte: Landlock, seccomp, resource limits.

Standard library, raw system calls and libseccomp only: whatever this imports, every worker carries.
Landlock (Linux ≥ 5.13) confines the thread that asks and those it starts later, never one that
already runs. libvips keeps the threads of a render for the next one, so `lock` comes before any
pixel. What each part denies, and to whom, is told in docs/security.md.
"""

import ctypes
import os
import resource
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from resizer.render.sandbox import seccomp

# include/uapi/asm-generic/unistd.h: the same numbers on every architecture.
_CREATE_RULESET = 444
_ADD_RULE = 445
_RESTRICT_SELF = 446
# include/uapi/linux/landlock.h
_VERSION_FLAG = 1
_FILE_RIGHTS = {1: 13, 2: 14, 3: 15, 5: 16, 9: 17}
"""ABI → how many rights it has on files; they are bits from 0 upwards."""
_SINCE = {3: "truncating files", 4: "TCP", 6: "abstract sockets and signals"}
"""ABI → what it was the first to confine; without, that is left to seccomp alone."""
_PATH_BENEATH = 1
_READ_FILE_AND_DIRECTORY = 0b1100
_TCP_BIND_AND_CONNECT = 0b11
_ABSTRACT_SOCKETS_AND_SIGNALS = 0b11
# include/uapi/linux/prctl.h
_PARENT_DEATH_SIGNAL = 1
_DUMPABLE = 4
_NO_NEW_PRIVS = 38
_SIGKILL = 9

FONTS = (
    "/etc/fonts",
    "/usr/share/fontconfig",
    "/usr/share/fonts",
    "/usr/local/share/fonts",
    "/var/cache/fontconfig",
)
"""All that stays readable: no secret, and without them the text of an SVG is not drawn."""

_NICENESS = 15
"""Where the kernel refuses SCHED_IDLE; to those who have that, niceness means nothing."""
_OPEN_FILES = 40
"""Text in an SVG needs ten, a job lends up to 23. Each may hold an original or the pixels of one,
which is memory that no limit counts."""
_LIFETIME_CPU = 3600
"""Seconds of CPU time that a worker may take in all; the gateway sets a lower bound per job."""
_MORE_TASKS = 4096
"""Processes and threads that the worker's user may have beyond all that there are at its start.

The kernel counts those of all containers, and never root's. A gateway and its workers have dozens;
a bomb of thousands costs the machine some 100 MiB until its render's time is over.
"""
# include/uapi/linux/capability.h
_CAPABILITY_VERSION_3 = 0x20080522
_LIBC = ctypes.CDLL(None, use_errno=True)


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("directory", ctypes.c_int32))


class Ruleset(ctypes.Structure):
    _fields_ = (
        ("files", ctypes.c_uint64),
        ("net", ctypes.c_uint64),
        ("scoped", ctypes.c_uint64),
    )


def landlock_abi() -> int:
    """The Landlock ABI that the kernel offers, or 0 for none. Locks nothing."""
    return max(
        0, _syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION_FLAG))
    )


def lock(*, memory_mb: int, file_bytes: int, readable: Sequence[str] = FONTS) -> list[str]:
    """Give up, for good, what a render does not need; say in words what could not be given up.

    `memory_mb` bounds the address space in MiB, `file_bytes` what may be written to any one file
    (a memfd counts). The descriptors already open stay usable, and so do the `readable`
    directories that there are.
    """
    put_filter_on = seccomp.prepare()
    problems = [*_yield_to_others(), *_set_limits(memory_mb, file_bytes), *_drop_capabilities()]
    for option, value, name in (
        (_PARENT_DEATH_SIGNAL, _SIGKILL, "ending with the gateway"),
        (_DUMPABLE, 0, "refusing to be traced"),
        (_NO_NEW_PRIVS, 1, "no_new_privs"),
    ):
        if _LIBC.prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))):
            problems.append(f"{name}: {_last_error()}")
    problems += confine(landlock_abi(), readable)
    # Last: it denies the calls that the rest of the lock is made of.
    return problems + put_filter_on()


def _yield_to_others() -> list[str]:
    """Hits go before renders, and memory that runs out costs a worker, never the gateway.

    SCHED_IDLE (sched(7)) gives up the processor as soon as anybody else wakes, others only at the
    end of their slice: the p99 of hits amid misses is 1.3 ms instead of 2.8.
    """
    problems = []
    os.nice(_NICENESS)
    try:
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    except OSError as error:
        problems.append(f"giving way at once (SCHED_IDLE): {error.strerror}")
    try:
        Path("/proc/self/oom_score_adj").write_text("1000")
    except OSError as error:
        problems.append(f"going first when memory runs out: {error.strerror}")
    return problems


def _set_limits(memory_mb: int, file_bytes: int) -> list[str]:
    wanted: dict[str, Callable[[], int]] = {
        "RLIMIT_AS": lambda: memory_mb * 1024 * 1024,
        "RLIMIT_FSIZE": lambda: file_bytes,
        "RLIMIT_NOFILE": lambda: _OPEN_FILES,
        "RLIMIT_CORE": lambda: 0,
        "RLIMIT_CPU": lambda: _LIFETIME_CPU,
        "RLIMIT_NPROC": lambda: _tasks() + _MORE_TASKS,
    }
    problems = []
    for name, value in wanted.items():
        try:
            _lower(getattr(resource, name), value())
        except (OSError, ValueError, IndexError) as error:
            problems.append(f"{name}: {error}")
    return problems


def _tasks() -> int:
    """Processes and threads of the whole machine (proc_loadavg(5)), whoever's they are."""
    return int(Path("/proc/loadavg").read_text().split("/")[1].split()[0])


def _drop_capabilities() -> list[str]:
    """Root without them is a user like any other, but for the files that are root's."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable; twice 32 of each
    return [f"dropping capabilities: {_last_error()}"] if _LIBC.capset(header, none) else []


def _lower(limit: int, value: int) -> None:
    _, hard = resource.getrlimit(limit)
    bound = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(limit, (bound, bound))


def confine(abi: int, readable: Sequence[str]) -> list[str]:
    """Handle every right the kernel knows: no file but these, no TCP, no signal outwards."""
    if not abi:
        return ["Landlock is not available: files and the network stay within a worker's reach"]
    if _threads() > 1:
        return ["Landlock does not confine threads that already run: not applied"]
    size = ctypes.c_size_t(landlock_rules_size(abi))
    ruleset = _syscall(_CREATE_RULESET, ctypes.byref(landlock_rules(abi)), size, ctypes.c_uint32(0))
    if ruleset < 0:
        return [f"Landlock: {_last_error()}"]
    try:
        for directory in readable:
            _let_read(ruleset, directory)
        if _syscall(_RESTRICT_SELF, ruleset, ctypes.c_uint32(0)):
            return [f"Landlock: {_last_error()}"]
    finally:
        os.close(ruleset)
    return [f"Landlock ABI {abi} does not confine {what}" for what in _beyond(abi)]


def _beyond(abi: int) -> list[str]:
    return [f"{what} (ABI {since} does)" for since, what in _SINCE.items() if abi < since]


def _let_read(ruleset: int, directory: str) -> None:
    """What cannot be opened, or not allowed, stays closed."""
    try:
        opened = os.open(directory, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return
    rule = _PathBeneath(_READ_FILE_AND_DIRECTORY, opened)
    _syscall(
        _ADD_RULE, ruleset, ctypes.c_int(_PATH_BENEATH), ctypes.byref(rule), ctypes.c_uint32(0)
    )
    os.close(opened)


def landlock_rules(abi: int) -> Ruleset:
    """All that the ABI can take away."""
    rights = _FILE_RIGHTS[max(known for known in _FILE_RIGHTS if known <= abi)]
    return Ruleset(
        files=(1 << rights) - 1,
        net=_TCP_BIND_AND_CONNECT if abi >= 4 else 0,
        scoped=_ABSTRACT_SOCKETS_AND_SIGNALS if abi >= 6 else 0,
    )


def landlock_rules_size(abi: int) -> int:
    """The ruleset grew with the ABI; an older kernel refuses bytes that it does not know."""
    return 8 * (1 if abi < 4 else 2 if abi < 6 else 3)


def _threads() -> int:
    with suppress(OSError):
        return len(os.listdir("/proc/self/task"))
    return 1


def _syscall(number: int, *arguments: object) -> int:
    return int(_LIBC.syscall(ctypes.c_long(number), *arguments))


def _last_error() -> str:
    return os.strerror(ctypes.get_errno())
