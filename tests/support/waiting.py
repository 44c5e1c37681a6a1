"""Waiting until something holds that has no event to wait for: what is another process, or outlives
its caller."""

import asyncio
import time
from collections.abc import Awaitable, Callable

_PATIENCE = 10.0
"""Seconds."""


def eventually(holds: Callable[[], bool], seconds: float = _PATIENCE) -> None:
    """Return as soon as it holds; fail when it does not within `seconds`."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it does not hold after {seconds:g} s"
        time.sleep(0.01)


async def soon(holds: Callable[[], bool | Awaitable[bool]], seconds: float = _PATIENCE) -> None:
    """The same in an event loop, which goes on meanwhile."""
    async with asyncio.timeout(seconds):
        while True:
            found = holds()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.01)
