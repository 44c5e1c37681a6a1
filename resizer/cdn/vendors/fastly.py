"""Fastly: surrogate keys purged through its API."""

from collections.abc import Iterator
from typing import Any

from resizer.cdn.call import PurgeRequest, json_request
from resizer.cdn.vendor import Purge, Vendor, batches

API = "https://api.fastly.com"
_MOST_KEYS = 256
"""A request."""


def _calls(purge: Purge) -> Iterator[PurgeRequest]:
    url, headers = f"{API}/service/{purge.address}/purge", {"Fastly-Key": purge.token}
    for keys in batches(purge.tags, _MOST_KEYS):
        yield json_request(url, headers, {"surrogate_keys": keys}, _refusal)


def _refusal(facts: dict[str, Any]) -> str | None:
    return "; ".join(str(facts[name]) for name in ("msg", "detail") if facts.get(name)) or None


VENDORS = (Vendor("fastly", _calls, pause=0.05, token="fastly_token"),)  # noqa: S106
"""It allows 100,000 calls an hour; a slower plan answers 429, and then is waited for."""
