"""The servers that are measured, each pinned to the cores it may use."""

import os
import shutil
import signal
import socket
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
def gateway(
    home: Path, port: int = GATEWAY_PORT, cores: str = SERVER_CORE, **settings: object
) -> Iterator[str]:
    """`resizer serve` over the pictures in `home`, its origin."""
    command = ["taskset", "-c", cores, sys.executable, "-m", "resizer", "serve"]
    environment = {
        "RESIZER_SOURCE": str(home),
        "RESIZER_URLS": "open",
        "RESIZER_PORT": str(port),
        "RESIZER_RENDERERS": "1",
        **{f"RESIZER_{name.upper()}": str(value) for name, value in settings.items()},
    }
    with (home / f"log-{port}").open("wb") as log, running(command, environment, log.fileno()):
        yield await_answer(f"http://127.0.0.1:{port}")


@contextmanager
def redis_server(home: Path, port: int, cores: str = LOAD_CORE) -> Iterator[str]:
    """A redis-server that keeps nothing on disk, its URL."""
    command = ["taskset", "-c", cores, "redis-server", "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--save", "", "--dir", str(home), "--loglevel", "warning"]
    with running(command, {}, subprocess.DEVNULL):
        await_socket(port)
        yield f"redis://127.0.0.1:{port}/0"


@contextmanager
def running(command: list[str], environment: dict[str, str], output: int) -> Iterator[int]:
    """A process, by its id, that is ended at the end with all that it started.

    In the session of this one: a session of its own would be a group of its own to the scheduler
    (sched(7), autogroup), in which no priority counts against what is in another.
    """
    process = subprocess.Popen(
        command, env={**os.environ, **environment}, stdout=output, process_group=0
    )
    try:
        yield process.pid
        if process.poll() is not None:
            raise RuntimeError(f"{command[0]} ended by itself: is its port taken?")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)  # thumbor forks, and leaves its children alone
        process.wait(20)


def need(*programs: str) -> None:
    """End here unless all of them are on the PATH."""
    if missing := [program for program in programs if not shutil.which(program)]:
        raise SystemExit(f"this needs {', '.join(missing)} on the PATH")


def await_socket(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"nothing listens on port {port}")


def await_answer(origin: str) -> str:
    for _ in range(200):
        try:
            httpx.get(origin)
            return origin
        except httpx.TransportError:
            time.sleep(0.05)
    raise SystemExit(f"{origin} does not answer")
