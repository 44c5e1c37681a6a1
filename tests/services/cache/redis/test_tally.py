import asyncio
import time
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.cache.redis.connect import connect
from resizer.cache.redis.tally import COUNTED, Counts, Tally, increase, read_tally
from resizer.errors import CacheUnavailable
from tests.support.servers import RedisServer, free_port

COUNTS = st.dictionaries(st.sampled_from(COUNTED), st.integers(0, 1000))


def counted(url: str, work: Callable[[Tally], Awaitable[None]]) -> Counts:
    async def run() -> Counts:
        client, _ = connect(url, 5)
        await work(Tally(client, "here"))
        await client.aclose()
        return await read_tally(url, "here", 5)

    return asyncio.run(run())


def test_what_gateways_add_is_summed(redis_server: RedisServer) -> None:
    async def add(tally: Tally) -> None:
        await tally.add({"memory": 3, "misses": 1})
        await tally.add({"memory": 4})

    counts = counted(redis_server.url, add)
    assert counts.counted == dict.fromkeys(COUNTED, 0) | {"memory": 7, "misses": 1}
    assert counts.since == pytest.approx(time.time(), abs=5)


def test_nothing_to_add_is_no_command(redis_server: RedisServer) -> None:
    async def add(tally: Tally) -> None:
        await tally.add({"memory": 0})

    assert counted(redis_server.url, add) == Counts(dict.fromkeys(COUNTED, 0), None)


def test_since_is_the_first_time(redis_server: RedisServer) -> None:
    redis_server.run("HSET", "resizer-stats:here", "since", "1000")

    async def add(tally: Tally) -> None:
        await tally.add({"renders": 1})

    assert counted(redis_server.url, add).since == 1000


def test_a_redis_that_is_away_is_told() -> None:
    with pytest.raises(CacheUnavailable):
        asyncio.run(read_tally(f"redis://127.0.0.1:{free_port()}", "here", 0.5))


def test_a_count_that_fell_has_begun_anew() -> None:
    assert increase({"memory": 9}, {"memory": 2.0, "misses": 1.0}) == {"memory": 2, "misses": 1}


@given(st.lists(COUNTS))
def test_increases_add_up_to_what_was_counted(steps: list[dict[str, int]]) -> None:
    now: dict[str, int] = {}
    summed: dict[str, int] = {}
    for step in steps:
        later = {name: now.get(name, 0) + step.get(name, 0) for name in COUNTED}
        for name, count in increase(now, later).items():
            summed[name] = summed.get(name, 0) + count
        now = later
    assert summed == now
