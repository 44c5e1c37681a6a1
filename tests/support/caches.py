"""What the tests of caches have in common: two variants, opening, failing, and listening."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from resizer.aio.circuit_breaker import CircuitBreaker
from resizer.aio.tasks import cancel_and_wait
from resizer.cache.coherence import Coherence
from resizer.cache.flusher import Flusher
from resizer.cache.lease import Lease
from resizer.cache.redis import RedisCache
from resizer.cache.redis.connect import connect
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult
from resizer.model.image import Variant
from tests.support.deadlines import MAX_WAIT

ONE = Variant(
    body=b"\x00\xffbody\r\n" * 40,
    head=b"content-type: image/avif\r\n",
    content_type="image/avif",
    etag='"one"',
    last_modified=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    original_etag="original",
    width=4,
    height=3,
    checked_at=1767323045.25,
)
TWO = replace(ONE, body=b"two", etag='"two"')


async def fill(cache: RedisCache, key: str, field: str, variant: Variant, seconds: float) -> bool:
    """Store a variant as a gateway does: under a lease. Whether it was stored."""
    lease = await cache.acquire_lease(key, field)
    assert isinstance(lease, Lease)
    assert lease.token is not None
    return await cache.put(key, field, variant, seconds, lease.token)


async def flush(cache: RedisCache, flush: Flush, *, dry_run: bool = False) -> FlushResult:
    return await Flusher(cache, None).flush([flush], dry_run=dry_run)


@asynccontextmanager
async def cache_on(
    url: str,
    *,
    timeout: float = 5.0,
    breaker: CircuitBreaker | None = None,
    namespace: str = "test",
) -> AsyncIterator[RedisCache]:
    client, subscriber = connect(url, timeout)
    cache = RedisCache(client, subscriber, namespace, timeout, breaker)
    try:
        yield cache
    finally:
        await cache.close()


def run(
    use: Callable[[RedisCache], Awaitable[None]],
    url: str,
    *,
    timeout: float = 5.0,
    breaker: CircuitBreaker | None = None,
) -> None:
    async def whole() -> None:
        async with cache_on(url, timeout=timeout, breaker=breaker) as cache:
            await use(cache)

    asyncio.run(whole())


async def fails(call: Awaitable[object]) -> CacheUnavailable:
    with pytest.raises(CacheUnavailable) as caught:
        await call
    return caught.value


async def every_call_fails(cache: RedisCache) -> None:
    await fails(cache.get("cat.jpg", "width=1"))
    await fails(cache.acquire_lease("cat.jpg", "width=1"))
    await fails(cache.put("cat.jpg", "width=1", ONE, 60, "token"))
    await fails(flush(cache, Flush(key="cat.jpg")))
    await fails(flush(cache, Flush(key="cat.jpg"), dry_run=True))
    await fails(flush(cache, Flush(prefix="cat")))
    await fails(cache.check())


class Heard(Coherence):
    """What a listener was told, and an event for each thing told."""

    def __init__(self) -> None:
        super().__init__()
        self.received: list[Flush | str] = []
        self.forgotten = asyncio.Event()
        """Flushes are confirmed while it is set."""
        self.forgotten.set()
        self._news = asyncio.Event()

    def tell(self, what: Flush | str) -> None:
        self.received.append(what)
        self._news.set()

    def on_flush(self, flushes: Sequence[Flush]) -> Awaitable[object]:
        for flush in flushes:
            self.tell(flush)
        return self.forgotten.wait()

    def on_disconnect(self, reason: str) -> None:
        super().on_disconnect(reason)
        self.tell("lost")

    def on_reconnect(self) -> None:
        super().on_reconnect()
        self.tell("ready")

    async def until(self, what: Flush | str, count: int = 1) -> None:
        async with asyncio.timeout(MAX_WAIT):
            while self.received.count(what) < count:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(cache: RedisCache) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(cache.listen(heard))
    try:
        yield heard
    finally:
        await cancel_and_wait(task)
