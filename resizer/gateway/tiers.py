"""Tiers: where variants are kept, under which names, and for how long. Nothing here fails."""

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from resizer.cache.lease import NO_LEASE, Lease, PendingFill
from resizer.errors import ResizerError
from resizer.gateway.negative_cache import WHOLE_ORIGINAL, NegativeCache
from resizer.gateway.shared_tier import SharedTier
from resizer.gateway.variant_call import AnyCall
from resizer.gateway.write_behind import WriteBehind
from resizer.model.field import Overlay, field_of
from resizer.model.freshness import Freshness, FreshnessState
from resizer.model.image import Variant
from resizer.model.transform import Transform

_MAY_BE_SERVED = (FreshnessState.FRESH, FreshnessState.STALE)


class Memory(Protocol):
    """The tier inside this process, asked without waiting."""

    def peek(self, key: str, field: str) -> Variant | None: ...
    def peek_stale(self, key: str, field: str) -> Variant | None: ...
    def put(
        self, key: str, field: str, variant: Variant, fresh_seconds: float, stale_seconds: float
    ) -> bool: ...


class Tiers:
    """Memory and the negative cache beside it, the shared tier, and the results behind it."""

    def __init__(
        self,
        memory: Memory,
        negative_cache: NegativeCache,
        shared: SharedTier | None,
        results: WriteBehind | None,
        freshness: Freshness,
        fingerprint: str,
    ) -> None:
        """`fingerprint` is what besides the Transform decides a variant's bytes."""
        self.peek = memory.peek
        self.peek_stale = memory.peek_stale
        self._memory = memory
        self._negative_cache = negative_cache
        self._shared = shared
        self._results = results
        self._freshness = freshness
        self._fingerprint = fingerprint
        self.raise_if_known = negative_cache.raise_if_known

    def field(
        self, transform: Transform, preset: str | None = None, overlays: Sequence[Overlay] = ()
    ) -> str:
        """The name of a variant among those of its original."""
        return field_of(self._fingerprint, transform, preset, overlays)

    @property
    def is_shared(self) -> bool:
        """Whether there is a tier that other gateways fill too."""
        return self._shared is not None

    def freshness(self, variant: Variant) -> FreshnessState:
        """What may be done with `variant` now."""
        return self._times(variant).state(time.time() - variant.checked_at)

    def state(self, checked_at: float) -> FreshnessState:
        """What may be done with what the source said at that Unix time of an original."""
        return self._freshness.state(time.time() - checked_at)

    async def look_up(self, call: AnyCall) -> Variant | None:
        """What the shared tier holds, of whatever age."""
        if self._shared is None:
            return None
        variant = await self._shared.get(call.id, call.budget)
        if variant is not None:
            self.remember(call, variant)
        return variant

    async def acquire_lease(self, call: AnyCall) -> Lease | PendingFill:
        """The lease to fill with, or the fill of another gateway to wait for."""
        if self._shared is None:
            return NO_LEASE
        return await self._shared.acquire_lease(call.id, call.budget)

    @asynccontextmanager
    async def holding(self, call: AnyCall, lease: Lease) -> AsyncIterator[None]:
        """Around a fill: the lease stands for as long as it takes."""
        if self._shared is None:
            yield
            return
        async with self._shared.holding(call.id, lease):
            yield

    async def look_up_result(self, call: AnyCall) -> Variant | None:
        """What the results hold, of whatever age."""
        return None if self._results is None else await self._results.get(call.id)

    async def store(
        self, call: AnyCall, variant: Variant, lease: Lease, *, is_new: bool = True
    ) -> bool:
        """Keep `variant` wherever it may be kept; whether the outermost tier there is took it.

        The shared tier first: its answer says whether the lease still stood, and what was fetched
        before a flush is not remembered here either.
        """
        stored = None
        if self._shared is not None:
            left = variant.checked_at + self._times(variant).kept_for - time.time()
            stored = await self._shared.put(call.id, variant, left, lease, call.budget)
            if stored is False:
                return False
        remembered = self.remember(call, variant)
        if (
            self._results is not None
            and stored
            and is_new
            and not (variant.partial or call.flushed)
        ):
            self._results.put(call.id, variant)
        return bool(stored) or (self._shared is None and remembered)

    def remember(self, call: AnyCall, variant: Variant) -> bool:
        """Hold `variant` in memory, unless it was flushed on its way here or is too old."""
        times, age = self._times(variant), time.time() - variant.checked_at
        fresh = max(0.0, times.fresh_for - age)
        stale = max(0.0, times.fresh_for + times.serve_stale_for - age) - fresh
        if call.flushed or self.freshness(variant) not in _MAY_BE_SERVED:
            return False
        return self._memory.put(*call.id, variant, fresh, stale)

    def refuse(self, call: AnyCall, error: ResizerError) -> None:
        """Have the next requests refused too, if `error` speaks of the original, not the moment."""
        if not call.flushed:
            self._negative_cache.remember(*call.id, error)

    def refuse_original(self, key: str, error: ResizerError) -> None:
        """Have whoever asks for the original of `key` refused too."""
        self._negative_cache.remember(key, WHOLE_ORIGINAL, error)

    async def release(self, call: AnyCall, lease: Lease, error: ResizerError | None = None) -> None:
        """End a lease that brought nothing."""
        if self._shared is not None:
            await self._shared.release(call.id, lease, error, call.budget)

    async def note(self, key: str, path: str) -> None:
        """Remember with the original that the URL `path` was answered with it."""
        if self._shared is not None:
            await self._shared.note(key, path)

    def checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """By name, what raises when a tier does not work."""
        tiers = {"cache": self._shared, "results": self._results}
        return {name: tier.check for name, tier in tiers.items() if tier is not None}

    async def drain(self, seconds: float) -> None:
        """Wait for what is on its way to the results, not longer than `seconds`."""
        if self._results is not None:
            await self._results.drain(seconds)

    def _times(self, variant: Variant) -> Freshness:
        return self._freshness.of_partial if variant.partial else self._freshness
