"""Redis hits against nginx serving a file of the same size: `python -m bench.redis_hits`.

The gateway keeps nothing in its memory (`MEMORY_CACHE_MB=0`), so that each request asks Redis; many
URLs in turn, so that no two requests under way are for the same one and share its look-up. The
gateway has one core, then nginx has it; wrk has the other, and redis-server beside it, which is no
part of what one core does. Bodies of about 20 kB, the same on both sides, in turn, so that a
drifting machine slows both. Prints requests per second of each round and the median ratio.
Needs nginx, redis-server, wrk and taskset on the PATH.
"""

import argparse
import os
import re
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.hits import BODY, nginx
from bench.originals import noisy_picture
from bench.servers import LOAD_CORE, gateway, need, redis_server

GATEWAY_PORT, REDIS_PORT = 18_111, 18_112
URLS = 128
CONNECTIONS = 64
_IN_TURN = """
local number, requests = 0, {{}}
init = function() for n = 0, {last} do requests[n] = wrk.format("GET", string.format("{path}", n))
  end end
request = function() number = (number + 1) % {count} return requests[number] end
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Requests per second."""

    static: float
    hits: float

    @property
    def ratio(self) -> float:
        return self.hits / self.static


def main() -> None:
    """Run the rounds and print the ratios."""
    options = _options()
    rounds = measure(options.rounds, options.seconds)
    for one in rounds:
        print(f"nginx file {one.static:9,.0f}/s   redis hit {one.hits:9,.0f}/s   {one.ratio:.3f}")
    ratios = [one.ratio for one in rounds]
    print(f"redis hits against nginx: median {statistics.median(ratios):.3f}", end=" ")
    print(f"(from {min(ratios):.3f} to {max(ratios):.3f})")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    return parser.parse_args()


def measure(rounds: int = 5, seconds: int = 4) -> list[Round]:
    """Both sides in turn, `rounds` times, each for `seconds`."""
    need("nginx", "redis-server", "wrk", "taskset")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        _lay_out(home)
        with (
            redis_server(home, REDIS_PORT) as cache,
            gateway(home, GATEWAY_PORT, cache=cache, memory_cache_mb=0, access_log=False) as origin,
        ):
            path, body = _fill(origin)
            for number in range(URLS):
                (home / f"{number}.webp").write_bytes(body)
            with nginx(home, access_log=False) as static:
                return [
                    Round(
                        _rate(home, static, "/%d.webp", seconds),
                        _rate(home, origin, path, seconds),
                    )
                    for _ in range(rounds)
                ]


def _lay_out(home: Path) -> None:
    """One picture under many names."""
    picture = home / "picture"
    picture.write_bytes(noisy_picture())
    for number in range(URLS):
        os.link(picture, home / f"{number}.png")


def _fill(origin: str) -> tuple[str, bytes]:
    """Put about 20 kB under each name into Redis; the path of them all, and those bytes."""
    path, body = "", b""
    with httpx.Client(base_url=origin, timeout=60) as client:
        for quality in range(5, 100, 5):
            path = f"/img/w=400,f=webp,q={quality}/%d.png"
            body = client.get(path % 0).raise_for_status().content
            if len(body) >= BODY:
                break
        for number in range(URLS):
            client.get(path % number).raise_for_status()
        hits = [client.get(path % number).headers["cache-status"] for number in range(URLS)]
    assert all("detail=redis" in hit for hit in hits), hits[0]
    return path, body


def _rate(home: Path, origin: str, path: str, seconds: int) -> float:
    """Requests per second; every reply must be a success."""
    script = home / "in_turn.lua"
    script.write_text(_IN_TURN.format(last=URLS - 1, count=URLS, path=path))
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s"]
    command += ["-s", str(script), origin]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    match = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert match, told
    return float(match[1])


if __name__ == "__main__":
    main()
