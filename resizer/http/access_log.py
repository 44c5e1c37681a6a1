"""The access log: one JSON line a request, written many at a time.

What is to be told is gathered, and made lines and written from a tenth of a second later on, in
pieces no longer than `PIPE_BUF`, which several processes may write to one pipe without mixing
(pipe(7)). Other requests have their turn between those.
"""

import asyncio
import json
import os
import select
import time
from collections import deque
from collections.abc import Callable
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resizer.http.trace import Trace, accepted_id
from resizer.telemetry.log import timestamp
from resizer.telemetry.metrics import Metrics
from resizer.urls.dialects import DIALECTS

_SECONDS = 0.1
_AT_ONCE = 12
"""Entries that become one piece. In a turn of the event loop each takes 12 µs, and others wait."""
_SHARE = 8
"""Of all that were gathered, where that is more: what comes in meanwhile must not pile up."""
_LONGEST_URL = 1024
"""Characters of a URL that are logged; longer ones are nobody's images."""


Entry = tuple[float, float, bytes, str, bytes, int, int, str]
"""Unix time of the end, milliseconds, request id, method, path, status, bytes, `Cache-Status`."""


class LineWriter:
    """Where lines go: a file descriptor, or nowhere when `fd` is None."""

    def __init__(self, fd: int | None, redact: Callable[[str], str] = DIALECTS.redact) -> None:
        """`redact` takes the signature out of a path."""
        self._fd = fd
        self._redact = redact
        self._entries: deque[Entry] = deque()
        self._waiting: asyncio.Handle | None = None

    @property
    def wanted(self) -> bool:
        return self._fd is not None

    def write(self, entry: Entry) -> None:
        """Take what will be a line."""
        self._entries.append(entry)
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(_SECONDS, self._flush_some)

    def flush(self) -> None:
        """Write all that was gathered."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._write(len(self._entries))

    def _flush_some(self) -> None:
        self._write(max(_AT_ONCE, len(self._entries) // _SHARE))
        more = bool(self._entries)
        self._waiting = asyncio.get_running_loop().call_soon(self._flush_some) if more else None

    def _write(self, most: int) -> None:
        """A reader that went away costs the lines, not the server."""
        entries = [self._entries.popleft() for _ in range(min(most, len(self._entries)))]
        if self._fd is None:
            return
        try:
            for piece in pieces([line(*entry, self._redact) for entry in entries], select.PIPE_BUF):
                _write_whole(self._fd, piece)
        except OSError:
            return


def pieces(lines: list[bytes], size: int) -> list[bytes]:
    """The lines joined into pieces of at most `size` bytes (a longer line is one of its own)."""
    joined: list[bytes] = []
    piece: list[bytes] = []
    length = 0
    for line in lines:
        if piece and length + len(line) > size:
            joined.append(b"".join(piece))
            piece, length = [], 0
        piece.append(line)
        length += len(line)
    return [*joined, b"".join(piece)] if piece else joined


def _write_whole(fd: int, data: bytes) -> None:
    while data:
        data = data[os.write(fd, data) :]


class AccessLog:
    """ASGI around everything else: a trace for each request, its line and its counts."""

    def __init__(self, app: ASGIApp, writer: LineWriter, metrics: Metrics) -> None:
        self._app = app
        self._writer = writer
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if (trace := scope.get("resizer.trace")) is None:  # else the hit lane laid it there
            trace = Trace(accepted_id(_header(scope, b"x-request-id")).decode())
            scope["resizer.trace"] = trace
        seen = _Seen()

        async def note_and_send(message: Message) -> None:
            seen.note(message)
            if message["type"] == "http.response.start":
                request_id = (b"x-request-id", trace.request_id.encode())
                message = {**message, "headers": [*message.get("headers", []), request_id]}
            await send(message)

        try:
            await self._app(scope, receive, note_and_send)
        finally:
            self._finish(scope, trace, seen)

    def _finish(self, scope: Scope, trace: Trace, seen: "_Seen") -> None:
        self._metrics.requests.labels(str(seen.status)).inc()
        if seen.is_image:
            self._metrics.bytes.inc(seen.size)
        if self._writer.wanted:
            milliseconds = (time.perf_counter() - trace.started) * 1000
            about = trace.request_id.encode(), scope["method"], scope["raw_path"]
            self._writer.write(
                (time.time(), milliseconds, *about, seen.status, seen.size, seen.cache)
            )


class _Seen:
    """What passed by on its way to the client."""

    def __init__(self) -> None:
        self.status = 0
        self.size = 0
        self.cache = ""
        self.is_image = False

    def note(self, message: Message) -> None:
        if message["type"] == "http.response.body":
            self.size += len(message.get("body", b""))
            return
        self.status = message["status"]
        headers = dict(message.get("headers", []))
        self.cache = headers.get(b"cache-status", b"").decode("latin-1")
        self.is_image = headers.get(b"content-type", b"").startswith(b"image/")


def line(
    now: float,
    milliseconds: float,
    request_id: bytes,
    method: str,
    path: bytes,
    status: int,
    size: int,
    cache: str,
    redact: Callable[[str], str] = DIALECTS.redact,
) -> bytes:
    """An Entry as a line of JSON; signatures, which are as good as a password, left out."""
    return (
        f'{{"time":"{timestamp(now)}","level":"info","event":"request"'
        f',"request_id":"{request_id.decode()}","method":{_quoted(method)}'
        f',"path":{_quoted_path(path, redact)},"status":{status},"bytes":{size}'
        f',"ms":{milliseconds:.2f},"cache":{_quoted(cache)}}}\n'
    ).encode()


_quoted = lru_cache(maxsize=256)(json.dumps)


@lru_cache(maxsize=4096)
def _quoted_path(path: bytes, redact: Callable[[str], str]) -> str:
    return json.dumps(redact(path.decode("latin-1")[:_LONGEST_URL]))


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)
