"""WriteBehind: variants on their way to the results, behind the replies that they were made for."""

import asyncio
import logging
from collections.abc import Sequence
from typing import Protocol

from resizer.aio.tasks import BackgroundTasks
from resizer.cache.coherence import Hearing
from resizer.errors import CacheUnavailable
from resizer.gateway.singleflight import AnyCall
from resizer.model.flush import Flush
from resizer.model.image import Variant
from resizer.telemetry.metrics import Metrics

_log = logging.getLogger("resizer")
_LATE_SECONDS = 10.0


class Results(Protocol):
    """The tier for what does not fit the shared one. Raises CacheUnavailable and nothing else."""

    async def get(self, key: str, field: str) -> Variant | None: ...
    async def put(self, key: str, field: str, variant: Variant) -> None: ...
    async def forget(self, key: str, field: str) -> None: ...
    async def check(self) -> None: ...


class WriteBehind:
    """Writes to the results: a store that is slow, without leases, and that nobody waits for."""

    def __init__(self, results: Results, hears: Hearing, metrics: Metrics) -> None:
        self._results = results
        self._hears = hears
        self._metrics = metrics
        self._background = BackgroundTasks()
        self._flights: dict[asyncio.Task[None], AnyCall] = {}

    def keep(self, flight: AnyCall, variant: Variant) -> None:
        """Store `variant`, some time soon; not if it was flushed by then."""
        task = self._background.start(self._put(flight, variant))
        self._flights[task] = flight
        task.add_done_callback(self._flights.pop)

    def doubt(self) -> None:
        """What is under way may have been flushed: it is taken back."""
        for flight in self._flights.values():
            flight.flushed = True

    async def settled(self, flushes: Sequence[Flush]) -> None:
        """Return when nothing of what is flushed is on its way any more."""
        late = []
        for task, flight in self._flights.items():
            if any(flush.matches(*flight.place) for flush in flushes):
                flight.flushed = True
                late.append(task)
        await asyncio.gather(*late, return_exceptions=True)

    async def drain(self, seconds: float) -> None:
        """Wait for what is under way, not longer than `seconds`."""
        await self._background.end(seconds)

    async def _put(self, flight: AnyCall, variant: Variant) -> None:
        """Only while flushes are heard; a process that was frozen meanwhile hears them no more."""
        if not self._may_lie_there(flight):
            return
        try:
            await self._results.put(*flight.place, variant)
        except CacheUnavailable as error:
            self._metrics.results_errors.inc()
            _log.warning("a variant could not be kept among the results: %s", error)
            self._background.start(self._take_back_late(flight))
            return
        if not self._may_lie_there(flight):
            await self._take_back(flight)

    def _may_lie_there(self, flight: AnyCall) -> bool:
        return not flight.flushed and self._hears.sure

    async def _take_back_late(self, flight: AnyCall) -> None:
        """A put that failed here may still be carried out there."""
        await asyncio.sleep(_LATE_SECONDS)
        await self._take_back(flight)

    async def _take_back(self, flight: AnyCall) -> None:
        try:
            await self._results.forget(*flight.place)
        except CacheUnavailable as error:
            _log.warning("a result that was flushed may be there still: %s", error)
