"""WriteBehind: variants are stored in the results tier after their replies; failures are logged."""

import asyncio
import logging
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Protocol

from resizer.aio.tasks import BackgroundTasks
from resizer.cache.coherence import Coherence
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush
from resizer.model.image import Variant, VariantId
from resizer.telemetry.metrics import Metrics

_log = logging.getLogger("resizer")
_LATE_SECONDS = 10.0
"""After a put that failed here: by then it is carried out there or never."""


class ResultsStore(Protocol):
    """The store for what does not fit the shared one. Raises CacheUnavailable and nothing else."""

    async def get(self, key: str, field: str) -> Variant | None: ...
    async def put(self, key: str, field: str, variant: Variant) -> None: ...
    async def forget(self, key: str, field: str) -> None: ...
    async def check(self) -> None: ...


@dataclass(slots=True, eq=False)
class _Write:
    """A variant on its way there."""

    id: VariantId
    variant: Variant
    flushed: bool = False
    """It may be older than a flush: it is removed again as soon as it is there."""


class WriteBehind:
    """A store that is slow, without leases, and that nobody waits for when it is written."""

    def __init__(self, results: ResultsStore, coherence: Coherence, metrics: Metrics) -> None:
        self._results = results
        self._coherence = coherence
        self._metrics = metrics
        self._background = BackgroundTasks()
        self._writes: dict[asyncio.Task[None], _Write] = {}
        coherence.subscribe(self.forget, self.clear)

    async def get(self, id_: VariantId) -> Variant | None:
        """What they hold, of whatever age."""
        try:
            return await self._results.get(*id_)
        except CacheUnavailable as error:
            self._metrics.results_errors.inc()
            _log.debug("the results fail: %s", error)
            return None

    def put(self, id_: VariantId, variant: Variant) -> None:
        """Store `variant`, some time soon; not if it was flushed by then."""
        write = _Write(id_, variant)
        task = self._background.start(self._put(write))
        self._writes[task] = write
        task.add_done_callback(self._writes.pop)

    def clear(self) -> None:
        """What is being written may have been flushed: remove it again as soon as it is there."""
        for write in self._writes.values():
            write.flushed = True

    def forget(self, flush: Flush) -> Awaitable[object] | None:
        """Remove again what is flushed and being written; what is returned ends with that."""
        late = []
        for task, write in self._writes.items():
            if flush.matches(*write.id):
                write.flushed = True
                late.append(task)
        return asyncio.gather(*late, return_exceptions=True) if late else None

    async def check(self) -> None:
        """Raises CacheUnavailable when they cannot be read."""
        await self._results.check()

    async def drain(self, seconds: float) -> None:
        """Wait for what is being written, not longer than `seconds`."""
        await self._background.end(seconds)

    async def _put(self, write: _Write) -> None:
        """Only while flushes are heard; a process that was frozen meanwhile hears them no more."""
        if not self._may_be_stored(write):
            return
        try:
            await self._results.put(*write.id, write.variant)
        except CacheUnavailable as error:
            self._metrics.results_errors.inc()
            _log.warning("a variant could not be kept among the results: %s", error)
            self._background.start(self._undo_later(write.id))
            return
        if not self._may_be_stored(write):
            await self._undo(write.id)

    def _may_be_stored(self, write: _Write) -> bool:
        return not write.flushed and self._coherence.trusted

    async def _undo_later(self, id_: VariantId) -> None:
        """A put that failed here may still be carried out there."""
        await asyncio.sleep(_LATE_SECONDS)
        await self._undo(id_)

    async def _undo(self, id_: VariantId) -> None:
        try:
            await self._results.forget(*id_)
        except CacheUnavailable as error:
            _log.warning("a result that was flushed may be there still: %s", error)
