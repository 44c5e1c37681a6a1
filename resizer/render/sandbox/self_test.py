"""The self-test of the sandbox: forbidden things that a locked worker tries at its start.

Each attempt does no harm where it works, and takes microseconds where it is denied. How much more
is denied is proven elsewhere, once; this tells of this machine, its kernel and its container.
"""

import ctypes
import mmap
import os
import resource
import socket
import sys
from collections.abc import Callable
from errno import EACCES, ENOENT, ENOSYS, EOPNOTSUPP, EPERM, EROFS

_DENIED = {EACCES, EPERM, ENOSYS}
_NOT_THERE = {ENOENT, EOPNOTSUPP, EROFS}
"""No /tmp, or none to write to."""
_DISCARD = ("127.0.0.1", 9)
_GATEWAY = os.getppid()
_LIBC = ctypes.CDLL(None, use_errno=True)


def _open(path: str, flags: int = os.O_RDONLY) -> None:
    os.close(os.open(path, flags))


def _connect() -> None:
    with socket.socket() as client:
        client.settimeout(1)
        client.connect(_DISCARD)


def _send() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"", _DISCARD)


def _read_gateway() -> None:
    """Nothing is ever mapped at address 0: not to be denied means to hear just that."""
    nowhere = (ctypes.c_size_t * 2)(0, 1)
    if _LIBC.process_vm_readv(_GATEWAY, nowhere, 1, nowhere, 1, 0) < 0:
        raise OSError(ctypes.get_errno(), "process_vm_readv")


def _fork() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


ESCAPES: dict[str, Callable[[], object]] = {
    "open a file": lambda: _open(sys.executable),
    "list a directory": lambda: _open("/", os.O_DIRECTORY),
    "create a file": lambda: _open("/tmp", os.O_TMPFILE | os.O_RDWR),  # noqa: S108  (nameless)
    "connect by TCP": _connect,
    "send by UDP": _send,
    "read the gateway's memory": _read_gateway,
    "signal the gateway": lambda: os.kill(_GATEWAY, 0),
    "start a process": _fork,
    "make memory executable": lambda: mmap.mmap(-1, 1, prot=mmap.PROT_EXEC).close(),
    "change its limits": lambda: resource.setrlimit(
        resource.RLIMIT_CORE, resource.getrlimit(resource.RLIMIT_CORE)
    ),
}
"""What it is → how it is tried. To be called before any other thread runs."""


def run_self_test() -> list[str]:
    """Which of them are not denied, as one problem for the operator."""
    ways = [name for name, attempt in ESCAPES.items() if not _is_denied(attempt)]
    return [f"a worker can {', '.join(ways)}"] if ways else []


def _is_denied(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except OSError as error:
        return error.errno in _DENIED | _NOT_THERE
    except ValueError:  # of limits, where Python makes it of EPERM
        return True
    return False
