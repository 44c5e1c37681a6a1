"""What code that took a worker over would do. Whatever is denied raises OSError.

Standard library and raw system calls: this runs inside workers.
"""

import ctypes
import encodings.idna  # noqa: F401  (names of hosts need it, and no module is found after the lock)
import fcntl
import json
import mmap
import os
import resource
import signal
import socket
import struct
import subprocess
from collections.abc import Callable
from dataclasses import asdict, dataclass
from os.path import exists
from pathlib import Path

from pyseccomp import Arch, resolve_syscall

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.syscall.restype = ctypes.c_long
GATEWAY = os.getppid()
FRESH = 10
"""Files that are laid out for `fresh` to name."""


@dataclass(frozen=True)
class Targets:
    """What there is to attack: all of it belongs to the gateway or stands beside it."""

    directory: str
    """May be written to; holds `old`."""
    redis: int
    """Its TCP port."""
    redis_path: str
    abstract: str
    """Name of a socket that listens."""
    udp: int
    secret: str
    address: int
    """Where the gateway keeps it in its memory."""
    listening: int
    """Number of a descriptor of the gateway."""

    @property
    def text(self) -> str:
        return json.dumps(asdict(self))


Act = Callable[[Targets], object]


def call(name: str, *arguments: object) -> int:
    """One system call, without the C library's help."""
    number = resolve_syscall(Arch.NATIVE, name)
    if number < 0:
        raise NotImplementedError(name)
    given = (ctypes.c_long(each) if isinstance(each, int) else each for each in arguments)
    result = int(LIBC.syscall(ctypes.c_long(number), *given))
    if result < 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")
    return result


def reaches(expected: int, name: str, *arguments: object) -> None:
    """The kernel gets to see the call, which with these arguments can have no other outcome."""
    try:
        call(name, *arguments)
    except OSError as error:
        if error.errno != expected:
            raise


def opening(path: str) -> Act:
    return lambda at: open(path.format(gateway=GATEWAY)).close()


def talk(family: int, address: tuple[str, int] | str) -> None:
    with socket.socket(family) as client:
        client.connect(address)
        client.sendall(b"PING\r\n")
        assert client.recv(100).startswith(b"+PONG")


def connect_abstract(at: Targets) -> None:
    with socket.socket(socket.AF_UNIX) as client:
        client.connect("\0" + at.abstract)


def send_udp(at: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.sendto(b"x", ("127.0.0.1", at.udp))


def ask_name_server(at: Targets) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(("127.0.0.1", at.udp))
        client.send(b"\0\1\1\0\0\1\0\0\0\0\0\0\1a\0\0\1\0\1")


def listen(at: Targets) -> None:
    with socket.create_server(("127.0.0.1", 0)):
        pass


def any_socket(family: int, kind: int = socket.SOCK_STREAM) -> Act:
    return lambda at: socket.socket(family, kind).close()


def vector(address: int, size: int) -> object:
    return ctypes.byref((ctypes.c_size_t * 2)(address, size))


def read_memory(at: Targets) -> None:
    found = ctypes.create_string_buffer(len(at.secret))
    mine = vector(ctypes.addressof(found), len(found) - 1)
    call("process_vm_readv", GATEWAY, mine, 1, vector(at.address, len(found) - 1), 1, 0)
    assert found.value == at.secret.encode()[:-1]


def write_memory(at: Targets) -> None:
    secret = ctypes.create_string_buffer(at.secret.encode())
    mine = vector(ctypes.addressof(secret), len(at.secret))
    call("process_vm_writev", GATEWAY, mine, 1, vector(at.address, len(at.secret)), 1, 0)


def read_mem_file(at: Targets) -> None:
    memory = os.open(f"/proc/{GATEWAY}/mem", os.O_RDONLY)
    try:
        assert os.pread(memory, len(at.secret), at.address) == at.secret.encode()
    finally:
        os.close(memory)


def pidfd(at: Targets) -> int:
    return call("pidfd_open", GATEWAY, 0)


def steal_descriptor(at: Targets) -> None:
    os.close(call("pidfd_getfd", pidfd(at), at.listening, 0))


def seize(at: Targets) -> None:
    call("ptrace", 0x4206, GATEWAY, 0, 0)


def begin(name: str, *arguments: object) -> Act:
    """A process: parent and child both go on from here, and either says that it worked."""
    return lambda at: call(name, *arguments)


def clone3(at: Targets) -> None:
    arguments = struct.pack("=11Q", 0, 0, 0, 0, signal.SIGCHLD, 0, 0, 0, 0, 0, 0)
    call("clone3", arguments, len(arguments))


def spawn(at: Targets) -> None:
    subprocess.run(["/bin/true"], check=True)


def become(name: str, *before: int) -> Act:
    """Where it works there is nobody left to tell, and `true` ends with 0."""
    arguments = (ctypes.c_char_p * 2)(b"true", None)
    return lambda at: call(name, *before, b"/bin/true", arguments, None, 0)


def run_from_memory(at: Targets) -> None:
    code = os.memfd_create("code")
    os.write(code, Path("/bin/true").read_bytes())
    os.execv(f"/proc/self/fd/{code}", ["true"])


def executable_memory(at: Targets) -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_EXEC).close()


def make_executable(name: str, *more: int) -> Act:
    def attempt(at: Targets) -> None:
        with mmap.mmap(-1, 4096) as memory:
            anchor = ctypes.c_char.from_buffer(memory)
            address = ctypes.addressof(anchor)
            del anchor
            call(name, address, 4096, mmap.PROT_READ | mmap.PROT_EXEC, *more)
            call("mprotect", address, 4096, mmap.PROT_READ | mmap.PROT_WRITE)

    return attempt


def signal_info(at: Targets) -> None:
    about = struct.pack("=iiii", 0, 0, -1, 0).ljust(128, b"\0")
    call("rt_sigqueueinfo", GATEWAY, 0, about)


def signal_by_descriptor(at: Targets) -> None:
    """The kernel sends SIGIO to an owner that the descriptor's holder names."""
    fcntl.fcntl(0, fcntl.F_SETOWN, GATEWAY)


def raise_limits(at: Targets) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    call("prlimit64", 0, resource.RLIMIT_NOFILE, struct.pack("=qq", hard, hard), None)


def gateway_limits(at: Targets) -> None:
    found = ctypes.create_string_buffer(16)
    call("prlimit64", GATEWAY, resource.RLIMIT_NOFILE, None, found)
    call("prlimit64", GATEWAY, resource.RLIMIT_NOFILE, found, None)


def gateway_processors(at: Targets) -> None:
    mask = ctypes.create_string_buffer(128)
    size = call("sched_getaffinity", GATEWAY, 128, mask)
    call("sched_setaffinity", GATEWAY, size, mask)


def remove(at: Targets) -> None:
    os.unlink(fresh(at))


def rename(at: Targets) -> None:
    name = fresh(at)
    os.rename(name, f"{name}-renamed")


def fresh(at: Targets) -> str:
    """A file that nobody has removed yet."""
    return next(f"{at.directory}/{n}" for n in range(FRESH) if exists(f"{at.directory}/{n}"))
