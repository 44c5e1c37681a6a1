"""CPU time of a worker, bounded from outside before each job, and none of it between jobs.

The gateway ends a render that takes too long; this ends it where the gateway itself stands still,
stopped or starved. The kernel sends SIGXCPU at the bound, and SIGKILL at the one of a worker's life
(see sandbox) to code that blocks it.
"""

import math
import resource
import time
from contextlib import suppress

_PROCESSORS = 2
"""A render may keep as many busy for all its time: its own thread and libvips' writer."""
_REST_SECONDS = 1.0
"""What a worker may take between two jobs: memory given back, threads that end."""


class CpuBudget:
    """What one process took, and how much it may have taken by the end of its job."""

    def __init__(self, process: int) -> None:
        self._process = process
        self._most = math.inf
        self._at_rest = math.inf

    def bound(self, render_seconds: float) -> list[str]:
        """Let it take what one more render may need; what of that did not work."""
        try:
            self._most = bound(self._process, render_seconds)
        except OSError as error:
            return [f"RLIMIT_CPU of a worker: {error.strerror}"]
        return []

    def is_used_up(self) -> bool:
        """Whether the kernel ends it for that, or has done so."""
        return self._has_used(self._most)

    def rest(self) -> None:
        """It has nothing to do from now on."""
        with suppress(OSError):
            self._at_rest = used(self._process)

    def computed_at_rest(self) -> bool:
        """Whether it has computed all the same; to be asked before its next job."""
        return self._has_used(self._at_rest + _REST_SECONDS)

    def _has_used(self, seconds: float) -> bool:
        with suppress(OSError):
            return used(self._process) >= seconds
        return False


def used(process: int) -> float:
    """Seconds of CPU time that `process` has taken so far, ended or not. Raises OSError."""
    # clock_getcpuclockid(3) of another process; 0 for the times that RLIMIT_CPU is compared with.
    return time.clock_gettime(~process << 3)


def bound(process: int, render_seconds: float) -> float:
    """Let `process` take what a render of `render_seconds` may need, and no more. Raises OSError.

    Returns the seconds that it may have taken in all. RLIMIT_CPU counts whole ones, from the start
    of the process.
    """
    _, hard = resource.prlimit(process, resource.RLIMIT_CPU)
    soft = math.ceil(used(process) + _PROCESSORS * render_seconds)
    if hard != resource.RLIM_INFINITY:
        soft = min(soft, hard)
    resource.prlimit(process, resource.RLIMIT_CPU, (soft, hard))
    return soft
