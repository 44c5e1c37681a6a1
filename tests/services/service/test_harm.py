"""Nobody else notices: what a stream of hostile requests does to everybody else's."""

import asyncio
import itertools
import os
import signal
import statistics
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest
import pyvips

from resizer.render.host.quarantine import SLOW_SECONDS
from tests.support.deadlines import stretched
from tests.support.live import Gateway
from tests.support.pictures import jpeg, png
from tests.support.processes import busy_workers, children
from tests.support.waiting import eventually

pytestmark = pytest.mark.alone

RENDER_SECONDS = 4.0
RENDERERS = 2
PHASE = 4.0
"""Seconds."""
SLOW = "width=200"
HEAVY = "width=8000,height={},fit=squeeze,blur=250,format=avif"
"""Of any picture: some 15 s."""
REFUSED = ("cut.png", "empty.jpg", "noise.jpg", "pixels.png", "open.svg", "script.gif")


@dataclass
class Seen:
    """Seconds that replies took which others waited for."""

    hits: list[float] = field(default_factory=list)
    misses: list[float] = field(default_factory=list)


@pytest.fixture(scope="module")
def bucket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Photos, and what is refused at once or takes longer than it may."""
    home = tmp_path_factory.mktemp("originals")
    originals = {
        "photo.jpg": jpeg(1200, 900),
        "other.jpg": jpeg(1300, 900),
        "cut.png": png(800, 600)[:40],
        "empty.jpg": b"",
        "noise.jpg": os.urandom(5000),
        "pixels.png": png()[:16] + (60_000).to_bytes(4) * 2 + png()[24:],
        "open.svg": b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><g>",
        "script.gif": b"GIF89a<?php phpinfo(); ?>",
    }
    slow = pyvips.Image.black(5000, 5000, bands=4).copy(interpretation="srgb")
    bomb = slow.pngsave_buffer(compression=1, interlace=True)
    originals |= {f"slow{number}.png": bomb for number in range(40)}
    for name, data in originals.items():
        (home / name).write_bytes(data)
    return home


@pytest.fixture(scope="module")
def running(bucket: Path) -> Iterator[Gateway]:
    with Gateway(
        source=str(bucket),
        urls="open",
        render_seconds=RENDER_SECONDS,
        memory_cache_mb=8,
        missing_ttl=0,
        renderers=RENDERERS,
    ) as gateway:
        yield gateway


async def watch(client: httpx.AsyncClient, widths: "itertools.count[int]", seconds: float) -> Seen:
    """One visitor who asks for what is cached, and one who asks for what is not."""
    seen, end = Seen(), time.monotonic() + seconds

    async def visit(times: list[float], urls: Iterator[str]) -> None:
        while time.monotonic() < end:
            start = time.perf_counter()
            reply = await client.get(next(urls))
            times.append(time.perf_counter() - start)
            assert reply.status_code == 200, reply.text
            await asyncio.sleep(0.01)

    cached = itertools.repeat("/img/width=100/photo.jpg")
    new = (f"/img/width={width}/photo.jpg" for width in widths)
    await asyncio.gather(visit(seen.hits, cached), visit(seen.misses, new))
    return seen


@asynccontextmanager
async def attack(
    client: httpx.AsyncClient, urls: Iterator[str], attackers: int
) -> AsyncIterator[list[int]]:
    """So many who ask for one hostile thing after the other."""
    statuses: list[int] = []

    async def one() -> None:
        for url in urls:
            statuses.append((await client.get(url)).status_code)

    tasks = [asyncio.create_task(one()) for _ in range(attackers)]
    try:
        yield statuses
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def hostile() -> Iterator[str]:
    """Slow originals, each under other names and sizes, heavy transforms, and broken ones."""
    for number in itertools.count():
        yield f"/img/{SLOW}/slow{number % 40}.png"
        yield f"/img/width={number + 1},format=webp/{REFUSED[number % len(REFUSED)]}"
        yield f"/img/{HEAVY.format(8000 - number)}/photo.jpg"
        yield f"/img/width={number + 300}/slow0.png"


def percentile(times: list[float], share: float) -> float:
    return sorted(times)[int(share * (len(times) - 1))]


def resident_mib(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS"))
    return int(line.split()[1]) / 1024


def descriptors(process: int) -> int:
    return len(os.listdir(f"/proc/{process}/fd"))


def state(process: int) -> str:
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]


def is_at_rest(gateway: Gateway) -> bool:
    """All its workers wait for something to do, as many as there were, none of them a zombie."""
    workers = children(gateway.pid)
    slow = gateway.sample('resizer_busy_workers{lane="slow"}')
    return not slow and len(workers) == RENDERERS and set(map(state, workers)) == {"S"}


def test_others_hardly_notice_a_stream_of_hostile_requests(running: Gateway) -> None:
    async def scene() -> tuple[Seen, Seen, list[int]]:
        widths = itertools.count(101)
        async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
            await watch(client, widths, 0.5)
            idle = await watch(client, widths, PHASE / 2)
            async with attack(client, hostile(), attackers=4) as statuses:
                harmed = await watch(client, widths, PHASE)
        return idle, harmed, statuses

    idle, harmed, statuses = asyncio.run(scene())
    assert percentile(harmed.hits, 0.99) <= 5 * percentile(idle.hits, 0.99) + stretched(0.05)
    # One has to wait at most until a render counts as slow, and for a worker's start, which costs
    # as much as some thirty such misses. Without a slow lane it would be timeout after timeout.
    assert percentile(harmed.misses, 0.9) <= (
        stretched(SLOW_SECONDS) + 60 * statistics.median(idle.misses)
    )
    assert {422, 503} >= set(statuses) - {200}
    assert running.sample("resizer_slow_renders_total")
    eventually(lambda: is_at_rest(running), 15 * RENDER_SECONDS)


def test_slow_renders_hold_up_no_other_fill(running: Gateway) -> None:
    """More of them than fills go on at once."""
    more = 3 * RENDERERS
    heavy = [f"/img/{HEAVY.format(7000 - number)}/photo.jpg" for number in range(more)]

    async def scene() -> tuple[int, int]:
        before = running.sample("resizer_slow_renders_total")
        async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
            tasks = [asyncio.create_task(client.get(url)) for url in heavy]
            while running.sample("resizer_slow_renders_total") < before + 2 * RENDERERS:
                await asyncio.sleep(0.05)
            reply = await client.get("/img/width=77/other.jpg")
            waiting = sum(not task.done() for task in tasks)
            await asyncio.gather(*tasks)
        return reply.status_code, waiting

    status, waiting = asyncio.run(scene())
    assert status == 200
    assert waiting >= more - 1
    eventually(lambda: is_at_rest(running), 15 * RENDER_SECONDS)


def test_hundreds_of_hostile_requests_leave_nothing_behind(running: Gateway) -> None:
    async def ask(sizes: range) -> set[int]:
        async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
            urls = [f"/img/width={size}/{name}" for size in sizes for name in REFUSED]
            return {(await client.get(url)).status_code for url in urls}

    assert asyncio.run(ask(range(1, 9))) == {422}
    eventually(lambda: is_at_rest(running))
    before = descriptors(running.pid), resident_mib(running.pid)
    assert asyncio.run(ask(range(9, 50))) == {422}
    eventually(lambda: is_at_rest(running) and descriptors(running.pid) <= before[0])
    assert resident_mib(running.pid) <= 1.1 * before[1] + 4


def test_a_worker_that_is_shot_costs_nobody_an_answer(running: Gateway) -> None:
    async def scene() -> list[int]:
        widths = itertools.count(1000)
        async with httpx.AsyncClient(base_url=running.url, timeout=60) as client:
            seeing = asyncio.create_task(watch(client, widths, PHASE / 2))
            heavy = asyncio.create_task(client.get("/img/width=2000,format=avif/other.jpg"))
            while not (busy := busy_workers(running.pid)):
                await asyncio.sleep(0.01)
            os.kill(busy[0], signal.SIGKILL)
            await seeing
            return [(await heavy).status_code]

    assert asyncio.run(scene()) == [200]
    eventually(lambda: is_at_rest(running))
