"""A whole gateway as its own process, over a real socket."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import httpx
from pydantic import SecretStr

from resizer.model.flush import Flush
from resizer.server.factories import open_flusher
from resizer.settings.settings import Settings
from resizer.urls.dialects.cloudflare import write
from tests.support.deadlines import MAX_WAIT
from tests.support.servers import free_port

KEY = "photos/cat.jpg"
"""An original that the bucket of these tests always holds."""
SECRET = "k" * 40


class Gateway:
    """`resizer serve` with the given settings, on a port of its own."""

    def __init__(self, environment: Mapping[str, str] | None = None, **settings: object) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        inherited = {k: v for k, v in os.environ.items() if not k.startswith("RESIZER_")}
        given = {f"RESIZER_{k.upper()}": str(v) for k, v in settings.items()}
        self.environment = {
            **inherited,
            **(environment or {}),
            "RESIZER_RENDERERS": "2",
            "RESIZER_PORT": str(self.port),
            **given,
        }
        self.directory = Path(tempfile.mkdtemp(prefix="gateway-"))
        self.log = self.directory / "log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Gateway":
        with self.log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "resizer", "serve"],
                env=self.environment,
                cwd=self.directory,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            self._await_ready()
        except BaseException:
            self.stop(signal.SIGKILL)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def stop(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Send the signal and wait; the exit code."""
        assert self._process is not None
        if self._process.poll() is None:
            self._process.send_signal(number)
        return self._process.wait(MAX_WAIT)

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Another `resizer` command under the same settings."""
        return subprocess.run(
            [sys.executable, "-m", "resizer", *arguments],
            env=self.environment,
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=MAX_WAIT,
            check=False,
        )

    def signed(self, key: str, *options: str) -> str:
        """A URL that this gateway's first key signed."""
        secret = self.environment["RESIZER_SIGNING_KEYS"].split(",")[0]
        return f"{self.url}/img/{write(options, key, secret)}"

    def flush_everything(self) -> None:
        """Flush as the command does, without the time it takes to start."""

        settings = Settings(
            source=self.environment["RESIZER_SOURCE"],
            s3_endpoint=self.environment["AWS_ENDPOINT_URL_S3"],
            cache=SecretStr(self.environment["RESIZER_CACHE"]),
            results=self.environment.get("RESIZER_RESULTS"),
        )

        async def flush() -> None:
            async with open_flusher(settings, timeout=MAX_WAIT) as flusher:
                await flusher.flush([Flush()])

        asyncio.run(flush())

    def get(self, url: str, **headers: str) -> httpx.Response:
        target = url if url.startswith("http") else self.url + url
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return httpx.get(target, headers=named, timeout=MAX_WAIT)

    def sample(self, name: str) -> float:
        """One number of `/metrics`; 0 where it is not shown yet."""
        for line in self.get("/metrics").text.splitlines():
            if line.rpartition(" ")[0] == name:
                return float(line.rpartition(" ")[2])
        return 0.0

    def entries(self) -> list[dict[str, object]]:
        """The log, once it has been written out."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]

    def _await_ready(self) -> None:
        deadline = time.monotonic() + MAX_WAIT
        while time.monotonic() < deadline:
            assert self._process is not None
            if self._process.poll() is not None:
                raise RuntimeError(f"the gateway ended:\n{self.log.read_text()}")
            try:
                self.get("/healthz")
                return
            except httpx.TransportError:
                time.sleep(0.05)
        raise RuntimeError(f"the gateway does not answer:\n{self.log.read_text()}")


def cache_status(response: httpx.Response) -> str:
    return response.headers["cache-status"]


def problem(response: httpx.Response) -> dict[str, object]:
    """The members of a problem reply, which it must be."""
    assert response.headers["content-type"] == "application/problem+json"
    members: dict[str, object] = response.json()
    assert members["status"] == response.status_code
    return members
