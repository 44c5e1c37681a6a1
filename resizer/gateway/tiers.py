"""The tiers behind memory, as the gateway sees them: one that fails is a miss."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol, TypeVar

from resizer.cache.coherence import Coherence
from resizer.cache.lease import NO_LEASE, Lease, PendingFill
from resizer.errors import CacheUnavailable, ResizerError
from resizer.gateway.singleflight import AnyCall
from resizer.gateway.write_behind import Results, WriteBehind
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
    async def acquire_lease(self, key: str, field: str) -> Lease | PendingFill: ...
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
        coherence: Coherence,
        metrics: Metrics,
        patience: float,
    ) -> None:
        """`patience`: seconds that one call waits for the shared tier in all, at the longest."""
        self.memory = memory
        self.shared = shared
        self.results = results
        self._freshness = freshness
        self._metrics = metrics
        self._patience = patience
        self._failing: set[str] = set()
        self._write_behind = (
            WriteBehind(results, coherence, metrics) if results is not None else None
        )

    def freshness(self, variant: Variant) -> FreshnessState:
        """What may be done with `variant` now."""
        return self._times(variant).state(time.time() - variant.checked_at)

    async def look_up(self, call: AnyCall) -> Variant | None:
        """What the shared tier holds, of whatever age."""
        if self.shared is None or call.shared_failed:
            return None
        variant = await self._ask_shared(call, self.shared.get(*call.variant_id))
        if variant is not None:
            self.remember(call, variant)
        return variant

    async def acquire_lease(self, call: AnyCall) -> Lease | PendingFill:
        """The lease to fill with, or somebody else's fill to wait for."""
        if self.shared is None or call.shared_failed:
            return NO_LEASE
        return (
            await self._ask_shared(call, self.shared.acquire_lease(*call.variant_id), "written")
            or NO_LEASE
        )

    @asynccontextmanager
    async def holding(self, call: AnyCall, lease: Lease) -> AsyncIterator[None]:
        """Around a fill: the lease stands for as long as it takes."""
        if self.shared is None or lease.token is None:
            yield
            return
        async with self.shared.holding(*call.variant_id, lease.token):
            yield

    async def look_up_result(self, call: AnyCall) -> Variant | None:
        """What the results hold, of whatever age."""
        if self.results is None:
            return None
        try:
            return await self.results.get(*call.variant_id)
        except CacheUnavailable as error:
            self._metrics.results_errors.inc()
            _log.debug("the results fail: %s", error)
            return None

    async def store(
        self, call: AnyCall, variant: Variant, lease: Lease, *, is_new: bool = True
    ) -> bool:
        """Keep `variant` wherever it may be kept; whether the outermost tier there is took it.

        The shared tier first: its answer says whether the lease still stood, and what was fetched
        before a flush is not remembered here either.
        """
        stored = False
        if self.shared is not None and lease.token is not None:
            stored = await self._store_shared(call, variant, lease.token)
            if not stored and not call.shared_failed and variant.size <= LARGEST_SHARED:
                return False
        remembered = self.remember(call, variant)
        if self._write_behind is not None and stored and is_new and not variant.partial:
            self._write_behind.store(call, variant)
        return stored or (self.shared is None and remembered)

    def remember(self, call: AnyCall, variant: Variant) -> bool:
        """Hold `variant` in memory, unless it was flushed on its way here or is too old."""
        times, age = self._times(variant), time.time() - variant.checked_at
        fresh = max(0.0, times.fresh_for - age)
        stale = max(0.0, times.fresh_for + times.serve_stale_for - age) - fresh
        if call.flushed or self.freshness(variant) not in (
            FreshnessState.FRESH,
            FreshnessState.STALE,
        ):
            return False
        return self.memory.put(*call.variant_id, variant, fresh, stale)

    async def release(self, call: AnyCall, lease: Lease, error: ResizerError | None = None) -> None:
        """End a lease that brought nothing."""
        if self.shared is None or lease.token is None:
            return
        await self._ask_shared(
            call, self.shared.release(*call.variant_id, lease.token, error), "written"
        )

    async def note(self, key: str, path: str) -> None:
        """Remember with the original that the URL `path` was answered with it."""
        if self.shared is not None:
            with suppress(CacheUnavailable):
                await self.shared.note(key, path)

    async def drain(self, seconds: float) -> None:
        """Wait for what is on its way to the results, not longer than `seconds`."""
        if self._write_behind is not None:
            await self._write_behind.drain(seconds)

    def _times(self, variant: Variant) -> Freshness:
        return self._freshness.of_partial if variant.partial else self._freshness

    async def _store_shared(self, call: AnyCall, variant: Variant, token: str) -> bool:
        if variant.size > LARGEST_SHARED:
            await self.release(call, Lease(token))
            return False
        assert self.shared is not None  # noqa: S101  (asked by the caller)
        left = variant.checked_at + self._times(variant).kept_for - time.time()
        return bool(
            await self._ask_shared(
                call, self.shared.put(*call.variant_id, variant, left, token), "written"
            )
        )

    async def _ask_shared(
        self, call: AnyCall, question: Awaitable[T], what: str = "read"
    ) -> T | None:
        """Ask the shared tier. Its failure is counted, said once, and ends the questions of this
        call, so that no request waits for it longer than `patience` in all."""
        started = time.monotonic()
        try:
            if what == "read" and not call.waited:
                answer = await question
            else:
                async with asyncio.timeout(self._patience - call.waited):
                    answer = await question
            call.waited += time.monotonic() - started
        except (CacheUnavailable, TimeoutError) as error:
            call.shared_failed = True
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
