import asyncio
from collections.abc import AsyncIterator
from typing import cast

import pytest

from resizer.cache.redis.connect import Client
from resizer.cache.redis.names import Names
from resizer.cache.redis.reading import names_from
from resizer.cache.redis.survey import CachedOriginal, survey
from tests.support.servers import RedisCluster, RedisServer

NAMES = Names("here")


def surveyed(url: str) -> list[CachedOriginal]:
    async def walk() -> list[CachedOriginal]:
        return [held async for held in survey(url, NAMES.namespace, 5)]

    return sorted(asyncio.run(walk()), key=lambda held: held.key)


def test_variants_and_their_bytes_are_counted_by_original(redis_server: RedisServer) -> None:
    redis_server.run("HSET", NAMES.of("a.jpg"), "1:w=1", "12345", "1:w=2@thumb", "678")
    redis_server.run("HSET", NAMES.of("b/c.jpg"), "1:w=1", "1")
    assert surveyed(redis_server.url) == [
        CachedOriginal("a.jpg", 2, 8),
        CachedOriginal("b/c.jpg", 1, 1),
    ]


def test_leases_and_paths_are_no_variants(redis_server: RedisServer) -> None:
    redis_server.run(
        "HSET", NAMES.of("a.jpg"), "1:w=1", "12345", "lease:1:w=2", "t:9", "path:/x", "p"
    )
    redis_server.run("HSET", NAMES.of("only-leased.jpg"), "lease:1:w=2", "t:9")
    assert surveyed(redis_server.url) == [CachedOriginal("a.jpg", 1, 5)]


def test_other_sources_and_other_programs_are_left_out(redis_server: RedisServer) -> None:
    redis_server.run("HSET", Names("elsewhere").of("a.jpg"), "1:w=1", "12345")
    redis_server.run("SET", NAMES.of("foreign"), "text")
    assert surveyed(redis_server.url) == []


def test_thousands_of_originals_are_each_counted_once(redis_server: RedisServer) -> None:
    name = f"[[{NAMES.prefix}photos/]]..i"
    script = f'"for i=1,2345 do redis.call([[HSET]],{name},[[1:w=1]],[[xx]]) end"'
    redis_server.run("EVAL", script, "0")
    held = surveyed(redis_server.url)
    assert len(held) == len({one.key for one in held}) == 2345
    assert sum(one.bytes for one in held) == 4690


def test_a_name_that_scan_repeats_is_counted_once() -> None:
    class Repeating:
        async def scan_iter(self, **_: object) -> AsyncIterator[bytes]:
            for number in (1, 2, 1, 3, 2):
                yield NAMES.of(f"{number}.jpg").encode()

    async def walk() -> list[list[bytes]]:
        return [batch async for batch in names_from(cast("Client", Repeating()), NAMES.prefix)]

    (batch,) = asyncio.run(walk())
    assert [name[-5:] for name in batch] == [b"1.jpg", b"2.jpg", b"3.jpg"]


@pytest.mark.real_redis("count its commands")
def test_a_survey_reads_no_value(redis_server: RedisServer) -> None:
    redis_server.run("HSET", NAMES.of("a.jpg"), "1:w=1", "12345")
    redis_server.run("CONFIG", "RESETSTAT")
    surveyed(redis_server.url)
    received = redis_server.run("INFO", "commandstats")
    asked = {
        line.partition(":")[0] for line in received.splitlines() if line.startswith("cmdstat_")
    }
    assert {"cmdstat_scan", "cmdstat_hkeys", "cmdstat_hstrlen"} <= asked
    assert not asked & {"cmdstat_hget", "cmdstat_hgetall", "cmdstat_hmget", "cmdstat_keys"}


def test_a_cluster_is_surveyed_whole(redis_cluster: RedisCluster) -> None:
    async def fill() -> None:
        from resizer.cache.redis.connect import connect

        client, _ = connect(redis_cluster.url, 5)
        for number in range(300):
            await client.execute_command("HSET", NAMES.of(f"{number}.jpg"), "1:w=1", b"four")
        await client.aclose()

    asyncio.run(fill())
    held = surveyed(redis_cluster.url)
    assert len({one.key for one in held}) == 300
    assert sum(one.bytes for one in held) == 1200
