"""Hits while misses take every core, against hits alone: `python -m bench.calm`.

One keep-alive connection asks for one URL in memory, one request after the other, and times each.
Then another process keeps two misses a core under way, each for another name of one photo, and the
first goes on. The gateway and its workers may use every core. Both clients run there too: the one
that asks for hits at the gateway's own priority, since otherwise its wait for a core would be
measured; the one that asks for misses, a tenth of a core, at that of the workers, whom it stands
beside. Prints p50 and p99 of both and the ratio of the p99.
"""

import argparse
import asyncio
import itertools
import multiprocessing
import os
import socket
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.originals import photo
from bench.servers import gateway, need

PORT = 18_114
HOT = "/img/width=300,format=jpeg/hot.jpg"
_NAMES = 20_000
_PAUSE = 0.001
"""Seconds between a reply and the next request: not a benchmark of throughput."""


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds that each hit took."""

    idle: list[float]
    busy: list[float]

    @property
    def ratio(self) -> float:
        return p99(self.busy) / p99(self.idle)


def main() -> None:
    """Run the rounds and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path, nargs="?", help="an original; else one drawn, 6 MP")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=4)
    options = parser.parse_args()
    rounds = measure(options.photo, options.rounds, options.seconds)
    for one in rounds:
        print(f"idle {_spread(one.idle)}   busy {_spread(one.busy)}   {one.ratio:.2f}")
    print(
        f"p99 of hits, busy against idle: median {statistics.median(r.ratio for r in rounds):.2f}"
    )


def measure(original: Path | None = None, rounds: int = 5, seconds: float = 4) -> list[Round]:
    """Idle and busy in turn, each for `seconds`."""
    need("taskset")
    cores = os.sched_getaffinity(0)
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        (home / "hot.jpg").write_bytes(original.read_bytes() if original else photo())
        for number in range(_NAMES):
            os.link(home / "hot.jpg", home / f"{number}.jpg")
        allowed = ",".join(map(str, cores))
        with gateway(home, PORT, allowed, renderers=0) as origin:
            httpx.get(origin + HOT, timeout=60).raise_for_status()
            names = itertools.count(0, _NAMES // rounds)
            return [_round(origin, next(names), 2 * len(cores), seconds) for _ in range(rounds)]


def _round(origin: str, first: int, at_once: int, seconds: float) -> Round:
    idle = hits(seconds)
    with _misses(origin, first, at_once):
        time.sleep(0.5)
        return Round(idle, hits(seconds))


def hits(seconds: float) -> list[float]:
    """Seconds of each hit on one connection, for so long."""
    took: list[float] = []
    request = f"GET {HOT} HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    until = time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", PORT), timeout=30) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while time.monotonic() < until:
            started = time.perf_counter()
            line.sendall(request)
            _read(line)
            took.append(time.perf_counter() - started)
            time.sleep(_PAUSE)
    return took


def _read(line: socket.socket) -> None:
    """One whole reply, which must be a hit in memory."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += line.recv(262_144)
    head, _, body = data.partition(b"\r\n\r\n")
    assert b"detail=memory" in head, head
    left = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]) - len(body)
    while left:
        left -= len(line.recv(262_144))


@contextmanager
def _misses(origin: str, first: int, at_once: int) -> Iterator[None]:
    asking = multiprocessing.get_context("spawn").Process(
        target=_ask_for_misses, args=(origin, first, at_once), daemon=True
    )
    asking.start()
    time.sleep(1.5)  # it has its imports to do
    try:
        yield
    finally:
        asking.terminate()
        asking.join()


def _ask_for_misses(origin: str, first: int, at_once: int) -> None:
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    asyncio.run(_flood(origin, first, at_once))


async def _flood(origin: str, first: int, at_once: int) -> None:
    numbers = itertools.count(first)

    async def ask() -> None:
        for number in numbers:
            url = f"{origin}/img/width=500,format=jpeg/{number}.jpg"
            reply = (await client.get(url)).raise_for_status()
            assert "fwd=uri-miss" in reply.headers["cache-status"]

    async with httpx.AsyncClient(timeout=60) as client:
        await asyncio.gather(*(ask() for _ in range(at_once)))


def p99(took: list[float]) -> float:
    return statistics.quantiles(took, n=100)[98]


def _spread(took: list[float]) -> str:
    return f"p50 {statistics.median(took) * 1000:.2f} ms, p99 {p99(took) * 1000:.2f} ms"


if __name__ == "__main__":
    main()
