"""Bytes of a connection: whatever comes, no 500, no half reply, and the hit lane says the same.

A connection is played five times: once to fill the memory tier, then the ordinary way and the hit
lane answer from it. The lane does so three times, since it knows a packet again when it comes for
the third time; what it learnt of other inputs it keeps.
"""

import asyncio
import logging
import re
import time
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

import uvicorn
from starlette.applications import Starlette
from uvicorn.server import ServerState

from resizer.http.access_log import AccessLog, LineWriter
from resizer.http.headers import CachePolicy
from resizer.http.hit_lane import HitLaneProtocol
from resizer.http.hit_replies import HitLane
from resizer.http.images import ImagePolicy, Images
from resizer.http.known_urls import KnownUrls
from resizer.model.flush import Flush
from resizer.server.app import ImageRouter
from resizer.urls.access import Access, Urls
from resizer.urls.dialects import DIALECTS
from tests.fuzz.target import Target
from tests.fuzz.targets.urls import SETTINGS
from tests.support.harness import Harness

SECONDS = 5
"""For all replies of a connection; nothing that is asked here takes time."""
STATUSES = {200, 204, 302, 304, 400, 403, 404, 405, 410}
POLICY = ImagePolicy(
    partial(DIALECTS.parse, settings=SETTINGS),
    Access(Urls.OPEN, ("k" * 40,)),
    CachePolicy(60, 600, 30, 300, 5),
    "https://example.com/fallback.png",
)
INVALID = b"Invalid HTTP request received."
"""By uvicorn, which then forgets what it was about to answer; the lane has answered already."""
_HEAD = re.compile(rb"HTTP/1\.1 ([0-9]{3}) [ -~]*\r\n((?:[!-9;-~]+: ?[^\r\n\0]*\r\n)*)\r\n")
_LENGTH = re.compile(rb"^content-length: ([0-9]+)\r$", re.MULTILINE)
_PASSING = re.compile(
    rb'^(?:date|x-request-id|content-length): .*\n|max-age=[0-9]+|urn:resizer:request:[^"]*',
    re.MULTILINE,
)
"""What is another the next time."""

_LOGGERS = [logging.getLogger(name) for name in ("resizer", "uvicorn.error", "asyncio")]

Answer = tuple[bytes, frozenset[bytes], bytes]
"""Status, lines of the head, body."""


@dataclass
class Line(asyncio.Transport):
    """A transport that keeps what is written."""

    written: bytearray = field(default_factory=bytearray)
    closing: bool = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1) if name in ("peername", "sockname") else default

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if not self.closing:
            self.written += data

    def close(self) -> None:
        self.closing = True

    def is_closing(self) -> bool:
        return self.closing

    def pause_reading(self) -> None: ...
    def resume_reading(self) -> None: ...


class Complaints(logging.Handler):
    """Errors that are logged meanwhile: each is an exception that nobody foresaw."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.heard: list[str] = []

    def __enter__(self) -> Self:
        for logger in _LOGGERS:
            logger.addHandler(self)
            logger.propagate = False
        return self

    def __exit__(self, *_: object) -> None:
        for logger in _LOGGERS:
            logger.removeHandler(self)
            logger.propagate = True

    def emit(self, record: logging.LogRecord) -> None:
        self.heard.append(self.format(record))


class Served:
    """The images of a gateway that makes them up, behind uvicorn's protocol."""

    def __init__(self) -> None:
        self.harness = Harness()
        self.hits = KnownUrls(self.harness.gateway, POLICY.cache)
        metrics, writer = self.harness.metrics, LineWriter(None)
        images = Images(self.harness.gateway, self.hits, metrics, POLICY)
        app = AccessLog(ImageRouter(images, Starlette(), DIALECTS), writer, metrics)
        self.config = uvicorn.Config(
            app,
            lifespan="off",
            ws="none",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            log_config=None,
        )
        self.config.load()
        self.lane = HitLane(self.hits, writer, metrics)

    def forget(self) -> None:
        """Begin anew, as if nobody had asked for anything."""
        self.hits.forget(Flush())
        self.harness.flush(Flush())
        self.harness.source.fetches.clear()
        self.harness.shared.calls.clear()
        self.harness.renderer.renders.clear()

    async def done(self, state: ServerState) -> None:
        """When all that came is answered: a request is a look-up first, and then maybe a task."""
        began = time.process_time()
        while state.tasks or self.harness.gateway._calls._all:
            await asyncio.sleep(0)
            assert time.process_time() - began < SECONDS

    async def play(self, data: bytes, *, with_lane: bool) -> bytes:
        """What a client is sent in reply to `data`."""
        state, line = ServerState(), Line()
        state.default_headers = [(b"date", b"now")]
        app_state = {"hit_lane": self.lane} if with_lane else {}
        protocol = HitLaneProtocol(self.config, state, app_state)
        protocol.connection_made(line)
        protocol.data_received(data)
        await self.done(state)
        protocol.connection_lost(None)
        if protocol.timeout_keep_alive_task is not None:
            protocol.timeout_keep_alive_task.cancel()
        return bytes(line.written)


def check(data: bytes) -> None:
    with Complaints() as complaints:
        LOOP.run_until_complete(_check(data))
    assert not complaints.heard, complaints.heard


async def _check(data: bytes) -> None:
    SERVED.forget()
    answers(await SERVED.play(data, with_lane=False))
    ordinary = answers(await SERVED.play(data, with_lane=False))
    for _ in range(3):
        lane = answers(await SERVED.play(data, with_lane=True))
        assert any(body == INVALID for _, _, body in ordinary) or ordinary == lane


def answers(written: bytes) -> list[Answer]:
    """The replies of a connection, taken apart to the last byte."""
    found: list[Answer] = []
    at = 0
    while at < len(written):
        head = _HEAD.match(written, at)
        assert head, written[at : at + 200]
        at = head.end()
        if head[1] == b"100":
            continue
        assert int(head[1]) in STATUSES, written
        length = _LENGTH.search(head[2])
        body = written[at : at + int(length[1])] if length and not _is_bare(head[1]) else b""
        if _HEAD.match(written, at):
            body = b""  # to a HEAD
        at += len(body)
        lines = _PASSING.sub(b"", head[2]).split(b"\r\n")
        found.append((head[1], frozenset(lines), _PASSING.sub(b"", body)))
    return found


def _is_bare(status: bytes) -> bool:
    return status in (b"204", b"304")


async def _served() -> Served:
    return Served()


LOOP = asyncio.new_event_loop()
SERVED = LOOP.run_until_complete(_served())


def _request(target: str, *lines: str, method: str = "GET", version: str = "1.1") -> bytes:
    return "\r\n".join([f"{method} {target} HTTP/{version}", "Host: a", *lines, "", ""]).encode()


IMAGE = "/img/width=400,format=auto/photos/cat.jpg"
TARGET = Target(
    check,
    seeds=[
        _request(IMAGE, "Accept: image/avif,*/*;q=0.8"),
        _request(IMAGE)
        + _request("/cdn-cgi/image/w=4/a//b")
        + _request(IMAGE, "Accept: image/webp"),
        _request(IMAGE, 'If-None-Match: "x", W/"y"', "X-Request-Id: mine"),
        _request(
            IMAGE, "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT", "Accept: */*", "Accept: a"
        ),
        _request(IMAGE, "If-None-Match: *"),
        _request("/img/w=1/HTTP/1.1", 'If-None-Match: W/"x"', "If-None-Match: *"),
        _request(IMAGE, method="HEAD") + _request(IMAGE, "Connection: close") + _request(IMAGE),
        _request("/img/exp=1798761600,w=1/a.jpg", version="1.0"),
        _request("/img/exp=1,w=1/a.jpg?q#f")
        + _request("/img/w=1,sig=x/a.jpg")
        + _request("/other"),
        _request("/img/thumb.2/%FF.jpg") + _request("http://b/img/w=1/a.jpg"),
        _request(IMAGE, "Content-Length: 3", "Expect: 100-continue", method="POST") + b"abc",
        _request(IMAGE, "Transfer-Encoding: chunked") + b"1\r\na\r\n0\r\n\r\n" + _request(IMAGE),
        _request("*", method="OPTIONS") + _request(IMAGE, method="OPTIONS"),
        _request(IMAGE, "Connection: keep-alive, Upgrade", "Upgrade: websocket"),
    ],
    words=[
        *(
            b"GET ",
            b"HEAD ",
            b"OPTIONS ",
            b"POST ",
            b" HTTP/1.1\r\n",
            b" HTTP/1.0\r\n",
            b"\r\n\r\n",
        ),
        *(b"Accept: ", b"If-None-Match: ", b"If-Modified-Since: ", b"X-Request-Id: ", b"Expect: "),
        *(b"Connection: ", b"close", b"keep-alive", b"Content-Length: ", b"Transfer-Encoding: "),
        *(b"chunked", b"image/avif", b"image/webp", b";q=0", b"/img/", b"/cdn-cgi/image/", b"w=1/"),
        *(b"format=auto", b"exp=", b"sig=", b"%00", b"%ff", b"\xff", b"?", b"//", b"0\r\n\r\n"),
    ],
)
