"""The one place that wires everything together."""

import asyncio
import hashlib
import logging
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

from resizer.address import endpoint_url, read_address
from resizer.cache.memory import MemoryCache
from resizer.cache.redis import RedisCache, open_cache
from resizer.configuration import warnings
from resizer.errors import CacheUnavailable, MethodNotAllowed, ResizerError, RouteNotFound
from resizer.flush import Flush
from resizer.flusher import Flusher
from resizer.freshness import Freshness
from resizer.gateway import Gateway, Policy
from resizer.hearing import Hearing
from resizer.http.access_log import AccessLog, LineWriter
from resizer.http.headers import CachePolicy, make_variant
from resizer.http.hit_lane import HitLane
from resizer.http.hits import Hits
from resizer.http.images import ImagePolicy, Images, is_image
from resizer.http.operations import routes as operations_routes
from resizer.http.problem import problem
from resizer.http.trace import trace_of
from resizer.metrics import Metrics
from resizer.originals import Originals
from resizer.refusals import Refusals
from resizer.render.job import RENDERER_VERSION
from resizer.render.pool import Pool
from resizer.settings import Settings
from resizer.source import open_source
from resizer.tiers import Tiers
from resizer.urls.cloudflare import parse

_log = logging.getLogger("resizer")
_MIB = 1024 * 1024
_SLOTS_PER_RENDERER = 2
"""While a renderer works on one original, the next one may be fetched."""
_DRAIN_FILLS_SECONDS = 1.0
"""Fills that nobody waits for any more, after open requests had their time."""


def create_app(settings: Settings, routes: Sequence[BaseRoute] = ()) -> ASGIApp:
    """The gateway as an ASGI application; `routes` are served beside the images."""
    parts = Parts(settings)
    rest = Starlette(
        routes=[*operations_routes(parts.gateway, parts.metrics), *routes],
        exception_handlers={HTTPException: partial(_unrouted, settings.error_max_age)},
        lifespan=parts.lifespan,
    )
    return AccessLog(Front(parts.images, rest), parts.writer, parts.metrics)


class Front:
    """Images to the image endpoint, everything else to Starlette."""

    def __init__(self, images: ASGIApp, rest: ASGIApp) -> None:
        self._images = images
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await (self._images if is_image(scope) else self._rest)(scope, receive, send)


class Parts:
    """The parts of one process, made from the settings and told of one another."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.writer = LineWriter(sys.stdout.fileno() if settings.access_log else None)
        self.hears = Hearing()
        self.memory = MemoryCache(settings.memory_cache_mb * _MIB, self.hears)
        self.shared = open_shared(settings, hearing=self.hears)
        self.source = open_source(
            settings.source,
            endpoint=settings.s3_endpoint,
            region=settings.s3_region,
            max_bytes=settings.max_source_bytes,
            fetch_seconds=settings.fetch_seconds,
        )
        self.originals = Originals(
            self.source, settings.source_cache_mb * _MIB, settings.fresh_for, self.hears
        )
        self.tiers = Tiers(self.memory, self.shared, None, freshness(settings), self.metrics)
        self.pool = Pool(
            renderers(settings),
            settings.limits,
            resampling=settings.resampling,
            recycle_after=settings.renderer_recycle,
            on_death=lambda reason: self.metrics.worker_deaths.labels(reason).inc(),
            on_warning=lambda text: _log.warning("%s", text),
        )
        self.gateway = Gateway(
            self.originals,
            self.pool,
            self.tiers,
            make_variant,
            self.flush_deleted,
            self.hears,
            Refusals(settings.missing_ttl),
            self.metrics,
            Policy(
                fingerprint(settings),
                settings.max_queue,
                _SLOTS_PER_RENDERER * renderers(settings),
            ),
        )
        cache_policy = cache_policy_of(settings)
        self.hits = Hits(self.gateway, cache_policy)
        self.images = Images(
            self.gateway,
            self.hits,
            self.metrics,
            ImagePolicy(
                partial(parse, grammar=settings.grammar),
                settings.access,
                cache_policy,
                settings.fallback,
                note_paths=settings.purge_policy.needs_paths,
            ),
        )

    @asynccontextmanager
    async def lifespan(self, _: Starlette) -> AsyncIterator[dict[str, Any]]:
        """Start and stop what runs; hand the hit lane to the server."""
        async with AsyncExitStack() as stack:
            stack.callback(self.writer.flush)
            stack.push_async_callback(self.source.close)
            stack.push_async_callback(self.pool.close)
            stack.push_async_callback(_end, asyncio.create_task(self._look_at_source()))
            await self.pool.start()
            if self.shared is not None:
                stack.push_async_callback(self.shared.close)
                stack.push_async_callback(_end, self._listening(self.shared))
            stack.push_async_callback(self.gateway.drain, _DRAIN_FILLS_SECONDS)
            _log.info("%s", summary(self.settings))
            for warning in warnings(self.settings):
                _log.warning("%s", warning)
            yield {"hit_lane": HitLane(self.hits, self.writer, self.metrics)}

    async def _look_at_source(self) -> None:
        """Connect before the first request does, and say at once what is wrong with it."""
        try:
            await self.source.check()
        except ResizerError as error:
            _log.warning("%s", error, extra={"reason": error.reason})

    def _listening(self, shared: RedisCache) -> "asyncio.Task[None]":
        """Memory is used only while this process is sure to hear of flushes: not yet."""
        self.hears.lost()
        return asyncio.create_task(shared.listen(self._on_flush, self.deaf, self.hearing))

    def deaf(self, reason: str) -> None:
        """Flushes can no longer be heard."""
        self.memory.clear()
        self.originals.clear()
        _log.warning("flushes cannot be heard: the memory tier stands aside (%s)", reason)

    def hearing(self) -> None:
        """Flushes are heard from now on. What was flushed meanwhile is not known: nothing that is
        under way may be stored."""
        self._forget(Flush())
        _log.info("flushes are heard: the memory tier is in use")

    def _on_flush(self, flushes: Sequence[Flush]) -> Awaitable[None]:
        for flush in flushes:
            self._forget(flush)
        return self.tiers.settled(flushes)

    def _forget(self, flush: Flush) -> None:
        self.memory.forget(flush)
        self.originals.forget(flush.touches)
        if self.settings.purge_policy.needs_paths:
            self.hits.forget(flush)
        self.gateway.flush(flush)

    async def flush_deleted(self, key: str) -> None:
        """The original is gone: forget its variants, here at once and everywhere soon."""
        flushes = [Flush(key=key)]
        self._forget(flushes[0])
        if self.shared is not None:
            with suppress(CacheUnavailable):
                await self.shared.remove(flushes)
                await self.shared.tell(flushes)


def summary(settings: Settings) -> str:
    """What a server serves, for its log; no secret, so of the cache's URL only the kind."""
    kind = settings.cache.get_secret_value().partition(":")[0]
    workers = f"{renderers(settings)} render workers"
    return f"source {settings.source}, cache {kind}, {workers}, {settings.urls} URLs"


async def _end(task: "asyncio.Task[None]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@asynccontextmanager
async def flushing(settings: Settings, timeout: float) -> AsyncIterator[Flusher | None]:
    """What flushes the tiers that gateways share; None where each has only its memory."""
    async with AsyncExitStack() as stack:
        shared = open_shared(settings, timeout)
        if shared is None:
            yield None
            return
        stack.push_async_callback(shared.close)
        yield Flusher(shared, None)


def open_shared(
    settings: Settings, timeout: float | None = None, hearing: Hearing | None = None
) -> RedisCache | None:
    """The tier that gateways share, or None where each has only its memory."""
    url = settings.cache.get_secret_value()
    if url == "memory:":
        return None
    return open_cache(url, namespace(settings), timeout or settings.cache_timeout, hearing)


def namespace(settings: Settings) -> str:
    """What keeps the variants of two sources on one Redis apart, without telling their names.

    The address with all that decides where it leads: a directory's absolute path, a bucket's
    endpoint.
    """
    place = read_address(settings.source)
    if isinstance(place, Path):
        text = str(place.resolve())
    else:
        text = f"{endpoint_url(settings.s3_endpoint) or 'aws'} {settings.source.rstrip('/')}"
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def fingerprint(settings: Settings) -> str:
    """What besides a Transform decides the bytes of a variant."""
    return f"{RENDERER_VERSION}-{settings.resampling}-{settings.max_output_side}"


def freshness(settings: Settings) -> Freshness:
    return Freshness(settings.fresh_for, settings.serve_stale_for, settings.stale_if_error)


def renderers(settings: Settings) -> int:
    """Render workers of one process: as set, else one a core, shared out among the processes."""
    return settings.renderers or max(1, len(os.sched_getaffinity(0)) // settings.workers)


def cache_policy_of(settings: Settings) -> CachePolicy:
    return CachePolicy(
        settings.max_age,
        settings.s_maxage,
        settings.stale_while_revalidate,
        settings.stale_if_error,
        settings.error_max_age,
    )


def _unrouted(max_age: int, request: Request, error: Exception) -> Response:
    """Starlette's own 404 and 405 as problem replies."""
    method = isinstance(error, HTTPException) and error.status_code == 405
    told: ResizerError = (
        MethodNotAllowed("This path is read with GET and HEAD.")
        if method
        else RouteNotFound("Images are under /img/<options>/<key>.")
    )
    reply = problem(told, trace_of(request.scope).request_id, max_age)
    response = Response(reply.body, reply.status)
    response.raw_headers = list(reply.headers)
    return response
