"""Cloudflare: tags or URLs of a zone purged through its API."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from resizer.cdn.call import PurgeRequest, json_request
from resizer.cdn.vendor import Purge, Vendor, batches

API = "https://api.cloudflare.com"
_MOST_ITEMS = 100
"""Operations a request, on every plan."""


def _by_tag(purge: Purge) -> Iterator[PurgeRequest]:
    return _calls(purge, "tags", purge.tags)


def _by_url(purge: Purge) -> Iterator[PurgeRequest]:
    return _calls(purge, "files", purge.urls)


def _calls(purge: Purge, by: str, items: Sequence[str]) -> Iterator[PurgeRequest]:
    url = f"{API}/client/v4/zones/{purge.address}/purge_cache"
    for batch in batches(items, _MOST_ITEMS):
        yield json_request(url, {"Authorization": f"Bearer {purge.token}"}, {by: batch}, _refusal)


def _refusal(facts: dict[str, Any]) -> str | None:
    errors = facts.get("errors")
    listed = errors if isinstance(errors, list) else []
    said = [f"{one.get('message')} ({one.get('code')})" for one in listed if isinstance(one, dict)]
    if not said and facts.get("success") is False:
        return "refused without a reason"
    return "; ".join(said) or None


_vendor = partial(Vendor, pause=0.2, token="cloudflare_token")  # noqa: S106
VENDORS = (
    _vendor("cloudflare", _by_tag),
    _vendor("cloudflare-url", _by_url, by_url=True, needs_public_url=True),
)
"""Its Pro plan allows 5 calls a second; slower ones answer 429, and then are waited for."""
