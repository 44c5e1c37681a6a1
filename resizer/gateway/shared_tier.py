"""SharedTier: the cache of all gateways: waits for it are bounded, and a failure is a miss."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Protocol, TypeVar

from resizer.cache.coherence import Coherence
from resizer.cache.lease import NO_LEASE, Lease, PendingFill
from resizer.errors import CacheUnavailable, ResizerError
from resizer.model.image import Variant, VariantId
from resizer.telemetry.metrics import Metrics

LARGEST_SHARED = 32 * 1024 * 1024
"""Bytes: what takes longer to send than a cache may take would count as its failure."""
_log = logging.getLogger("resizer")
T = TypeVar("T")


class SharedCache(Protocol):
    """The cache that several gateways share. Raises CacheUnavailable and nothing else.

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


@dataclass(slots=True)
class Budget:
    """What one call has spent on the shared tier."""

    seconds: float = 0.0
    is_spent: bool = False
    """It failed once, or took too long: this call does not ask it again."""


class SharedTier:
    """Nothing here raises, and no call waits for it longer than `timeout` in all."""

    def __init__(
        self, shared: SharedCache, coherence: Coherence, metrics: Metrics, timeout: float
    ) -> None:
        """`timeout` in seconds."""
        self._shared = shared
        self._coherence = coherence
        self._metrics = metrics
        self._timeout = timeout
        self._failing: set[str] = set()

    async def get(self, id_: VariantId, budget: Budget) -> Variant | None:
        """What it holds, of whatever age."""
        if budget.is_spent:
            return None
        return await self._ask(budget, self._shared.get(*id_))

    async def acquire_lease(self, id_: VariantId, budget: Budget) -> Lease | PendingFill:
        """The lease to fill with, or the fill of another gateway to wait for."""
        if budget.is_spent:
            return NO_LEASE
        claim = await self._ask(budget, self._shared.acquire_lease(*id_), "written")
        return claim or NO_LEASE

    @asynccontextmanager
    async def holding(self, id_: VariantId, lease: Lease) -> AsyncIterator[None]:
        """Around a fill: the lease stands for as long as it takes."""
        if lease.token is None:
            yield
            return
        async with self._shared.holding(*id_, lease.token):
            yield

    async def put(
        self, id_: VariantId, variant: Variant, seconds: float, lease: Lease, budget: Budget
    ) -> bool | None:
        """Store `variant` for `seconds` if the lease still stands, and end it. Whether it stood;
        None where that is not known: without a lease, for too large a variant, after a failure."""
        if lease.token is None:
            return None
        if variant.size > LARGEST_SHARED:
            await self.release(id_, lease, None, budget)
            return None
        putting = self._shared.put(*id_, variant, seconds, lease.token)
        return await self._ask(budget, putting, "written")

    async def release(
        self, id_: VariantId, lease: Lease, error: ResizerError | None, budget: Budget
    ) -> None:
        """End a lease that brought nothing, because of `error` if any."""
        if lease.token is not None:
            releasing = self._shared.release(*id_, lease.token, error)
            await self._ask(budget, releasing, "written")

    async def note(self, key: str, path: str) -> None:
        """Remember with the original that the URL `path` was answered with it."""
        with suppress(CacheUnavailable):
            await self._shared.note(key, path)

    async def check(self) -> None:
        """Raises CacheUnavailable when it does not answer, or flushes do not come from there."""
        await self._shared.check()
        if not self._coherence.trusted:
            raise CacheUnavailable("Flushes cannot be heard, so the memory tier stands aside.")

    async def _ask(self, budget: Budget, question: Awaitable[T], what: str = "read") -> T | None:
        """Its failure is counted, said once, and ends the questions of this call."""
        started = time.monotonic()
        try:
            if what == "read" and not budget.seconds:
                answer = await question
            else:
                async with asyncio.timeout(self._timeout - budget.seconds):
                    answer = await question
            budget.seconds += time.monotonic() - started
        except (CacheUnavailable, TimeoutError) as error:
            budget.is_spent = True
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
