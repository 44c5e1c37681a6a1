"""A herd: 1,000 requests at once for one cold URL over four gateways: `python -m bench.herd`.

Four `resizer serve` of one render worker each and one redis-server share every core with the
client, which holds 250 connections to each gateway and writes all requests before it reads a reply.
In each round, each for another name of one photo: one cold request; 1,000 at once for a URL that
every gateway has in memory; 1,000 at once for a cold one. The ratio is the time to the herd's last
reply against that of the one cold request and twice that of the 1,000 hits: at most 1 is wanted.
Fetches and renders are counted in `/metrics`: one of each for every herd, or this fails.
Needs redis-server and taskset on the PATH.
"""

import argparse
import asyncio
import os
import statistics
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.originals import photo
from bench.servers import gateway, need, redis_server

FIRST_PORT, REDIS_PORT = 18_115, 18_119
GATEWAYS, REQUESTS = 4, 1000
_COUNTS = ("resizer_fetch_seconds_count", "resizer_renders_total")
_Line = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds."""

    cold: float
    hits: float
    herd: float

    @property
    def ratio(self) -> float:
        return self.herd / (self.cold + 2 * self.hits)


def main() -> None:
    """Run the rounds and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path, nargs="?", help="an original; else one drawn, 6 MP")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    rounds = measure(options.photo, options.rounds)
    for one in rounds:
        print(
            f"cold {one.cold * 1000:5.0f} ms   1,000 hits {one.hits * 1000:5.0f} ms   "
            f"herd {one.herd * 1000:5.0f} ms   {one.ratio:.2f}"
        )
    print("1 fetch and 1 render a herd")
    print(f"herd: median {statistics.median(one.ratio for one in rounds):.2f}")


def measure(original: Path | None = None, rounds: int = 5) -> list[Round]:
    """As many rounds, over the same gateways and connections."""
    need("redis-server", "taskset")
    cores = ",".join(map(str, os.sched_getaffinity(0)))
    with tempfile.TemporaryDirectory(prefix="bench-") as name, ExitStack() as stack:
        home = Path(name)
        (home / "hot.jpg").write_bytes(original.read_bytes() if original else photo())
        for number in range(rounds):
            os.link(home / "hot.jpg", home / f"one-{number}.jpg")
            os.link(home / "hot.jpg", home / f"herd-{number}.jpg")
        cache = stack.enter_context(redis_server(home, REDIS_PORT, cores))
        for port in range(FIRST_PORT, FIRST_PORT + GATEWAYS):
            stack.enter_context(gateway(home, port, cores, cache=cache))
        _await_ready()
        return asyncio.run(_rounds(rounds))


def _await_ready() -> None:
    for port in _ports():
        for _ in range(200):
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                break
            time.sleep(0.05)


async def _rounds(count: int) -> list[Round]:
    lines = [
        await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        for port in _ports()
        for _ in range(REQUESTS // GATEWAYS)
    ]
    for _ in range(2):
        await _at_once(lines, "hot")
    rounds = [await _round(lines, number) for number in range(count)]
    for _, writer in lines:
        writer.close()
    return rounds


async def _round(lines: list[_Line], number: int) -> Round:
    cold = await _at_once(lines[:1], f"one-{number}")
    hits = await _at_once(lines, "hot")
    before = _counted()
    herd = await _at_once(lines, f"herd-{number}")
    made = [after - past for after, past in zip(_counted(), before, strict=True)]
    assert made == [1, 1], f"fetches and renders of one herd: {made}"
    return Round(cold, hits, herd)


async def _at_once(lines: list[_Line], name: str) -> float:
    """Seconds from the first request to the last whole reply, one request on each of `lines`."""
    request = f"GET /img/width=500,format=jpeg/{name}.jpg HTTP/1.1\r\nHost: bench\r\n\r\n".encode()
    started = time.perf_counter()
    for _, writer in lines:
        writer.write(request)
    await asyncio.gather(*(_read(reader) for reader, _ in lines))
    return time.perf_counter() - started


async def _read(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    await reader.readexactly(int(head.partition(b"content-length: ")[2].split(b"\r\n")[0]))


def _counted() -> list[float]:
    """Of all gateways together."""
    totals = dict.fromkeys(_COUNTS, 0.0)
    for port in _ports():
        for line in httpx.get(f"http://127.0.0.1:{port}/metrics").text.splitlines():
            if (name := line.partition("{")[0].partition(" ")[0]) in totals:
                totals[name] += float(line.rsplit(" ", 1)[1])
    return list(totals.values())


def _ports() -> range:
    return range(FIRST_PORT, FIRST_PORT + GATEWAYS)


if __name__ == "__main__":
    main()
