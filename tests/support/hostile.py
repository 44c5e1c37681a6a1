"""Every attack by name, and which part of the lock denies it when that part is alone."""

import errno
import os
import signal
import socket
import struct
from dataclasses import dataclass

from tests.support.hostile_acts import (
    GATEWAY,
    Act,
    any_socket,
    ask_name_server,
    become,
    begin,
    call,
    clone3,
    connect_abstract,
    executable_memory,
    fresh,
    gateway_limits,
    gateway_processors,
    listen,
    make_executable,
    opening,
    pidfd,
    raise_limits,
    reaches,
    read_mem_file,
    read_memory,
    remove,
    rename,
    run_from_memory,
    seize,
    send_udp,
    signal_by_descriptor,
    signal_info,
    spawn,
    steal_descriptor,
    talk,
    write_memory,
)

LANDLOCK, SECCOMP = "landlock", "seccomp"


@dataclass(frozen=True)
class Probe:
    """One attempt."""

    attempt: Act
    denied_by: frozenset[str]
    landlock_since: int = 1
    """ABI of Landlock."""
    rare: bool = False
    """Refused to everybody on some machines, or to all but root: then nothing can be shown."""


def _both(attempt: Act, since: int = 1, *, rare: bool = False) -> Probe:
    return Probe(attempt, frozenset({LANDLOCK, SECCOMP}), since, rare)


def _landlock(attempt: Act, since: int = 1) -> Probe:
    return Probe(attempt, frozenset({LANDLOCK}), since)


def _seccomp(attempt: Act, *, rare: bool = False) -> Probe:
    return Probe(attempt, frozenset({SECCOMP}), rare=rare)


FILES = {
    "open /etc/passwd": _landlock(opening("/etc/passwd")),
    "open /etc/passwd by openat": _landlock(lambda at: call("openat", -100, b"/etc/passwd", 0, 0)),
    "open /etc/passwd by open": _both(lambda at: call("open", b"/etc/passwd", 0, 0)),
    "open /etc/passwd by openat2": _both(
        lambda at: call("openat2", -100, b"/etc/passwd", bytes(24), 24)
    ),
    "list a directory": _landlock(lambda at: os.listdir("/")),
    "create a file": _both(lambda at: open(f"{at.directory}/new", "w").close()),
    "create a nameless file": _both(lambda at: os.open(at.directory, os.O_TMPFILE | os.O_RDWR)),
    "write to a file": _both(lambda at: open(f"{at.directory}/old", "a").close()),
    "truncate a file": _both(lambda at: os.truncate(f"{at.directory}/old", 0), 3),
    "delete a file": _both(remove),
    "rename a file": _both(rename),
    "make a directory": _both(lambda at: os.mkdir(f"{fresh(at)}-made")),
    "make a link": _both(lambda at: os.symlink("old", f"{fresh(at)}-link")),
    "make a named pipe": _both(lambda at: os.mkfifo(f"{fresh(at)}-pipe")),
    "change a file's mode": _seccomp(lambda at: os.chmod(f"{at.directory}/old", 0o600)),
    "change a file's times": _seccomp(lambda at: os.utime(f"{at.directory}/old")),
    "change its directory": _seccomp(lambda at: os.chdir("/tmp")),
    "change its root": _seccomp(lambda at: os.chroot("/"), rare=True),
    "mount": _both(lambda at: reaches(errno.EINVAL, "mount", 0, b"/", 0, 0x140000, 0), rare=True),
    "watch files": _seccomp(lambda at: call("inotify_init1", 0)),
}
PROC = {
    f"open {path}": _landlock(opening(path))
    for path in (
        "/proc/self/environ",
        "/proc/self/maps",
        "/proc/{gateway}/environ",
        "/proc/{gateway}/cmdline",
        "/proc/{gateway}/maps",
        "/proc/{gateway}/status",
    )
} | {
    "list /proc": _landlock(lambda at: os.listdir("/proc")),
    "list the gateway's descriptors": _landlock(lambda at: os.listdir(f"/proc/{GATEWAY}/fd")),
    "read the gateway's link to its program": _landlock(
        lambda at: os.readlink(f"/proc/{GATEWAY}/exe")
    ),
}
NETWORK = {
    "connect to Redis by TCP": _both(
        lambda at: talk(socket.AF_INET, ("127.0.0.1", at.redis)), since=4
    ),
    "connect to Redis by its UNIX socket": _both(
        lambda at: talk(socket.AF_UNIX, at.redis_path), since=9
    ),
    "connect to an abstract UNIX socket": _both(connect_abstract, 6),
    "listen on TCP": _both(listen, 4),
    "send by UDP": _seccomp(send_udp),
    "ask a name server": _seccomp(ask_name_server),
    "look a name up": Probe(lambda at: socket.gethostbyname("localhost"), frozenset()),
    "open a netlink socket": _seccomp(any_socket(socket.AF_NETLINK, socket.SOCK_RAW)),
    "open an IPv6 socket": _seccomp(any_socket(socket.AF_INET6), rare=True),
    "open a packet socket": _seccomp(any_socket(socket.AF_PACKET, socket.SOCK_RAW), rare=True),
    "make a pair of sockets": _seccomp(lambda at: socket.socketpair()),
}
GATEWAYS = {
    "read the gateway's memory by process_vm_readv": _both(read_memory),
    "write the gateway's memory by process_vm_writev": _both(write_memory),
    "read the gateway's memory by /proc": _landlock(read_mem_file),
    "trace the gateway": _both(seize),
    "hold the gateway by a pidfd": _seccomp(pidfd),
    "take a descriptor of the gateway": _both(steal_descriptor, rare=True),
    "compare with the gateway": _both(
        lambda at: call("kcmp", GATEWAY, os.getpid(), 0, 0, 0), rare=True
    ),
    "change the gateway's limits": _seccomp(gateway_limits),
    "change the gateway's priority": _seccomp(
        lambda at: os.setpriority(os.PRIO_PROCESS, GATEWAY, os.getpriority(0, GATEWAY))
    ),
    "change the gateway's processors": _seccomp(gateway_processors),
    "signal the gateway": _both(lambda at: os.kill(GATEWAY, 0), 6),
    "signal the gateway by kill": _both(lambda at: call("kill", GATEWAY, signal.SIGURG), 6),
    "signal the gateway by tgkill": _both(lambda at: call("tgkill", GATEWAY, GATEWAY, 0), 6),
    "signal the gateway by tkill": _both(lambda at: call("tkill", GATEWAY, 0), 6),
    "signal the gateway by rt_sigqueueinfo": _both(signal_info, 6),
    "signal the gateway by pidfd": _both(lambda at: signal.pidfd_send_signal(pidfd(at), 0), 6),
    "signal the gateway by a descriptor": _seccomp(signal_by_descriptor),
}
PROCESSES = {
    "fork": _seccomp(lambda at: os.fork()),
    "fork by fork": _seccomp(begin("fork")),
    "fork by vfork": _seccomp(begin("vfork")),
    "fork by clone": _seccomp(begin("clone", int(signal.SIGCHLD), 0, 0, 0, 0)),
    "fork by clone3": _seccomp(clone3),
    "clone into a user namespace": _seccomp(
        begin("clone", 0x10000000 | signal.SIGCHLD, 0, 0, 0, 0), rare=True
    ),
    "run a program": _both(spawn),
    "become a program by execve": _both(become("execve")),
    "become a program by execveat": _both(become("execveat", -100)),
    "run code from a memfd": _both(run_from_memory),
    "make a memfd": _seccomp(lambda at: os.memfd_create("x")),
    "map executable memory": _seccomp(executable_memory),
    "make memory executable by mprotect": _seccomp(make_executable("mprotect")),
    "make memory executable by pkey_mprotect": _seccomp(make_executable("pkey_mprotect", -1)),
    "make all memory executable": _seccomp(lambda at: call("personality", 0x0400000), rare=True),
    "raise its own limits": _seccomp(raise_limits),
    "be traced again": _seccomp(lambda at: call("prctl", 4, 1, 0, 0, 0)),
    "outlive the gateway": _seccomp(lambda at: call("prctl", 1, 0, 0, 0, 0)),
    "filter system calls": _seccomp(lambda at: reaches(errno.EFAULT, "seccomp", 1, 0, None)),
}
KERNEL = {
    "unshare its network": _seccomp(lambda at: call("unshare", 0x40000000), rare=True),
    "unshare its user": _seccomp(lambda at: call("unshare", 0x10000000), rare=True),
    "enter a namespace": _seccomp(lambda at: reaches(errno.EBADF, "setns", -1, 0), rare=True),
    "io_uring": _seccomp(lambda at: reaches(errno.EFAULT, "io_uring_setup", 1, None), rare=True),
    "keyctl": _seccomp(lambda at: call("keyctl", 0, -2, 1), rare=True),
    "add a key": _seccomp(lambda at: call("add_key", b"user", b"x", b"x", 1, -2), rare=True),
    "bpf": _seccomp(lambda at: reaches(errno.EFAULT, "bpf", 5, None, 72), rare=True),
    "userfaultfd": _seccomp(lambda at: call("userfaultfd", 1), rare=True),
    "perf_event_open": _seccomp(
        lambda at: reaches(errno.EFAULT, "perf_event_open", None, 0, -1, -1, 0), rare=True
    ),
    "shared memory": _seccomp(
        lambda at: reaches(errno.ENOENT, "shmget", 0x7E57, 4096, 0), rare=True
    ),
    "a message queue": _seccomp(lambda at: reaches(errno.ENOENT, "msgget", 0x7E57, 0), rare=True),
    "the kernel's log": _seccomp(lambda at: call("syslog", 10, None, 0), rare=True),
    "ioctl": _seccomp(lambda at: reaches(errno.ENOTTY, "ioctl", 0, 0x5413, bytes(8))),
    "another user": _seccomp(lambda at: os.setuid(os.getuid())),
    "its capabilities": _seccomp(
        lambda at: call("capset", struct.pack("=II", 0x20080522, 0), bytes(24))
    ),
}
PROBES: dict[str, Probe] = FILES | PROC | NETWORK | GATEWAYS | PROCESSES | KERNEL
