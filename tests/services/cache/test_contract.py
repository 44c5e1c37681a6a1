"""RedisCache: one contract over a real Redis and a real cluster."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from resizer.cache.redis import RedisCache, open_cache
from resizer.model.flush import Flush, FlushResult
from tests.support.caches import ONE, TWO, fill, flush
from tests.support.servers import RedisCluster, RedisServer

Open = Callable[[], RedisCache]

AWKWARD = [
    "*",
    "a*",
    "a?c",
    "[ab]",
    "a\\",
    "a\\*",
    "{tag}x",
    "ü/日本/😀",
    "a:b",
    "a b\r\nc",
    "^[^a]",
]


@pytest.fixture(
    params=[
        pytest.param("redis", marks=pytest.mark.redis),
        pytest.param("cluster", marks=pytest.mark.redis),
    ]
)
def open_one(request: pytest.FixtureRequest) -> Open:
    """Makes the cache under test, empty."""
    server: RedisServer | RedisCluster = request.getfixturevalue(
        "redis_server" if request.param == "redis" else "redis_cluster"
    )
    return lambda: open_cache(server.url, "test", 5.0)


@asynccontextmanager
async def closing(cache: RedisCache) -> AsyncIterator[RedisCache]:
    try:
        yield cache
    finally:
        await cache.close()


def run(open_one: Open, use: Callable[[RedisCache], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with closing(open_one()) as cache:
            await use(cache)

    asyncio.run(whole())


def test_what_is_put_is_got(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        assert await cache.get("cat.jpg", "width=1") == ONE

    run(open_one, use)


def test_what_was_not_put_is_a_miss(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        assert await cache.get("cat.jpg", "width=2") is None
        assert await cache.get("dog.jpg", "width=1") is None

    run(open_one, use)


def test_a_later_variant_replaces_an_earlier_one(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        await fill(cache, "cat.jpg", "width=1", TWO, 60)
        assert await cache.get("cat.jpg", "width=1") == TWO

    run(open_one, use)


def test_what_has_no_time_left_is_not_kept(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 0)
        await fill(cache, "cat.jpg", "width=2", ONE, -1)
        assert await cache.get("cat.jpg", "width=1") is None
        assert await cache.get("cat.jpg", "width=2") is None

    run(open_one, use)


def test_a_flush_forgets_every_variant_of_one_key(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        await fill(cache, "cat.jpg", "width=2", TWO, 60)
        await fill(cache, "cat.jpg.bak", "width=1", TWO, 60)
        assert await flush(cache, Flush(key="cat.jpg")) == FlushResult(1, 2)
        assert await cache.get("cat.jpg", "width=1") is None
        assert await cache.get("cat.jpg", "width=2") is None
        assert await cache.get("cat.jpg.bak", "width=1") == TWO
        assert await flush(cache, Flush(key="cat.jpg")) == FlushResult(0, 0)

    run(open_one, use)


def test_a_prefix_flush_forgets_what_starts_with_it(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        for key in ("photos/a", "photos/b", "photos", "photo", "old/photos/a"):
            await fill(cache, key, "width=1", ONE, 60)
        await fill(cache, "photos/a", "width=2", ONE, 60)
        assert await flush(cache, Flush(prefix="photos/")) == FlushResult(2, 3)
        assert await cache.get("photos/a", "width=1") is None
        assert await cache.get("photos/b", "width=1") is None
        for key in ("photos", "photo", "old/photos/a"):
            assert await cache.get(key, "width=1") == ONE, key

    run(open_one, use)


def test_the_empty_prefix_is_everything(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        for key in ("a", "b/c", "*"):
            await fill(cache, key, "width=1", ONE, 60)
        assert await flush(cache, Flush(prefix="")) == FlushResult(3, 3)
        assert await flush(cache, Flush(prefix="")) == FlushResult(0, 0)

    run(open_one, use)


def test_a_dry_run_counts_the_same_and_changes_nothing(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "a/1", "width=1", ONE, 60)
        await fill(cache, "a/1", "width=2", ONE, 60)
        await fill(cache, "a/2", "width=1", ONE, 60)
        assert await flush(cache, Flush(key="a/1"), dry_run=True) == FlushResult(1, 2)
        assert await flush(cache, Flush(key="none"), dry_run=True) == FlushResult(0, 0)
        assert await flush(cache, Flush(prefix="a/"), dry_run=True) == FlushResult(2, 3)
        assert await cache.get("a/1", "width=1") == ONE
        assert await flush(cache, Flush(prefix="a/")) == FlushResult(2, 3)

    run(open_one, use)


def test_keys_with_glob_characters_mean_themselves(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        for key in [*AWKWARD, "plain", "abc", "a", "b"]:
            await fill(cache, key, "width=1", ONE, 60)
        for key in AWKWARD:
            assert await cache.get(key, "width=1") == ONE, key
            matching = sum(other.startswith(key) for other in AWKWARD)
            counted = await flush(cache, Flush(prefix=key), dry_run=True)
            assert counted == FlushResult(matching, matching), key
        for key in AWKWARD:
            await flush(cache, Flush(key=key))
        assert await flush(cache, Flush(prefix=""), dry_run=True) == FlushResult(4, 4)

    run(open_one, use)


@pytest.mark.real_redis("go on with a SCAN after keys were removed")
def test_a_prefix_of_more_originals_than_a_batch_is_flushed_whole(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        await asyncio.gather(
            *(fill(cache, f"many/{number}", "width=1", TWO, 60) for number in range(1300))
        )
        await fill(cache, "other", "width=1", TWO, 60)
        assert await flush(cache, Flush(prefix="many/")) == FlushResult(1300, 1300)
        assert await flush(cache, Flush(prefix=""), dry_run=True) == FlushResult(1, 1)

    run(open_one, use)


def test_many_look_ups_at_once_each_get_their_own_answer(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        for number in range(0, 200, 2):
            await fill(cache, f"{number}", "width=1", replace(ONE, body=b"%d" % number), 60)
        found = await asyncio.gather(*(cache.get(f"{number}", "width=1") for number in range(200)))
        bodies = [variant and variant.body for variant in found]
        assert bodies == [None if number % 2 else b"%d" % number for number in range(200)]

    run(open_one, use)


def test_a_cancelled_look_up_disturbs_no_other(open_one: Open) -> None:
    async def use(cache: RedisCache) -> None:
        await fill(cache, "cat.jpg", "width=1", ONE, 60)
        tasks = [asyncio.create_task(cache.get("cat.jpg", "width=1")) for _ in range(6)]
        await asyncio.sleep(0)
        for task in tasks[::2]:
            task.cancel()
        answers = await asyncio.gather(*tasks, return_exceptions=True)
        assert answers[1::2] == [ONE] * 3
        assert await cache.get("cat.jpg", "width=1") == ONE

    run(open_one, use)


def test_a_cache_that_is_up_passes_its_check(open_one: Open) -> None:
    run(open_one, lambda cache: cache.check())
