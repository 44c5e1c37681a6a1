"""What a flush costs, and what look-ups together save: `python -m bench.flush`.

A real redis-server on one core, filled with hashes as gateways fill it. Prints ratios from one run:
the flush of one image with a million originals in Redis against a thousand; how long Redis answered
nobody else while ten thousand of a million were flushed by their prefix; look-ups of one turn of
the event loop together against one by one. Needs redis-server and taskset on the PATH.
"""

import argparse
import asyncio
import multiprocessing
import os
import shutil
import socket
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

from redis.asyncio import Redis

from bench.servers import LOAD_CORE, SERVER_CORE, running
from resizer.cache.flusher import Flusher
from resizer.cache.redis import RedisCache, open_cache
from resizer.model.flush import Flush
from resizer.model.image import pack
from tests.support.caches import ONE
from tests.support.servers import RedisCluster

PORT = 18_104
URL = f"redis://127.0.0.1:{PORT}"
FIELDS = ("1:width=320", "1:width=640", "1:width=1280")
AT_ONCE = 64
_BATCH = 5_000
_YOUNG = 6.0
"""Seconds: a server younger than that has a flush wait, which is not what is measured."""


def main() -> None:
    """Run everything and print the ratios."""
    options = _options()
    for program in ("redis-server", "taskset"):
        if not shutil.which(program):
            sys.exit(f"bench.flush needs {program} on the PATH")
    os.sched_setaffinity(0, {int(LOAD_CORE)})
    with tempfile.TemporaryDirectory(prefix="bench-") as name, redis_server(Path(name)):
        asyncio.run(_measure(options.originals, Path(name)))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--originals", type=int, default=1_000_000)
    return parser.parse_args()


@contextmanager
def redis_server(home: Path) -> Iterator[None]:
    command = [
        *("taskset", "-c", SERVER_CORE, "redis-server", "--port", str(PORT)),
        *("--bind", "127.0.0.1", "--save", "", "--dir", str(home), "--loglevel", "warning"),
        *("--slowlog-log-slower-than", "100", "--slowlog-max-len", "100000"),
    ]
    with running(command, {}, sys.stdout.fileno()):
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", PORT)).close()
                break
            except OSError:
                time.sleep(0.05)
        yield


async def _measure(originals: int, home: Path) -> None:
    """Databases of one server: flushes in turn, so that a drifting machine slows both."""
    few, many = (open_cache(f"{URL}/{number}", "bench", 10.0) for number in range(2))
    async with Redis.from_url(f"{URL}/0") as plain, Redis.from_url(f"{URL}/1") as full:
        await fill(plain, "any/", 1_000)
        await fill(full, "any/", originals - 10_000)
        await fill(full, "prefix/", 10_000)
        await asyncio.sleep(_YOUNG)
        await report_look_ups(few, plain)
        await report_cluster(home)
        await report_flush_of_one(few, many, originals)
        await report_prefix(many, full)
    await few.close()
    await many.close()


async def fill(plain: Redis, prefix: str, count: int) -> None:
    """Originals with three small variants each: what a flush costs is in their number."""
    value = pack(replace(ONE, body=b"x" * 100))
    for start in range(0, count, _BATCH):
        pipeline = plain.pipeline(transaction=False)
        for number in range(start, min(start + _BATCH, count)):
            pipeline.hset(f"resizer:bench:{prefix}{number}", mapping=dict.fromkeys(FIELDS, value))
        await pipeline.execute()


async def report_flush_of_one(few: RedisCache, many: RedisCache, originals: int) -> None:
    took = [[await flush_of_one(cache, number) for cache in (few, many)] for number in range(300)]
    small, large = (statistics.median(times) * 1000 for times in zip(*took, strict=True))
    print(f"flush of one image: {small:.2f} ms with 1,000 originals in Redis,")
    print(f"  {large:.2f} ms with {originals:,}: ratio {large / small:.2f}")


async def flush_of_one(cache: RedisCache, number: int) -> float:
    """Seconds."""
    started = time.perf_counter()
    flushed = await Flusher(cache, None).flush([Flush(key=f"any/{number}")])
    assert flushed.variants == len(FIELDS)
    return time.perf_counter() - started


async def report_prefix(cache: RedisCache, plain: Redis) -> None:
    """Redis' own account of its longest command, and what another client saw of all of them."""
    with pinger() as pings:
        os.nice(19)  # the one who pings goes first on their common core
        await asyncio.sleep(3)
        quiet = await asyncio.to_thread(pings)
        await plain.slowlog_reset()
        before = await _stat(plain, "total_commands_processed")
        await asyncio.to_thread(pings)
        started = time.perf_counter()
        await Flusher(cache, None).flush([Flush(prefix="prefix/")])
        took = time.perf_counter() - started
        busy = await asyncio.to_thread(pings)
    commands = await _stat(plain, "total_commands_processed") - before - len(busy)
    slow = [one["duration"] / 1000 for one in await plain.slowlog_get(100_000)]
    print(f"flush of 10,000 by prefix: {took:.1f} s, {commands:,} commands,")
    print(f"  the longest {max(slow, default=0.1):.2f} ms by Redis' slow log;")
    print(f"  another client's PING took {spread(busy)}")
    print(f"  (quiet: {spread(quiet)})")


def spread(took: list[float]) -> str:
    tail = statistics.quantiles(took, n=1000)
    return (
        f"p99 {tail[989] * 1000:.2f} ms, p99.9 {tail[998] * 1000:.2f}, max {max(took) * 1000:.2f}"
    )


@contextmanager
def pinger() -> Iterator[Callable[[], list[float]]]:
    """Another process that pings; called, it gives the seconds of each PING since the last call."""
    here, there = multiprocessing.Pipe()
    process = multiprocessing.Process(target=_ping, args=(there,))
    process.start()

    def taken() -> list[float]:
        here.send(None)
        took: list[float] = here.recv()
        return took

    yield taken
    process.terminate()
    process.join()


def _ping(asked: Connection) -> None:
    took = []
    with socket.create_connection(("127.0.0.1", PORT)) as line:
        while True:
            started = time.perf_counter()
            line.sendall(b"PING\r\n")
            line.recv(64)
            took.append(time.perf_counter() - started)
            time.sleep(0.0005)
            if asked.poll():
                asked.recv()
                asked.send(took)
                took = []


async def report_look_ups(cache: RedisCache, plain: Redis) -> None:
    """64 at once: as the cache sends them, and each as a command of its own."""
    places = [(f"any/{number}", FIELDS[0]) for number in range(AT_ONCE)]

    async def together() -> None:
        await asyncio.gather(*(cache.get(*place) for place in places))

    async def one_by_one() -> None:
        await asyncio.gather(*(plain.hget(f"resizer:bench:{key}", name) for key, name in places))

    await one_by_one()
    rates = [(await _rate(together), await _rate(one_by_one)) for _ in range(5)]
    ratios = sorted(a / b for a, b in rates)
    trips = await round_trips([plain], together)
    print(f"look-ups of one turn: {trips} round trip(s) for {AT_ONCE};")
    print(
        f"  {ratios[2]:.2f} times as many a second as one by one ({ratios[0]:.2f}–{ratios[4]:.2f})"
    )


async def report_cluster(home: Path) -> None:
    """The same for three nodes: the most round trips that one of them saw."""
    cluster = RedisCluster(home)
    cluster.start()
    cache = open_cache(cluster.url, "bench", 10.0)
    nodes = [Redis.from_url(node.url) for node in cluster.nodes]

    async def together() -> None:
        await asyncio.gather(*(cache.get(f"any/{number}", "f") for number in range(AT_ONCE)))

    await together()
    trips = await round_trips(nodes, together)
    print(f"  in a cluster of {len(nodes)} nodes: {trips} round trip(s) to each")
    for node in nodes:
        await node.aclose()
    await cache.close()
    cluster.stop()


async def round_trips(servers: Sequence[Redis], turn: Callable[[], Awaitable[None]]) -> int:
    """Times that the busiest of `servers` read from a client during one turn."""
    before = [await _stat(server, "total_reads_processed") for server in servers]
    await turn()
    return max(
        [
            await _stat(server, "total_reads_processed") - past - 1
            for server, past in zip(servers, before, strict=True)
        ]
    )


async def _rate(turn: Callable[[], Awaitable[None]]) -> float:
    turns, started = 0, time.perf_counter()
    while time.perf_counter() - started < 2:
        await turn()
        turns += 1
    return turns * AT_ONCE / (time.perf_counter() - started)


async def _stat(plain: Redis, name: str) -> int:
    facts: dict[str, int] = await plain.info("stats")
    return facts[name]


if __name__ == "__main__":
    main()
