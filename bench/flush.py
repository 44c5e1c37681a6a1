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
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from multiprocessing.synchronize import Event
from pathlib import Path

from redis.asyncio import Redis

from bench.servers import LOAD_CORE, SERVER_CORE, running
from resizer.cache.redis import RedisCache, open_cache
from resizer.flush import Flush
from resizer.flusher import Flusher
from resizer.image import pack
from tests.caches import ONE

PORT = 18_104
URL = f"redis://127.0.0.1:{PORT}/0"
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
        asyncio.run(_measure(options.originals))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--originals", type=int, default=1_000_000)
    return parser.parse_args()


@contextmanager
def redis_server(home: Path) -> Iterator[None]:
    command = [
        *("taskset", "-c", SERVER_CORE, "redis-server", "--port", str(PORT)),
        *("--bind", "127.0.0.1", "--save", "", "--dir", str(home), "--loglevel", "warning"),
        *("--slowlog-log-slower-than", "0", "--slowlog-max-len", "200000"),
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


async def _measure(originals: int) -> None:
    cache = open_cache(URL, "bench", 10.0)
    async with Redis.from_url(URL) as plain:
        await fill(plain, "few/", 1_000)
        await asyncio.sleep(_YOUNG)
        await report_look_ups(cache, plain)
        few = await flush_of_one(cache, "few/")
        await fill(plain, "many/", originals - 10_000)
        await fill(plain, "prefix/", 10_000)
        many = await flush_of_one(cache, "many/")
        print(f"flush of one image: {few * 1000:.2f} ms with 1,000 originals in Redis,")
        print(f"  {many * 1000:.2f} ms with {originals:,}: ratio {many / few:.2f}")
        await report_prefix(cache, plain)
    await cache.close()


async def fill(plain: Redis, prefix: str, count: int) -> None:
    """Originals with three small variants each: what a flush costs is in their number."""
    value = pack(replace(ONE, body=b"x" * 100))
    for start in range(0, count, _BATCH):
        pipeline = plain.pipeline(transaction=False)
        for number in range(start, min(start + _BATCH, count)):
            pipeline.hset(f"resizer:bench:{prefix}{number}", mapping=dict.fromkeys(FIELDS, value))
        await pipeline.execute()


async def flush_of_one(cache: RedisCache, prefix: str) -> float:
    """Seconds, the median of 300."""
    flusher = Flusher(cache, None)
    took = []
    for number in range(300):
        started = time.perf_counter()
        flushed = await flusher.flush([Flush(key=f"{prefix}{number}")])
        took.append(time.perf_counter() - started)
        assert flushed.variants == len(FIELDS)
    return statistics.median(took)


async def report_prefix(cache: RedisCache, plain: Redis) -> None:
    """Redis' own account of its longest command, and what another client saw of all of them."""
    quiet = await _with_pings(lambda: asyncio.sleep(3))
    await plain.slowlog_reset()
    started = time.perf_counter()
    busy = await _with_pings(lambda: Flusher(cache, None).flush([Flush(prefix="prefix/")]))
    took = time.perf_counter() - started
    commands = await plain.slowlog_get(200_000)
    longest = max(command["duration"] for command in commands) / 1000
    print(f"flush of 10,000 by prefix: {took:.1f} s, {len(commands):,} commands,")
    print(f"  the longest {longest:.2f} ms by Redis' slow log; another client's PING took")
    print(f"  p99 {busy[0]:.2f} ms, at most {busy[1]:.2f} (quiet: {quiet[0]:.2f}, {quiet[1]:.2f})")


async def _with_pings(work: Callable[[], Awaitable[object]]) -> tuple[float, float]:
    """99th percentile and longest PING of another process meanwhile, in milliseconds."""
    stop = multiprocessing.Event()
    receiving, sending = multiprocessing.Pipe(duplex=False)
    pinger = multiprocessing.Process(target=_ping, args=(stop, sending))
    pinger.start()
    await work()
    stop.set()
    took: list[float] = await asyncio.to_thread(receiving.recv)
    pinger.join()
    return statistics.quantiles(took, n=100)[98] * 1000, max(took) * 1000


def _ping(stop: Event, sending: "multiprocessing.connection.Connection") -> None:
    took = []
    with socket.create_connection(("127.0.0.1", PORT)) as line:
        while not stop.is_set():
            started = time.perf_counter()
            line.sendall(b"PING\r\n")
            line.recv(64)
            took.append(time.perf_counter() - started)
            time.sleep(0.0005)
    sending.send(took)


async def report_look_ups(cache: RedisCache, plain: Redis) -> None:
    """64 at once: as the cache sends them, and each as a command of its own."""
    places = [(f"few/{number}", FIELDS[0]) for number in range(AT_ONCE)]

    async def together() -> None:
        await asyncio.gather(*(cache.get(*place) for place in places))

    async def one_by_one() -> None:
        await asyncio.gather(*(plain.hget(f"resizer:bench:{key}", name) for key, name in places))

    await one_by_one()
    rates = [(await _rate(together), await _rate(one_by_one)) for _ in range(5)]
    ratios = sorted(a / b for a, b in rates)
    before = await _reads(plain)
    await together()
    trips = await _reads(plain) - before - 1
    print(f"look-ups of one turn: {trips} round trip(s) for {AT_ONCE};")
    print(
        f"  {ratios[2]:.2f} times as many a second as one by one ({ratios[0]:.2f}–{ratios[4]:.2f})"
    )


async def _rate(turn: Callable[[], Awaitable[None]]) -> float:
    turns, started = 0, time.perf_counter()
    while time.perf_counter() - started < 2:
        await turn()
        turns += 1
    return turns * AT_ONCE / (time.perf_counter() - started)


async def _reads(plain: Redis) -> int:
    """Times that the server read from a client."""
    facts: dict[str, int] = await plain.info("stats")
    return facts["total_reads_processed"]


if __name__ == "__main__":
    main()
