"""An HTTP server on loopback that writes down what it is asked and answers by a script."""

import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


@dataclass(frozen=True)
class RecordedRequest:
    method: str
    path: str
    """As it stood in the request line."""
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes


@dataclass(frozen=True)
class ScriptedReply:
    status: int = 200
    body: bytes = b"{}"
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Recorder:
    """What came, and what to answer: each reply once, the last one for ever."""

    url: str
    asked: list[RecordedRequest] = field(default_factory=list)
    replies: list[ScriptedReply] = field(default_factory=lambda: [ScriptedReply()])

    def next_reply(self) -> ScriptedReply:
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]


@contextmanager
def recorder(certificate: Path | None = None) -> Iterator[Recorder]:
    """A running one; with a directory of `cert.pem` and `key.pem` it speaks TLS."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if certificate else "http"
    running = Recorder(f"{scheme}://127.0.0.1:{server.server_port}")
    _Handler.recorders[server.server_port] = running
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield running
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    recorders: dict[int, Recorder] = {}  # noqa: RUF012  (of all servers, by port)

    def _answer(self) -> None:
        assert isinstance(self.server, ThreadingHTTPServer)
        running = self.recorders[self.server.server_port]
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        running.asked.append(RecordedRequest(self.command, self.path, headers, body))
        reply = running.next_reply()
        self.send_response(reply.status)
        for name, value in {"content-length": str(len(reply.body)), **reply.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PURGE = do_BAN = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass
