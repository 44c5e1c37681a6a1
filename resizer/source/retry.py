"""Trouble that may pass: asking the source again, each time later and at random."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

from resizer.errors import ResizerError

ATTEMPTS = 3
_FIRST_PAUSE = 0.1
"""Seconds: the longest pause after the first attempt; each later one may be twice as long."""

T = TypeVar("T")


class Passing(Exception):
    """Trouble that another attempt may not meet. Never leaves the sources: `error` does."""

    def __init__(self, error: ResizerError) -> None:
        super().__init__(str(error))
        self.error = error


async def patiently(attempt: Callable[[], Awaitable[T]]) -> T:
    """What `attempt` brings at last. Raises what it raises, and the error of the last Passing.

    The pauses are of any length up to their bound ("full jitter"), so that gateways that were told
    to slow down together do not come back together. The caller bounds the whole time.
    """
    for number in range(ATTEMPTS - 1):
        try:
            return await attempt()
        except Passing:
            await asyncio.sleep(random.uniform(0, _FIRST_PAUSE * 2**number))  # noqa: S311
    try:
        return await attempt()
    except Passing as trouble:
        raise trouble.error from None
