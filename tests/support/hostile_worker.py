"""The real worker, locked in like any other, whose every render is an attack (see hostile)."""

import ctypes
import json
import mmap
import os
import resource
import signal
import stat
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from itertools import count, takewhile

from resizer.model.image import Rendered
from resizer.model.limits import Limits
from resizer.model.transform import Transform
from resizer.render.pipeline.intermediates import Intermediates
from resizer.render.protocol.messages import Resampling
from resizer.render.sandbox import lock, seccomp
from resizer.render.worker import serve_jobs
from tests.support.hostile import PROBES
from tests.support.hostile_acts import LIBC, Targets
from tests.support.puppet_worker import as_picture
from tests.support.root import ROOT

WORKED = "worked"
ABSENT = "absent"
"""This architecture has no such call."""
_NO_NEW_PRIVS = 38
_SECONDS_OF_AN_ATTEMPT = 10
_BEFORE: dict[str, str] = {}
_KEPT: list[int] = []
LONG = 100_000
"""Bytes of a variant."""


def command(function: Callable[[], None], at: Targets) -> tuple[str, ...]:
    """What runs `function`, one of this module's, in a process of its own."""
    name = function.__name__
    code = "import sys; sys.path.insert(0, sys.argv[1]); from tests.support import hostile_worker;"
    root = str(ROOT)
    return (sys.executable, "-I", "-c", f"{code} hostile_worker.{name}()", root, at.text)


def attack() -> None:
    """Try everything before the lock, then serve."""
    _BEFORE.update(each_apart())
    serve_jobs(_obey, lambda render, limits: [])


def obey() -> None:
    """Serve at once."""
    serve_jobs(_obey, lambda render, limits: [])


def with_landlock_alone() -> None:
    LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    problems = lock.confine(lock.landlock_abi(), lock.FONTS)
    print(json.dumps(problems or each_apart()))


def with_seccomp_alone() -> None:
    LIBC.prctl(_NO_NEW_PRIVS, 1, 0, 0, 0)
    problems = seccomp.prepare()()
    print(json.dumps(problems or each()))


def _obey(
    sources: Sequence[memoryview],
    transform: Transform,
    limits: Limits,
    resampling: Resampling,
    intermediates: Intermediates,
) -> Rendered:
    outcomes = ORDERS[bytes(sources[0]).decode().strip()]()
    return as_picture(json.dumps(outcomes))


def each() -> dict[str, str]:
    """How each attack ends, here and now."""
    at = _targets()
    return {name: _outcome(partial(probe.attempt, at)) for name, probe in PROBES.items()}


def each_apart() -> dict[str, str]:
    """In processes of their own, so that what works changes nothing for the next."""
    at = _targets()
    return {name: _apart(partial(probe.attempt, at)) for name, probe in PROBES.items()}


def _targets() -> Targets:
    return Targets(**json.loads(sys.argv[2]))


def _outcome(attempt: Callable[[], object]) -> str:
    """`worked`, or why not."""
    try:
        attempt()
    except NotImplementedError:
        return ABSENT
    except OSError as error:
        return str(error) or type(error).__name__
    return WORKED


def _apart(attempt: Callable[[], object]) -> str:
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.alarm(_SECONDS_OF_AN_ATTEMPT)
        try:
            # Where it became two processes both are here, and say so.
            os.write(writer, _outcome(attempt).encode())
        finally:
            os._exit(1)
    os.close(writer)
    with open(reader, "rb") as pipe:
        said = pipe.read().decode()
    status = os.waitpid(child, 0)[1]
    if said.startswith(WORKED) or (not said and status == 0):  # silent: it became another program
        return WORKED
    return said or f"it ended with {status}"


def _in_a_thread() -> dict[str, str]:
    found: dict[str, str] = {}
    thread = threading.Thread(target=lambda: found.update(each()))
    thread.start()
    thread.join()
    return found


def _descriptors() -> dict[int, int]:
    """Number → inode of all that is open."""
    found = {}
    for number in range(1000):
        with suppress(OSError):
            found[number] = os.fstat(number).st_ino
    return found


def _spoil() -> dict[str, str]:
    """Write to the original of this very job."""
    source = next(n for n in _descriptors() if n > 2 and os.fstat(n).st_size == len(b"spoil"))
    return {
        "write": _outcome(partial(os.write, source, b"x")),
        "map": _outcome(partial(mmap.mmap, source, 0)),
    }


def _keep() -> str:
    """Close none of the descriptors of this job."""
    files = [n for n in _descriptors() if n > 2 and stat.S_ISREG(os.fstat(n).st_mode)]
    _KEPT.extend(files[1:3])  # before them what tells its size, behind them what maps the original
    os.close = lambda fd: None
    return "x" * LONG


def _kept() -> list[tuple[int, str]]:
    """Of each that was kept its size, and how a write to it ends."""
    return [(os.fstat(n).st_size, _outcome(partial(os.write, n, b"x"))) for n in _KEPT]


def _environment() -> list[str]:
    """As the C library has it, whatever Python shows."""
    variables = ctypes.POINTER(ctypes.c_char_p).in_dll(LIBC, "environ")
    texts = (variables[n] for n in count())
    return [text.decode() for text in takewhile(bool, texts)]


def _change_architecture() -> None:
    """Call as an x32 program does: the number means another call there."""
    LIBC.syscall(ctypes.c_long(0x40000000 | 39))


ORDERS: dict[str, Callable[[], object]] = {
    "before": lambda: _BEFORE,
    "after": each,
    "in a thread": _in_a_thread,
    "descriptors": _descriptors,
    "keep": _keep,
    "kept": _kept,
    "spoil": _spoil,
    "environment": _environment,
    "change architecture": _change_architecture,
}
