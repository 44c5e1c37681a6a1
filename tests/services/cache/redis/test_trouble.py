"""Redis in every kind of trouble: no request fails, none waits longer than CACHE_TIMEOUT, and when
the trouble is over the gateway uses Redis again by itself.

Three gateways over one directory: one as it comes, one that keeps nothing in memory, so that what
it has it has from Redis, and one that has no Redis, to compare with.
"""

import asyncio
import itertools
import statistics
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from resizer.errors import CacheUnavailable
from resizer.model.flush import Flush
from tests.support.deadlines import stretched
from tests.support.fleet import flush
from tests.support.live import Gateway
from tests.support.numbered import numbered, read_numbers
from tests.support.servers import RedisServer, need_redis
from tests.support.trouble import (
    Trouble,
    asleep,
    frozen,
    full,
    password_changed,
    read_only,
    restarted_empty,
    stopped,
)
from tests.support.waiting import eventually
from tests.support.wire import ask_once

pytestmark = pytest.mark.redis
TIMEOUT = 1.0
"""CACHE_TIMEOUT, seconds: long, so that waiting once, twice and not at all are told apart."""
USUAL = 0.45
"""Seconds that a request may take of itself, with a little to spare."""
LEFT_ALONE = 4.0
"""Seconds for which requests are watched: longer than a server in trouble is left alone."""
A_WHILE = 1.0
RECOVERY = 15.0
KEY = "cat.png"
SILENT: list[Trouble] = [frozen, asleep]
ANSWERING: list[Trouble] = [stopped, restarted_empty, full, read_only, password_changed]
"""A server that answers, if only with errors or a closed port, costs no wait."""
_widths = itertools.count(20)


@dataclass(frozen=True)
class Deployment:
    redis: RedisServer
    originals: Path
    usual: Gateway
    without_memory: Gateway
    without_redis: Gateway

    def replace_original(self, version: int) -> None:
        (self.originals / KEY).write_bytes(numbered(1, version))

    def flush(self, what: Flush) -> None:
        asyncio.run(flush(self.usual, what))

    def redis_is_used(self) -> bool:
        """Whether what one gateway renders is a hit in the other, and in its own memory."""
        path = new_path()
        self.usual.get(path)
        gateways = (self.without_memory, self.usual)
        hits = [gateway.get(path).headers.get("cache-status") for gateway in gateways]
        return hits == ["resizer; hit; detail=redis", "resizer; hit; detail=memory"]


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    need_redis()
    originals = tmp_path_factory.mktemp("originals")
    with (
        RedisServer(tmp_path_factory.mktemp("redis"), "--enable-debug-command", "yes") as redis,
        gateway_on(originals, redis.url) as usual,
        gateway_on(originals, redis.url, memory_cache_mb=0) as without_memory,
        gateway_on(originals, "memory:") as without_redis,
    ):
        yield Deployment(redis, originals, usual, without_memory, without_redis)


def gateway_on(originals: Path, cache: str, **settings: object) -> Gateway:
    given = {"urls": "open", "cache_timeout": TIMEOUT, "renderers": 1, **settings}
    return Gateway(None, source=originals, cache=cache, **given)


def new_path() -> str:
    """Of a variant that nobody has."""
    return f"/img/width={next(_widths)},format=png/{KEY}"


async def seconds(gateway: Gateway, path: str) -> float:
    started = time.perf_counter()
    reply = await ask_once(gateway.port, path)
    assert reply.status == 200, path
    return time.perf_counter() - started


async def at_once(gateway: Gateway, paths: list[str]) -> list[float]:
    return await asyncio.gather(*(seconds(gateway, path) for path in paths))


async def until_left_alone(gateway: Gateway, warm: str) -> list[float]:
    """Several at once, which wait together, and then as many failures as open the breaker."""
    taken = await at_once(gateway, [warm, *(new_path() for _ in range(7))])
    return taken + [await seconds(gateway, new_path()) for _ in range(5)]


async def one_by_one(gateway: Gateway, warm: str, while_seconds: float) -> list[float]:
    """In turn a variant that was there before the trouble and one that never was."""
    end = time.monotonic() + while_seconds
    taken = []
    while time.monotonic() < end:
        taken += [await seconds(gateway, warm), await seconds(gateway, new_path())]
        await asyncio.sleep(0.02)
    return taken


def all_but_two(taken: list[float]) -> float:
    """The longest of many requests; two may have waited for the machine."""
    return sorted(taken)[-3]


def eventually_used(deployment: Deployment) -> None:
    eventually(deployment.redis_is_used, RECOVERY)


@pytest.mark.parametrize(
    "trouble", [*(pytest.param(one, marks=pytest.mark.alone) for one in SILENT), *ANSWERING]
)
def test_trouble_slows_no_request_by_more_than_the_timeout_and_is_recovered_from(
    deployment: Deployment, trouble: Trouble
) -> None:
    deployment.replace_original(1)
    deployment.flush(Flush())
    eventually_used(deployment)
    warm = new_path()
    deployment.usual.get(warm)
    with trouble(deployment.redis):
        first = asyncio.run(until_left_alone(deployment.usual, warm))
        assert max(first) < stretched(USUAL) + (TIMEOUT if trouble in SILENT else 0), sorted(first)
        watched = LEFT_ALONE if trouble in SILENT else A_WHILE
        later = asyncio.run(one_by_one(deployment.usual, warm, watched))
        assert all_but_two(later) < stretched(USUAL), f"{sorted(later)[-5:]} of {len(later)}"
    eventually_used(deployment)
    deployment.replace_original(2)
    deployment.flush(Flush(key=KEY))
    for gateway in (deployment.usual, deployment.without_memory):
        assert read_numbers(gateway.get(warm).content) == (1, 2)


@pytest.mark.alone
def test_a_redis_that_is_left_alone_costs_no_more_than_none(deployment: Deployment) -> None:
    deployment.replace_original(1)
    eventually_used(deployment)
    with frozen(deployment.redis):
        asyncio.run(until_left_alone(deployment.usual, new_path()))
        left_alone, without = (
            statistics.median(asyncio.run(one_by_one(gateway, new_path(), A_WHILE))[1::2])
            for gateway in (deployment.usual, deployment.without_redis)
        )
    assert left_alone < 3 * without + stretched(0.05)
    eventually_used(deployment)


@pytest.mark.parametrize("trouble", [stopped, read_only, password_changed])
def test_a_flush_that_cannot_be_sure_says_so(deployment: Deployment, trouble: Trouble) -> None:
    with trouble(deployment.redis), pytest.raises(CacheUnavailable):
        deployment.flush(Flush(key=KEY))
    eventually_used(deployment)


def test_a_full_redis_can_be_flushed(deployment: Deployment) -> None:
    deployment.replace_original(1)
    deployment.flush(Flush())
    eventually_used(deployment)
    warm = new_path()
    for gateway in (deployment.usual, deployment.without_memory):
        gateway.get(warm)
    with full(deployment.redis):
        deployment.replace_original(2)
        deployment.flush(Flush(key=KEY))
        for gateway in (deployment.usual, deployment.without_memory):
            assert read_numbers(gateway.get(warm).content) == (1, 2)


def test_a_redis_that_is_away_is_seen_in_readiness_and_metrics(deployment: Deployment) -> None:
    before = deployment.usual.sample("resizer_redis_errors_total")
    with stopped(deployment.redis):
        assert deployment.usual.get(new_path()).status_code == 200
        ready = deployment.usual.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert deployment.usual.sample("resizer_redis_errors_total") > before
    eventually(lambda: deployment.usual.get("/readyz").json()["status"] == "ready", RECOVERY)
    eventually_used(deployment)


# From the beginning


def test_a_redis_that_comes_later_is_used_then(deployment: Deployment, tmp_path: Path) -> None:
    late = RedisServer(tmp_path)
    with gateway_on(deployment.originals, late.url) as gateway:
        assert all_but_two(asyncio.run(one_by_one(gateway, new_path(), A_WHILE))) < stretched(USUAL)
        with late, gateway_on(deployment.originals, late.url, memory_cache_mb=0) as other:
            eventually_used(Deployment(late, deployment.originals, gateway, other, gateway))


def test_a_wrong_password_costs_nothing_and_is_right_once_redis_has_it(
    deployment: Deployment, tmp_path: Path
) -> None:
    guarded = RedisServer(tmp_path)
    url = guarded.url.replace("redis://", "redis://:given@")
    with guarded, gateway_on(deployment.originals, url) as gateway:
        assert all_but_two(asyncio.run(one_by_one(gateway, new_path(), A_WHILE))) < stretched(USUAL)
        guarded.run("CONFIG", "SET", "requirepass", "given")
        with gateway_on(deployment.originals, url, memory_cache_mb=0) as other:
            eventually_used(Deployment(guarded, deployment.originals, gateway, other, gateway))
