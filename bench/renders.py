"""Renders of the whole gateway against the bare worker loop: `python -m bench.renders [PHOTO]`.

Both on one core, the same original and Transform, in turn: the loop calls the pipeline in one
process, nothing around it; the gateway reads a file, renders it in its sandboxed worker, hashes,
stores and answers, each time for another key. Prints renders per second and the median ratio.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import httpx

from bench.originals import photo
from bench.servers import LOAD_CORE, SERVER_CORE, gateway
from resizer.limits import Limits
from resizer.render.job import Resampling
from resizer.transform import Format, Transform

OPTIONS = "width=500,format=jpeg"
TRANSFORM = Transform(width=500, format=Format.JPEG)


def main() -> None:
    """Run the rounds and print the ratios; with `--loop FILE`, be the loop."""
    options = _options()
    if options.loop:
        print(loop(options.loop, options.renders, options.resampling))
        return
    os.sched_setaffinity(0, {int(LOAD_CORE)})  # the client is not what is measured
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        original = home / "original"
        original.write_bytes(options.photo.read_bytes() if options.photo else photo())
        for number in range(options.renders * options.rounds):
            os.link(original, home / f"{number}.jpg")
        with gateway(home, resampling=options.resampling, access_log=True) as origin:
            rounds = [
                (bare(original, options), asyncio.run(whole(origin, number, options.renders)))
                for number in range(options.rounds)
            ]
    report(rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path, nargs="?", help="an original; else one drawn, 6 MP")
    parser.add_argument("--renders", type=int, default=100, help="in each round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--resampling", type=Resampling, default=Resampling.LINEAR)
    parser.add_argument("--loop", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def loop(original: Path, renders: int, resampling: Resampling) -> float:
    """Renders per second of the pipeline alone."""
    from resizer.render.pipeline import render

    source, limits = memoryview(original.read_bytes()), Limits()
    render(source, TRANSFORM, limits, resampling)
    start = time.perf_counter()
    for _ in range(renders):
        render(source, TRANSFORM, limits, resampling)
    return renders / (time.perf_counter() - start)


def bare(original: Path, options: argparse.Namespace) -> float:
    """The loop in a process of its own, on the gateway's core, as a worker is set up."""
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-m", "bench.renders"]
    command += ["--loop", str(original), "--renders", str(options.renders)]
    command += ["--resampling", options.resampling]
    environment = {**os.environ, "VIPS_CONCURRENCY": "1"}
    told = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(told.stdout)


async def whole(origin: str, number: int, renders: int) -> float:
    """Renders per second of the gateway, two requests at a time so that its worker never idles."""
    keys = iter(range(number * renders, (number + 1) * renders))

    async def ask() -> None:
        for key in keys:
            reply = await client.get(f"{origin}/img/{OPTIONS}/{key}.jpg")
            assert "fwd=uri-miss" in reply.headers["cache-status"], reply.text

    async with httpx.AsyncClient(timeout=60) as client:
        start = time.perf_counter()
        await asyncio.gather(ask(), ask())
        return renders / (time.perf_counter() - start)


def report(rounds: list[tuple[float, float]]) -> None:
    for alone, gated in rounds:
        print(f"bare loop {alone:6.1f}/s   gateway {gated:6.1f}/s   {gated / alone:.2f}")
    ratios = [gated / alone for alone, gated in rounds]
    print(f"gateway against the bare loop: median {statistics.median(ratios):.2f}", end=" ")
    print(f"(from {min(ratios):.2f} to {max(ratios):.2f})")


if __name__ == "__main__":
    main()
