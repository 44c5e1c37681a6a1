"""The hit lane: a memory hit answered inside uvicorn's protocol, before ASGI begins.

Only the plain case comes here: a GET with no body, no condition and nothing before it on the
connection, for a known URL whose variant is in memory. Everything else goes the ordinary way, which
gives the same answer. Measured on one core with a 20 kB body: see bench/README.md.
"""

from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from resizer.http.access_log import LineWriter, line
from resizer.http.headers import MEMORY_HIT, Headers, lines
from resizer.http.hits import Hits
from resizer.http.trace import Trace, accepted_id
from resizer.metrics import Metrics

_NOT_PLAIN = frozenset(
    {
        b"connection",
        b"content-length",
        b"expect",
        b"if-modified-since",
        b"if-none-match",
        b"transfer-encoding",
        b"upgrade",
    }
)
_KEEP_ALIVE = b"keep-alive"


class HitLane:
    """What the lane needs of the application, handed over in its lifespan state."""

    def __init__(self, hits: Hits, writer: LineWriter, metrics: Metrics) -> None:
        self.find = hits.find
        self.tail = hits.tail
        self.writer = writer
        self.count_hit = metrics.memory_hits.inc
        self.count_reply = metrics.ok.inc
        self.count_bytes = metrics.bytes.inc
        self._defaults: Headers = []
        self._default_lines = b""

    def default_lines(self, defaults: Headers) -> bytes:
        """uvicorn's own header lines; it makes a new list, with a new `Date`, every second."""
        if defaults is not self._defaults:
            self._defaults, self._default_lines = defaults, lines(defaults)
        return self._default_lines


class HitLaneProtocol(HttpToolsProtocol):
    """uvicorn's own protocol, with hits taken out before a request becomes a task."""

    def __init__(
        self, config: Config, server_state: ServerState, app_state: dict[str, Any], **loop: Any
    ) -> None:
        super().__init__(config, server_state, app_state, **loop)
        self._lane: HitLane | None = app_state.get("hit_lane")
        self._answered = False

    def on_message_begin(self) -> None:
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self._plain = self._lane is not None
        self._accept = b""
        self._request_id: bytes | None = None

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        name = name.lower()
        if name == b"accept":
            self._accept = self._accept + b"," + value if self._accept else value
        elif name == b"x-request-id":
            self._request_id = self._request_id or value
        elif name in _NOT_PLAIN and value.lower() != _KEEP_ALIVE:
            self._plain = False

    def on_headers_complete(self) -> None:
        self._answered = self._plain and self._is_my_turn() and self._answer()
        if not self._answered:
            self._unset_keepalive_if_required()
            self._lay_out_scope()
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if not self._answered:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if not self._answered:
            super().on_message_complete()
            return
        self.server_state.total_requests += 1
        self._unset_keepalive_if_required()
        self.timeout_keep_alive_task = self.loop.call_later(
            self.timeout_keep_alive, self.timeout_keep_alive_handler
        )

    def _lay_out_scope(self) -> None:
        """What uvicorn does when a message begins, kept for those that become a task."""
        url, headers, expects = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expects
        self.headers.extend(headers)

    def _is_my_turn(self) -> bool:
        """Nothing unfinished before this request, a reader that keeps up, a GET over HTTP/1.1."""
        return (
            (self.cycle is None or self.cycle.response_complete)
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and self.limit_concurrency is None
            and self.parser.get_method() == b"GET"
            and self.parser.get_http_version() == "1.1"
        )

    def _answer(self) -> bool:
        lane = self._lane
        if lane is None or (found := lane.find(self.url, self._accept)) is None:
            return False
        known, variant = found
        size = len(variant.body)
        trace = Trace(accepted_id(self._request_id))
        self.transport.write(
            b"".join(
                (
                    b"HTTP/1.1 200 OK\r\n",
                    lane.default_lines(self.server_state.default_headers),
                    variant.head,
                    lane.tail(known),
                    b"x-request-id: ",
                    trace.request_id.encode(),
                    b"\r\n\r\n",
                    variant.body,
                )
            )
        )
        lane.count_hit()
        lane.count_reply()
        lane.count_bytes(size)
        if lane.writer.wanted:
            url = self.url.decode("latin-1")
            lane.writer.write(line(trace, "GET", url, 200, size, MEMORY_HIT))
        return True
