"""The machine: open files and memory, against what the settings may come to need."""

import os
import resource
from pathlib import Path

from resizer.ops.doctor.finding import Finding, ok, warn
from resizer.settings.settings import Settings

FILES = "open files"
MEMORY = "memory"
_FILES_OF_A_FILL = 4
"""Its client's connection, the source's, the original and the variant."""
_OTHER_FILES = 512
"""Idle connections of a CDN, Redis, workers, the log."""
_MEMORY_OF_A_RENDER = 100
"""MiB: a 24 MP JPEG. A render may take up to RENDER_MEMORY_MB, few do."""
_CGROUP_LIMITS = (
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)


async def check_machine(settings: Settings, renderers: int) -> list[Finding]:
    """`renderers` is the number of render workers of one process."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return [
        judge_files(soft, settings.max_queue),
        judge_memory(available_mib(), settings.workers, settings.memory_cache_mb, renderers),
    ]


def judge_files(limit: int, max_queue: int) -> Finding:
    """`limit` is what the system lets one process open."""
    needed = _FILES_OF_A_FILL * max_queue + _OTHER_FILES
    if limit != resource.RLIM_INFINITY and limit < needed:
        return warn(FILES, f"At most {limit}, and MAX_QUEUE may need {needed}: raise ulimit -n.")
    return ok(FILES, "Enough.")


def judge_memory(available: float, workers: int, cache_mib: int, renderers: int) -> Finding:
    """MiB, of which each of `workers` processes takes a cache and what its renders need."""
    planned = workers * (cache_mib + renderers * _MEMORY_OF_A_RENDER)
    if planned > available:
        return warn(
            MEMORY,
            f"Caches and renders may take {planned:,} MiB of {available:,.0f}:"
            " lower MEMORY_CACHE_MB, RENDERERS or WORKERS.",
        )
    return ok(MEMORY, f"Caches and renders may take {planned:,} MiB of {available:,.0f}.")


def available_mib() -> float:
    """What the machine has, or less where a cgroup says so."""
    limits = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for file in _CGROUP_LIMITS:
        try:
            limits.append(int(file.read_text()))
        except (OSError, ValueError):  # not there, or `max`
            continue
    return min(limits) / 2**20
