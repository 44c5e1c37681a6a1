"""WriteBehind: variants are written to the results behind the replies that they were made for."""

import asyncio
import logging
from collections.abc import Awaitable
from typing import Protocol

from resizer.aio.tasks import BackgroundTasks
from resizer.cache.coherence import Coherence
from resizer.errors import CacheUnavailable
from resizer.gateway.singleflight import AnyCall
from resizer.model.flush import Flush
from resizer.model.image import Variant
from resizer.telemetry.metrics import Metrics

_log = logging.getLogger("resizer")
_LATE_SECONDS = 10.0
"""After a put that failed here: by then it is carried out there or never."""


class Results(Protocol):
    """The tier for what does not fit the shared one. Raises CacheUnavailable and nothing else."""

    async def get(self, key: str, field: str) -> Variant | None: ...
    async def put(self, key: str, field: str, variant: Variant) -> None: ...
    async def forget(self, key: str, field: str) -> None: ...
    async def check(self) -> None: ...


class WriteBehind:
    """Writes to the results: a store that is slow, without leases, and that nobody waits for."""

    def __init__(self, results: Results, coherence: Coherence, metrics: Metrics) -> None:
        self._results = results
        self._coherence = coherence
        self._metrics = metrics
        self._background = BackgroundTasks()
        self._calls: dict[asyncio.Task[None], AnyCall] = {}
        coherence.subscribe(self.forget, self.clear)

    def store(self, call: AnyCall, variant: Variant) -> None:
        """Store `variant`, some time soon; not if it was flushed by then."""
        task = self._background.start(self._write(call, variant))
        self._calls[task] = call
        task.add_done_callback(self._calls.pop)

    def clear(self) -> None:
        """What is being written may have been flushed: remove it again as soon as it is there."""
        for call in self._calls.values():
            call.flushed = True

    def forget(self, flush: Flush) -> Awaitable[object] | None:
        """Remove again what is flushed and being written; what is returned ends with that."""
        late = []
        for task, call in self._calls.items():
            if flush.matches(*call.variant_id):
                call.flushed = True
                late.append(task)
        return asyncio.gather(*late, return_exceptions=True) if late else None

    async def drain(self, seconds: float) -> None:
        """Wait for what is being written, not longer than `seconds`."""
        await self._background.end(seconds)

    async def _write(self, call: AnyCall, variant: Variant) -> None:
        """Only while flushes are heard; a process that was frozen meanwhile hears them no more."""
        if not self._may_be_stored(call):
            return
        try:
            await self._results.put(*call.variant_id, variant)
        except CacheUnavailable as error:
            self._metrics.results_errors.inc()
            _log.warning("a variant could not be kept among the results: %s", error)
            self._background.start(self._undo_later(call))
            return
        if not self._may_be_stored(call):
            await self._undo(call)

    def _may_be_stored(self, call: AnyCall) -> bool:
        return not call.flushed and self._coherence.trusted

    async def _undo_later(self, call: AnyCall) -> None:
        """A put that failed here may still be carried out there."""
        await asyncio.sleep(_LATE_SECONDS)
        await self._undo(call)

    async def _undo(self, call: AnyCall) -> None:
        try:
            await self._results.forget(*call.variant_id)
        except CacheUnavailable as error:
            _log.warning("a result that was flushed may be there still: %s", error)
