"""The hit lane: a hit answered inside uvicorn's protocol, without ASGI.

Only the plain case comes here: a GET with no body, no condition and nothing before it on the
connection, for a known URL. Its variant in memory is answered before ASGI begins; for one that may
be in Redis the look-up is begun, and what it brings is answered too if it is nothing but a fresh
variant. Everything else goes the ordinary way, which gives the same answer and goes on with a
look-up that was begun. Measured on one core with a 20 kB body: see bench/README.md.
"""

import asyncio
from functools import partial
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from resizer.answer import Answer
from resizer.flights import Flight
from resizer.http.access_log import LineWriter, line
from resizer.http.headers import MEMORY_HIT, REDIS_HIT, Headers, lines
from resizer.http.hits import Hits, Known
from resizer.http.trace import Trace, accepted_id
from resizer.image import Variant
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
        self.ask = hits.ask
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
        self._may_ask = False

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
        plain = self._plain and self._is_my_turn()
        self._answered = plain and self._answer()
        if not self._answered:
            self._unset_keepalive_if_required()
            self._lay_out_scope()
            self._may_ask = plain
            super().on_headers_complete()
            self._may_ask = False

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
        lane.count_hit()
        self._send(*found, Trace(accepted_id(self._request_id)), self.url, MEMORY_HIT)
        return True

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """uvicorn makes a task of the request here. Not before what Redis knows is known."""
        asked = self._lane.ask(self.url, self._accept) if self._may_ask and self._lane else None
        if asked is None:
            super()._start_asgi_task(cycle, app)
            return
        known, flight = asked
        trace = Trace(accepted_id(self._request_id))
        cycle.scope["resizer.trace"] = trace  # type: ignore[typeddict-unknown-key]
        cycle.scope["resizer.flight"] = flight  # type: ignore[typeddict-unknown-key]
        flight.tell(partial(self._landed, cycle, app, known, flight, trace))

    def _landed(
        self,
        cycle: RequestResponseCycle,
        app: Any,
        known: Known,
        flight: Flight[Answer],
        trace: Trace,
        task: "asyncio.Task[Answer]",
    ) -> None:
        variant = plain_hit(flight, task)
        gone = cycle.disconnected or self.transport.is_closing() or self.flow.write_paused
        if variant is None or gone or not cycle.keep_alive:
            super()._start_asgi_task(cycle, app)
            return
        cycle.response_started = cycle.response_complete = True
        self._send(known, variant, trace, cycle.scope["raw_path"], REDIS_HIT)
        cycle.on_response()

    def _send(
        self, known: Known, variant: Variant, trace: Trace, url: bytes, cache_status: str
    ) -> None:
        """The reply, its counts and its line in the log."""
        assert self._lane is not None  # noqa: S101  (asked by the caller)
        lane, size = self._lane, len(variant.body)
        self.transport.write(
            b"".join(
                (
                    b"HTTP/1.1 200 OK\r\n",
                    lane.default_lines(self.server_state.default_headers),
                    variant.head,
                    lane.tail(known),
                    b"cache-status: ",
                    cache_status.encode(),
                    b"\r\nx-request-id: ",
                    trace.request_id.encode(),
                    b"\r\n\r\n",
                    variant.body,
                )
            )
        )
        lane.count_reply()
        lane.count_bytes(size)
        if lane.writer.wanted:
            lane.writer.write(line(trace, "GET", url.decode("latin-1"), 200, size, cache_status))


def plain_hit(flight: Flight[Answer], task: "asyncio.Task[Answer]") -> Variant | None:
    """What Redis held, if nothing is to be said of it but that."""
    if task.cancelled() or task.exception() is not None or flight.flushed:
        return None
    answer = task.result()
    if answer.tier != "redis" or answer.stale or answer.coalesced or answer.variant.partial:
        return None
    return answer.variant
