"""Leases on a real server and a real cluster: who may fill, what a flush ends, who is woken."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from resizer.cache.lease import Lease, PendingFill
from resizer.cache.redis import RedisCache
from resizer.cache.redis import cache as cache_module
from resizer.cache.redis.fill_notices import Waiter
from resizer.cache.redis.reading import Command
from resizer.errors import Overloaded, ResizerError, SourceNotFound
from resizer.model.flush import Flush
from tests.support.caches import ONE, TWO, cache_on, listening
from tests.support.caches import run as run_on
from tests.support.deadlines import stretched
from tests.support.servers import RedisCluster, RedisServer

pytestmark = pytest.mark.redis
FIELD = "1:width=1@thumb"
Use = Callable[[RedisCache], Awaitable[None]]
Run = Callable[[Use], None]


@pytest.fixture(params=["redis_server", "redis_cluster"])
def run(request: pytest.FixtureRequest) -> Run:
    server: RedisServer | RedisCluster = request.getfixturevalue(request.param)
    return lambda use: run_on(use, server.url)


async def led(cache: RedisCache, key: str = "a", field: str = FIELD) -> str:
    """The token of a lease that must be free."""
    lease = await cache.acquire_lease(key, field)
    assert isinstance(lease, Lease)
    assert lease.token
    return lease.token


async def refused(cache: RedisCache, key: str = "a", field: str = FIELD) -> Waiter:
    waiter = await cache.acquire_lease(key, field)
    assert isinstance(waiter, Waiter)
    return waiter


def test_one_has_the_lease_and_the_others_learn_how_long(run: Run) -> None:
    async def use(cache: RedisCache) -> None:
        await led(cache)
        waiter = await refused(cache)
        assert 0 < waiter.seconds <= cache_module.LEASE_SECONDS
        assert await led(cache, key="b"), "the lease is of one variant"
        assert await led(cache, field="1:width=2")

    run(use)


def test_what_lies_there_comes_with_the_lease(run: Run) -> None:
    async def use(cache: RedisCache) -> None:
        assert (await cache.acquire_lease("a", FIELD)) is not None
        await cache.release("a", FIELD, "another's token")
        assert isinstance(await cache.acquire_lease("a", FIELD), Waiter), (
            "only its holder ends a lease"
        )
        token = await led(cache, key="b")
        assert await cache.put("b", FIELD, ONE, 60, token)
        lease = await cache.acquire_lease("b", FIELD)
        assert isinstance(lease, Lease)
        assert lease.found == ONE

    run(use)


@pytest.mark.parametrize(
    "flush", [Flush(key="a"), Flush(prefix=""), Flush(tag="thumb"), Flush(prefix="a")]
)
def test_nothing_is_stored_under_a_lease_from_before_a_flush(run: Run, flush: Flush) -> None:
    async def use(cache: RedisCache) -> None:
        before = await led(cache)
        await cache.remove([flush])
        assert not await cache.put("a", FIELD, ONE, 60, before)
        assert await cache.get("a", FIELD) is None
        after = await led(cache)
        assert not await cache.put("a", FIELD, ONE, 60, before), "nor under another's lease"
        assert await cache.put("a", FIELD, TWO, 60, after)
        assert await cache.get("a", FIELD) == TWO

    run(use)


def test_a_flush_of_another_preset_or_key_ends_no_lease(run: Run) -> None:
    async def use(cache: RedisCache) -> None:
        token = await led(cache)
        await cache.remove([Flush(tag="hero"), Flush(key="b"), Flush(prefix="ab")])
        assert await cache.put("a", FIELD, ONE, 60, token)

    run(use)


def test_an_evicted_lease_stores_nothing(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        token = await led(cache)
        redis_server.run("DEL", "resizer:test:a")
        assert not await cache.put("a", FIELD, ONE, 60, token)

    run_on(use, redis_server.url)


def test_a_lease_outlives_its_holder_by_its_time_only(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "LEASE_SECONDS", 0.1)

    async def use(cache: RedisCache) -> None:
        dead = await led(cache)
        waiter = await refused(cache)
        assert await waiter.wait() is None
        assert not waiter.notified
        alive = await led(cache)
        assert not await cache.put("a", FIELD, ONE, 60, dead)
        assert await cache.put("a", FIELD, TWO, 60, alive)

    run(use)


def test_a_lease_is_renewed_while_the_work_lasts(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "LEASE_SECONDS", 0.3)

    async def use(cache: RedisCache) -> None:
        token = await led(cache)
        async with cache.holding("a", FIELD, token):
            await asyncio.sleep(0.7)
            await refused(cache)
        assert await cache.put("a", FIELD, ONE, 60, token)

    run(use)


def test_an_unfilled_lease_does_not_stay(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        await led(cache)

    run_on(use, redis_server.url)
    assert 50 < int(redis_server.run("TTL", "resizer:test:a").strip(":\r\n")) <= 60


@pytest.mark.parametrize(
    ("error", "received"),
    [
        (None, None),
        (SourceNotFound("There is no such image."), SourceNotFound),
        (Overloaded("full"), None),
    ],
    ids=["nothing", "of the original", "of that gateway"],
)
def test_who_waits_is_woken_and_told_what_went_wrong(
    run: Run, error: ResizerError | None, received: type[ResizerError] | None
) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            token = await led(cache)
            waiting = [asyncio.create_task(ended(await refused(cache))) for _ in range(3)]
            await asyncio.sleep(0)
            await cache.release("a", FIELD, token, error)
            answers = await asyncio.wait_for(asyncio.gather(*waiting), stretched(2))
            assert [type(answer) for answer, _ in answers] == [received or type(None)] * 3
            assert all(was_told for _, was_told in answers)

    run(use)


async def ended(waiter: PendingFill) -> tuple[ResizerError | None, bool]:
    return await waiter.wait(), waiter.notified


def test_a_put_wakes_those_who_wait_in_another_gateway(run: Run) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            token = await led(cache)
            waiter = await refused(cache)
            waiting = asyncio.create_task(waiter.wait())
            await cache.put("a", FIELD, ONE, 60, token)
            assert await asyncio.wait_for(waiting, stretched(2)) is None
            assert waiter.notified
            assert await cache.get("a", FIELD) == ONE

    run(use)


def test_an_ending_that_comes_before_the_wait_is_not_missed(run: Run) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            token = await led(cache)
            waiter = await refused(cache)
            await cache.put("a", FIELD, ONE, 60, token)
            await asyncio.sleep(0.1)
            await asyncio.wait_for(waiter.wait(), stretched(1))
            assert waiter.notified

    run(use)


@pytest.mark.real_redis("count its commands")
def test_a_fill_that_nobody_waits_for_is_told_to_nobody(redis_server: RedisServer) -> None:
    async def whole() -> None:
        async with cache_on(redis_server.url) as cache:
            token = await led(cache)
            before = published(redis_server)
            await cache.put("a", FIELD, ONE, 60, token)
            assert published(redis_server) == before
            token = await led(cache)
            await refused(cache)
            await cache.put("a", FIELD, ONE, 60, token)
            assert published(redis_server) == before + 1

    asyncio.run(whole())


def published(server: RedisServer) -> int:
    """Times that PUBLISH was called, inside scripts too."""
    for line in server.run("INFO", "commandstats").splitlines():
        if line.startswith("cmdstat_publish:calls="):
            return int(line.partition("calls=")[2].partition(",")[0])
    return 0


def test_nobody_waits_on_a_server_that_died(own_redis: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            await led(cache)
            waiter = await refused(cache)
            waiter.seconds = 60
            waiting = asyncio.create_task(waiter.wait())
            await asyncio.sleep(0)
            own_redis.stop()
            assert await asyncio.wait_for(waiting, stretched(5)) is None

    run_on(use, own_redis.url)


def test_the_deaf_do_not_wait_for_what_they_cannot_hear(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        cache._coherence.distrust()
        await led(cache)
        assert (await refused(cache)).seconds <= 0.1

    run_on(use, redis_server.url)


def test_paths_are_noted_with_an_original_that_is_there_and_come_back_with_its_flush(
    run: Run,
) -> None:
    async def use(cache: RedisCache) -> None:
        await cache.note("a", "/img/width=1/none")
        assert (await cache.remove([Flush(key="a")])).paths == frozenset()
        await cache.put("a", FIELD, ONE, 60, await led(cache))
        for path in ("/img/thumb/a", "/img/thumb/a", "/img/thumb,exp=9/a"):
            await cache.note("a", path)
        noted = frozenset({"/img/thumb/a", "/img/thumb,exp=9/a"})
        assert (await cache.remove([Flush(tag="thumb")], dry_run=True)).paths == noted
        flushed = await cache.remove([Flush(key="a")])
        assert (flushed.originals, flushed.variants, flushed.paths) == (1, 1, noted)

    run(use)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("acquire_lease"), st.sampled_from("ab")),
        st.tuples(st.just("put"), st.integers(0, 5)),
        st.tuples(st.just("release"), st.integers(0, 5)),
        st.tuples(st.just("flush"), st.sampled_from([Flush(key="a"), Flush(tag="thumb"), Flush()])),
    ),
    max_size=25,
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_only_who_holds_the_lease_stores_whatever_happens(
    redis_server: RedisServer, steps: list[tuple[str, object]]
) -> None:
    """Against a model: a dictionary of who holds what."""
    redis_server.run("FLUSHALL")

    async def use(cache: RedisCache) -> None:
        model = Model(cache)
        for step, what in steps:
            await getattr(model, step)(what)

    run_on(use, redis_server.url)


class Model:
    """Who holds what, in a dictionary; each step is done here and in Redis."""

    def __init__(self, cache: RedisCache) -> None:
        self.cache = cache
        self.holders: dict[str, str] = {}
        self.given: list[tuple[str, str]] = []

    async def acquire_lease(self, key: str) -> None:
        lease = await self.cache.acquire_lease(key, FIELD)
        assert isinstance(lease, Lease) == (key not in self.holders)
        if isinstance(lease, Lease) and lease.token:
            self.holders[key] = lease.token
            self.given.append((key, lease.token))

    async def put(self, number: int) -> None:
        for key, token in self.given[number : number + 1]:
            held = self._end(key, token)
            assert await self.cache.put(key, FIELD, ONE, 60, token) == held

    async def release(self, number: int) -> None:
        for key, token in self.given[number : number + 1]:
            self._end(key, token)
            await self.cache.release(key, FIELD, token)

    async def flush(self, flush: Flush) -> None:
        await self.cache.remove([flush])
        for key in [key for key in self.holders if flush.matches(key, FIELD)]:
            del self.holders[key]

    def _end(self, key: str, token: str) -> bool:
        """Whether that lease stood."""
        held = self.holders.get(key) == token
        if held:
            del self.holders[key]
        return held


def test_a_fill_that_ends_while_its_preset_is_flushed_does_not_survive(run: Run) -> None:
    """Between the look at the fields and their removal the variant takes the place of its lease."""

    async def use(cache: RedisCache) -> None:
        token = await led(cache)
        ask, seen = cache._removal._ask, 0

        async def in_between(commands: list[Command]) -> list[object]:
            nonlocal seen
            seen += 1
            if seen == 2:
                assert await cache.put("a", FIELD, ONE, 60, token)
            return await ask(commands)

        cache._removal._ask = in_between  # type: ignore[method-assign]
        await cache.remove([Flush(tag="thumb")])
        assert await cache.get("a", FIELD) is None

    run(use)


def test_a_variant_near_its_end_does_not_shorten_the_others_life(redis_server: RedisServer) -> None:
    async def use(cache: RedisCache) -> None:
        assert await cache.put("a", FIELD, ONE, 600, await led(cache))
        short = await led(cache, field="1:width=2")
        assert await cache.put("a", "1:width=2", TWO, 1, short)
        assert int(redis_server.run("TTL", "resizer:test:a").strip(":\r\n")) > 500

    run_on(use, redis_server.url)


@pytest.mark.parametrize("held", ["token:99999999999999", "junk", ""])
def test_a_lease_that_no_clock_could_give_holds_nobody(
    redis_server: RedisServer, held: str
) -> None:
    async def use(cache: RedisCache) -> None:
        async with Redis.from_url(redis_server.url) as plain:
            await plain.hset("resizer:test:a", f"lease:{FIELD}", held)
        assert await led(cache)

    run_on(use, redis_server.url)


def test_who_waits_for_a_fill_that_was_flushed_is_told_when_it_ends(run: Run) -> None:
    async def use(cache: RedisCache) -> None:
        async with listening(cache) as heard:
            await heard.until("ready")
            token = await led(cache)
            waiting = asyncio.create_task((await refused(cache)).wait())
            await cache.remove([Flush(key="a")])
            await cache.put("a", FIELD, ONE, 60, token)
            await asyncio.wait_for(waiting, stretched(2))

    run(use)
