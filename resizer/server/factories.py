"""From the settings to what they name: drivers, not yet connected, and plain values."""

import hashlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from resizer.cache.flusher import Flusher
from resizer.cache.redis import RedisCache, open_cache
from resizer.cache.results import ResultsTier
from resizer.http.headers import CachePolicy
from resizer.model.freshness import Freshness
from resizer.render.host.fingerprint import of_renderer
from resizer.settings.settings import Settings


def summary(settings: Settings) -> str:
    """What a server serves, for its log; no secret, so of the cache's URL only the kind."""
    kind = settings.cache.get_secret_value().partition(":")[0]
    workers = f"{settings.renderers_each} render workers"
    return f"source {settings.source}, cache {kind}, {workers}, {settings.urls} URLs"


@asynccontextmanager
async def open_flusher(settings: Settings, timeout: float) -> AsyncIterator[Flusher]:
    """What flushes the tiers that gateways share. Raises LookupError where they share none."""
    async with AsyncExitStack() as stack:
        shared = open_shared(settings, timeout)
        if shared is None:
            raise LookupError("no cache is shared")
        stack.push_async_callback(shared.close)
        results = open_results_of(settings)
        if results is not None:
            stack.push_async_callback(results.close)
        yield Flusher(shared, results)


def open_shared(settings: Settings, timeout: float | None = None) -> RedisCache | None:
    """The tier that gateways share, or None where each has only its memory."""
    url = settings.cache.get_secret_value()
    if url == "memory:":
        return None
    return open_cache(
        url,
        settings.source_address.namespace,
        timeout or settings.cache_timeout,
        _results_id(settings),
    )


def _results_id(settings: Settings) -> str:
    """What gateways must have in common so that one flush reaches all that they keep."""
    if (address := settings.results_address) is None:
        return ""
    return hashlib.sha256(address.path.encode()).hexdigest()[:8]


def open_results_of(settings: Settings) -> ResultsTier | None:
    """The tier for what does not fit the shared one, if there is one."""
    if (address := settings.results_address) is None:
        return None
    return ResultsTier(address, settings.source_address.namespace)


def fingerprint(settings: Settings) -> str:
    """A digest of what besides a Transform decides the bytes of a variant."""
    decisive = (of_renderer(), settings.resampling, settings.max_output_side, settings.fail_on)
    return hashlib.sha256(" ".join(map(str, decisive)).encode()).hexdigest()[:12]


def freshness(settings: Settings) -> Freshness:
    return Freshness(
        settings.fresh_for,
        settings.serve_stale_for,
        settings.stale_if_error,
        settings.partial_max_age,
    )


def cache_policy_of(settings: Settings) -> CachePolicy:
    return CachePolicy(
        settings.max_age,
        settings.s_maxage,
        settings.stale_while_revalidate,
        settings.stale_if_error,
        settings.error_max_age,
        settings.partial_max_age,
    )
