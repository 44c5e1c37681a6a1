"""Waiting until something holds that has no event to wait for: what is another process, or outlives
its caller."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from tests.support.deadlines import MAX_WAIT, stretched

_TICK = 0.01
"""Seconds."""


def eventually(holds: Callable[[], bool], seconds: float = MAX_WAIT) -> None:
    """Return as soon as it holds; fail when it does not within `seconds` of a quiet machine."""
    began = time.monotonic()
    while not holds():
        assert not _is_over(began, seconds), f"it does not hold after {seconds:g} s"
        time.sleep(_TICK)


async def soon(holds: Callable[[], bool | Awaitable[bool]], seconds: float = MAX_WAIT) -> None:
    """The same in an event loop, which goes on meanwhile."""
    began = time.monotonic()
    while True:
        found = holds()
        if found if isinstance(found, bool) else await found:
            return
        assert not _is_over(began, seconds), f"it does not hold after {seconds:g} s"
        await asyncio.sleep(_TICK)


def _is_over(began: float, seconds: float) -> bool:
    taken = time.monotonic() - began
    return taken > seconds and taken > stretched(seconds)
