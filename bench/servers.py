"""The servers that are measured, each pinned to one core."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx

SERVER_CORE, LOAD_CORE = "0", "1"
CORES = len(os.sched_getaffinity(0))
GATEWAY_PORT = 18_102


@contextmanager
def gateway(home: Path, **settings: object) -> Iterator[str]:
    """`resizer serve` over the pictures in `home`, its origin."""
    command = ["taskset", "-c", SERVER_CORE, sys.executable, "-m", "resizer", "serve"]
    environment = {
        "RESIZER_SOURCE": str(home),
        "RESIZER_URLS": "open",
        "RESIZER_PORT": str(GATEWAY_PORT),
        "RESIZER_RENDERERS": "1",
        **{f"RESIZER_{name.upper()}": str(value) for name, value in settings.items()},
    }
    with (home / "log").open("wb") as log, running(command, environment, log.fileno()):
        yield await_answer(f"http://127.0.0.1:{GATEWAY_PORT}")


@contextmanager
def running(command: list[str], environment: dict[str, str], output: int) -> Iterator[int]:
    """A process, by its id, that is ended at the end with all that it started."""
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=output, start_new_session=True
    )
    try:
        yield process.pid
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended by itself: is its port taken?")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # thumbor forks, and leaves its children alone
        process.wait(20)


def await_answer(origin: str) -> str:
    for _ in range(200):
        try:
            httpx.get(origin)
            return origin
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit(f"{origin} does not answer")
