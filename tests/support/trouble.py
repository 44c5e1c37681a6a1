"""What may befall a Redis, and end again: each a context in which it does."""

import select
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Self

from redis import Redis

from tests.support.servers import RedisServer

Trouble = Callable[[RedisServer], AbstractContextManager[None]]


@contextmanager
def stopped(redis: RedisServer) -> Iterator[None]:
    redis.stop()
    try:
        yield
    finally:
        redis.start()


@contextmanager
def restarted_empty(redis: RedisServer) -> Iterator[None]:
    redis.stop()
    redis.start()
    yield


@contextmanager
def frozen(redis: RedisServer) -> Iterator[None]:
    """Connections stay open, new ones are accepted by the system, and nothing answers."""
    redis.pause()
    try:
        yield
    finally:
        redis.resume()


@contextmanager
def asleep(redis: RedisServer) -> Iterator[None]:
    """In one very slow command. Wants `--enable-debug-command yes`."""
    with socket.create_connection(("127.0.0.1", redis.port)) as line:
        line.sendall(b"DEBUG SLEEP 7\r\n")
        try:
            yield
        finally:
            assert line.recv(100) == b"+OK\r\n"


@contextmanager
def full(redis: RedisServer) -> Iterator[None]:
    """At its maxmemory, with the policy to evict nothing."""
    redis.run("SETRANGE", "filler", "4000000", "x")
    redis.run("CONFIG", "SET", "maxmemory", "2mb")
    assert "OOM" in redis.run("SET", "one", "more")
    try:
        yield
    finally:
        redis.run("CONFIG", "SET", "maxmemory", "0")
        redis.run("DEL", "filler")


@contextmanager
def read_only(redis: RedisServer) -> Iterator[None]:
    """A replica of another one."""
    with tempfile.TemporaryDirectory() as home, RedisServer(Path(home)) as primary:
        redis.run("REPLICAOF", "127.0.0.1", str(primary.port))
        try:
            assert "READONLY" in redis.run("SET", "one", "more")
            yield
        finally:
            redis.run("REPLICAOF", "NO", "ONE")


@contextmanager
def password_changed(redis: RedisServer) -> Iterator[None]:
    """Under way: those who are connected have to come again, and are refused."""
    with Redis(port=redis.port) as operator:
        operator.config_set("requirepass", "another")
        operator.execute_command("AUTH", "another")
        for kind in ("normal", "pubsub"):
            operator.execute_command("CLIENT", "KILL", "TYPE", kind, "SKIPME", "yes")
        try:
            yield
        finally:
            operator.config_set("requirepass", "")


class Relay(socketserver.ThreadingTCPServer):
    """The way to a Redis, which can be cut: connections stay, and nothing arrives any more."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, redis: RedisServer) -> None:
        super().__init__(("127.0.0.1", 0), _Passage)
        self.redis = redis
        self.url = redis.url.replace(str(redis.port), str(self.server_address[1]))
        self.open = threading.Event()
        self.open.set()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.open.set()
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Passage(socketserver.BaseRequestHandler):
    server: Relay

    def handle(self) -> None:
        with socket.create_connection(("127.0.0.1", self.server.redis.port)) as there:
            others = {self.request: there, there: self.request}
            while True:
                ready, _, _ = select.select([*others], [], [])
                self.server.open.wait()
                for one in ready:
                    if not (data := one.recv(65536)):
                        return
                    others[one].sendall(data)
