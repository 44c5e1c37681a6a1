"""Sending a call over HTTP, once.

The request target goes out as it is written: a cache is keyed by the text that clients sent, and
an HTTP library that tidies percent-encodings would ask it for another one.
"""

import http.client
import json
import ssl
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from resizer.aio.retries import retry_after
from resizer.cdn.plan import Request

_SECONDS = 10.0
"""For connecting, and for each pause of the answer."""
_LONGEST_BODY = 65_536
_LONGEST_WORDS = 200
_AGAIN = {408, 425, 429}
"""Statuses below 500 that mean: later."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of one attempt."""

    done: bool
    again: bool = False
    """Whether another attempt may fare better."""
    said: str = ""
    """Why it was not done, in words for the operator; never a secret."""
    wait: float = 0.0
    """Seconds that the other side asks for before another attempt."""


def send(request: Request) -> Reply:
    """One attempt. Blocks, for a bounded time; raises nothing."""
    try:
        status, headers, body = _exchange(request)
    except ssl.SSLCertVerificationError as error:
        return Reply(False, said=f"its certificate is not trusted: {error.verify_message}")
    except (OSError, http.client.HTTPException) as error:
        return Reply(False, again=True, said=f"no answer: {_cause(error)}")
    except ValueError:  # quotes the header, which may be the token
        return Reply(False, said="a token or PUBLIC_URL holds what no header can")
    if request.gone and status in request.gone:
        return Reply(True)
    refusal = _refusal(body)
    if 200 <= status < 300 and refusal is None:
        return Reply(True)
    said = f"HTTP {status}" + (f": {_without(request, refusal)}" if refusal else "")
    later = status >= 500 or status in _AGAIN
    return Reply(False, later, said, retry_after(headers.get("Retry-After", "")))


def _exchange(request: Request) -> tuple[int, http.client.HTTPMessage, bytes]:
    parts = urlsplit(request.url)
    target = request.url.partition("://")[2].removeprefix(parts.netloc)
    with closing(_connection(parts.scheme, parts.netloc)) as connection:
        connection.request(request.method, target, request.body, request.headers)
        with connection.getresponse() as response:
            return response.status, response.headers, response.read(_LONGEST_BODY)


def _connection(scheme: str, place: str) -> http.client.HTTPConnection:
    if scheme == "https":
        return http.client.HTTPSConnection(place, timeout=_SECONDS, context=_verifying())
    return http.client.HTTPConnection(place, timeout=_SECONDS)


@lru_cache(maxsize=1)
def _verifying() -> ssl.SSLContext:
    """Made once: it reads all certificates of the system."""
    return ssl.create_default_context()


def _refusal(body: bytes) -> str | None:
    """What an API's JSON says is wrong, or None where it says that nothing is."""
    try:
        facts = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(facts, dict):
        return None
    said = "; ".join([*_cloudflare_errors(facts), *_fastly_words(facts)])
    if said or facts.get("success") is False:
        return said or "refused without a reason"
    return None


def _cloudflare_errors(facts: dict[str, object]) -> Iterator[str]:
    errors = facts.get("errors")
    for error in errors if isinstance(errors, list) else []:
        if isinstance(error, dict):
            yield f"{error.get('message')} ({error.get('code')})"


def _fastly_words(facts: dict[str, object]) -> Iterator[str]:
    return (str(facts[name]) for name in ("msg", "detail") if facts.get(name))


def _without(request: Request, words: str) -> str:
    """Words of the other side, on one line, without what this side keeps secret."""
    for value in request.headers.values():
        words = words.replace(value.removeprefix("Bearer "), "…")
    return "".join(c if c.isprintable() else " " for c in words)[:_LONGEST_WORDS]


def _cause(error: Exception) -> str:
    return getattr(error, "strerror", None) or str(error)[:_LONGEST_WORDS] or type(error).__name__
