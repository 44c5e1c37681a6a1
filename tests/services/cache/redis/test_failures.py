"""RedisCache on servers that freeze, die, fill up and come back."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from resizer.aio.circuit_breaker import CircuitBreaker
from resizer.cache.coherence import Coherence
from resizer.cache.redis import RedisCache
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult
from tests.support.caches import ONE, TWO, cache_on, every_call_fails, fails, fill, flush, run
from tests.support.deadlines import stretched
from tests.support.servers import RedisServer, need_redis
from tests.support.waiting import soon

pytestmark = pytest.mark.redis


@pytest.fixture
def another_redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Starts servers with options of their own."""
    need_redis()
    started = []

    def start(*options: str) -> RedisServer:
        server = RedisServer(tmp_path, *options)
        server.start()
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


def test_a_frozen_server_costs_at_most_the_timeout_and_then_nothing(
    redis_server: RedisServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        redis_server.pause()
        for _ in range(3):
            assert 0.1 < await seconds_of_failing(cache) < stretched(3.0)
        assert breaker.is_open
        started = time.perf_counter()
        for _ in range(100):
            await fails(cache.get("cat.jpg", "width=1"))
        assert time.perf_counter() - started < stretched(5), "an open breaker still waits"
        assert breaker._failures == 3, "an open breaker still tries"

    breaker = CircuitBreaker(threshold=3, seconds=60)
    run(use, redis_server.url, timeout=0.2, breaker=breaker)


async def seconds_of_failing(cache: RedisCache) -> float:
    started = time.perf_counter()
    await fails(cache.get("cat.jpg", "width=1"))
    return time.perf_counter() - started


def test_a_thawed_server_gives_each_its_own_answer(redis_server: RedisServer) -> None:
    """Replies that came too late belong to nobody."""

    async def use(cache: RedisCache) -> None:
        for number in range(10):
            await fill(cache, "cat.jpg", f"width={number}", replace(ONE, width=number + 1), 60)
        redis_server.pause()
        await asyncio.gather(*(fails(cache.get("cat.jpg", f"width={n}")) for n in range(10)))
        redis_server.resume()
        for number in (3, 7, 1):
            variant = await cache.get("cat.jpg", f"width={number}")
            assert variant is not None
            assert variant.width == number + 1

    run(use, redis_server.url, timeout=0.2)


def test_every_call_fails_in_time_while_the_server_is_frozen(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        redis_server.pause()
        started = time.perf_counter()
        await every_call_fails(cache)
        assert time.perf_counter() - started < stretched(6 * 0.2 + 1)

    run(use, redis_server.url, timeout=0.2, breaker=CircuitBreaker(threshold=100))


def test_a_server_stopped_and_started_again_is_used_again(own_redis: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        own_redis.stop()
        await every_call_fails(cache)
        assert breaker.is_open
        own_redis.start()
        await soon(lambda: answers(cache))
        await fill(cache, "cat.jpg", "width=1", TWO, 60)
        assert await cache.get("cat.jpg", "width=1") == TWO

    breaker = CircuitBreaker(threshold=3, seconds=0.1)
    run(use, own_redis.url, breaker=breaker)


def test_a_server_restarted_between_two_calls_costs_no_failure(own_redis: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        own_redis.stop()
        own_redis.start()
        assert await cache.get("cat.jpg", "width=1") is None

    run(use, own_redis.url)


async def answers(cache: RedisCache) -> bool:
    try:
        await cache.check()
    except CacheUnavailable:
        return False
    return True


def test_a_full_server_refuses_fills_and_still_answers(
    another_redis: Callable[..., RedisServer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Coherence, "TRUST_SECONDS", 0.5)
    server = another_redis("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")

    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        large = replace(ONE, body=bytes(300_000))
        puts = [fill(cache, "large.jpg", f"width={number}", large, 60) for number in range(20)]
        refused = await asyncio.gather(*puts, return_exceptions=True)
        assert {type(error) for error in refused} == {bool, CacheUnavailable}
        assert "OutOfMemoryError" in str(refused)
        assert await cache.get("cat.jpg", "width=1") == ONE
        assert await flush(cache, Flush(key="large.jpg")) != FlushResult(0, 0)

    run(use, server.url)


def test_a_read_only_server_refuses_fills_and_still_answers(
    another_redis: Callable[..., RedisServer],
) -> None:
    server = another_redis()

    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        server.run("CONFIG", "SET", "min-replicas-to-write", "1")
        for _ in range(10):
            await fails(fill(cache, "cat.jpg", "width=1", TWO, 60))
        assert await cache.get("cat.jpg", "width=1") == ONE

    run(use, server.url)


def test_a_wrong_password_is_a_cache_that_fails(another_redis: Callable[..., RedisServer]) -> None:
    server = another_redis("--requirepass", "right")
    asyncio.run(_with_password(server, "right"))
    for password in ("", ":hunter2@", "user:hunter2@"):
        url = f"redis://{password}127.0.0.1:{server.port}"
        run(every_call_fails, url, breaker=CircuitBreaker(threshold=100))


async def _with_password(server: RedisServer, password: str) -> None:
    async with cache_on(f"redis://:{password}@127.0.0.1:{server.port}") as cache:
        await cache.check()
