"""CPU time of a worker, bounded from outside before each job.

The gateway ends a render that takes too long; this ends it where the gateway itself stands still,
stopped or starved. The kernel sends SIGXCPU at the bound, and SIGKILL at the one of a worker's life
(see sandbox) to code that blocks it.
"""

import math
import resource
import time

_PROCESSORS = 2
"""A render may keep as many busy for all its time: its own thread and libvips' writer."""


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
