"""nginx with ngx_cache_purge, or another server that does the same: purges of paths."""

from collections.abc import Iterator

from resizer.cdn.call import PurgeRequest
from resizer.cdn.vendor import Purge, Vendor

_NOT_CACHED = frozenset({404, 412})
"""What ngx_cache_purge says, by its version, of a reply that nginx does not hold."""


def _calls(purge: Purge) -> Iterator[PurgeRequest]:
    for path in purge.paths:
        yield PurgeRequest("PURGE", purge.address + path, purge.host, gone=_NOT_CACHED)


VENDORS = (Vendor("purge", _calls, pause=0.002, by_url=True, is_server=True),)
