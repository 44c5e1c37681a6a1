"""Servers for tests: a real redis-server, and an S3 bucket on a moto server. Loopback only."""

import logging
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pytest

from tests.support.deadlines import MAX_WAIT

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

REQUIRED = os.environ.get("REQUIRE_REDIS") == "1"


_reserved: list[socket.socket] = []


def free_port() -> int:
    """One that nobody takes meanwhile, so that a server may come back to it: neither an outgoing
    connection nor another process of these tests."""
    while True:
        port = random.randrange(20_000, 32_000)  # Linux takes those from 32768 on
        if _reserve(port):
            return port


def _reserve(port: int) -> bool:
    """Whether it was free. It is this process's own until that ends."""
    mark = socket.socket(socket.AF_UNIX)
    try:
        mark.bind(f"\0resizer-tests-{port}")  # an abstract name, of which there can be one
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        mark.close()
        return False
    _reserved.append(mark)
    return True


class RedisServer:
    """One redis-server process, without persistence."""

    def __init__(self, directory: Path, *options: str, port: int | None = None) -> None:
        self.port = port or free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._directory = directory
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Run the server, and return when it answers."""
        if self._process is not None:
            return
        self._process = subprocess.Popen(
            [
                *("redis-server", "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._directory)),
                *("--loglevel", "warning", *self._options),
            ],
            stdout=subprocess.DEVNULL,
        )
        self._await_answer()

    def stop(self) -> None:
        """End the process, frozen or not."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def pause(self) -> None:
        """Freeze the process: connections stay open and nothing answers."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def run(self, *command: str) -> str:
        """The reply to one inline command, as it came; empty once the server is gone."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=MAX_WAIT) as line:
            line.sendall(" ".join(command).encode() + b"\r\n")
            return line.recv(65536).decode()

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _await_answer(self) -> None:
        deadline = time.monotonic() + MAX_WAIT
        while time.monotonic() < deadline:
            try:
                if self.run("PING"):
                    return
            except OSError:
                time.sleep(0.01)
        raise RuntimeError("redis-server did not start")


def has_redis() -> bool:
    """Whether tests use a real one; `REDIS=fake` is a run on a machine that has none."""
    return os.environ.get("REDIS") != "fake" and shutil.which("redis-server") is not None


def uses_fake() -> bool:
    return not has_redis() and not REQUIRED


def any_redis(directory: Path) -> RedisServer:
    """A real one where there is one, or where one is demanded."""
    if uses_fake():
        from tests.support.fake_redis import FakeRedisServer

        return FakeRedisServer(directory)
    need_redis()
    return RedisServer(directory)


def need_redis() -> None:
    """Skip where there is no redis-server, unless the run demands one."""
    if has_redis():
        return
    if REQUIRED:
        pytest.fail("REQUIRE_REDIS=1, and no redis-server is on the PATH")
    pytest.skip("no redis-server on the PATH (Debian package: redis-server)")


class S3Bucket:
    """A private bucket on a moto server: a read without credentials is refused."""

    name = "test-originals"
    access_key = "test-access-key"
    secret_key = "test-secret-key"

    def __init__(self, endpoint: str, client: "S3Client") -> None:
        self.endpoint = endpoint
        self.client = client

    @property
    def url(self) -> str:
        return f"s3://{self.name}"

    def put(self, key: str, body: bytes) -> None:
        self.client.put_object(Bucket=self.name, Key=key, Body=body)

    def empty(self) -> None:
        """Remove every object."""
        for listed in self.client.list_objects_v2(Bucket=self.name).get("Contents", []):
            self.client.delete_object(Bucket=self.name, Key=listed["Key"])

    def environment(self) -> dict[str, str]:
        """What a gateway needs to read the bucket."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
        }


def quieten_moto() -> None:
    """The development server behind moto logs every request as if it were news."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)


class RedisCluster:
    """Three redis-servers that share the slots."""

    def __init__(self, directory: Path) -> None:
        self.nodes = [self._node(directory, number) for number in range(3)]
        self.url = f"redis+cluster://127.0.0.1:{self.nodes[0].port}"

    def start(self) -> None:
        """Run the servers, and return when each says that the cluster is whole."""
        for node in self.nodes:
            node.start()
        first, *others = self.nodes
        for number, node in enumerate(self.nodes):
            slots = range(number * 5461, 16384 if number == 2 else (number + 1) * 5461)
            node.run("CLUSTER", "ADDSLOTS", *map(str, slots))
        for node in others:
            bus = node.port + 10000
            first.run("CLUSTER", "MEET", "127.0.0.1", str(node.port), str(bus))
        self._await_whole()

    def stop(self) -> None:
        for node in self.nodes:
            node.stop()

    def empty(self) -> None:
        for node in self.nodes:
            node.run("FLUSHALL")

    def _await_whole(self) -> None:
        deadline = time.monotonic() + MAX_WAIT
        while time.monotonic() < deadline:
            states = [node.run("CLUSTER", "INFO") for node in self.nodes]
            if all("cluster_state:ok" in s and "cluster_known_nodes:3" in s for s in states):
                return
            time.sleep(0.05)
        raise RuntimeError("the Redis cluster did not become whole")

    @staticmethod
    def _node(directory: Path, number: int) -> RedisServer:
        return RedisServer(
            directory,
            *("--cluster-enabled", "yes", "--cluster-config-file", f"nodes-{number}.conf"),
            port=cluster_port(),
        )


def cluster_port() -> int:
    """A free one with another free one 10,000 above it, which the cluster's bus takes."""
    while True:
        port = random.randrange(10_000, 20_000)
        if _reserve(port) and _reserve(port + 10_000):
            return port


@contextmanager
def moto(_: Path) -> Iterator[str]:
    """An S3 server in this process, its address."""
    from moto.server import ThreadedMotoServer

    quieten_moto()
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@contextmanager
def versitygw(directory: Path) -> Iterator[str]:
    """A real S3 server over a directory, its address. Wants `versitygw` on the PATH."""
    address = f"127.0.0.1:{free_port()}"
    keys = ["--access", S3Bucket.access_key, "--secret", S3Bucket.secret_key]
    command = ["versitygw", "--port", address, *keys, "--quiet", "posix", str(directory)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        host, _, port = address.partition(":")
        deadline = time.monotonic() + MAX_WAIT
        while time.monotonic() < deadline:
            try:
                socket.create_connection((host, int(port))).close()
                break
            except OSError:
                time.sleep(0.05)
        yield f"http://{address}"
        process.kill()
