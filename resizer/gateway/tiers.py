"""The tiers behind memory, as the gateway sees them: one that fails is a miss."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol, TypeVar

from resizer.cache.coherence import Hearing
from resizer.cache.lease import NO_LEASE, Lease, PendingFill
from resizer.errors import CacheUnavailable, ResizerError
from resizer.gateway.singleflight import AnyCall
from resizer.gateway.write_behind import Results, WriteBehind
from resizer.model.flush import Flush
from resizer.model.freshness import Freshness, FreshnessState
from resizer.model.image import Variant
from resizer.telemetry.metrics import Metrics

LARGEST_SHARED = 32 * 1024 * 1024
"""Bytes: what takes longer to send than a cache may take would count as its failure."""
_log = logging.getLogger("resizer")
T = TypeVar("T")


class Memory(Protocol):
    """The tier inside this process, asked without waiting."""

    def peek(self, key: str, field: str) -> Variant | None: ...
    def peek_stale(self, key: str, field: str) -> Variant | None: ...
    def put(
        self, key: str, field: str, variant: Variant, fresh_seconds: float, stale_seconds: float
    ) -> bool: ...


class Shared(Protocol):
    """The tier that several gateways share. Raises CacheUnavailable and nothing else.

    `get` gives up by itself when its time is over: it is asked for each hit, and a timer for each
    was a tenth of one.
    """

    async def get(self, key: str, field: str) -> Variant | None: ...
    async def take(self, key: str, field: str) -> Lease | PendingFill: ...
    def holding(self, key: str, field: str, token: str) -> AbstractAsyncContextManager[None]: ...
    async def put(
        self, key: str, field: str, variant: Variant, seconds: float, token: str
    ) -> bool: ...
    async def release(
        self, key: str, field: str, token: str, error: ResizerError | None
    ) -> None: ...
    async def note(self, key: str, path: str) -> None: ...
    async def check(self) -> None: ...


class Tiers:
    """Memory, the shared tier and the results behind it. Nothing here raises."""

    def __init__(
        self,
        memory: Memory,
        shared: Shared | None,
        results: Results | None,
        freshness: Freshness,
        hears: Hearing,
        metrics: Metrics,
        patience: float,
    ) -> None:
        """`patience`: seconds that one flight waits for the shared tier in all, at the longest."""
        self.memory = memory
        self.shared = shared
        self.results = results
        self._freshness = freshness
        self._metrics = metrics
        self._patience = patience
        self._failing: set[str] = set()
        self._keeping = WriteBehind(results, hears, metrics) if results is not None else None

    def stage(self, variant: Variant) -> FreshnessState:
        """What may be done with `variant` now."""
        return self._times(variant).stage(time.time() - variant.checked_at)

    async def look_up(self, flight: AnyCall) -> Variant | None:
        """What the shared tier holds, of whatever age."""
        if self.shared is None or flight.shared_failed:
            return None
        variant = await self._ask(flight, self.shared.get(*flight.place))
        if variant is not None:
            self.remember(flight, variant)
        return variant

    async def take(self, flight: AnyCall) -> Lease | PendingFill:
        """The lease to fill with, or somebody else's fill to wait for."""
        if self.shared is None or flight.shared_failed:
            return NO_LEASE
        return await self._ask(flight, self.shared.take(*flight.place), "written") or NO_LEASE

    @asynccontextmanager
    async def holding(self, flight: AnyCall, lease: Lease) -> AsyncIterator[None]:
        """Around a fill: the lease stands for as long as it takes."""
        if self.shared is None or lease.token is None:
            yield
            return
        async with self.shared.holding(*flight.place, lease.token):
            yield

    async def look_among_results(self, flight: AnyCall) -> Variant | None:
        """What the results hold, of whatever age."""
        if self.results is None:
            return None
        try:
            return await self.results.get(*flight.place)
        except CacheUnavailable as error:
            self._metrics.results_errors.inc()
            _log.debug("the results fail: %s", error)
            return None

    async def store(
        self, flight: AnyCall, variant: Variant, lease: Lease, *, is_new: bool = True
    ) -> bool:
        """Keep `variant` wherever it may be kept; whether the outermost tier there is took it.

        The shared tier first: its answer says whether the lease still stood, and what was fetched
        before a flush is not remembered here either.
        """
        stored = False
        if self.shared is not None and lease.token is not None:
            stored = await self._share(flight, variant, lease.token)
            if not stored and not flight.shared_failed and variant.size <= LARGEST_SHARED:
                return False
        remembered = self.remember(flight, variant)
        if self._keeping is not None and stored and is_new and not variant.partial:
            self._keeping.keep(flight, variant)
        return stored or (self.shared is None and remembered)

    def remember(self, flight: AnyCall, variant: Variant) -> bool:
        """Hold `variant` in memory, unless it was flushed on its way here or is too old."""
        times, age = self._times(variant), time.time() - variant.checked_at
        fresh = max(0.0, times.fresh_for - age)
        stale = max(0.0, times.fresh_for + times.serve_stale_for - age) - fresh
        if flight.flushed or self.stage(variant) not in (
            FreshnessState.FRESH,
            FreshnessState.STALE,
        ):
            return False
        return self.memory.put(*flight.place, variant, fresh, stale)

    async def release(
        self, flight: AnyCall, lease: Lease, error: ResizerError | None = None
    ) -> None:
        """End a lease that brought nothing."""
        if self.shared is None or lease.token is None:
            return
        await self._ask(flight, self.shared.release(*flight.place, lease.token, error), "written")

    async def note(self, key: str, path: str) -> None:
        """Remember with the original that the URL `path` was answered with it."""
        if self.shared is not None:
            with suppress(CacheUnavailable):
                await self.shared.note(key, path)

    def doubt(self) -> None:
        """Flushes may go unheard: what is on its way to the results is taken back."""
        if self._keeping is not None:
            self._keeping.doubt()

    async def settled(self, flushes: Sequence[Flush]) -> None:
        """Return when nothing of what is flushed is on its way to the results any more."""
        if self._keeping is not None:
            await self._keeping.settled(flushes)

    async def drain(self, seconds: float) -> None:
        """Wait for what is on its way to the results, not longer than `seconds`."""
        if self._keeping is not None:
            await self._keeping.drain(seconds)

    def _times(self, variant: Variant) -> Freshness:
        return self._freshness.of_partial if variant.partial else self._freshness

    async def _share(self, flight: AnyCall, variant: Variant, token: str) -> bool:
        if variant.size > LARGEST_SHARED:
            await self.release(flight, Lease(token))
            return False
        assert self.shared is not None  # noqa: S101  (asked by the caller)
        left = variant.checked_at + self._times(variant).kept_for - time.time()
        return bool(
            await self._ask(flight, self.shared.put(*flight.place, variant, left, token), "written")
        )

    async def _ask(self, flight: AnyCall, question: Awaitable[T], what: str = "read") -> T | None:
        """Ask the shared tier. Its failure is counted, said once, and ends the questions of this
        flight, so that no request waits for it longer than `patience` in all."""
        started = time.monotonic()
        try:
            if what == "read" and not flight.waited:
                answer = await question
            else:
                async with asyncio.timeout(self._patience - flight.waited):
                    answer = await question
            flight.waited += time.monotonic() - started
        except (CacheUnavailable, TimeoutError) as error:
            flight.shared_failed = True
            self._metrics.redis_errors.inc()
            self._say(what, str(error) or "it is slow")
            return None
        self._say(what, None)
        return answer

    def _say(self, what: str, failure: str | None) -> None:
        """Once when it begins to fail, and once when it works again."""
        if failure is None and what in self._failing:
            self._failing.discard(what)
            _log.warning("the shared cache can be %s again", what)
        elif failure is not None and what not in self._failing:
            self._failing.add(what)
            _log.warning("the shared cache cannot be %s: %s", what, failure)
