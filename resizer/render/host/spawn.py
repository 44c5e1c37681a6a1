"""How a worker process comes into being: its program, its environment, what it inherits."""

import os
import socket
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import resizer
from resizer.render.protocol.memfd import bounded_memfd

STDERR_BYTES = 16_384

# The worker runs the very package that its gateway runs, installed, editable or neither, and
# finds nothing else beside it.
_BOOT = """
import sys
sys.path.insert(0, sys.argv[1])
import resizer
del sys.path[0]
from resizer.render.worker import main
main()
"""
COMMAND = (
    *(sys.executable, "-I", "-X", "faulthandler", "-c", _BOOT),
    str(Path(resizer.__file__).parents[1]),
)
"""Command line of a worker; the number of its socket is added as the last argument."""

# One thread, of matrices too: Landlock confines none that runs already. No warnings on stderr, and
# no more than two arenas of 64 MiB in a bounded space. What a render frees is kept for the next
# (see `memory`): of five renders of all kinds, 73 ms of the kernel's time become 8, and the worker
# holds 124 MB instead of 77.
ENVIRONMENT = {
    "VIPS_CONCURRENCY": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "VIPS_WARNING": "1",
    "MALLOC_ARENA_MAX": "2",
    "MALLOC_MMAP_THRESHOLD_": str(32 * 2**20),
    "MALLOC_TRIM_THRESHOLD_": str(128 * 2**20),
}


@dataclass(frozen=True, slots=True)
class Spawned:
    """A process that knows nothing yet, our end of its socket, and what it says on stderr."""

    process: subprocess.Popen[bytes]
    socket: socket.socket
    stderr: int


_ahead: list[Spawned] = []


def spawn_ahead(count: int) -> None:
    """Start workers before anybody can give them work: they import while this process does.

    To be called in the main thread, as `spawn`. One that cannot be started is started again, and
    told of, when its turn comes.
    """
    with suppress(OSError):
        while len(_ahead) < count:
            _ahead.append(_spawned(COMMAND))


def spawn(command: Sequence[str]) -> Spawned:
    """A process with nothing inherited but its socket and its stderr. Raises OSError."""
    return _ahead.pop() if command is COMMAND and _ahead else _spawned(command)


def _spawned(command: Sequence[str]) -> Spawned:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    stderr = bounded_memfd("stderr", STDERR_BYTES)
    with theirs:
        try:
            process = subprocess.Popen(  # noqa: S603  (the operator's own program)
                [*command, str(theirs.fileno())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=stderr,
                pass_fds=[theirs.fileno()],
                env=ENVIRONMENT,
                cwd="/",
                # A session of its own would make its priority its own affair (sched(7), autogroup).
                process_group=0,
            )
        except OSError:
            ours.close()
            os.close(stderr)
            raise
    return Spawned(process, ours, stderr)
