"""Varnish, or another server with the same VCL: bans of replies that bear one of the tags."""

from collections.abc import Iterator

from resizer.cdn.call import PurgeRequest
from resizer.cdn.vendor import Purge, Vendor

_LONGEST_BAN = 2000
"""Characters of a ban's header, which becomes one regular expression."""


def _calls(purge: Purge) -> Iterator[PurgeRequest]:
    for line in _lines(purge.tags, _LONGEST_BAN):
        headers = {**purge.host, "Surrogate-Key": " ".join(line)}
        yield PurgeRequest("BAN", f"{purge.address}/", headers)


def _lines(items: list[str], length: int) -> Iterator[list[str]]:
    """Runs of items that, joined by one character each, are no longer than `length`."""
    line: list[str] = []
    left = length
    for item in items:
        if line and len(item) + 1 > left:
            yield line
            line, left = [], length
        line.append(item)
        left -= len(item) + 1
    if line:
        yield line


VENDORS = (Vendor("ban", _calls, pause=0.01, is_server=True),)
