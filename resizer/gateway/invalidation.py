"""Forgetting: what one process does when something is flushed, and when it cannot hear of it."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from resizer.aio.tasks import BackgroundTasks
from resizer.cache.flusher import Flusher
from resizer.cache.memory import MemoryCache
from resizer.errors import CacheUnavailable
from resizer.gateway.original_cache import OriginalCache
from resizer.gateway.tiers import Tiers
from resizer.model.flush import Flush

_log = logging.getLogger("resizer")


class Forgetting:
    """Everything in this process that remembers, and the way to those who share."""

    def __init__(
        self,
        memory: MemoryCache,
        originals: OriginalCache,
        tiers: Tiers,
        flusher: Flusher | None,
    ) -> None:
        self._memory = memory
        self._originals = originals
        self._tiers = tiers
        self._flusher = flusher
        self._background = BackgroundTasks()
        self._gone: set[str] = set()
        """Keys of deleted originals whose variants are to be flushed."""
        self._flushing: asyncio.Task[None] | None = None
        self.others: list[Callable[[Flush], None]] = []
        """What else forgets: told after memory and the source tier."""

    def lost(self, reason: str) -> None:
        """Flushes can no longer be heard."""
        self._memory.clear()
        self._originals.clear()
        self._tiers.undo_pending()
        _log.warning("flushes cannot be heard: the memory tier stands aside (%s)", reason)

    def regained(self) -> None:
        """Flushes are heard from now on. What was flushed meanwhile is not known: nothing that is
        under way may be remembered."""
        self.forget(Flush())
        _log.info("flushes are heard: the memory tier is in use")

    def flushed(self, flushes: Sequence[Flush]) -> Awaitable[None]:
        """Forget at once; what is returned ends when nothing of it can come back."""
        for flush in flushes:
            self.forget(flush)
        return self._tiers.wait_for_flushed(flushes)

    def forget(self, flush: Flush) -> None:
        """Here, and nowhere else."""
        self._memory.forget(flush)
        self._originals.forget(flush.touches)
        for forget in self.others:
            forget(flush)

    def deleted(self, key: str) -> None:
        """An original is gone: forget its variants, here at once and everywhere soon."""
        self.forget(Flush(key=key))
        if self._flusher is None:
            return
        self._gone.add(key)
        if self._flushing is None or self._flushing.done():
            self._flushing = self._background.start(self._flush_gone(self._flusher))

    async def end(self, seconds: float) -> None:
        """Wait for flushes under way, not longer than `seconds`."""
        await self._background.end(seconds)

    async def _flush_gone(self, flusher: Flusher) -> None:
        """All that are gone by now in one flush, and again while more have gone meanwhile."""
        while self._gone:
            flushes = [Flush(key=key) for key in self._gone]
            self._gone.clear()
            try:
                await flusher.flush(flushes)
            except CacheUnavailable as error:
                _log.warning("variants of deleted originals may be served still: %s", error)
