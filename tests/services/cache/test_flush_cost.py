"""What flushes and look-ups ask of Redis, as Redis counts it; bench/flush.py takes the time."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from redis.asyncio import Redis

from resizer.cache.flusher import Flusher
from resizer.cache.redis import RedisCache, open_cache
from resizer.model.flush import Flush
from tests.support.servers import RedisCluster, RedisServer

pytestmark = pytest.mark.redis
FEW, MANY = 1_000, 20_000
AT_ONCE = 60
REMOVING = {"scan", "sscan", "hkeys", "unlink"}
ANNOUNCING = {"subscribe", "publish", "info", "evalsha", "zrangebyscore", "time"}
"""The last two are called by the script that tells who is alive."""


async def fill(plain: Redis, prefix: str, count: int) -> None:
    pipeline = plain.pipeline(transaction=False)
    for number in range(count):
        pipeline.hset(f"resizer:test:{prefix}{number}", "1:width=1", "a variant")
    await pipeline.execute()


async def flush(cache: RedisCache, what: Flush) -> int:
    """How many originals had something."""
    return (await Flusher(cache, None).flush([what])).originals


async def calls(plain: Redis, work: Awaitable[int]) -> tuple[int, dict[str, int]]:
    """What `work` came to, and how often it called which command."""
    await plain.config_resetstat()
    done = await work
    received = await plain.info("commandstats")
    return done, {name.removeprefix("cmdstat_"): facts["calls"] for name, facts in received.items()}


def run(url: str, use: Callable[[RedisCache, Redis], Awaitable[None]]) -> None:
    async def whole() -> None:
        cache = open_cache(url, "test", 10.0)
        async with Redis.from_url(url) as plain:
            await use(cache, plain)
        await cache.close()

    asyncio.run(whole())


@pytest.mark.real_redis("count its commands")
def test_a_flush_of_one_image_asks_the_same_however_much_redis_holds(
    redis_server: RedisServer,
) -> None:
    async def use(cache: RedisCache, plain: Redis) -> None:
        await fill(plain, "few/", FEW)
        await flush(cache, Flush(key="few/0"))  # connects, and loads the scripts
        with_few = await calls(plain, flush(cache, Flush(key="few/1")))
        await fill(plain, "many/", MANY)
        with_many = await calls(plain, flush(cache, Flush(key="many/1")))
        assert with_few == with_many
        assert with_few[0] == 1
        assert with_few[1]["unlink"] == 1

    run(redis_server.url, use)


@pytest.mark.real_redis("count its commands")
def test_a_flush_of_a_prefix_goes_in_small_steps(redis_server: RedisServer) -> None:
    """No KEYS, no long UNLINK: nothing for which Redis would leave others waiting."""

    async def use(cache: RedisCache, plain: Redis) -> None:
        await fill(plain, "few/", FEW)
        await fill(plain, "many/", MANY)
        flushed, called = await calls(plain, flush(cache, Flush(prefix="few/")))
        assert flushed == called["unlink"] == called["hkeys"] == FEW
        assert (FEW + MANY) / 1000 <= called["scan"] <= (FEW + MANY) / 100
        # A listener makes sure of its line each second.
        assert set(called) - {"ping"} == REMOVING | ANNOUNCING | {"config|resetstat"}
        assert await plain.dbsize() >= MANY

    run(redis_server.url, use)


async def reads(servers: list[Redis]) -> list[int]:
    """How often each server has read from a client, this question included."""
    return [(await server.info("stats"))["total_reads_processed"] for server in servers]


def test_look_ups_of_one_turn_are_one_round_trip_to_each_node_of_a_cluster(
    redis_cluster: RedisCluster,
) -> None:
    async def whole() -> None:
        cache = open_cache(redis_cluster.url, "test", 10.0)
        nodes = [Redis.from_url(node.url) for node in redis_cluster.nodes]
        trips = [-1] * len(nodes)
        for _ in range(2):  # the first connects
            before = await reads(nodes)
            await asyncio.gather(*(cache.get(f"{number}", "f") for number in range(AT_ONCE)))
            after = await reads(nodes)
            trips = [now - past - 1 for now, past in zip(after, before, strict=True)]
        assert trips == [1] * len(nodes)
        for node in nodes:
            await node.aclose()
        await cache.close()

    asyncio.run(whole())
