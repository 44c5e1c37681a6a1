"""The way of a request: look up → coalesce → lead or follow → fetch → render → fill.

Open this first. `Gateway.get` is where a request comes in; the tiers, the source and the renderer
are handed in and known only by the protocols here and in `tiers`.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Protocol

from resizer.aio.tasks import BackgroundTasks, offload
from resizer.cache.coherence import Coherence
from resizer.cache.lease import NO_LEASE, Lease
from resizer.errors import (
    ResizerError,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    UnprocessableSource,
)
from resizer.gateway.admission import FillLimiter
from resizer.gateway.answer import Answer
from resizer.gateway.singleflight import SingleFlight
from resizer.gateway.tiers import Tiers
from resizer.gateway.variant_call import AnyCall, PendingAnswer, VariantCall
from resizer.model.freshness import FreshnessState
from resizer.model.image import Original, Rendered, Unchanged, Variant, VariantId
from resizer.model.response_head import make_variant
from resizer.model.transform import Transform
from resizer.telemetry.metrics import Metrics


class Source(Protocol):
    """Where originals are."""

    async def fetch(self, key: str) -> Original: ...
    async def refetch(self, key: str, etag: str) -> Original | Unchanged: ...
    def drop(self, key: str) -> None: ...
    async def check(self) -> None: ...


class Renderer(Protocol):
    """What makes the picture that a Transform asks for: of one original, with others over it."""

    async def render(self, originals: Sequence[Original], transform: Transform) -> Rendered: ...
    async def check(self) -> None: ...


_SOURCE_AWAY = (SourceUnavailable, SourceTimeout)
_RETRY_SECONDS = 5.0
"""After a revalidation that failed: time until the next one of the same variant."""
_MAX_ROUNDS = 3
"""Times that a call waits for others who fill, before it fills for itself alone."""


class Gateway:
    """Finds variants, or makes them once for everybody who waits."""

    def __init__(
        self,
        source: Source,
        renderer: Renderer,
        tiers: Tiers,
        coherence: Coherence,
        fills: FillLimiter,
        metrics: Metrics,
    ) -> None:
        self._source = source
        self._renderer = renderer
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
        self._background = BackgroundTasks()

    async def get(self, key: str, transform: Transform, preset: str | None = None) -> Answer:
        """The variant of `key` that `transform` asks for, its format resolved.

        Raises the errors of `resizer.errors`, CacheUnavailable excepted. A caller that is
        cancelled leaves the others, and the fill, undisturbed.
        """
        begun = self.begin(key, transform, preset)
        return begun if isinstance(begun, Answer) else await begun.wait()

    def begin(
        self, key: str, transform: Transform, preset: str | None = None
    ) -> Answer | PendingAnswer:
        """What `get` returns, if this process has it, or what it waits for: begun, or joined.

        Raises what was refused a moment ago.
        """
        id_ = key, self.field(transform, preset)
        if variant := self.peek(*id_):
            self._metrics.memory_hits.inc()
            return Answer(variant, tier="memory")
        self._tiers.raise_if_known(*id_)
        if variant := self._tiers.peek_stale(*id_):
            self._metrics.memory_hits.inc()
            return self._stale(VariantCall(id_, transform, preset), variant, "memory")
        if (call := self._calls.find(id_)) is not None:
            self._metrics.coalesced.inc()
            return PendingAnswer(call, joined=True)
        call = self._calls.start(VariantCall(id_, transform, preset), self._load)
        return PendingAnswer(call, joined=False)

    def note(self, key: str, path: str) -> None:
        """Remember, behind the reply, that the URL `path` was answered with a variant of `key`."""
        self._background.start(self._tiers.note(key, path))

    def checks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What raises when a part does not work: `source`, `workers`, and tiers there are."""
        checks = {"source": self._source.check, "workers": self._renderer.check}
        return checks | self._tiers.checks()

    @property
    def is_shared(self) -> bool:
        """Whether there is a tier that other gateways fill too."""
        return self._tiers.is_shared

    async def drain(self, seconds: float) -> None:
        """Wait for the fills under way, not longer than `seconds`, and cancel the rest."""
        await asyncio.gather(
            self._calls.drain(seconds),
            self._revalidations.drain(0),
            self._background.end(seconds),
        )
        await self._tiers.drain(seconds)

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
        stage = self._tiers.freshness(found) if found is not None else FreshnessState.OVER
        if found is None or stage not in (FreshnessState.FRESH, FreshnessState.STALE):
            return None
        self._metrics.hits_of[tier].inc()
        if stage is FreshnessState.STALE:
            return self._stale(call, found, tier)
        return Answer(found, tier=tier)

    def _stale(self, call: VariantCall[Answer], variant: Variant, tier: str) -> Answer:
        """Serve `variant` as it is, and have it revalidated behind the reply."""
        self._metrics.stale.inc()
        if not call.flushed and self._revalidations.find(call.id) is None:
            behind: VariantCall[None] = VariantCall(call.id, call.transform, call.preset)
            self._revalidations.start(behind, lambda f: self._revalidate(f, variant))
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
                answer = answer or await self._fetch_and_render(call, known)
        except ResizerError as error:
            await self._tiers.release(call, lease, error)
            if isinstance(error, UnprocessableSource):
                self._source.drop(call.key)
            if isinstance(error, SourceNotFound) and known is not None:
                self._coherence.origin_deleted(call.key)
            return self._stale_or_raise(known, error, tier)
        except BaseException:
            await asyncio.shield(self._tiers.release(call, lease))
            raise
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

    async def _fetch_and_render(self, call: AnyCall, known: Variant | None) -> Answer:
        """Ask the source, and render unless it says that nothing changed."""
        start = time.perf_counter()
        got = await self._fetch(call.key, known)
        fetched = time.perf_counter()
        if isinstance(got, Unchanged):
            assert known is not None  # noqa: S101  (or nothing could be unchanged)
            variant = replace(known, checked_at=got.checked_at)
            return Answer(variant, unchanged=True, fetch_seconds=fetched - start)
        with got as original:
            rendered = await self._renderer.render([original], call.transform)
            about = call.key, call.preset, original, rendered
            variant = await offload(len(rendered.body), make_variant, *about)
        done = time.perf_counter()
        self._metrics.rendered(done - fetched, rendered)
        if rendered.partial:
            self._source.drop(call.key)
        return Answer(variant, fetch_seconds=fetched - start, render_seconds=done - fetched)

    async def _fetch(self, key: str, known: Variant | None) -> Original | Unchanged:
        if known is None:
            return await self._source.fetch(key)
        outcome = "failed"
        if known.partial:
            self._source.drop(key)
        try:
            got = await self._source.refetch(key, known.original_etag)
            outcome = "unchanged" if isinstance(got, Unchanged) else "changed"
            return got
        except SourceNotFound:
            outcome = "deleted"
            raise
        finally:
            self._metrics.revalidations.labels(outcome).inc()

    def _stale_or_raise(
        self, known: Variant | None, error: ResizerError, tier: str = "redis"
    ) -> Answer:
        """What is served when the original could not be had: a stale variant, or the error."""
        may_be_served = (
            known is not None and self._tiers.freshness(known) is not FreshnessState.OVER
        )
        if known is None or not may_be_served or not isinstance(error, _SOURCE_AWAY):
            raise error
        return Answer(known, tier=tier, stale=True)
