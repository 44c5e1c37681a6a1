"""Retries of requests to a source after transient errors, with growing, random pauses."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from resizer.aio.retries import pause
from resizer.errors import ResizerError

ATTEMPTS = 3
_FIRST_PAUSE = 0.1
_FIRST_PAUSE_OF_MANY = 0.5
"""Where the source has too many requests: asked again at once, it would have one more."""
_LONGEST_PAUSE = 1.0
"""Seconds."""

T = TypeVar("T")


class Transient(Exception):
    """A transient error: another attempt may succeed. Never leaves the sources: `error` does."""

    def __init__(self, error: ResizerError, too_many: bool = False) -> None:
        """`too_many` requests, says the source: S3's SlowDown."""
        super().__init__(str(error))
        self.error = error
        self.first_pause = _FIRST_PAUSE_OF_MANY if too_many else _FIRST_PAUSE
        """Seconds, at most, before the second attempt."""


async def with_retries(attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` brings at last. Raises what it raises, and the error of the last Transient.

    The caller bounds the whole time.
    """
    for failures in range(1, ATTEMPTS):
        try:
            return await attempt()
        except Transient as trouble:
            await asyncio.sleep(pause(failures, trouble.first_pause, _LONGEST_PAUSE))
    try:
        return await attempt()
    except Transient as trouble:
        raise trouble.error from None
