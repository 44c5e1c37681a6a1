"""Client: one connection to the gateway, and what came of asking for one variant.

By the standard library's client: it sends the path as it is written, where others tidy it, and a
thread for each of a few dozen connections is all that is needed.
"""

import http.client
import json
import ssl
from dataclasses import dataclass
from urllib.parse import urlsplit

from resizer.aio.retries import retry_after

_SECONDS = 120.0
"""For each pause of a reply: longer than a gateway lets a fetch and a render take together."""
_CHUNK = 256 * 1024
_LONGEST_PROBLEM = 65_536
_KIND = "urn:resizer:problem:"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one request."""

    status: int
    """Of HTTP; 0 when there was no reply."""
    kind: str = ""
    """Empty for an image; else the kind of problem, as the gateway names it."""
    detail: str = ""
    hit: bool = False
    """It was in a cache already."""
    bytes: int = 0
    retry_after: float = 0.0
    """Seconds that the other side asks for before another attempt."""

    @property
    def done(self) -> bool:
        return not self.kind

    @property
    def passing(self) -> bool:
        """Another attempt may do better."""
        return self.status in (0, 429, 503)


class Client:
    """Asks one gateway for one thing at a time, over a connection that is kept. Blocks."""

    def __init__(self, url: str) -> None:
        """`url` is `http://host[:port]`, or https."""
        parts = urlsplit(url)
        place = parts.netloc.rpartition("@")[2]
        self._before = parts.path.rstrip("/")
        self._connection: http.client.HTTPConnection
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connection = http.client.HTTPSConnection(place, timeout=_SECONDS, context=context)
        else:
            self._connection = http.client.HTTPConnection(place, timeout=_SECONDS)

    def get(self, path: str, accept: str | None) -> Outcome:
        """Raises nothing for what the network or the gateway does."""
        headers = {"Accept": accept or "*/*", "User-Agent": "resizer-warm"}
        try:
            try:
                self._connection.request("GET", self._before + path, headers=headers)
                reply = self._connection.getresponse()
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # It was kept longer than the other side keeps one; asked anew, once.
                self._connection.close()
                self._connection.request("GET", self._before + path, headers=headers)
                reply = self._connection.getresponse()
            with reply:
                return _outcome(reply)
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            return Outcome(0, "no-reply", type(error).__name__)

    def close(self) -> None:
        self._connection.close()


def _outcome(reply: http.client.HTTPResponse) -> Outcome:
    if reply.status != 200:
        return _problem(reply)
    size = 0
    while chunk := reply.read(_CHUNK):
        size += len(chunk)
    hit = "; hit" in (reply.headers.get("Cache-Status") or "")
    return Outcome(200, hit=hit, bytes=size)


def _problem(reply: http.client.HTTPResponse) -> Outcome:
    body = reply.read(_LONGEST_PROBLEM)
    if reply.read(1):
        reply.close()
    kind, detail = f"http-{reply.status}", reply.reason
    try:
        told = json.loads(body)
        if str(told["type"]).startswith(_KIND):
            kind, detail = told["type"].removeprefix(_KIND), str(told.get("detail", ""))
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # not the gateway's own words: something in front of it speaks
    after = retry_after(reply.headers.get("Retry-After", ""))
    return Outcome(reply.status, kind, detail, retry_after=after)
