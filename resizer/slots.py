"""Slots: how many fills go on at once, and how many may wait for their turn."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from resizer.errors import Overloaded


class Slots:
    """Room for fills: a lease is taken only with a renderer at hand to use it."""

    def __init__(self, count: int, longest: int, on_change: Callable[[int], None]) -> None:
        """`longest` fills may be under way or waiting; `on_change` is told how many are."""
        self._free = asyncio.Semaphore(count)
        self._longest = longest
        self._on_change = on_change
        self._taken = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Room for one fill. Raises Overloaded when too many wait for theirs."""
        if self._taken >= self._longest:
            raise Overloaded("Too many renders are waiting; try again in a moment.")
        self._change(1)
        try:
            async with self._free:
                yield
        finally:
            self._change(-1)

    def _change(self, by: int) -> None:
        self._taken += by
        self._on_change(self._taken)
