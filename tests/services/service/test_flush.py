"""What a flush promises while much is under way: the hardest moments, each on purpose.

The interleavings come upon them by chance.
"""

import asyncio
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from resizer.model.flush import Flush
from tests.support.deadlines import MAX_WAIT, stretched
from tests.support.fleet import Fleet, flush
from tests.support.live import Gateway, cache_status
from tests.support.numbered import InDirectory, numbered, read_numbers
from tests.support.processes import busy_workers
from tests.support.servers import RedisServer, need_redis
from tests.support.trouble import Relay
from tests.support.waiting import eventually
from tests.support.wire import ask_once, connect

pytestmark = pytest.mark.redis
LEASE = 3.0
"""Seconds after which a gateway that cannot be heard of is not waited for any more."""
SLOW = "slow"
"""A preset whose render takes half a second or more."""
LARGE, SMALL = (4000, 3000), (96, 64)
QUICK = "width=20,format=png"
KEY = "photos/cat.png"


class Deployment:
    """Two gateways over one directory, and one original in it."""

    def __init__(self, fleet: Fleet, redis: RedisServer, originals: Path) -> None:
        self.fleet = fleet
        self.redis = redis
        self._originals = InDirectory(originals)
        self._versions = 0

    async def replace_original(self, *small: str) -> int:
        """The number of the new version, of one large original or of some small ones."""
        self._versions += 1
        for key in small or [KEY]:
            size = SMALL if small else LARGE
            await self._originals.put(key, numbered(1, self._versions, *size))
        return self._versions

    async def shown(self, gateway: int, options: str, key: str = KEY) -> int:
        """The version that a gateway shows."""
        reply = await ask_once(self.fleet.ports[gateway], f"/img/{options}/{key}")
        assert reply.status == 200
        return read_numbers(reply.body)[1]

    async def flush(self, what: Flush) -> None:
        await flush(self.fleet.gateways[0], what)

    async def rendering(self) -> int:
        """The gateway that renders, once one does."""
        async with asyncio.timeout(MAX_WAIT):
            while True:
                for number, gateway in enumerate(self.fleet.gateways):
                    if await asyncio.to_thread(busy_workers, gateway.pid):
                        return number


@pytest.fixture(scope="module")
def _deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    need_redis()
    originals = tmp_path_factory.mktemp("originals")
    presets = f"{SLOW}:width=3000,format=png"
    with (
        RedisServer(tmp_path_factory.mktemp("redis"), "--enable-debug-command", "yes") as redis,
        Fleet(2, source=str(originals), cache=redis.url, presets=presets) as fleet,
    ):
        yield Deployment(fleet, redis, originals)


@pytest.fixture
def deployment(_deployment: Deployment) -> Deployment:
    """Running, each gateway hearing the other, with nothing cached."""
    asyncio.run(_deployment.flush(Flush()))
    ready = [partial(is_ready, gateway) for gateway in _deployment.fleet.gateways]
    eventually(lambda: all(is_ready() for is_ready in ready))
    return _deployment


def is_ready(gateway: Gateway) -> bool:
    return bool(gateway.get("/readyz").json()["status"] == "ready")


@pytest.mark.parametrize(
    "what", [Flush(key=KEY), Flush(prefix="photos/"), Flush(), Flush(tag=SLOW)], ids=str
)
@pytest.mark.parametrize("at_once", [True, False])
def test_a_flush_during_a_fill_is_not_undone_by_it(
    deployment: Deployment, what: Flush, at_once: bool
) -> None:
    """Asked at once there is a second fill beside the first; asked later only what that left."""

    async def scene() -> None:
        await deployment.replace_original()
        filling = asyncio.gather(*(deployment.shown(gateway, SLOW) for gateway in (0, 1, 0, 1)))
        await deployment.rendering()
        now = await deployment.replace_original()
        await deployment.flush(what)
        if at_once:
            assert [await deployment.shown(gateway, SLOW) for gateway in (0, 1)] == [now, now]
        assert set(await filling) <= {now - 1, now}
        assert [await deployment.shown(gateway, SLOW) for gateway in (0, 1)] == [now, now]

    asyncio.run(scene())


def test_a_flush_during_a_fill_keeps_nobody_waiting_for_its_lease(deployment: Deployment) -> None:
    """Two gateways ask, so one waits for the other, whose lease goes with the flush."""

    async def scene() -> float:
        await deployment.replace_original()
        await deployment.flush(Flush(key=KEY))
        started = time.perf_counter()
        filling = asyncio.gather(*(deployment.shown(gateway, SLOW) for gateway in (0, 1)))
        await deployment.rendering()
        await deployment.flush(Flush(key=KEY))
        await filling
        return time.perf_counter() - started

    assert min(asyncio.run(scene()) for _ in range(3)) < stretched(LEASE), "of three"


def test_what_is_rendered_from_a_kept_original_while_a_flush_runs_goes_with_it(
    deployment: Deployment,
) -> None:
    """A flush of a prefix walks through all names: long enough for fills to begin and end. On a
    busy machine few of them fit into one, so there are flushes until some did."""
    deployment.redis.run("DEBUG", "POPULATE", "1000000", "filler", "1")
    keys = [f"photos/{number}.png" for number in range(8)]

    async def all_show(gateway: int, width: int) -> list[int]:
        options = f"width={width},format=png"
        return await asyncio.gather(*(deployment.shown(gateway, options, key) for key in keys))

    async def scene() -> int:
        """How many sizes were asked for while a flush ran."""
        await deployment.replace_original(*keys)
        await all_show(0, 20)
        now = await deployment.replace_original(*keys)
        flushing = asyncio.create_task(deployment.flush(Flush(prefix="photos/")))
        widths = [20]
        while not flushing.done():
            widths.append(widths[-1] + 1)
            await all_show(0, widths[-1])
        await flushing
        for width in widths:
            assert [await all_show(gateway, width) for gateway in (0, 1)] == [[now] * 8] * 2
        return len(widths) - 1

    asked = 0
    while asked < 3:
        asked += asyncio.run(scene())
    deployment.redis.run("FLUSHALL")


@pytest.mark.parametrize("redis_restarts", [False, True])
def test_a_frozen_gateway_that_wakes_shows_nothing_flushed_meanwhile(
    deployment: Deployment, redis_restarts: bool
) -> None:
    """Over a connection that is open already: its memory answers before it hears of anything. A
    Redis that restarted knows nobody who is to confirm the flush."""

    async def scene() -> None:
        await deployment.replace_original()
        line = await connect(deployment.fleet.ports[1])
        for _ in range(2):
            await line.ask(f"/img/{QUICK}/{KEY}")
        deployment.fleet.freeze(1)
        try:
            if redis_restarts:
                deployment.redis.stop()
                deployment.redis.start()
            now = await deployment.replace_original()
            await deployment.flush(Flush(key=KEY))
            asking = asyncio.create_task(line.ask(f"/img/{QUICK}/{KEY}"))
            await asyncio.sleep(0)
        finally:
            deployment.fleet.thaw(1)
        assert read_numbers((await asking).body) == (1, now)
        line.writer.close()

    asyncio.run(scene())


def test_a_gateway_cut_off_from_redis_shows_nothing_flushed_meanwhile(
    deployment: Deployment,
) -> None:
    """It answers all the time, and cannot hear: it is waited for until it trusts its memory no
    more. Then it is let in again."""
    settings = deployment.fleet.gateways[0].environment

    async def shown(gateway: Gateway) -> int:
        reply = await ask_once(gateway.port, f"/img/{QUICK}/{KEY}")
        return read_numbers(reply.body)[1]

    async def scene(relay: Relay, gateway: Gateway) -> None:
        before = await deployment.replace_original()
        assert [await shown(gateway) for _ in range(2)] == [before] * 2
        relay.open.clear()
        now = await deployment.replace_original()
        assert await shown(gateway) == before
        await deployment.flush(Flush(key=KEY))
        assert [await shown(gateway) for _ in range(2)] == [now] * 2
        relay.open.set()

    with Relay(deployment.redis) as relay, Gateway(settings, cache=relay.url) as gateway:
        eventually(lambda: is_ready(gateway))
        asyncio.run(scene(relay, gateway))
        eventually(lambda: "memory" in cache_status(gateway.get(f"/img/{QUICK}/{KEY}")))
