"""Listener on a real server: what is heard, and when it says that it hears nothing."""

import asyncio
import time

import pytest

from resizer.cache.coherence import Coherence
from resizer.cache.flusher import Flusher
from resizer.cache.redis import RedisCache
from resizer.cache.redis.connect import connect
from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush, FlushResult
from tests.support.caches import cache_on, flush, listening, run
from tests.support.deadlines import stretched
from tests.support.servers import RedisServer
from tests.support.waiting import soon

pytestmark = pytest.mark.redis


def test_a_flush_is_heard_by_every_gateway(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with (
            cache_on(redis_server.url) as other,
            listening(cache) as here,
            listening(other) as there,
        ):
            for heard in (here, there):
                await heard.until("ready")
            await flush(cache, Flush(key="Zoë/cat.jpg"))
            await flush(cache, Flush(prefix="photos/"))
            await flush(cache, Flush(prefix=""))
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
            await flush(cache, Flush(key="dry"), dry_run=True)
            await flush(cache, Flush(prefix="dry"), dry_run=True)
            await flush(cache, Flush(key="wet"))
            assert heard.received == ["ready", Flush(key="wet"), Flush(key="wet")]

    run(use, redis_server.url)


def test_a_flush_of_another_namespace_is_not_heard(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        other_cache = cache_on(redis_server.url, namespace="other")
        async with other_cache as other, listening(cache) as heard:
            await heard.until("ready")
            await flush(other, Flush(key="cat.jpg"))
            await flush(cache, Flush(key="last"))
            assert Flush(key="cat.jpg") not in heard.received

    run(use, redis_server.url)


def test_a_malformed_message_is_heard_as_a_flush_of_everything(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            redis_server.run("PUBLISH", "resizer-flush:test", "nonsense")
            await heard.until(Flush())

    run(use, redis_server.url)


def test_a_server_that_dies_is_told_as_lost_and_its_return_as_ready(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Coherence, "TRUST_SECONDS", 0.5)

    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            own_redis.stop()
            await heard.until("lost")
            own_redis.start()
            await heard.until("ready", count=2)
            await flush(cache, Flush(key="cat.jpg"))
            await heard.until(Flush(key="cat.jpg"))
            assert heard.received[:3] == ["ready", "lost", "ready"]

    run(use, own_redis.url)


def test_a_server_that_falls_silent_is_told_as_lost(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(
            cache,
        ) as heard:
            await heard.until("ready")
            await asyncio.sleep(0.5)
            assert heard.received == ["ready"], "a quiet line was taken for a dead one"
            redis_server.pause()
            await heard.until("lost")
            redis_server.resume()
            await heard.until("ready", count=2)
            assert heard.received == ["ready", "lost", "ready"]

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


def test_a_listener_that_never_connected_is_told_so_once(own_redis: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        own_redis.stop()
        async with listening(cache) as heard:
            await heard.until("lost")
            await asyncio.sleep(0.5)
            own_redis.start()
            await heard.until("ready")
            assert heard.received == ["lost", "ready"]

    run(use, own_redis.url)


# Being sure, and confirming


def test_who_listens_is_sure_and_who_lost_the_line_is_not(own_redis: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            await soon(lambda: cache._coherence.trusted)
            assert cache._coherence.trusted_until <= time.monotonic() + Coherence.TRUST_SECONDS
            own_redis.stop()
            await heard.until("lost")
            assert cache._coherence.trusted_until < 0

    run(use, own_redis.url)


def test_on_a_server_that_falls_silent_nobody_is_sure_for_longer_than_told(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Coherence, "TRUST_SECONDS", 1.0)

    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            await asyncio.sleep(1.2)
            assert cache._coherence.trusted, "the line was quiet and alive"
            redis_server.pause()
            await asyncio.sleep(1.0)
            await soon(lambda: not cache._coherence.trusted)
            redis_server.resume()
            await soon(lambda: cache._coherence.trusted)

    run(use, redis_server.url)


@pytest.mark.parametrize("server", ["redis_server", "redis_cluster"])
def test_a_flush_ends_when_every_gateway_has_forgotten(
    server: str, request: pytest.FixtureRequest
) -> None:
    url = request.getfixturevalue(server).url

    async def use(cache: RedisCache) -> None:
        async with cache_on(url) as other, listening(cache) as quick, listening(other) as slow:
            for heard in (quick, slow):
                await heard.until("ready")
            slow.forgotten.clear()
            flushing = asyncio.create_task(flush(cache, Flush(key="a")))
            for heard in (quick, slow):
                await heard.until(Flush(key="a"))
            await asyncio.sleep(0.1)
            assert not flushing.done()
            slow.forgotten.set()
            assert (await asyncio.wait_for(flushing, stretched(10))).unconfirmed == 0

    run(use, url)


def test_who_does_not_confirm_is_waited_for_until_it_can_trust_nothing(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Coherence, "TRUST_SECONDS", 0.5)

    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            heard.forgotten.clear()
            started = time.monotonic()
            assert (await flush(cache, Flush(key="a"))).unconfirmed == 1
            assert time.monotonic() - started >= 0.5

    run(use, redis_server.url)


def test_after_a_restart_of_the_server_a_flush_waits_for_those_who_do_not_know_of_it_yet(
    own_redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Coherence, "TRUST_SECONDS", 0.5)
    own_redis.stop()
    own_redis.start()

    async def use(cache: RedisCache) -> None:
        started = time.monotonic()
        assert (await flush(cache, Flush(key="a"))).unconfirmed == 0
        assert time.monotonic() - started >= 0.5

    run(use, own_redis.url)


def test_many_keys_are_announced_together(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            keys = [Flush(key=f"{number}") for number in range(300)]
            await Flusher(cache, None).flush(keys)
            assert heard.received == ["ready", *keys, *keys]

    run(use, redis_server.url)


@pytest.mark.parametrize(
    "message", ["{}", "[]", '{"key":[],"field":{},"error":null}', '{"key":"a"}', "\\xff"]
)
def test_no_message_ends_the_listening(redis_server: RedisServer, message: str) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            for channel in ("resizer-landing:test", "resizer-flush:test"):
                redis_server.run("PUBLISH", channel, f"'{message}'")
            await flush(cache, Flush(key="last"))
            assert heard.received[-1] == Flush(key="last")
            assert "lost" not in heard.received

    run(use, redis_server.url)


def test_one_gateway_that_confirms_twice_is_one(redis_server: RedisServer) -> None:
    """redis-py sends again what it had no answer to."""

    async def use(cache: RedisCache) -> None:
        async with (
            cache_on(redis_server.url) as other,
            listening(cache) as quick,
            listening(other) as slow,
        ):
            for heard in (quick, slow):
                await heard.until("ready")
            slow.forgotten.clear()
            confirm = cache._broadcast.confirm

            async def twice(announcement: str, gateway: str) -> None:
                for _ in range(2):
                    await confirm(announcement, gateway)

            cache._broadcast.confirm = twice  # type: ignore[method-assign]
            flushing = asyncio.create_task(flush(cache, Flush(key="a")))
            await slow.until(Flush(key="a"))
            await asyncio.sleep(0.2)
            assert not flushing.done()
            slow.forgotten.set()
            assert (await asyncio.wait_for(flushing, stretched(20))).confirmed == 2

    run(use, redis_server.url)


def test_a_gateway_that_is_alive_and_deaf_is_waited_for(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Coherence, "TRUST_SECONDS", 0.5)

    async def use(cache: RedisCache) -> None:
        await cache._broadcast.register(cache._broadcast.new_name())
        started = time.monotonic()
        assert (await flush(cache, Flush(key="a"))).unconfirmed == 1
        assert time.monotonic() - started >= 0.5

    run(use, redis_server.url)


def test_a_gateway_that_ends_is_waited_for_no_more(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            assert (await flush(cache, Flush(key="a"))).confirmed == 1
        assert (await flush(cache, Flush(key="a"))) == FlushResult()

    run(use, redis_server.url)


def test_a_flush_fails_where_gateways_keep_their_results_elsewhere(
    redis_server: RedisServer,
) -> None:
    async def use(cache: RedisCache) -> None:
        client, subscriber = connect(redis_server.url, 5)
        theirs = RedisCache(client, subscriber, "test", 5, results_id="other")
        async with listening(theirs) as heard:
            await heard.until("ready")
            with pytest.raises(CacheUnavailable, match="RESULTS"):
                await flush(cache, Flush(key="a"))
        await theirs.close()

    run(use, redis_server.url)
