"""The components of one process: the one place that wires everything together."""

import asyncio
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from typing import Any

from starlette.applications import Starlette

from resizer.aio.tasks import cancel_and_wait
from resizer.cache.coherence import Coherence
from resizer.cache.flusher import Flusher
from resizer.cache.memory import MemoryCache
from resizer.cache.redis import RedisCache
from resizer.cache.redis.tally import increase
from resizer.errors import CacheUnavailable, ResizerError
from resizer.gateway.admission import FillLimiter
from resizer.gateway.gateway import Gateway
from resizer.gateway.negative_cache import NegativeCache
from resizer.gateway.original_cache import OriginalCache
from resizer.gateway.shared_tier import SharedTier
from resizer.gateway.tiers import Tiers
from resizer.gateway.write_behind import WriteBehind
from resizer.http.access_log import LineWriter
from resizer.http.hit_replies import HitLane
from resizer.http.images import ImagePolicy, Images
from resizer.http.known_urls import KnownUrls
from resizer.render.host.pool import Pool
from resizer.server.factories import (
    cache_policy_of,
    fingerprint,
    freshness,
    open_results_of,
    open_shared,
    summary,
)
from resizer.settings.load import warnings
from resizer.settings.settings import Settings
from resizer.storage.sources import Sources
from resizer.telemetry.metrics import Metrics
from resizer.urls.dialect import DialectRegistry
from resizer.urls.dialects import DIALECTS

_log = logging.getLogger("resizer")
_MIB = 1024 * 1024
_SLOTS_PER_RENDERER = 2
"""While a renderer works on one original, the next one may be fetched."""
_DRAIN_FILLS_SECONDS = 1.0
"""Fills that nobody waits for any more, after open requests had their time."""
_TALLY_SECONDS = 5.0
_GATHER_SECONDS = 0.5
"""How old the numbers of one process may be when another shows them."""


class Components:
    """All that one process is made of, from the settings, wired together."""

    def __init__(self, settings: Settings, dialects: DialectRegistry = DIALECTS) -> None:
        self.settings = settings
        self.metrics = Metrics()
        log = sys.stdout.fileno() if settings.access_log else None
        self.writer = LineWriter(log, dialects.redact)
        self.shared = open_shared(settings)
        self.results = open_results_of(settings)
        flusher = Flusher(self.shared, self.results) if self.shared is not None else None
        self.coherence = Coherence(flusher.flush if flusher is not None else None)
        self.memory = MemoryCache(settings.memory_cache_mb * _MIB, self.coherence)
        self.sources = Sources(
            {"default": settings.source_address},
            max_bytes=settings.max_source_bytes,
            fetch_seconds=settings.fetch_seconds,
        )
        self.originals = OriginalCache(
            self.sources.default,
            settings.source_cache_mb * _MIB,
            settings.fresh_for,
            self.coherence,
            on_hit=self.metrics.source_hits.inc,
            on_arrival=self.metrics.fetched,
        )
        self.tiers = Tiers(
            self.memory,
            NegativeCache(settings.missing_ttl, self.coherence),
            self._shared_tier(self.shared) if self.shared else None,
            WriteBehind(self.results, self.coherence, self.metrics) if self.results else None,
            freshness(settings),
            fingerprint(settings),
        )
        self.fills = FillLimiter(
            _SLOTS_PER_RENDERER * settings.renderers_each,
            settings.max_queue,
            self.metrics.queue.set,
        )
        self.pool = Pool(
            settings.renderers_each,
            settings.limits,
            resampling=settings.resampling,
            recycle_after=settings.renderer_recycle,
            # Without kept originals every render's bytes are others, and nothing could be found.
            pixel_bytes=settings.pixel_cache_mb * _MIB if settings.source_cache_mb else 0,
            on_death=lambda reason: self.metrics.worker_deaths.labels(reason).inc(),
            on_warning=lambda text: _log.warning("%s", text),
            on_slow=self._slow,
            on_busy=lambda lane, workers: self.metrics.busy_workers.labels(lane).set(workers),
        )
        self.gateway = Gateway(
            self.originals,
            self.pool,
            self.tiers,
            self.coherence,
            self.fills,
            self.metrics,
        )
        cache_policy = cache_policy_of(settings)
        self.known_urls = KnownUrls(self.gateway, cache_policy)
        self.images = Images(
            self.gateway,
            self.known_urls,
            self.metrics,
            ImagePolicy(
                partial(dialects.parse, settings=settings.dialect_settings),
                settings.access,
                cache_policy,
                settings.fallback,
                note_paths=settings.purge_policy.needs_paths,
            ),
        )
        if settings.purge_policy.needs_paths:
            self.coherence.subscribe(self.known_urls.forget)

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[dict[str, Any]]:
        """Start and stop what runs; hand the hit lane to the server."""
        async with AsyncExitStack() as stack:
            stack.callback(self.writer.flush)
            stack.callback(self.metrics.gather)
            stack.push_async_callback(cancel_and_wait, asyncio.create_task(self._gather()))
            stack.push_async_callback(self.sources.close)
            stack.push_async_callback(self.originals.close)
            stack.push_async_callback(self.pool.close)
            stack.push_async_callback(cancel_and_wait, asyncio.create_task(self._look_at_source()))
            await self.pool.start()
            if self.shared is not None:
                stack.push_async_callback(self.shared.close)
                stack.push_async_callback(cancel_and_wait, self._listening(self.shared))
                stack.push_async_callback(
                    cancel_and_wait, asyncio.create_task(self._tally(self.shared))
                )
            if self.results is not None:
                stack.push_async_callback(self.results.close)
            stack.push_async_callback(self.coherence.drain, _DRAIN_FILLS_SECONDS)
            stack.push_async_callback(self.gateway.drain, _DRAIN_FILLS_SECONDS)
            _log.info("%s", summary(self.settings))
            for warning in warnings(self.settings):
                _log.warning("%s", warning)
            yield {"hit_lane": HitLane(self.known_urls, self.writer, self.metrics)}

    def _shared_tier(self, shared: RedisCache) -> SharedTier:
        return SharedTier(shared, self.coherence, self.metrics, self.settings.cache_timeout)

    def _slow(self, by: int) -> None:
        """A render came to the slow lane (1) or left it (-1)."""
        self.metrics.slow_renders.inc(max(by, 0))
        self.fills.on_slow(by)

    async def _look_at_source(self) -> None:
        """Connect before the first request does, and say at once what is wrong with it."""
        try:
            await self.originals.check()
        except ResizerError as error:
            _log.warning("%s", error, extra={"reason": error.reason})

    def _listening(self, shared: RedisCache) -> "asyncio.Task[None]":
        """Memory is used only while this process is sure to hear of flushes: not yet."""
        self.coherence.distrust()
        return asyncio.create_task(shared.listen(self.coherence))

    async def _gather(self) -> None:
        """Have what the hit lane counted among the numbers that processes show for one another."""
        while True:
            await asyncio.sleep(_GATHER_SECONDS)
            self.metrics.gather()

    async def _tally(self, shared: RedisCache) -> None:
        """Add what this process counted to what all did, for `resizer stats`."""
        before: dict[str, float] = {}
        while True:
            await asyncio.sleep(_TALLY_SECONDS)
            now = self.metrics.counts()
            with suppress(CacheUnavailable):
                await shared.tally(increase(before, now))
                before = now
