"""One purge call to a CDN or proxy, and its result."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class CallResult:
    """The result of one attempt at a purge call."""

    done: bool
    again: bool = False
    """Whether another attempt may fare better."""
    said: str = ""
    """Why it was not done, in words for the operator; never a secret."""
    wait: float = 0.0
    """Seconds that the other side asks for before another attempt."""


class PurgeCall(Protocol):
    """One call that purges something at a vendor."""

    def send(self) -> CallResult:
        """One attempt. Blocks, for a bounded time; raises nothing."""


def _no_refusal(_: dict[str, Any]) -> str | None:
    return None


@dataclass(frozen=True, slots=True)
class PurgeRequest:
    """A call that is one HTTP request."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = None
    gone: frozenset[int] = frozenset()
    """Statuses beside 2xx that mean: it is not there."""
    refusal: Callable[[dict[str, Any]], str | None] = _no_refusal
    """What the JSON of a reply says is wrong; None where it says that nothing is."""

    def send(self) -> CallResult:
        # Imported where something is purged: httpx takes a while, and a server sends nothing.
        from resizer.cdn.send import send

        return send(self)


def json_request(
    url: str,
    headers: Mapping[str, str],
    content: object,
    refusal: Callable[[dict[str, Any]], str | None],
) -> PurgeRequest:
    """A POST of JSON that is answered with JSON."""
    of_json = {"Content-Type": "application/json", "Accept": "application/json"}
    body = json.dumps(content).encode()
    return PurgeRequest("POST", url, {**of_json, **headers}, body, refusal=refusal)
