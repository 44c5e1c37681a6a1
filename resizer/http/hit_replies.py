"""HitLane: whole replies of hits, made from known URLs, counted and logged.

Heads are put together from lines that were made when the variant, the URL or the second was new.
"""

import time

from resizer.http.access_log import LineWriter
from resizer.http.headers import MEMORY_HIT, REDIS_HIT
from resizer.http.known_urls import KnownUrl, KnownUrls, RequestKey
from resizer.http.raw_request_cache import RawRequestCache
from resizer.http.trace import Trace, accepted_id, new_id
from resizer.model.image import Variant
from resizer.model.response_head import Headers, lines
from resizer.telemetry.metrics import Metrics

_CRLF = b"\r\n"
_FROM_MEMORY = lines([(b"cache-status", MEMORY_HIT.encode())])
_FROM_REDIS = lines([(b"cache-status", REDIS_HIT.encode())])


class HitLane:
    """What the lane needs of the application, handed over in its lifespan state."""

    def __init__(self, known_urls: KnownUrls, writer: LineWriter, metrics: Metrics) -> None:
        self.raw_requests = RawRequestCache()
        self.begin = known_urls.begin
        self._find = known_urls.find
        self._tail = known_urls.tail
        self._log = writer.write if writer.wanted else None
        self._counts = metrics.lane
        self._defaults: Headers = []
        self._first_lines = b""

    def memory_hit(
        self, request_key: RequestKey, defaults: Headers, client_id: bytes | None
    ) -> tuple[bytes, bytes] | None:
        """Head and body for a plain GET, counted and logged; None if the ordinary way knows more.

        `defaults` are uvicorn's own header fields, `client_id` is the `X-Request-Id` that came.
        """
        found = self._find(request_key)
        if found is None:
            return None
        known, variant = found
        self._counts.hits += 1
        request_id = accepted_id(client_id) if client_id else new_id()
        if self._log is not None:
            size = len(variant.body)
            self._log((time.time(), 0.0, request_id, "GET", request_key[0], 200, size, MEMORY_HIT))
        return self._reply(known, variant, request_id, defaults, _FROM_MEMORY)

    def redis_hit(
        self, known: KnownUrl, variant: Variant, trace: Trace, url: bytes, defaults: Headers
    ) -> tuple[bytes, bytes]:
        """The same for what a look-up brought; the gateway has counted the hit."""
        request_id = trace.request_id.encode()
        if self._log is not None:
            ms, size = (time.perf_counter() - trace.started) * 1000, len(variant.body)
            self._log((time.time(), ms, request_id, "GET", url, 200, size, REDIS_HIT))
        return self._reply(known, variant, request_id, defaults, _FROM_REDIS)

    def _reply(
        self, known: KnownUrl, variant: Variant, request_id: bytes, defaults: Headers, status: bytes
    ) -> tuple[bytes, bytes]:
        if defaults is not self._defaults:
            self._start(defaults)
        body, tail = variant.body, self._tail(known)
        self._counts.replies += 1
        self._counts.bytes += len(body)
        head = (self._first_lines, request_id, _CRLF, variant.head, status, tail)
        return b"".join(head), body

    def _start(self, defaults: Headers) -> None:
        """Uvicorn makes a new list, with a new `Date`, every second."""
        self._defaults = defaults
        self._first_lines = b"HTTP/1.1 200 OK\r\n" + lines(defaults) + b"x-request-id: "
