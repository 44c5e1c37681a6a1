"""RedisCache on a real server: failures, recovery, what it sends, and what it hears."""

import asyncio
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from redis.asyncio import Redis, RedisCluster

from resizer.cache.breaker import Breaker
from resizer.cache.flush import Flush, Flushed
from resizer.cache.redis import RedisCache, open_cache
from resizer.cache.redis.connect import connect
from resizer.errors import CacheUnavailable
from resizer.image import pack
from tests.servers import RedisCluster as ClusterServer
from tests.servers import RedisServer, free_port, need_redis
from tests.test_cache import ONE, TWO

pytestmark = pytest.mark.redis
NAME = "resizer:test:cat.jpg"


@asynccontextmanager
async def cache_on(
    url: str, *, timeout: float = 5.0, breaker: Breaker | None = None, namespace: str = "test"
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
    breaker: Breaker | None = None,
) -> None:
    async def whole() -> None:
        async with cache_on(url, timeout=timeout, breaker=breaker) as cache:
            await use(cache)

    asyncio.run(whole())


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


async def fails(call: Awaitable[object]) -> CacheUnavailable:
    with pytest.raises(CacheUnavailable) as caught:
        await call
    return caught.value


async def every_call_fails(cache: RedisCache) -> None:
    await fails(cache.get("cat.jpg", "width=1"))
    await fails(cache.put("cat.jpg", "width=1", ONE, 60))
    await fails(cache.flush("cat.jpg"))
    await fails(cache.flush("cat.jpg", dry_run=True))
    await fails(cache.flush_prefix("cat"))
    await fails(cache.check())


# What is stored


def test_an_original_is_one_hash_that_expires(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await cache.put("cat.jpg", "width=1", ONE, 59.5)
        await cache.put("cat.jpg", "width=2", TWO, 59.5)

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
            await one.put("b:cat.jpg", "width=1", ONE, 60)
            await other.put("cat.jpg", "width=1", TWO, 60)
            assert await one.get("b:cat.jpg", "width=1") == ONE
            assert await other.get("cat.jpg", "width=1") == TWO
            assert await one.flush_prefix("") == Flushed(1, 1)
            assert await other.get("cat.jpg", "width=1") == TWO

    asyncio.run(whole())


@pytest.mark.parametrize(
    "value", [b"", b"foreign", pack(ONE)[:-1], pack(ONE) + b"x", b"RZV1" + b"\xff" * 30]
)
def test_a_value_that_is_no_variant_is_a_miss_and_goes(
    redis_server: RedisServer, value: bytes
) -> None:
    async def use(cache: RedisCache) -> None:
        async with Redis.from_url(redis_server.url) as plain:
            await plain.hset(NAME, "width=1", value)
            assert await cache.get("cat.jpg", "width=1") is None
            assert not await plain.exists(NAME)
        await cache.put("cat.jpg", "width=1", ONE, 60)
        assert await cache.get("cat.jpg", "width=1") == ONE

    run(use, redis_server.url)


def test_a_name_of_another_type_is_a_miss_and_goes(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        redis_server.run("SET", NAME, "text")
        assert await cache.flush("cat.jpg", dry_run=True) == Flushed(1, 0)
        assert await cache.get("cat.jpg", "width=1") is None
        redis_server.run("SET", NAME, "text")
        assert await cache.flush("cat.jpg") == Flushed(1, 0)
        redis_server.run("SET", NAME, "text")
        assert await cache.flush_prefix("") == Flushed(1, 0)

    run(use, redis_server.url)


# What is sent


def test_look_ups_of_one_turn_are_one_round_trip(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await cache.put("cat.jpg", "width=1", ONE, 60)
        await cache.put("dog.jpg", "width=1", TWO, 60)
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


def test_a_failed_round_trip_fails_each_look_up_on_its_own(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        redis_server.stop()
        answers = await asyncio.gather(
            *(cache.get("cat.jpg", f"width={number}") for number in range(5)),
            return_exceptions=True,
        )
        assert all(type(answer) is CacheUnavailable for answer in answers)
        assert len({id(answer) for answer in answers}) == 5

    run(use, redis_server.url)


def test_closing_ends_look_ups_under_way(redis_server: RedisServer) -> None:
    async def whole() -> None:
        async with cache_on(redis_server.url) as cache:
            await cache.check()
            redis_server.pause()
            waiting = asyncio.create_task(cache.get("cat.jpg", "width=1"))
            await asyncio.sleep(0.05)
        await fails(waiting)

    asyncio.run(whole())


# What fails


def test_a_frozen_server_costs_at_most_the_timeout_and_then_nothing(
    redis_server: RedisServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        await cache.put("cat.jpg", "width=1", ONE, 60)
        redis_server.pause()
        for _ in range(3):
            assert 0.1 < await seconds_of_failing(cache) < 1.0
        assert breaker.is_open
        started = time.perf_counter()
        for _ in range(100):
            await fails(cache.get("cat.jpg", "width=1"))
        assert time.perf_counter() - started < 0.2, "an open breaker still waits"

    breaker = Breaker(threshold=3, seconds=60)
    run(use, redis_server.url, timeout=0.2, breaker=breaker)


async def seconds_of_failing(cache: RedisCache) -> float:
    started = time.perf_counter()
    await fails(cache.get("cat.jpg", "width=1"))
    return time.perf_counter() - started


def test_a_thawed_server_gives_each_its_own_answer(redis_server: RedisServer) -> None:
    """Replies that came too late belong to nobody."""

    async def use(cache: RedisCache) -> None:
        for number in range(10):
            await cache.put("cat.jpg", f"width={number}", replace(ONE, width=number + 1), 60)
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
        assert time.perf_counter() - started < 6 * 0.2 + 1

    run(use, redis_server.url, timeout=0.2, breaker=Breaker(threshold=100))


def test_a_server_stopped_and_started_again_is_used_again(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await cache.put("cat.jpg", "width=1", ONE, 60)
        redis_server.stop()
        await every_call_fails(cache)
        assert breaker.is_open
        redis_server.start()
        await eventually(lambda: cache.check())
        await cache.put("cat.jpg", "width=1", TWO, 60)
        assert await cache.get("cat.jpg", "width=1") == TWO

    breaker = Breaker(threshold=3, seconds=0.1)
    run(use, redis_server.url, breaker=breaker)


def test_a_server_restarted_between_two_calls_costs_no_failure(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await cache.put("cat.jpg", "width=1", ONE, 60)
        redis_server.stop()
        redis_server.start()
        assert await cache.get("cat.jpg", "width=1") is None

    run(use, redis_server.url)


async def eventually(works: Callable[[], Awaitable[object]]) -> None:
    async with asyncio.timeout(10):
        while True:
            with suppress(CacheUnavailable):
                await works()
                return
            await asyncio.sleep(0.02)


def test_a_full_server_refuses_fills_and_still_answers(
    another_redis: Callable[..., RedisServer],
) -> None:
    server = another_redis("--maxmemory", "3mb", "--maxmemory-policy", "noeviction")

    async def use(cache: RedisCache) -> None:
        await cache.put("cat.jpg", "width=1", ONE, 60)
        large = replace(ONE, body=bytes(300_000))
        puts = [cache.put("large.jpg", f"width={number}", large, 60) for number in range(20)]
        refused = await asyncio.gather(*puts, return_exceptions=True)
        assert {type(error) for error in refused} == {type(None), CacheUnavailable}
        assert "OutOfMemoryError" in str(refused)
        assert await cache.get("cat.jpg", "width=1") == ONE
        assert await cache.flush("large.jpg") != Flushed(0, 0)

    run(use, server.url)


def test_a_read_only_server_refuses_fills_and_still_answers(
    another_redis: Callable[..., RedisServer],
) -> None:
    server = another_redis()

    async def use(cache: RedisCache) -> None:
        await cache.put("cat.jpg", "width=1", ONE, 60)
        server.run("CONFIG", "SET", "min-replicas-to-write", "1")
        for _ in range(10):
            await fails(cache.put("cat.jpg", "width=1", TWO, 60))
        assert await cache.get("cat.jpg", "width=1") == ONE

    run(use, server.url)


def test_a_wrong_password_is_a_cache_that_fails(another_redis: Callable[..., RedisServer]) -> None:
    server = another_redis("--requirepass", "right")
    asyncio.run(_with_password(server, "right"))
    for password in ("", ":hunter2@", "user:hunter2@"):
        url = f"redis://{password}127.0.0.1:{server.port}"
        run(every_call_fails, url, breaker=Breaker(threshold=100))


async def _with_password(server: RedisServer, password: str) -> None:
    async with cache_on(f"redis://:{password}@127.0.0.1:{server.port}") as cache:
        await cache.check()


@pytest.mark.parametrize("scheme", ["redis", "rediss", "redis+cluster", "rediss+cluster"])
def test_a_server_that_is_not_there_fails_and_no_password_is_told(scheme: str) -> None:
    async def use(cache: RedisCache) -> None:
        await every_call_fails(cache)
        error = await fails(cache.get("cat.jpg", "width=1"))
        assert "hunter2" not in "".join(traceback.format_exception(error))

    run(use, f"{scheme}://:hunter2@127.0.0.1:{free_port()}", timeout=2.0)


@pytest.mark.parametrize(
    "url",
    [
        "http://hunter2@host",
        "redis://:hunter2@host:port",
        "redis://:hunter2@host:99999999",
        "redis:hunter2",
        "unix:///hunter2",
        "redis+cluster://host:hunter2",
        "redis://host?socket_timeout=hunter2",
        "",
    ],
)
def test_another_kind_of_url_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="a cache URL") as caught:
        open_cache(url, "test", 1.0)
    shown = "".join(traceback.format_exception(caught.value))
    assert "hunter2" not in shown.replace(repr(url), "")


# What is heard


class Heard:
    """What a listener was told, and an event for each thing told."""

    def __init__(self) -> None:
        self.told: list[Flush | str] = []
        self._news = asyncio.Event()

    def tell(self, what: Flush | str) -> None:
        self.told.append(what)
        self._news.set()

    async def until(self, what: Flush | str, count: int = 1) -> None:
        async with asyncio.timeout(10):
            while self.told.count(what) < count:
                self._news.clear()
                await self._news.wait()


@asynccontextmanager
async def listening(cache: RedisCache, heartbeat: float = 5.0) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(
        cache.listen(heard.tell, lambda: heard.tell("lost"), lambda: heard.tell("ready"), heartbeat)
    )
    try:
        yield heard
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task


def test_a_flush_is_heard_by_every_gateway(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with (
            cache_on(redis_server.url) as other,
            listening(cache) as here,
            listening(other) as there,
        ):
            for heard in (here, there):
                await heard.until("ready")
            await cache.flush("Zoë/cat.jpg")
            await cache.flush_prefix("photos/")
            await cache.flush_prefix("")
            for heard in (here, there):
                await heard.until(Flush(key="Zoë/cat.jpg"))
                await heard.until(Flush(prefix="photos/"))
                await heard.until(Flush())

    run(use, redis_server.url)


def test_a_flush_is_told_before_and_after_and_a_dry_run_not_at_all(
    redis_server: RedisServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            await cache.flush("dry", dry_run=True)
            await cache.flush_prefix("dry", dry_run=True)
            await cache.flush("wet")
            await heard.until(Flush(key="wet"), count=2)
            assert heard.told == ["ready", Flush(key="wet"), Flush(key="wet")]

    run(use, redis_server.url)


def test_a_flush_of_another_namespace_is_not_heard(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        other_cache = cache_on(redis_server.url, namespace="other")
        async with other_cache as other, listening(cache) as heard:
            await heard.until("ready")
            await other.flush("cat.jpg")
            await cache.flush("last")
            await heard.until(Flush(key="last"), count=2)
            assert Flush(key="cat.jpg") not in heard.told

    run(use, redis_server.url)


def test_a_malformed_message_is_heard_as_a_flush_of_everything(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            redis_server.run("PUBLISH", "resizer-flush:test", "nonsense")
            await heard.until(Flush())

    run(use, redis_server.url)


def test_a_server_that_dies_is_told_as_lost_and_its_return_as_ready(
    redis_server: RedisServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            redis_server.stop()
            await heard.until("lost")
            redis_server.start()
            await heard.until("ready", count=2)
            await cache.flush("cat.jpg")
            await heard.until(Flush(key="cat.jpg"))
            assert heard.told[:3] == ["ready", "lost", "ready"]

    run(use, redis_server.url)


def test_a_server_that_falls_silent_is_told_as_lost(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache, heartbeat=0.1) as heard:
            await heard.until("ready")
            await asyncio.sleep(0.5)
            assert heard.told == ["ready"], "a quiet line was taken for a dead one"
            redis_server.pause()
            await heard.until("lost")
            redis_server.resume()
            await heard.until("ready", count=2)
            assert heard.told == ["ready", "lost", "ready"]

    run(use, redis_server.url, timeout=0.5)


def test_a_connection_that_is_cut_is_never_replaced_in_silence(redis_server: RedisServer) -> None:
    """Whoever reconnects without saying so has missed flushes without knowing."""

    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            for count in range(1, 4):
                await heard.until("ready", count)
                redis_server.run("CLIENT", "KILL", "TYPE", "pubsub")
                await heard.until("lost", count)

    run(use, redis_server.url)


def test_a_listener_that_never_connected_is_told_so_once(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        redis_server.stop()
        async with listening(cache) as heard:
            await heard.until("lost")
            await asyncio.sleep(0.5)
            redis_server.start()
            await heard.until("ready")
            assert heard.told == ["lost", "ready"]

    run(use, redis_server.url)


# A cluster


def test_a_flush_through_one_node_is_heard_on_every_other(redis_cluster: ClusterServer) -> None:
    async def use(cache: RedisCache) -> None:
        await cache.check()
        for node in redis_cluster.nodes:
            async with cache_on(node.url) as beside, listening(beside) as heard:
                await heard.until("ready")
                await cache.flush(f"{node.port}")
                await heard.until(Flush(key=f"{node.port}"), count=2)
        async with listening(cache) as heard:
            await heard.until("ready")
            await cache.flush_prefix("photos/")
            await heard.until(Flush(prefix="photos/"), count=2)

    run(use, redis_cluster.url)


def test_the_originals_of_a_cluster_lie_on_every_node(redis_cluster: ClusterServer) -> None:
    async def use(cache: RedisCache) -> None:
        for number in range(30):
            await cache.put(f"{number}.jpg", "width=1", ONE, 60)
        assert all(node.run("DBSIZE").strip() != ":0" for node in redis_cluster.nodes)
        assert await cache.flush_prefix("") == Flushed(30, 30)

    run(use, redis_cluster.url)


def test_a_cluster_with_a_frozen_node_answers_for_the_others(
    redis_cluster: ClusterServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        for number in range(30):
            await cache.put(f"{number}.jpg", "width=1", ONE, 60)
        redis_cluster.nodes[1].pause()
        try:
            started = time.perf_counter()
            answers = [await outcome(cache, f"{number}.jpg") for number in range(20)]
            assert time.perf_counter() - started < 30 * 0.2 + 2
        finally:
            redis_cluster.nodes[1].resume()
        assert {"found", "failed"} == set(answers)

    run(use, redis_cluster.url, timeout=0.2, breaker=Breaker(threshold=100))


async def outcome(cache: RedisCache, key: str) -> str:
    try:
        return "found" if await cache.get(key, "width=1") else "missed"
    except CacheUnavailable:
        return "failed"


def test_connect_makes_the_client_that_the_scheme_names() -> None:
    async def whole() -> None:
        for scheme, kind in (("redis", Redis), ("rediss+cluster", RedisCluster)):
            client, _ = connect(f"{scheme}://localhost", 1.0)
            assert type(client) is kind
            await client.aclose()

    asyncio.run(whole())
