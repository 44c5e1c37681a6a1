"""The hit lane: a memory hit answered inside uvicorn's protocol, before ASGI begins.

Only the plain case comes here: a GET with no body, no condition and nothing before it on the
connection, for a known URL whose variant is in memory. Everything else goes the ordinary way, which
gives the same answer. A request that came before byte for byte is not even parsed (`packets`).
Measured on one core with a 20 kB body: see bench/README.md.

Of uvicorn this relies on `HttpToolsProtocol` alone: its `data_received` feeds `parser`, whose
callbacks it is, and cancels `timeout_keep_alive_task`; `cycle` is the request that became a task
last, and `response_complete` says whether it was answered; `flow.write_paused` is whether the
client reads too slowly; `server_state.default_headers` is made anew when `Date` changes.
"""

import time
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from resizer.http.access_log import LineWriter
from resizer.http.headers import MEMORY_HIT, Headers, lines
from resizer.http.hits import Asked, Hits
from resizer.http.packets import Packets
from resizer.http.trace import accepted_id, new_id
from resizer.metrics import Metrics

_NOT_PLAIN = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"if-modified-since",
        b"if-none-match",
        b"proxy-connection",
        b"transfer-encoding",
        b"upgrade",
    }
)
_CRLF = b"\r\n"
_KEEP_ALIVE = b"keep-alive"
_OF_ONE_CLIENT = frozenset({b"authorization", b"cookie", b"x-request-id"})
"""Whose requests are parsed each time: no secret is kept, and the id is another."""


class HitLane:
    """What the lane needs of the application, handed over in its lifespan state."""

    def __init__(self, hits: Hits, writer: LineWriter, metrics: Metrics) -> None:
        self.packets = Packets()
        self._find = hits.find
        self._log = writer.write if writer.wanted else None
        self._counts = metrics.lane
        self._defaults: Headers = []
        self._first_lines = b""

    def reply(
        self, asked: Asked, defaults: Headers, client_id: bytes | None = None
    ) -> tuple[bytes, bytes] | None:
        """Head and body for a plain GET, counted and logged; None if the ordinary way knows more.

        `defaults` are uvicorn's own header fields, `client_id` is the `X-Request-Id` that came.
        """
        found = self._find(asked)
        if found is None:
            return None
        tail, variant = found
        body = variant.body
        if defaults is not self._defaults:
            self._start(defaults)
        request_id = accepted_id(client_id) if client_id else new_id()
        counts = self._counts
        counts.hits += 1
        counts.bytes += len(body)
        if self._log is not None:
            self._log((time.time(), 0.0, request_id, "GET", asked[0], 200, len(body), MEMORY_HIT))
        head = b"".join((self._first_lines, request_id, _CRLF, variant.head, tail))
        return head, body

    def _start(self, defaults: Headers) -> None:
        """Uvicorn makes a new list, with a new `Date`, every second."""
        self._defaults = defaults
        self._first_lines = b"HTTP/1.1 200 OK\r\n" + lines(defaults) + b"x-request-id: "


class HitLaneProtocol(HttpToolsProtocol):
    """uvicorn's own protocol, with hits taken out before a request becomes a task."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], **loop: Any
    ) -> None:
        super().__init__(config, server_state, app_state, **loop)
        limited = config.limit_concurrency is not None or config.limit_max_requests is not None
        lane = None if limited else app_state.get("hit_lane")
        self._lane: HitLane | None = lane
        self._between = True
        """The parser waits for the first byte of a request."""
        self._begun = 0
        """Requests that began in this packet."""
        self._answered = False
        """The lane answered the request that began last."""
        self._repeatable: Asked | None = None
        """What that request asked for, if another may be the same to the byte."""
        self._last_hit = 0.0

    def data_received(self, data: bytes) -> None:
        lane = self._lane
        if lane is None:
            super().data_received(data)
            return
        asked = lane.packets.find(data)
        if asked is None or not self._between or not self._answer(lane, asked):
            self._parse(lane, data)
            return
        self._last_hit = self.loop.time()
        if self.timeout_keep_alive_task is None:
            self._set_timer(self.timeout_keep_alive)

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self._between = self._answered = False
        self._begun += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._lane is not None and self._is_get():
            self._answered = self._answer_parsed(self._lane)
        if not self._answered:
            self._unset_keepalive_if_required()
            self._lay_out_scope()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self._between = True
        if not self._answered:
            super().on_message_complete()

    def timeout_keep_alive_handler(self) -> None:
        """Close what was idle for so long; a timer that hits outlived is set for what is left."""
        left = self._last_hit + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._set_timer(left)
        else:
            super().timeout_keep_alive_handler()

    def _parse(self, lane: HitLane, data: bytes) -> None:
        """Have the parser read `data`; note it if it was one whole request, which was a hit."""
        timer, self.timeout_keep_alive_task = self.timeout_keep_alive_task, None
        was_between, self._begun = self._between, 0
        super().data_received(data)
        if not (self._answered and self._between) or self.transport.is_closing():
            if timer is not None:
                timer.cancel()
            return
        self.timeout_keep_alive_task = timer
        self._last_hit = self.loop.time()
        if timer is None:
            self._set_timer(self.timeout_keep_alive)
        if was_between and self._begun == 1 and self._repeatable is not None:
            lane.packets.note(data, self._repeatable)

    def _is_get(self) -> bool:
        return self.parser.get_method() == b"GET" and self.parser.get_http_version() == "1.1"

    def _answer_parsed(self, lane: HitLane) -> bool:
        """Answer the request whose head was parsed, if it is plain and a hit."""
        accept, client_id, alike = b"", None, True
        for mixed_case, value in self.headers:
            name = mixed_case.lower()
            if name == b"accept":
                accept = accept + b"," + value if accept else value
            elif name in _NOT_PLAIN and value.lower() != _KEEP_ALIVE:
                return False
            elif name in _OF_ONE_CLIENT:
                alike = False
                if name == b"x-request-id":
                    client_id = client_id or value
        asked = self.url, accept
        self._repeatable = asked if alike else None
        return self._answer(lane, asked, client_id)

    def _answer(self, lane: HitLane, asked: Asked, client_id: bytes | None = None) -> bool:
        """Answer, if nothing before is unfinished, the reader keeps up, and it is a hit."""
        cycle, transport = self.cycle, self.transport
        if (
            (cycle is not None and not cycle.response_complete)
            or self.flow.write_paused
            or transport.is_closing()
        ):
            return False
        reply = lane.reply(asked, self.server_state.default_headers, client_id)
        if reply is None:
            return False
        transport.writelines(reply)
        return True

    def _set_timer(self, seconds: float) -> None:
        self.timeout_keep_alive_task = self.loop.call_later(
            seconds, self.timeout_keep_alive_handler
        )

    def _lay_out_scope(self) -> None:
        """What uvicorn does as a message is read, kept for those that become a task."""
        url, headers = self.url, self.headers
        super().on_message_begin()
        self.url = url
        for name, value in headers:
            super().on_header(name, value)
