"""WarmClient: requests to a gateway over one kept-alive connection, and their outcomes."""

import json
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from resizer.aio.http_client import exchange, open_client, read_up_to
from resizer.aio.retries import retry_after

_SECONDS = 120.0
"""For each pause of a reply: longer than a gateway lets a fetch and a render take together."""
_LONGEST_PROBLEM = 65_536
_KIND = "urn:resizer:problem:"


@dataclass(frozen=True, slots=True)
class WarmOutcome:
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
    def transient(self) -> bool:
        """Another attempt may do better."""
        return self.status in (0, 429, 503)


class WarmClient:
    """Asks one gateway for one thing at a time, over a connection that is kept. Blocks."""

    def __init__(self, url: str) -> None:
        """`url` is `http://host[:port][/path]`, or https."""
        parts = urlsplit(url)
        self._gateway = f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}"
        self._http = open_client(_SECONDS)

    def get(self, path: str, accept: str | None) -> WarmOutcome:
        """Raises nothing for what the network or the gateway does."""
        headers = {"Accept": accept or "*/*", "User-Agent": "resizer-warm"}
        try:
            try:
                return self._ask(path, headers)
            except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
                # It was kept longer than the other side keeps one; asked anew, once.
                return self._ask(path, headers)
        except httpx.TransportError as error:
            return WarmOutcome(0, "no-reply", type(error).__name__)

    def close(self) -> None:
        self._http.close()

    def _ask(self, path: str, headers: dict[str, str]) -> WarmOutcome:
        with exchange(self._http, "GET", self._gateway + path, headers) as reply:
            if reply.status_code != 200:
                return _problem(reply)
            size = sum(map(len, reply.iter_raw()))
            return WarmOutcome(
                200, hit="; hit" in reply.headers.get("Cache-Status", ""), bytes=size
            )


def _problem(reply: httpx.Response) -> WarmOutcome:
    body = read_up_to(reply, _LONGEST_PROBLEM)
    kind, detail = f"http-{reply.status_code}", reply.reason_phrase
    try:
        problem = json.loads(body)
        if str(problem["type"]).startswith(_KIND):
            kind, detail = problem["type"].removeprefix(_KIND), str(problem.get("detail", ""))
    except (ValueError, KeyError, TypeError, RecursionError):
        pass  # not the gateway's own words: something in front of it speaks
    after = retry_after(reply.headers.get("Retry-After", ""))
    return WarmOutcome(reply.status_code, kind, detail, retry_after=after)
