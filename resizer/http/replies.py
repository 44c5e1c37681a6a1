"""The one place where an error becomes a reply: RFC 9457 `application/problem+json`."""

import json
import re
from dataclasses import dataclass

from starlette.types import Send

from resizer.errors import InvalidRequest, MethodNotAllowed, Overloaded, ResizerError
from resizer.model.response_head import EMBEDDABLE, Headers

_SERVER_ERROR_MAX_AGE = 1
"""Seconds: a herd behind a CDN asks a failing gateway once a second, and sees it recover."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Status, header fields and body."""

    status: int
    headers: Headers
    body: bytes = b""


def kind(error: ResizerError) -> str:
    """`SourceNotFound` is `source-not-found`: the name of an error in replies and metrics."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", type(error).__name__).lower()


def problem(error: ResizerError, request_id: str, max_age: int) -> Reply:
    """The reply that says `error`; `max_age` is how many seconds a CDN may repeat it."""
    members = {
        "type": f"urn:resizer:problem:{kind(error)}",
        "title": error.title,
        "status": error.status,
        "detail": str(error) or error.title,
        "instance": f"urn:resizer:request:{request_id}",
    }
    if isinstance(error, InvalidRequest):
        members |= {"option": error.option} if error.option else {}
        members |= {"accepted": error.accepted} if error.accepted else {}
    body = json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode()
    return Reply(error.status, _headers(error, len(body), max_age), body)


def _headers(error: ResizerError, size: int, max_age: int) -> Headers:
    seconds = max_age if error.status < 500 else min(max_age, _SERVER_ERROR_MAX_AGE)
    headers: Headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(size).encode()),
        (b"cache-control", f"public, max-age={seconds}".encode()),
        *EMBEDDABLE,
    ]
    if isinstance(error, Overloaded):
        headers.append((b"retry-after", str(error.retry_after).encode()))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", error.allow.encode()))
    return headers


async def send_reply(reply: Reply, method: str, send: Send) -> None:
    """Send `reply`; a HEAD gets the same head and no body (RFC 9110 §9.3.2)."""
    body = b"" if method == "HEAD" else reply.body
    await send({"type": "http.response.start", "status": reply.status, "headers": reply.headers})
    await send({"type": "http.response.body", "body": body})
