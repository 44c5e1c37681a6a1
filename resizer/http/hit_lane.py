"""The hit lane: a hit answered inside uvicorn's protocol, without ASGI.

Only the plain case comes here: a GET with no body, no condition and nothing before it on the
connection, for a known URL. Its variant in memory is answered before ASGI begins, and a request
that came before byte for byte is not even parsed for it (`raw_request_cache`). For one that may be
in Redis the look-up is begun, and what it brings is answered if it is nothing but a fresh variant.
Everything else goes the ordinary way, which gives the same answer and goes on with what was begun,
`resizer.begun` in the scope. Measured on one core with a 20 kB body: see bench/README.md.

Of uvicorn this relies on `HttpToolsProtocol` alone: its `data_received` feeds `parser`, whose
callbacks it is, and cancels `timeout_keep_alive_task`; `_start_asgi_task` makes a task of a request
whose turn it is, and `on_response` of its cycle gives the next one its turn; `cycle` is the request
that became a task last, and `response_complete` says whether it was answered; `flow.write_paused`
is whether the client reads too slowly; `server_state.default_headers` is made anew when `Date`
changes.
"""

import asyncio
from functools import partial
from typing import Any

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from resizer.gateway.answer import Answer
from resizer.gateway.variant_call import PendingAnswer
from resizer.http.hit_replies import HitLane
from resizer.http.known_urls import KnownUrl, RequestKey
from resizer.http.trace import Trace, accepted_id
from resizer.model.image import Variant

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
_KEEP_ALIVE = b"keep-alive"
_OF_ONE_CLIENT = frozenset({b"authorization", b"cookie", b"x-request-id"})
"""Whose requests are parsed each time: no secret is kept, and the id is another."""


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
        """Requests that began in what was received last."""
        self._answered = False
        """The lane answered the request that began last."""
        self._repeatable: RequestKey | None = None
        """What that request asked for, if another may be the same to the byte."""
        self._to_look_up: RequestKey | None = None
        """What the request asks for that is about to become a task, if Redis may know it."""
        self._client_id: bytes | None = None
        self._last_hit = 0.0

    def data_received(self, data: bytes) -> None:
        lane = self._lane
        if lane is None:
            super().data_received(data)
            return
        request_key = lane.raw_requests.find(data)
        if request_key is None or not self._between or not self._answer(lane, request_key):
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
        lane = self._lane
        request_key = self._plain() if lane is not None and self._is_get() else None
        self._answered = bool(
            lane and request_key and self._answer(lane, request_key, self._client_id)
        )
        if not self._answered:
            self._unset_keepalive_if_required()
            self._lay_out_scope()
            self._to_look_up = request_key
            super().on_headers_complete()
            self._to_look_up = None

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
            lane.raw_requests.observe(data, self._repeatable)

    def _is_get(self) -> bool:
        return self.parser.get_method() == b"GET" and self.parser.get_http_version() == "1.1"

    def _plain(self) -> RequestKey | None:
        """What the request asks for whose head was parsed, if it is plain."""
        accept, alike, self._client_id = b"", True, None
        for mixed_case, value in self.headers:
            name = mixed_case.lower()
            if name == b"accept":
                accept = accept + b"," + value if accept else value
            elif name in _NOT_PLAIN and value.lower() != _KEEP_ALIVE:
                return None
            elif name in _OF_ONE_CLIENT:
                alike = False
                if name == b"x-request-id":
                    self._client_id = self._client_id or value
        request_key = self.url, accept
        self._repeatable = request_key if alike else None
        return request_key

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Before a request becomes a task, learn what Redis knows, if that is called for.

        One that waited for another's reply is past that: only what `on_headers_complete` lets
        through comes with `_to_look_up`.
        """
        lane, request_key = self._lane, self._to_look_up
        found = (
            lane.begin(request_key) if lane and request_key and not self.flow.write_paused else None
        )
        if found is None:
            super()._start_asgi_task(cycle, app)
            return
        known, begun = found
        trace = Trace(accepted_id(self._client_id).decode())
        cycle.scope["resizer.trace"] = trace  # type: ignore[typeddict-unknown-key]
        cycle.scope["resizer.begun"] = begun  # type: ignore[typeddict-unknown-key]
        if isinstance(begun, Answer):
            super()._start_asgi_task(cycle, app)
            return
        begun.add_done_callback(partial(self._on_looked_up, cycle, app, known, begun))

    def _on_looked_up(
        self,
        cycle: RequestResponseCycle,
        app: Any,
        known: KnownUrl,
        begun: PendingAnswer,
        _: "asyncio.Task[Answer]",
    ) -> None:
        variant = _fresh(begun)
        gone = cycle.disconnected or self.transport.is_closing() or self.flow.write_paused
        if variant is None or self._lane is None or gone or not cycle.keep_alive:
            super()._start_asgi_task(cycle, app)
            return
        cycle.response_started = cycle.response_complete = True
        trace, url = cycle.scope["resizer.trace"], cycle.scope["raw_path"]  # type: ignore[typeddict-item]
        defaults = self.server_state.default_headers
        self.transport.writelines(self._lane.redis_hit(known, variant, trace, url, defaults))
        cycle.on_response()

    def _answer(
        self, lane: HitLane, request_key: RequestKey, client_id: bytes | None = None
    ) -> bool:
        """Answer, if nothing before is unfinished, the reader keeps up, and it is a hit."""
        cycle, transport = self.cycle, self.transport
        if (
            (cycle is not None and not cycle.response_complete)
            or self.flow.write_paused
            or transport.is_closing()
        ):
            return False
        reply = lane.memory_hit(request_key, self.server_state.default_headers, client_id)
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


def _fresh(begun: PendingAnswer) -> Variant | None:
    """What Redis held, if nothing is to be said of it but that."""
    try:
        answer = begun.result()
    except (Exception, asyncio.CancelledError):
        return None
    if answer.tier != "redis" or answer.stale or answer.coalesced or answer.flushed:
        return None
    return None if answer.variant.partial else answer.variant
