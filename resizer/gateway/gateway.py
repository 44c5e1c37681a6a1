"""Gateway: the way of a request: look up → coalesce → lease or wait → fetch → render → store.

Open this first. `Gateway.begin` is where a request comes in; what keeps variants is behind `tiers`,
and the source and the renderer, behind `producer`, are known by `protocols` alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from typing import Any

from resizer.aio.tasks import BackgroundTasks
from resizer.cache.coherence import Coherence
from resizer.cache.lease import NO_LEASE, Lease
from resizer.errors import ResizerError, SourceNotFound, UnprocessableSource
from resizer.gateway.admission import FillLimiter
from resizer.gateway.answer import Answer
from resizer.gateway.overlays import SOURCE_AWAY, Overlays
from resizer.gateway.producer import Producer
from resizer.gateway.protocols import Originals, Renderer
from resizer.gateway.singleflight import SingleFlight
from resizer.gateway.tiers import Tiers
from resizer.gateway.variant_call import AnyCall, PendingAnswer, VariantCall
from resizer.model.field import Overlay
from resizer.model.freshness import FreshnessState
from resizer.model.image import Variant, VariantId
from resizer.model.transform import Transform
from resizer.telemetry.metrics import Metrics

VariantWork = Callable[[VariantCall[Answer]], Coroutine[Any, Any, Answer]]

_RETRY_SECONDS = 5.0
"""After a revalidation that failed: time until the next one of the same variant."""
_MAX_ROUNDS = 3
"""Times that a call waits for others who fill, before it fills for itself alone."""


class Gateway:
    """Finds variants, or makes them once for everybody who waits."""

    def __init__(
        self,
        originals: Originals,
        renderer: Renderer,
        tiers: Tiers,
        coherence: Coherence,
        fills: FillLimiter,
        metrics: Metrics,
    ) -> None:
        self._tiers = tiers
        self._coherence = coherence
        self.field = tiers.field
        self.peek = tiers.peek
        self._fills = fills
        self._metrics = metrics
        self._calls: SingleFlight[VariantId, VariantCall[Answer]]
        self._revalidations: SingleFlight[VariantId, VariantCall[None]]
        self._calls, self._revalidations = (
            SingleFlight(coherence, lambda flush, id_: flush.matches(*id_)) for _ in range(2)
        )
        self._overlays = Overlays(originals, tiers, coherence)
        self._producer = Producer(originals, renderer, self._overlays, metrics)
        self._background = BackgroundTasks()

    async def get(
        self,
        key: str,
        transform: Transform,
        preset: str | None = None,
        overlays: tuple[str, ...] = (),
    ) -> Answer:
        """The variant of `key` that `transform` asks for, its format resolved.

        `overlays` are the keys of further originals, in the order in which the Transform shows
        them over the first. Raises the errors of `resizer.errors`, CacheUnavailable excepted. A
        caller that is cancelled leaves the others, and the fill, undisturbed.
        """
        begun = self.begin(key, transform, preset, overlays)
        return begun if isinstance(begun, Answer) else await begun.wait()

    def begin(
        self,
        key: str,
        transform: Transform,
        preset: str | None = None,
        overlays: tuple[str, ...] = (),
    ) -> Answer | PendingAnswer:
        """What `get` returns, if this process has it, or what it waits for: begun, or joined.

        Raises what was refused a moment ago.
        """
        shown = self._overlays.peek(overlays) if overlays else ()
        if shown is None:
            unknown = tuple(Overlay(overlay, "") for overlay in overlays)
            id_ = key, self.field(transform, preset, unknown)
            call = VariantCall[Answer](id_, transform, preset, unknown)
            return self._join_or_start(call, self._resolve_and_get)
        return self._begin(key, transform, preset, shown)

    def _begin(
        self, key: str, transform: Transform, preset: str | None, overlays: tuple[Overlay, ...]
    ) -> Answer | PendingAnswer:
        id_ = key, self.field(transform, preset, overlays)
        if variant := self.peek(*id_):
            self._metrics.memory_hits.inc()
            return Answer(variant, tier="memory")
        self._tiers.raise_if_known(*id_)
        call = VariantCall[Answer](id_, transform, preset, overlays)
        if variant := self._tiers.peek_stale(*id_):
            self._metrics.memory_hits.inc()
            return self._stale(call, variant, "memory")
        return self._join_or_start(call, self._load)

    def _join_or_start(self, call: VariantCall[Answer], work: VariantWork) -> PendingAnswer:
        if (other := self._calls.find(call.id)) is not None:
            self._metrics.coalesced.inc()
            return PendingAnswer(other, joined=True)
        return PendingAnswer(self._calls.start(call, work), joined=False)

    def note(self, key: str, path: str) -> None:
        """Remember, behind the reply, that the URL `path` was answered with a variant of `key`."""
        self._background.start(self._tiers.note(key, path))

    def checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What raises when a part does not work: `source`, `workers`, and tiers there are."""
        return self._producer.checks() | self._tiers.checks()

    @property
    def is_shared(self) -> bool:
        """Whether there is a tier that other gateways fill too."""
        return self._tiers.is_shared

    async def drain(self, seconds: float) -> None:
        """Wait for the fills under way, not longer than `seconds`, and cancel the rest."""
        await asyncio.gather(
            self._calls.drain(seconds),
            self._revalidations.drain(0),
            self._overlays.drain(0),
            self._background.end(seconds),
        )
        await self._tiers.drain(seconds)

    async def _resolve_and_get(self, call: VariantCall[Answer]) -> Answer:
        """Ask for the versions of the overlays first: a variant is named by them."""
        async with self._fills.slot():
            overlays = await self._overlays.resolve([overlay.key for overlay in call.overlays])
        begun = self._begin(call.key, call.transform, call.preset, overlays)
        return begun if isinstance(begun, Answer) else await begun.wait()

    async def _load(self, call: VariantCall[Answer]) -> Answer:
        found = await self._tiers.look_up(call)
        if answer := self._hit(call, found, "redis"):
            return answer
        try:
            answer = await self._fill(call, found)
        except ResizerError as error:
            self._metrics.misses.inc()
            self._tiers.refuse(call, error)
            raise
        if answer.tier != "results":
            self._metrics.misses.inc()
            self._metrics.stale.inc(answer.stale)
        return answer

    def _hit(self, call: AnyCall, found: Variant | None, tier: str) -> Answer | None:
        """`found`, if it may be served at once; what Redis holds was looked at before."""
        state = self._tiers.freshness(found) if found is not None else FreshnessState.OVER
        if found is None or state not in (FreshnessState.FRESH, FreshnessState.STALE):
            return None
        self._metrics.hits_of[tier].inc()
        if state is FreshnessState.STALE:
            return self._stale(call, found, tier)
        return Answer(found, tier=tier)

    def _stale(self, call: VariantCall[Answer], variant: Variant, tier: str) -> Answer:
        """Serve `variant` as it is, and have it revalidated behind the reply."""
        self._metrics.stale.inc()
        if not call.flushed and self._revalidations.find(call.id) is None:
            revalidation: VariantCall[None] = VariantCall(
                call.id, call.transform, call.preset, call.overlays
            )
            self._revalidations.start(revalidation, lambda f: self._revalidate(f, variant))
        return Answer(variant, tier=tier, stale=True)

    async def _revalidate(self, call: VariantCall[None], known: Variant) -> None:
        """Make a stale variant fresh. While it fails, it is not tried again for some seconds."""
        try:
            answer = await self._fill(call, known)
        except ResizerError:
            answer = None
        if answer is None or answer.stale:
            await asyncio.sleep(_RETRY_SECONDS)

    async def _fill(self, call: AnyCall, known: Variant | None) -> Answer:
        """Fill, or wait for another gateway that does. `known` is a variant that is not fresh."""
        rounds = 0
        while rounds < _MAX_ROUNDS:
            async with self._fills.slot():
                claim = await self._tiers.acquire_lease(call)
                if isinstance(claim, Lease):
                    return await self._fill_as_leader(call, known, claim)
            self._metrics.followed.inc()
            if error := await claim.wait():
                return self._stale_or_raise(known, error)
            found = await self._tiers.look_up(call)
            if found is not None and self._tiers.freshness(found) is FreshnessState.FRESH:
                return Answer(found, tier="redis", coalesced=True)
            rounds += claim.notified
        async with self._fills.slot():
            return await self._fill_as_leader(call, known, NO_LEASE)

    async def _fill_as_leader(self, call: AnyCall, known: Variant | None, lease: Lease) -> Answer:
        """Fill under `lease`, and end it whatever happens."""
        if answer := await self._recheck_under_lease(call, lease):
            return answer
        # What was known before the lease may have been flushed; what lay beside it was not.
        known, tier = lease.found if lease.token or call.flushed else known, "redis"
        try:
            async with self._tiers.holding(call, lease):
                answer = None
                if known is None:
                    known, tier = await self._tiers.look_up_result(call), "results"
                    answer = self._hit(call, known, tier)
                answer = answer or await self._producer.produce(call, known)
        except ResizerError as error:
            await self._tiers.release(call, lease, error)
            self._on_error(call, known, error)
            return self._stale_or_raise(known, error, tier)
        except BaseException:
            await asyncio.shield(self._tiers.release(call, lease))
            raise
        if answer.flushed:
            await self._tiers.release(call, lease)
            return answer
        is_new = answer.tier is None and not answer.unchanged
        stored = await self._tiers.store(call, answer.variant, lease, is_new=is_new)
        return replace(answer, stored=stored)

    async def _recheck_under_lease(self, call: AnyCall, lease: Lease) -> Answer | None:
        """What another gateway stored between the look-up and the lease."""
        if lease.found is None or self._tiers.freshness(lease.found) is not FreshnessState.FRESH:
            return None
        await self._tiers.release(call, lease)
        self._tiers.remember(call, lease.found)
        return Answer(lease.found, tier="redis", coalesced=True)

    def _on_error(self, call: AnyCall, known: Variant | None, error: ResizerError) -> None:
        if isinstance(error, UnprocessableSource):
            self._producer.drop_originals(call)
        if isinstance(error, SourceNotFound) and known is not None:
            self._coherence.origin_deleted(call.key)

    def _stale_or_raise(
        self, known: Variant | None, error: ResizerError, tier: str = "redis"
    ) -> Answer:
        """What is served when the original could not be had: a stale variant, or the error."""
        may_be_served = (
            known is not None and self._tiers.freshness(known) is not FreshnessState.OVER
        )
        if known is None or not may_be_served or not isinstance(error, SOURCE_AWAY):
            raise error
        return Answer(known, tier=tier, stale=True)
