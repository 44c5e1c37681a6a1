"""The system calls a locked worker has left: those that renders were seen to make, and no others.

Found with strace over the whole corpus, every format in and out, text in SVG, and crashes, and over
some of that on aarch64; with this list the same renders make the same bytes. What else is called
fails with EPERM, harmlessly: the terminal glibc looks for, the journal GLib looks for, the cache
fontconfig would write. In CPU time, beside an unfiltered worker: its start 1.01, renders 0.99
(medians of pairs).

The filter comes from libseccomp, which knows the numbers of each architecture, by pyseccomp. Its
import runs `ldconfig`, so `prepare` comes before the lock.
"""

import os
from collections.abc import Callable
from errno import ENOSYS, EPERM
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from pyseccomp import SyscallFilter

ALLOWED = {
    "memory": "brk madvise mremap munmap",
    "threads": "futex rseq set_robust_list sched_yield sched_getaffinity exit exit_group",
    "signals, faulthandler's and a crash's": (
        "rt_sigaction rt_sigprocmask rt_sigreturn sigaltstack restart_syscall"
    ),
    "descriptors it was given, and fonts": "close fstat lseek pread64 read readv write writev",
    "looking for fonts; Landlock decides what can be opened": (
        "access faccessat faccessat2 fstatfs getcwd getdents64 lstat newfstatat readlink"
        " readlinkat stat statfs statx"
    ),
    "orders, with their descriptors": "recvmsg",
    "time, where the vDSO has none": (
        "clock_getres clock_gettime clock_nanosleep gettimeofday nanosleep"
    ),
    "itself": (
        "getegid geteuid getgid getpid getrandom getrlimit getrusage gettid getuid sysinfo uname"
    ),
}
"""Reason → names, whatever their arguments. A name that an architecture lacks is skipped."""

REPLACED = ("clone3", "openat2")
"""Newer ways whose arguments no filter can see: "not known here" makes glibc take the older."""


class ArgumentCheck(NamedTuple):
    """What an argument (0…5) of a call must be, in the bits of `mask`."""

    argument: int
    value: int
    mask: int = 2**64 - 1


class SyscallRule(NamedTuple):
    """A call that is allowed where all its checks hold."""

    call: str
    checks: tuple[ArgumentCheck, ...] = ()


# include/uapi/linux/sched.h: VM, FS, FILES, SIGHAND, THREAD and SYSVSEM; left open are SETTLS,
# PARENT_SETTID, CHILD_CLEARTID and DETACHED, where the thread's number and storage go.
_THREAD = 0x10000 | 0x100 | 0x200 | 0x400 | 0x800 | 0x40000
_WHERE = 0x80000 | 0x100000 | 0x200000 | 0x400000
_PROT_EXEC = 4
# O_ACCMODE, O_CREAT, O_TRUNC and the bit of O_TMPFILE that is not O_DIRECTORY
_WRITES = 0o3 | 0o100 | 0o1000 | 0o20000000
_PR_SET_NAME = 15
# F_GETFD, F_SETFD, F_GETFL, and F_DUPFD_CLOEXEC, without which Python's mmap maps nothing; never
# F_SETOWN, which sends signals to others.
_FCNTL = (1, 2, 3, 1030)
_UNKNOWN = -1
"""Number of a name that libseccomp has not heard of; it skips those of other architectures."""


def syscall_rules(process: int) -> list[SyscallRule]:
    """All that `process` may call."""
    return [
        *(SyscallRule(call) for names in ALLOWED.values() for call in names.split()),
        SyscallRule("clone", (ArgumentCheck(0, _THREAD, 2**64 - 1 - _WHERE),)),
        SyscallRule("mmap", (ArgumentCheck(2, 0, _PROT_EXEC),)),
        SyscallRule("mprotect", (ArgumentCheck(2, 0, _PROT_EXEC),)),
        SyscallRule("openat", (ArgumentCheck(2, 0, _WRITES),)),
        SyscallRule("prctl", (ArgumentCheck(0, _PR_SET_NAME),)),
        # Limits are read: of this process, and no new ones.
        SyscallRule("prlimit64", (ArgumentCheck(0, 0), ArgumentCheck(2, 0))),
        # Replies go to whom the socket is connected to.
        SyscallRule("sendto", (ArgumentCheck(4, 0),)),
        # abort() and faulthandler end this process.
        SyscallRule("tgkill", (ArgumentCheck(0, process),)),
        *(SyscallRule("fcntl", (ArgumentCheck(1, command),)) for command in _FCNTL),
    ]


def prepare() -> Callable[[], list[str]]:
    """Get the filter ready. What is returned puts it on, for good, and says what did not work."""
    try:
        load = build(os.getpid()).load
    except (ImportError, RuntimeError, OSError) as error:
        problem = f"seccomp is not available: {error}"
        return lambda: [problem]
    return lambda: _put_on(load)


def build(process: int) -> "SyscallFilter":
    """The filter for `process`. Raises RuntimeError and ImportError where libseccomp is missing."""
    # Imported here because it loads libseccomp, which may not be there.
    from pyseccomp import ALLOW, ERRNO, KILL_PROCESS, MASKED_EQ, Arch, Arg, Attr, SyscallFilter
    from pyseccomp import resolve_syscall as number

    found = SyscallFilter(ERRNO(EPERM))
    # Threads that already run are held to it as well; calls of another architecture end it all.
    found.set_attr(Attr.CTL_TSYNC, 1)
    found.set_attr(Attr.ACT_BADARCH, KILL_PROCESS)
    for rule in syscall_rules(process):
        checks = (Arg(c.argument, MASKED_EQ, c.mask, c.value) for c in rule.checks)
        if number(Arch.NATIVE, rule.call) != _UNKNOWN:
            found.add_rule(ALLOW, rule.call, *checks)
    for call in REPLACED:
        if number(Arch.NATIVE, call) != _UNKNOWN:
            found.add_rule(ERRNO(ENOSYS), call)
    return found


def _put_on(load: Callable[[], None]) -> list[str]:
    try:
        load()
    except OSError:  # its number is of some probe of libseccomp's, and says nothing
        return ["seccomp is refused by the kernel, or by the container around it"]
    return []
