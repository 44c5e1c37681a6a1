"""A purge's HTTP request, sent once, and its reply read."""

import json
import ssl
from collections.abc import Iterator

import httpx

from resizer.aio.http_client import exchange, open_client, read_up_to
from resizer.aio.retries import retry_after
from resizer.cdn.call import CallResult, PurgeRequest

_SECONDS = 10.0
"""For connecting, and for each pause of the reply."""
_LONGEST_BODY = 65_536
_LONGEST_WORDS = 200
_AGAIN = {408, 425, 429}
"""Statuses below 500 that mean: later."""


def send(request: PurgeRequest) -> CallResult:
    """One attempt. Blocks, for a bounded time; raises nothing."""
    try:
        status, after, body = _exchange(request)
    except (httpx.LocalProtocolError, ValueError):  # quotes the header, which may be the token
        return CallResult(False, said="a token or PUBLIC_URL holds what no header can")
    except httpx.TransportError as error:
        return _no_reply(error)
    if status in request.gone:
        return CallResult(True)
    refusal = _refusal(request, body)
    if 200 <= status < 300 and refusal is None:
        return CallResult(True)
    said = f"HTTP {status}" + (f": {_without(request, refusal)}" if refusal else "")
    later = status >= 500 or status in _AGAIN
    return CallResult(False, later, said, retry_after(after))


def _exchange(request: PurgeRequest) -> tuple[int, str, bytes]:
    """Status, `Retry-After` and the beginning of the body."""
    asked = (request.method, request.url, request.headers, request.body)
    with open_client(_SECONDS) as client, exchange(client, *asked) as response:
        after = response.headers.get("Retry-After", "")
        return response.status_code, after, read_up_to(response, _LONGEST_BODY)


def _no_reply(error: httpx.TransportError) -> CallResult:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            return CallResult(False, said=f"its certificate is not trusted: {cause.verify_message}")
    first = next((c.strerror for c in _causes(error) if isinstance(c, OSError) and c.strerror), "")
    said = first or str(error)[:_LONGEST_WORDS] or type(error).__name__
    return CallResult(False, again=True, said=f"no answer: {said}")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _refusal(request: PurgeRequest, body: bytes) -> str | None:
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return request.refusal(facts) if isinstance(facts, dict) else None


def _without(request: PurgeRequest, words: str) -> str:
    """Words of the other side, on one line, without what this side keeps secret."""
    for value in request.headers.values():
        words = words.replace(value.removeprefix("Bearer "), "…")
    return "".join(c if c.isprintable() else " " for c in words)[:_LONGEST_WORDS]
