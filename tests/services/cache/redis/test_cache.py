"""RedisCache on a real server and a real cluster: what it stores and sends."""

import asyncio
import time

import pytest
from redis.asyncio import Redis

from resizer.aio.circuit_breaker import CircuitBreaker
from resizer.cache.redis import RedisCache
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult
from resizer.model.image import pack
from tests.support.caches import ONE, TWO, cache_on, fails, fill, flush, listening, run
from tests.support.deadlines import stretched
from tests.support.servers import RedisCluster as ClusterServer
from tests.support.servers import RedisServer

pytestmark = pytest.mark.redis
NAME = "resizer:test:cat.jpg"


def test_an_original_is_one_hash_that_expires(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 59.5)
        await fill(cache, "cat.jpg", "width=2", TWO, 59.5)

    run(use, redis_server.url)
    assert redis_server.run("KEYS", "*").split() == ["*1", f"${len(NAME)}", NAME]
    assert redis_server.run("HLEN", NAME).strip() == ":2"
    assert 55 < int(redis_server.run("TTL", NAME).strip(":\r\n")) <= 60


def test_two_namespaces_never_mix(redis_server: RedisServer) -> None:
    async def whole() -> None:
        async with (
            cache_on(redis_server.url, namespace="a") as one,
            cache_on(redis_server.url, namespace="a:b") as other,
        ):
            await fill(one, "b:cat.jpg", "width=1", ONE, 60)
            await fill(other, "cat.jpg", "width=1", TWO, 60)
            assert await one.get("b:cat.jpg", "width=1") == ONE
            assert await other.get("cat.jpg", "width=1") == TWO
            assert await flush(one, Flush(prefix="")) == FlushResult(1, 1)
            assert await other.get("cat.jpg", "width=1") == TWO

    asyncio.run(whole())


@pytest.mark.parametrize(
    "value", [b"", b"foreign", pack(ONE)[:-1], pack(ONE) + b"x", b"RZV2" + b"\xff" * 60]
)
def test_a_value_that_is_no_variant_is_a_miss_and_goes(
    redis_server: RedisServer, value: bytes
) -> None:
    async def use(cache: RedisCache) -> None:
        async with Redis.from_url(redis_server.url) as plain:
            await plain.hset(NAME, "width=1", value)
            assert await cache.get("cat.jpg", "width=1") is None
            assert not await plain.exists(NAME)
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        assert await cache.get("cat.jpg", "width=1") == ONE

    run(use, redis_server.url)


def test_a_name_of_another_type_is_a_miss_and_goes(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        redis_server.run("SET", NAME, "text")
        assert await flush(cache, Flush(key="cat.jpg"), dry_run=True) == FlushResult(1, 0)
        assert await cache.get("cat.jpg", "width=1") is None
        redis_server.run("SET", NAME, "text")
        assert await flush(cache, Flush(key="cat.jpg")) == FlushResult(1, 0)
        redis_server.run("SET", NAME, "text")
        assert await flush(cache, Flush(prefix="")) == FlushResult(1, 0)

    run(use, redis_server.url)


# What is sent


def test_look_ups_of_one_turn_are_one_round_trip(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        await fill(cache, "dog.jpg", "width=1", TWO, 60)
        sent = round_trips(cache)
        answers = await asyncio.gather(
            *(cache.get(key, "width=1") for key in ("cat.jpg", "dog.jpg", "none.jpg") * 20)
        )
        assert answers == [ONE, TWO, None] * 20
        assert sent == [60]
        await cache.get("cat.jpg", "width=1")
        await cache.get("cat.jpg", "width=1")
        assert sent == [60, 1, 1]

    run(use, redis_server.url)


def round_trips(cache: RedisCache) -> list[int]:
    """Grows by the number of look-ups of every round trip."""
    sent: list[int] = []
    ask = cache._look_up._ask

    async def counted(places: list[tuple[str, str]]) -> list[bytes | CacheUnavailable | None]:
        sent.append(len(places))
        return await ask(places)

    cache._look_up._ask = counted
    return sent


def test_a_failed_round_trip_fails_each_look_up_on_its_own(own_redis: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        own_redis.stop()
        answers = await asyncio.gather(
            *(cache.get("cat.jpg", f"width={number}") for number in range(5)),
            return_exceptions=True,
        )
        assert all(type(answer) is CacheUnavailable for answer in answers)
        assert len({id(answer) for answer in answers}) == 5

    run(use, own_redis.url)


def test_closing_ends_look_ups_under_way(redis_server: RedisServer) -> None:
    async def whole() -> None:
        async with cache_on(redis_server.url) as cache:
            await cache.check()
            redis_server.pause()
            waiting = asyncio.create_task(cache.get("cat.jpg", "width=1"))
            await asyncio.sleep(0.05)
        await fails(waiting)

    asyncio.run(whole())


def test_a_flush_through_one_node_is_heard_on_every_other(redis_cluster: ClusterServer) -> None:
    async def use(cache: RedisCache) -> None:
        await cache.check()
        for node in redis_cluster.nodes:
            async with cache_on(node.url) as beside, listening(beside) as heard:
                await heard.until("ready")
                await flush(cache, Flush(key=f"{node.port}"))
                await heard.until(Flush(key=f"{node.port}"))
        async with listening(cache) as heard:
            await heard.until("ready")
            await flush(cache, Flush(prefix="photos/"))
            await heard.until(Flush(prefix="photos/"))

    run(use, redis_cluster.url)


def test_the_originals_of_a_cluster_lie_on_every_node(redis_cluster: ClusterServer) -> None:
    async def use(cache: RedisCache) -> None:
        for number in range(30):
            await fill(cache, f"{number}.jpg", "width=1", ONE, 60)
        assert all(node.run("DBSIZE").strip() != ":0" for node in redis_cluster.nodes)
        assert await flush(cache, Flush(prefix="")) == FlushResult(30, 30)

    run(use, redis_cluster.url)


def test_a_cluster_with_a_frozen_node_answers_for_the_others(
    redis_cluster: ClusterServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        for number in range(30):
            await fill(cache, f"{number}.jpg", "width=1", ONE, 60)
        redis_cluster.nodes[1].pause()
        try:
            started = time.perf_counter()
            answers = [await outcome(cache, f"{number}.jpg") for number in range(20)]
            assert time.perf_counter() - started < stretched(30 * 0.2 + 2)
        finally:
            redis_cluster.nodes[1].resume()
        assert {"found", "failed"} == set(answers)

    run(use, redis_cluster.url, timeout=0.2, breaker=CircuitBreaker(threshold=100))


async def outcome(cache: RedisCache, key: str) -> str:
    try:
        return "found" if await cache.get(key, "width=1") else "missed"
    except CacheUnavailable:
        return "failed"
