"""Forgetting: what one process does when something is flushed, and when it cannot hear of it."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress

from resizer.behind import Behind
from resizer.cache.memory import MemoryCache
from resizer.cache.redis import RedisCache
from resizer.errors import CacheUnavailable
from resizer.flush import Flush
from resizer.flusher import Flusher
from resizer.originals import Originals
from resizer.tiers import Tiers

_log = logging.getLogger("resizer")


class Forgetting:
    """Everything in this process that remembers, and the way to those who share."""

    def __init__(
        self,
        memory: MemoryCache,
        originals: Originals,
        tiers: Tiers,
        shared: RedisCache | None,
        flusher: Flusher | None,
    ) -> None:
        self._memory = memory
        self._originals = originals
        self._tiers = tiers
        self._shared = shared
        self._flusher = flusher
        self._behind = Behind()
        self.others: list[Callable[[Flush], None]] = []
        """What else forgets: told after memory and the source tier."""

    def lost(self, reason: str) -> None:
        """Flushes can no longer be heard."""
        self._memory.clear()
        self._originals.clear()
        self._tiers.doubt()
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
        return self._tiers.settled(flushes)

    def forget(self, flush: Flush) -> None:
        """Here, and nowhere else."""
        self._memory.forget(flush)
        self._originals.forget(flush.touches)
        for forget in self.others:
            forget(flush)

    async def flush_deleted(self, key: str) -> None:
        """An original is gone: forget its variants, here and in Redis at once, elsewhere soon."""
        flush = Flush(key=key)
        self.forget(flush)
        if self._shared is None or self._flusher is None:
            return
        with suppress(CacheUnavailable):
            await self._shared.remove([flush])
        self._behind.start(_flush(self._flusher, flush))

    async def end(self, seconds: float) -> None:
        """Wait for flushes under way, not longer than `seconds`."""
        await self._behind.end(seconds)


async def _flush(flusher: Flusher, flush: Flush) -> None:
    try:
        await flusher.flush([flush])
    except CacheUnavailable as error:
        _log.warning("the variants of a deleted original may be served still: %s", error)
