"""Watchdog: a thread that refuses an SVG whose render takes too much time or memory.

No count of what an SVG holds says how long it takes: 3,000 filtered rectangles, 147 kB, or one line
of 240 kB of text take minutes. The thread sees the render go on for too long, says so to the
gateway, which ends this process, and lets the render say nothing any more. So it is a refusal at
once, with its reason: no crash that is tried again, and no wait until `render_seconds`.
"""

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from resizer.errors import UnprocessableSource
from resizer.model.limits import Limits
from resizer.render.containers.sniff import SVG_PROLOGUE_BYTES, SourceFormat, sniff
from resizer.render.protocol.messages import Job, Refused

_LOOKS = 0.05
"""Seconds between two looks at the render."""


_STATM = os.open("/proc/self/statm", os.O_RDONLY)
"""This process' own size (proc_pid_statm(5)), opened while files can be. Not getrusage(2): its peak
begins with that of the gateway, in whose memory a worker is born, and hides as much growth."""
_PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1024**2


@contextmanager
def bounded_svg(job: Job, sources: Sequence[int], say: Callable[[Refused], None]) -> Iterator[None]:
    """Bound what the render inside may take, if one of the descriptors `sources` holds an SVG.

    Once `say` was called nobody leaves this context.
    """
    if not any(map(_is_svg, sources)):
        yield
        return
    over, saying = threading.Event(), threading.Lock()
    arguments = (job, say, over, saying)
    threading.Thread(target=_watch, args=arguments, daemon=True).start()
    try:
        yield
    finally:
        over.set()
        saying.acquire()


def _is_svg(source: int) -> bool:
    head = memoryview(os.pread(source, SVG_PROLOGUE_BYTES, 0))
    try:
        return sniff(head) is SourceFormat.SVG
    except UnprocessableSource:
        return False


def _watch(
    job: Job, say: Callable[[Refused], None], over: threading.Event, saying: threading.Lock
) -> None:
    start, before = time.process_time(), _resident_mb()
    while not over.wait(_LOOKS):
        message = _excess(job.limits, time.process_time() - start, _resident_mb() - before)
        if not message:
            continue
        with saying:
            if not over.is_set():
                say(Refused(job.sequence, message, stuck=True))
                threading.Event().wait()


def _excess(limits: Limits, seconds: float, memory_mb: float) -> str | None:
    """What is too much of what a render took, in words."""
    if seconds > limits.svg_seconds:
        return f"The SVG takes longer than {limits.svg_seconds:g} s to draw."
    most = limits.render_memory_mb // 2
    return f"The SVG needs more than {most} MiB to be drawn." if memory_mb > most else None


def _resident_mb() -> float:
    return int(os.pread(_STATM, 200, 0).split()[1]) * _PAGE_MB
