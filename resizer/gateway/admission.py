"""FillLimiter: how many fills go on at once, and how many may wait for a slot."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from resizer.errors import Overloaded


class FillLimiter:
    """Slots for fills: a lease is acquired only with a renderer at hand to use it.

    A fill whose render is slow releases its slot before its end, so that it holds up nobody.
    """

    def __init__(self, count: int, max_pending: int, on_change: Callable[[int], None]) -> None:
        """`count` at once, `max_pending` with those waiting; `on_change` is given their number."""
        self._free = asyncio.Semaphore(count)
        self._max_pending = max_pending
        self._on_change = on_change
        self._taken = 0
        self._released_early = 0
        """Fills under way whose slots were released when they became slow."""

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Around one fill: a slot. Raises Overloaded when too many wait for theirs."""
        if self._taken >= self._max_pending:
            raise Overloaded("Too many renders are waiting; try again in a moment.")
        self._change(1)
        try:
            await self._free.acquire()
            try:
                yield
            finally:
                self._release()
        finally:
            self._change(-1)

    def on_slow(self, by: int) -> None:
        """So many more renders are slow (or fewer, when `by` is negative): release their slots."""
        for _ in range(by):
            self._free.release()
        self._released_early -= min(by, 0)

    def _release(self) -> None:
        """Free a slot, unless a slow render is over whose slot was freed when it became slow."""
        if self._released_early:
            self._released_early -= 1
        else:
            self._free.release()

    def _change(self, by: int) -> None:
        self._taken += by
        self._on_change(self._taken)
