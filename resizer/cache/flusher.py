"""Flusher: flushes Redis and the results, in the order that lets nothing flushed come back."""

import time
from collections.abc import Sequence
from typing import Protocol

from resizer.cache.coherence import Coherence
from resizer.model.flush import Flush, FlushResult

_PUT_SECONDS = 5.0
"""What a gateway may take to finish a put among the results before it confirms."""


class FlushableCache(Protocol):
    """The tier that gateways share, and the channel to them, as a flush needs it."""

    async def showing(self, flushes: Sequence[Flush]) -> list[Flush]: ...
    async def remove(self, flushes: Sequence[Flush], *, dry_run: bool) -> FlushResult: ...
    async def announce(
        self, flushes: Sequence[Flush], extra_seconds: float, restarted_within: float
    ) -> FlushResult: ...


class FlushableResults(Protocol):
    """The results tier, as a flush needs it."""

    async def flush(self, flush: Flush, *, dry_run: bool) -> FlushResult: ...


class Flusher:
    """Raises CacheUnavailable when it is not sure that everything is flushed."""

    def __init__(self, shared: FlushableCache, results: FlushableResults | None) -> None:
        self._shared = shared
        self._results = results

    async def flush(self, flushes: Sequence[Flush], *, dry_run: bool = False) -> FlushResult:
        """Return when no gateway answers with anything of it any more.

        Every gateway is told twice. First, so that it forgets the originals that it keeps, for a
        fill that begins while names are being removed may outlive them; and, as the results have
        no leases, so that it says when nothing of it is on its way there. Then again, to forget
        what it read from a tier before that was emptied.
        """
        started = time.monotonic()
        flushed = FlushResult()
        if not dry_run:
            extra_seconds = 0.0 if self._results is None else _PUT_SECONDS
            flushed += await self._shared.announce(flushes, extra_seconds, Coherence.TRUST_SECONDS)
        everywhere = [*flushes, *await self._shared.showing(flushes)]
        if self._results is not None:
            for flush in everywhere:
                removed = await self._results.flush(flush, dry_run=dry_run)
                flushed += FlushResult(results=removed.variants)
        flushed += await self._shared.remove(everywhere, dry_run=dry_run)
        if not dry_run:
            flushed += await self._shared.announce(flushes, 0.0, time.monotonic() - started)
        return flushed
