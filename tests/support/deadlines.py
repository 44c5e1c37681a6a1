"""Deadlines that are longer on a busy machine, which makes a run slow and not red."""

import os
import time

MAX_WAIT = 60.0
"""Seconds for which is waited for what must come: a failure costs them, a success does not."""
_WORK = 0.05
"""Seconds of CPU time: longer than the scheduler lets one run undisturbed."""


def stretched(seconds: float) -> float:
    """What `seconds` of a quiet machine are on this one, now."""
    return seconds * slowness()


def slowness() -> float:
    """1 on a quiet machine, 3 where each gets a third of a processor: how much longer than its CPU
    time some work takes now, or went on average over the last minute."""
    began, worked = time.perf_counter(), time.thread_time()
    while time.thread_time() - worked < _WORK:
        pass
    now = (time.perf_counter() - began) / _WORK
    last_minute = os.getloadavg()[0] / len(os.sched_getaffinity(0))
    return max(1.0, now, last_minute)
