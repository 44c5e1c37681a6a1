"""KnownUrls: URLs answered before, and the way from one straight to its variant in memory.

Parsing, authorising and negotiating depend on the URL, the settings and `Accept` alone, so what
they came to is remembered; only the expiry of a URL and the freshness of a variant are left to
look at.
"""

import time
from dataclasses import dataclass
from functools import lru_cache

from resizer.aio.lru import Lru
from resizer.errors import ResizerError
from resizer.gateway.answer import Answer
from resizer.gateway.gateway import Gateway
from resizer.gateway.variant_call import PendingAnswer
from resizer.http.headers import CachePolicy, cache_control
from resizer.http.negotiation import negotiate, resolve_format, varies
from resizer.model.flush import Flush
from resizer.model.formats import NEGOTIATED, OUTPUT_FORMATS, Format
from resizer.model.image import Variant
from resizer.model.response_head import lines
from resizer.model.transform import Transform
from resizer.urls.request import ImageRequest

RequestKey = tuple[bytes, bytes]
"""What a plain GET asks for: the URL's path as it was sent, and `Accept`."""
_MOST_URLS = 20_000
_LONGEST_URL = 1024
_LONGEST_ACCEPT = 1024
_EVERY_ACCEPT = {auto: OUTPUT_FORMATS[format_].media_type for auto, format_ in NEGOTIATED.items()}


@lru_cache(maxsize=1024)
def _negotiated(accept: bytes) -> Format:
    return negotiate(accept.decode("latin-1"))


@dataclass(frozen=True, slots=True)
class VariantRef:
    """One variant of an original."""

    field: str
    transform: Transform


@dataclass(frozen=True, slots=True)
class KnownUrl:
    """What a URL came to: an original, and its variant or one for each format."""

    key: str
    preset: str | None
    expires: int | None
    ref: VariantRef
    negotiated: dict[Format, VariantRef] | None
    tail: bytes
    """The header lines that belong to the URL rather than to the variant, and the empty one; what
    follows `vary` is left out where it depends on the time."""


class KnownUrls:
    """The known URLs of this process, the oldest forgotten first."""

    def __init__(self, gateway: Gateway, policy: CachePolicy) -> None:
        self._gateway = gateway
        self._peek = gateway.peek
        self._policy = policy
        self._known: Lru[bytes, KnownUrl | None] = Lru(max_entries=_MOST_URLS)
        self._known_url = self._known.entries.get
        """None also for a URL that is known and goes the ordinary way each time."""
        self._end_of_expiring = lru_cache(maxsize=1024)(self._end_of_head)

    def remember(self, url: bytes, request: ImageRequest) -> bool:
        """Keep what `url` (its raw path, no query) came to; whether it is new.

        Only for URLs that were let in.
        """
        if url in self._known or len(url) > _LONGEST_URL:
            return False
        self._known.put(url, None if request.overlays else self._resolve(request))
        return True

    def forget(self, flush: Flush) -> None:
        """Let the URLs of what was flushed be new again."""
        for url, known in list(self._known.entries.items()):
            if known is None or flush.touches(known.key):
                self._known.remove(url)

    def find(self, request_key: RequestKey) -> tuple[KnownUrl, Variant] | None:
        """The variant in memory that answers, or None: then the ordinary way knows more.

        A partial one goes that way too: its header lines are others.
        """
        if (found := self._find(request_key)) is None:
            return None
        known, ref = found
        variant = self._peek(known.key, ref.field)
        return (known, variant) if variant and not variant.partial else None

    def begin(self, request_key: RequestKey) -> tuple[KnownUrl, Answer | PendingAnswer] | None:
        """What `Gateway.begin` has for it, where that may come from another gateway; else None."""
        if not self._gateway.is_shared or (found := self._find(request_key)) is None:
            return None
        known, ref = found
        try:
            return known, self._gateway.begin(known.key, ref.transform, known.preset)
        except ResizerError:
            return None  # the ordinary way says it

    def tail(self, known: KnownUrl) -> bytes:
        """What follows a variant's own header lines and `cache-status`, the empty line included."""
        if known.expires is None:
            return known.tail
        return known.tail + self._end_of_expiring(known.expires, int(time.time()))

    def _find(self, request_key: RequestKey) -> tuple[KnownUrl, VariantRef] | None:
        url, accept = request_key
        known = self._known_url(url)
        if known is None or (known.expires is not None and known.expires <= time.time()):
            return None
        if known.negotiated is None:
            return known, known.ref
        if len(accept) > _LONGEST_ACCEPT:
            return None
        return known, known.negotiated[_negotiated(accept)]

    def _resolve(self, request: ImageRequest) -> KnownUrl:
        negotiated = None
        if varies(request.transform):
            negotiated = {
                format_: self._ref(request, accept) for format_, accept in _EVERY_ACCEPT.items()
            }
        tail = lines([(b"vary", b"Accept")]) if negotiated else b""
        tail += self._end_of_head(None, 0) if request.expires is None else b""
        ref = self._ref(request, "")
        return KnownUrl(request.key, request.preset, request.expires, ref, negotiated, tail)

    def _ref(self, request: ImageRequest, accept: str) -> VariantRef:
        transform = resolve_format(request.transform, accept)
        return VariantRef(self._gateway.field(transform, request.preset), transform)

    def _end_of_head(self, expires: int | None, now: int) -> bytes:
        """The last header line and the empty one, at the Unix time `now`."""
        value = cache_control(self._policy, expires, now)
        return lines([(b"cache-control", value.encode())]) + b"\r\n"
