"""The image endpoint: a URL in, a variant or a problem out."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from starlette.datastructures import Headers as RequestHeaders
from starlette.types import Receive, Scope, Send

from resizer.errors import MethodNotAllowed, ResizerError
from resizer.gateway.answer import Answer
from resizer.gateway.gateway import Gateway
from resizer.gateway.variant_call import PendingAnswer
from resizer.http.conditional import not_modified
from resizer.http.headers import NO_STORE, CachePolicy, cache_control, cache_status, server_timing
from resizer.http.known_urls import KnownUrls
from resizer.http.negotiation import resolve_format, varies
from resizer.http.replies import Reply, kind, problem, send_reply
from resizer.http.trace import Trace, trace_of
from resizer.model.response_head import EMBEDDABLE, Headers, fields
from resizer.telemetry.metrics import Metrics
from resizer.urls import signing
from resizer.urls.access import Access, authorise
from resizer.urls.request import ImageRequest

_OF_THE_BODY = {b"content-length", b"content-type"}
_log = logging.getLogger("resizer")


@dataclass(frozen=True, slots=True)
class ImagePolicy:
    """The settings of the image endpoint, as plain values."""

    parse: Callable[[str], ImageRequest]
    """A path, as it was sent."""
    access: Access
    cache: CachePolicy
    fallback: str | None
    """Where `onerror=redirect` leads."""
    note_paths: bool = False
    """Whether something in front purges by URL, so that each URL has to be noted."""


class Images:
    """The ASGI application of the image URLs."""

    def __init__(
        self, gateway: Gateway, known_urls: KnownUrls, metrics: Metrics, policy: ImagePolicy
    ) -> None:
        self._gateway = gateway
        self._known_urls = known_urls
        self._metrics = metrics
        self._policy = policy
        self._admit = lru_cache(maxsize=4096)(self._parse_and_authorise)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reply = await self.answer(
            scope["method"],
            _path(scope),
            RequestHeaders(scope=scope),
            trace_of(scope),
            scope.get("resizer.begun"),
        )
        await send_reply(reply, scope["method"], send)

    async def answer(
        self,
        method: str,
        path: str,
        headers: RequestHeaders,
        trace: Trace,
        begun: Answer | PendingAnswer | None = None,
    ) -> Reply:
        """The reply to one request, whatever happens.

        `begun` is what `Gateway.begin` gave for it, if the hit lane has asked already.
        """
        request: ImageRequest | None = None
        try:
            if method == "OPTIONS":
                return _preflight()
            if method not in ("GET", "HEAD"):
                raise MethodNotAllowed(f"Images are read with {MethodNotAllowed.allow}.")
            admitted = self._admit(path)
            if begun is None:  # else it was looked at when the request came
                signing.check_expiry(admitted.expires, time.time())
            request = admitted
            return await self._image(path, request, headers, begun)
        except ResizerError as error:
            return self._problem(error, request, trace)
        except Exception:
            _log.exception("unexpected error", extra={"request_id": trace.request_id})
            return self._problem(
                ResizerError("Something went wrong inside the gateway."), request, trace
            )

    def _parse_and_authorise(self, path: str) -> ImageRequest:
        request = self._policy.parse(path)
        authorise(request, self._policy.access)
        return request

    async def _image(
        self,
        path: str,
        request: ImageRequest,
        headers: RequestHeaders,
        begun: Answer | PendingAnswer | None,
    ) -> Reply:
        if begun is None:
            transform = resolve_format(request.transform, ", ".join(headers.getlist("accept")))
            begun = self._gateway.begin(request.key, transform, request.preset, request.overlays)
        answer = begun if isinstance(begun, Answer) else await begun.wait()
        is_new = self._known_urls.remember(path.encode("utf-8", "surrogateescape"), request)
        if is_new and self._policy.note_paths:
            self._gateway.note(request.key, path)
        fresh = not_modified(
            answer.variant.etag,
            answer.variant.last_modified,
            ", ".join(headers.getlist("if-none-match")) or None,
            headers.get("if-modified-since"),
        )
        return self._not_modified(request, answer) if fresh else self._whole(request, answer)

    def _whole(self, request: ImageRequest, answer: Answer) -> Reply:
        head = [*fields(answer.variant.head), *self._reply_headers(request, answer)]
        return Reply(200, head, answer.variant.body)

    def _not_modified(self, request: ImageRequest, answer: Answer) -> Reply:
        kept = [field for field in fields(answer.variant.head) if field[0] not in _OF_THE_BODY]
        return Reply(304, [*kept, *self._reply_headers(request, answer)])

    def _reply_headers(self, request: ImageRequest, answer: Answer) -> Headers:
        control = NO_STORE
        if not answer.flushed:
            control = cache_control(
                self._policy.cache,
                request.expires,
                time.time(),
                stale=answer.stale,
                partial=answer.variant.partial,
            )
        headers: Headers = [
            (b"cache-control", control.encode()),
            (b"cache-status", cache_status(answer).encode()),
        ]
        if varies(request.transform):
            headers.append((b"vary", b"Accept"))
        if timing := server_timing(answer):
            headers.append((b"server-timing", timing.encode()))
        return headers

    def _problem(self, error: ResizerError, request: ImageRequest | None, trace: Trace) -> Reply:
        self._metrics.errors.labels(kind(error)).inc()
        if error.reason:
            about = {"request_id": trace.request_id, "reason": error.reason}
            _log.warning("%s", error, extra=about)
        reply = problem(error, trace.request_id, self._policy.cache.error_max_age)
        if request is None or not request.redirect_on_error or self._policy.fallback is None:
            return reply
        kept = [field for field in reply.headers if field[0] not in _OF_THE_BODY]
        location = (b"location", self._policy.fallback.encode())
        return Reply(302, [*kept, (b"content-length", b"0"), location])


def _path(scope: Scope) -> str:
    """The path as it was sent, still percent-encoded; bytes that are no UTF-8 as surrogates."""
    raw: bytes = scope["raw_path"]
    return raw.decode("utf-8", "surrogateescape")


def _preflight() -> Reply:
    headers = [
        (b"allow", MethodNotAllowed.allow.encode()),
        (b"access-control-allow-methods", MethodNotAllowed.allow.encode()),
        (b"access-control-max-age", b"86400"),
        *EMBEDDABLE,
    ]
    return Reply(204, headers)
