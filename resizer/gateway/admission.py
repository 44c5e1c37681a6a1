"""FillLimiter: how many fills go on at once, and how many may wait for their turn."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from resizer.errors import Overloaded


class FillLimiter:
    """Room for fills: a lease is taken only with a renderer at hand to use it.

    A fill whose render is slow gives its room up before its end, so that it holds up nobody.
    """

    def __init__(self, count: int, longest: int, on_change: Callable[[int], None]) -> None:
        """`longest` fills may be under way or waiting; `on_change` is told how many are."""
        self._free = asyncio.Semaphore(count)
        self._longest = longest
        self._on_change = on_change
        self._taken = 0
        self._given_up = 0
        """Fills in slots that were given up and others may be in already."""

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Room for one fill. Raises Overloaded when too many wait for theirs."""
        if self._taken >= self._longest:
            raise Overloaded("Too many renders are waiting; try again in a moment.")
        self._change(1)
        try:
            await self._free.acquire()
            try:
                yield
            finally:
                self._leave()
        finally:
            self._change(-1)

    def slow(self, by: int) -> None:
        """So many more renders are slow (or fewer, when `by` is negative)."""
        for _ in range(by):
            self._free.release()
        self._given_up -= min(by, 0)

    def _leave(self) -> None:
        """Free a slot, unless a slow render is over whose slot was freed when it became slow."""
        if self._given_up:
            self._given_up -= 1
        else:
            self._free.release()

    def _change(self, by: int) -> None:
        self._taken += by
        self._on_change(self._taken)
