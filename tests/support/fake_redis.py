"""A Redis inside this process, for a machine that has no redis-server: fakeredis over a socket.

A test that wants what it cannot do says so: `@pytest.mark.real_redis("count its commands")`.
"""

import shlex
import socket
import threading
import time

import pytest
from fakeredis import TcpFakeServer
from fakeredis._commands import command
from fakeredis._socket import FakeSocket

from tests.support.deadlines import MAX_WAIT
from tests.support.servers import RedisServer

_OLD = 60
"""Seconds: older than a server whose flushes wait."""


@command(name="INFO", fixed=(), repeat=(bytes,))
def info(asked: FakeSocket, *_: bytes) -> bytes:
    """What a flush wants to know, which fakeredis does not tell."""
    return b"# Server\r\nuptime_in_seconds:%d\r\n" % (time.time() - asked._server.lastsave)


FakeSocket.info = info  # type: ignore[attr-defined]


class FakeRedisServer(RedisServer):
    """Old when it starts, and young when it starts again."""

    _server: TcpFakeServer | None = None
    _age = _OLD

    def start(self) -> None:
        if self._server is None:
            self._server = TcpFakeServer(("127.0.0.1", self.port))
            self._server.fake_server.lastsave = int(time.time()) - self._age
            self._age = 0
            self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
            self._thread.start()

    def stop(self) -> None:
        if self._server is not None:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
            self._server = None

    def pause(self) -> None:
        lacks("stand still")

    def resume(self) -> None:
        """It never stood still."""

    def run(self, *command: str) -> str:
        words = [word.encode() for word in shlex.split(" ".join(command))]
        sent = b"".join(b"$%d\r\n%s\r\n" % (len(word), word) for word in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=MAX_WAIT) as line:
            line.sendall(b"*%d\r\n%s" % (len(words), sent))
            return line.recv(65536).decode()


def lacks(what: str) -> None:
    pytest.skip(f"fakeredis cannot {what} (Debian package: redis-server)")
