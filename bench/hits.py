"""Memory hits against nginx serving the same bytes: `python -m bench.hits`.

From a file, and from its `proxy_cache` in front of the gateway. All on one core (taskset), a 20 kB
body, in turn, so that a drifting machine slows both; the load
comes from wrk on the other core. Prints requests per second of each round and the median ratio.
Needs nginx, wrk and taskset on the PATH.
"""

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.originals import noisy_picture
from bench.servers import GATEWAY_PORT, LOAD_CORE, SERVER_CORE, await_answer, gateway, running

BODY = 20_000
NGINX_PORT = 18_101
NGINX = """
worker_processes 1; daemon off; pid {home}/pid; error_log {home}/error.log;
events {{ worker_connections 1024; }}
http {{
    access_log {log}; sendfile on; tcp_nopush on; keepalive_requests 1000000000;
    open_file_cache max=1000; types {{ image/webp webp; }}
    proxy_cache_path {home}/cache keys_zone=hits:1m;
    server {{
        listen 127.0.0.1:{port}; root {home};
        location /img/ {{ proxy_pass http://127.0.0.1:{behind}; proxy_cache hits; }}
    }}
}}
"""


@dataclass(frozen=True, slots=True)
class Round:
    """Requests per second."""

    static: float
    cached: float
    hits: float

    @property
    def ratio(self) -> float:
        """Against the file."""
        return self.hits / self.static


def main() -> None:
    """Run the rounds and print the ratios."""
    options = _options()
    report(*measure(options.rounds, options.seconds, access_log=options.access_log))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=4)
    parser.add_argument("--access-log", action="store_true", help="both write one, to a file")
    return parser.parse_args()


def measure(
    rounds: int = 5, seconds: int = 4, *, access_log: bool = False
) -> tuple[list[Round], int]:
    """The rounds, each of the three for `seconds`, and the bytes of the body."""
    for program in ("nginx", "wrk", "taskset"):
        if not shutil.which(program):
            sys.exit(f"bench.hits needs {program} on the PATH")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        (home / "photo.png").write_bytes(noisy_picture())
        with gateway(home, access_log=access_log) as origin:
            url, body = hot_url(origin)
            (home / "file.webp").write_bytes(body)
            with nginx(home, access_log) as front:
                cached = url.replace(origin, front)
                httpx.get(cached)
                return [
                    Round(
                        rate(front + "/file.webp", seconds),
                        rate(cached, seconds),
                        rate(url, seconds),
                    )
                    for _ in range(rounds)
                ], len(body)


def hot_url(origin: str) -> tuple[str, bytes]:
    """A URL that memory answers with about 20 kB, and those bytes."""
    for quality in range(5, 100, 5):
        url = f"{origin}/img/w=400,f=webp,q={quality}/photo.png"
        reply = httpx.get(url, timeout=60).raise_for_status()
        if len(reply.content) >= BODY:
            break
    hit = httpx.get(url)
    assert "detail=memory" in hit.headers["cache-status"]
    return url, hit.content


def rate(url: str, seconds: int) -> float:
    """Requests per second over 32 connections; every reply must be a success."""
    command = ["taskset", "-c", LOAD_CORE, "wrk", "-t1", "-c32", f"-d{seconds}s", url]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert "Non-2xx" not in told, told
    match = re.search(r"Requests/sec:\s+([\d.]+)", told)
    assert match, told
    return float(match[1])


def report(rounds: list[Round], body: int) -> None:
    print(f"body {body} bytes, one core each for server and load")
    for one in rounds:
        print(
            f"nginx file {one.static:9,.0f}/s   its cache {one.cached:9,.0f}/s"
            f"   memory hit {one.hits:9,.0f}/s   {one.ratio:.2f}"
        )
    ratios = [one.ratio for one in rounds]
    print(f"memory hits against nginx: median {statistics.median(ratios):.2f}", end=" ")
    print(f"(from {min(ratios):.2f} to {max(ratios):.2f})")


@contextmanager
def nginx(home: Path, access_log: bool) -> Iterator[str]:
    log = f"{home}/access.log combined buffer=64k" if access_log else "off"
    (home / "nginx.conf").write_text(
        NGINX.format(home=home, port=NGINX_PORT, log=log, behind=GATEWAY_PORT)
    )
    home.chmod(0o755)
    command = ["taskset", "-c", SERVER_CORE, "nginx", "-c", str(home / "nginx.conf")]
    with running(command, {}, subprocess.DEVNULL):
        yield await_answer(f"http://127.0.0.1:{NGINX_PORT}")


if __name__ == "__main__":
    main()
