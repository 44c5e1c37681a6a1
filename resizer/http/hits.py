"""Hits: URLs answered before, and the way from one straight to its variant in memory.

Parsing, authorising and negotiating depend on the URL, the settings and `Accept` alone, so what
they came to is remembered; only the expiry of a URL and the freshness of a variant are left to
look at.
"""

import time
from dataclasses import dataclass
from functools import lru_cache

from resizer.flush import Flush
from resizer.gateway import Gateway
from resizer.http.headers import MEMORY_HIT, CachePolicy, cache_control, lines
from resizer.image import Variant
from resizer.negotiation import negotiate, resolve, varies
from resizer.transform import Format
from resizer.urls.request import ImageRequest

Asked = tuple[bytes, bytes]
"""What a plain GET asks for: the URL's path as it was sent, and `Accept`."""
_MOST_URLS = 20_000
_LONGEST_URL = 1024
_LONGEST_ACCEPT = 1024
_EVERY_ACCEPT = {
    Format.AUTO_AVIF: "image/avif",
    Format.AUTO_WEBP: "image/webp",
    Format.AUTO_JPEG: "",
}


@lru_cache(maxsize=1024)
def _negotiated(accept: bytes) -> Format:
    return negotiate(accept.decode("latin-1"))


@dataclass(frozen=True, slots=True)
class Known:
    """What a URL came to: an original, and the field of its variant or of one for each format."""

    key: str
    expires: int | None
    field: str
    negotiated_fields: dict[Format, str] | None
    tail: bytes
    """The header lines that belong to the URL rather than to the variant, and the empty one; what
    follows `cache-status` and `vary` is left out where it depends on the time."""


class Hits:
    """The known URLs of this process, the oldest forgotten first."""

    def __init__(self, gateway: Gateway, policy: CachePolicy) -> None:
        self._gateway = gateway
        self._peek = gateway.tiers.memory.peek
        self._policy = policy
        self._known: dict[bytes, Known] = {}
        self._end_of_expiring = lru_cache(maxsize=1024)(self._end_of_head)

    def remember(self, url: bytes, request: ImageRequest) -> bool:
        """Keep what `url` (its raw path, no query) came to; whether that was news.

        Only for URLs that were let in.
        """
        if url in self._known or len(url) > _LONGEST_URL:
            return False
        if len(self._known) >= _MOST_URLS:
            del self._known[next(iter(self._known))]
        self._known[url] = self._resolve(request)
        return True

    def forget(self, flush: Flush) -> None:
        """Let the URLs of what was flushed be news again."""
        for url in [url for url, known in self._known.items() if flush.touches(known.key)]:
            del self._known[url]

    def find(self, asked: Asked) -> tuple[bytes, Variant] | None:
        """The variant in memory that answers, and what follows its own header lines.

        None: then the ordinary way knows more.

        A partial one goes that way too: its header lines are others.
        """
        url, accept = asked
        known = self._known.get(url)
        if known is None:
            return None
        tail = known.tail
        if known.expires is not None:
            now = time.time()
            if known.expires <= now:
                return None
            tail += self._end_of_expiring(known.expires, int(now))
        field = known.field
        if known.negotiated_fields is not None:
            if len(accept) > _LONGEST_ACCEPT:
                return None
            field = known.negotiated_fields[_negotiated(accept)]
        variant = self._peek(known.key, field)
        return (tail, variant) if variant and not variant.partial else None

    def _resolve(self, request: ImageRequest) -> Known:
        fields = None
        if varies(request.transform):
            fields = {
                format_: self._gateway.field(resolve(request.transform, accept), request.preset)
                for format_, accept in _EVERY_ACCEPT.items()
            }
        tail = lines([(b"cache-status", MEMORY_HIT.encode())])
        tail += lines([(b"vary", b"Accept")]) if fields else b""
        tail += self._end_of_head(None, 0) if request.expires is None else b""
        field = (
            "" if fields else self._gateway.field(resolve(request.transform, ""), request.preset)
        )
        return Known(request.key, request.expires, field, fields, tail)

    def _end_of_head(self, expires: int | None, now: int) -> bytes:
        """The last header line and the empty one, at the Unix time `now`."""
        value = cache_control(self._policy, expires, now)
        return lines([(b"cache-control", value.encode())]) + b"\r\n"
