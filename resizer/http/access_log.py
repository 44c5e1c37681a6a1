"""The access log: one JSON line a request, written many at a time.

Lines are gathered and written at most a tenth of a second later, in pieces no longer than
`PIPE_BUF`, which several processes may write to one pipe without mixing (pipe(7)).
"""

import asyncio
import json
import os
import re
import select
import time
from functools import lru_cache

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from resizer.http.trace import Trace, accepted_id
from resizer.log import timestamp
from resizer.metrics import Metrics

_FLUSH_SECONDS = 0.1
_END = r"(?:,|/|%2c|%2f)"
_SIGNATURE = re.compile(
    rf"({_END}(?:s|%73)(?:i|%69)(?:g|%67)(?:=|%3d))(?:(?!{_END}).)*", re.IGNORECASE
)
"""`sig=` as a proxy may have spelled it, and what follows."""
_LONGEST_URL = 1024
"""Characters of a URL that are logged; longer ones are nobody's images."""


class LineWriter:
    """Where lines go: a file descriptor, or nowhere when `fd` is None."""

    def __init__(self, fd: int | None) -> None:
        self._fd = fd
        self._lines: list[bytes] = []
        self._waiting: asyncio.TimerHandle | None = None

    @property
    def wanted(self) -> bool:
        return self._fd is not None

    def write(self, line: bytes) -> None:
        """Take one line, its newline included."""
        self._lines.append(line)
        if self._waiting is None:
            self._waiting = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)

    def flush(self) -> None:
        """Write what was gathered. A reader that went away costs the lines, not the server."""
        if self._waiting is not None:
            self._waiting.cancel()
        self._waiting = None
        lines, self._lines = self._lines, []
        if self._fd is None:
            return
        try:
            for piece in pieces(lines, select.PIPE_BUF):
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
            trace = scope["resizer.trace"] = Trace(accepted_id(_header(scope, b"x-request-id")))
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
            url = scope["raw_path"].decode("latin-1")
            self._writer.write(
                line(trace, scope["method"], url, seen.status, seen.size, seen.cache)
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


def line(trace: Trace, method: str, url: str, status: int, size: int, cache: str) -> bytes:
    """One request as a line of JSON; signatures, which are as good as a password, left out."""
    milliseconds = (time.perf_counter() - trace.started) * 1000
    return (
        f'{{"time":"{timestamp(time.time())}","level":"info","event":"request"'
        f',"request_id":"{trace.request_id}","method":{_quoted(method)}'
        f',"path":{_quoted_path(url[:_LONGEST_URL])},"status":{status},"bytes":{size}'
        f',"ms":{milliseconds:.2f},"cache":{_quoted(cache)}}}\n'
    ).encode()


_quoted = lru_cache(maxsize=256)(json.dumps)


@lru_cache(maxsize=4096)
def _quoted_path(url: str) -> str:
    return json.dumps(redacted(url))


def redacted(url: str) -> str:
    """`url` without its signature."""
    return _SIGNATURE.sub(r"\1…", url)


def _header(scope: Scope, name: bytes) -> bytes | None:
    return next((value for key, value in scope["headers"] if key == name), None)
