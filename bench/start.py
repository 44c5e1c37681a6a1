"""From start to ready, and the first render: `python -m bench.start`.

In turn, on every core: `resizer serve` until `/readyz` says 200, and `python -c` that imports the
packages the gateway process is made of and ends. Then, for each start, the first render of a photo
after ready against later ones for other keys of the same photo. Prints the median ratios.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import httpx

from bench.originals import photo
from bench.servers import running

PORT = 18_113
PACKAGES = "obstore, prometheus_client, pydantic, pydantic_settings, redis.asyncio, rich.console, "
PACKAGES += "starlette.applications, tinycss2, typer, uvicorn, uvloop, httptools"
"""What the gateway process imports of others, over a directory: so no boto3."""
_WARM = 8
_MAX_WAIT = 30.0


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds."""

    imports: float
    ready: float
    first: float
    warm: float

    @property
    def start_ratio(self) -> float:
        return self.ready / self.imports

    @property
    def render_ratio(self) -> float:
        return self.first / self.warm


def main() -> None:
    """Run the rounds and print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photo", type=Path, nargs="?", help="an original; else one drawn, 6 MP")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    rounds = measure(options.photo, options.rounds)
    for one in rounds:
        print(
            f"imports {one.imports:5.2f} s   ready {one.ready:5.2f} s   {one.start_ratio:.2f}   "
            f"first {one.first * 1000:5.0f} ms   warm {one.warm * 1000:5.0f} ms   "
            f"{one.render_ratio:.2f}"
        )
    print(f"start to ready: median {statistics.median(one.start_ratio for one in rounds):.2f}")
    print(f"first render: median {statistics.median(one.render_ratio for one in rounds):.2f}")


def measure(original: Path | None = None, rounds: int = 7) -> list[Round]:
    """Each round starts a gateway of its own; the first round only fills the page cache."""
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        home = Path(name)
        (home / "original").write_bytes(original.read_bytes() if original else photo())
        for number in range(_WARM + 1):
            os.link(home / "original", home / f"{number}.jpg")
        return [_round(home) for _ in range(rounds + 1)][1:]


def _round(home: Path) -> Round:
    imports = _imports()
    environment = {
        "RESIZER_SOURCE": str(home),
        "RESIZER_URLS": "open",
        "RESIZER_PORT": str(PORT),
    }
    command = [sys.executable, "-m", "resizer", "serve"]
    with (home / "log").open("wb") as log:
        started = time.perf_counter()
        with (
            running(command, environment, log.fileno()),
            httpx.Client(base_url=f"http://127.0.0.1:{PORT}", timeout=_MAX_WAIT) as client,
        ):
            _await_ready(client)
            ready = time.perf_counter() - started
            first, *later = (_render(client, number) for number in range(_WARM + 1))
    return Round(imports, ready, first, statistics.median(later))


def _imports() -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", f"import {PACKAGES}"], check=True)
    return time.perf_counter() - started


def _await_ready(client: httpx.Client) -> None:
    deadline = time.monotonic() + _MAX_WAIT
    while time.monotonic() < deadline:
        try:
            if client.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.005)
    raise SystemExit("the gateway did not become ready")


def _render(client: httpx.Client, number: int) -> float:
    started = time.perf_counter()
    reply = client.get(f"/img/width=500,format=jpeg/{number}.jpg").raise_for_status()
    assert "fwd=uri-miss" in reply.headers["cache-status"]
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
