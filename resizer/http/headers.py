"""The response headers of an image: those fixed when it is made, and those of one reply."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from resizer.gateway.answer import Answer
from resizer.model.cache_tags import tags_of
from resizer.model.image import Original, Rendered, Variant

Headers = list[tuple[bytes, bytes]]

EMBEDDABLE: Headers = [
    (b"access-control-allow-origin", b"*"),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"timing-allow-origin", b"*"),
    (b"x-content-type-options", b"nosniff"),
]
"""Any page may embed a reply, and no browser may take it for another type (Fetch, CORP)."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """Seconds that browsers and CDNs are told (RFC 9111 §5.2.2, RFC 5861)."""

    max_age: int
    s_maxage: int
    stale_while_revalidate: int
    stale_if_error: int
    error_max_age: int
    partial_max_age: int = 0


def make_variant(key: str, preset: str | None, original: Original, rendered: Rendered) -> Variant:
    """The variant of `key`, with everything computed that every reply of it repeats.

    `preset` is the name of the one that asked for it, if any.
    """
    etag = f'"{hashlib.blake2b(rendered.body, digest_size=16).hexdigest()}"'
    last_modified = original.last_modified.replace(microsecond=0)
    return Variant(
        body=rendered.body,
        head=lines(fixed_headers(tags_of(key, preset), rendered, etag, last_modified)),
        content_type=rendered.content_type,
        etag=etag,
        last_modified=last_modified,
        original_etag=original.etag,
        width=rendered.width,
        height=rendered.height,
        checked_at=original.checked_at,
        partial=rendered.partial,
    )


def fixed_headers(
    tags: list[str], rendered: Rendered, etag: str, last_modified: datetime
) -> Headers:
    """What is the same in every reply of a variant."""
    return [
        (b"content-type", rendered.content_type.encode()),
        (b"content-length", str(len(rendered.body)).encode()),
        (b"etag", etag.encode()),
        (b"last-modified", format_datetime(last_modified, usegmt=True).encode()),
        (b"cache-tag", ",".join(tags).encode()),
        (b"surrogate-key", " ".join(tags).encode()),
        *EMBEDDABLE,
    ]


def lines(headers: Headers) -> bytes:
    """Header fields as they stand in a response head (RFC 9112 §5), each ending in CRLF."""
    return b"".join(b"%b: %b\r\n" % field for field in headers)


def fields(head: bytes) -> Headers:
    """What `lines` joined."""
    pairs = (line.split(b": ", 1) for line in head.split(b"\r\n") if line)
    return [(name, value) for name, value in pairs]


NO_STORE = "no-store"
"""Of what was flushed while it was made: in front of the gateway it would outlive the purge."""


def cache_control(
    policy: CachePolicy,
    expires: int | None,
    now: float,
    *,
    stale: bool = False,
    partial: bool = False,
) -> str:
    """`Cache-Control` of an image, never promising more than is left of the URL's `exp`.

    What is `stale` here is to be asked for again soon: the source is being asked. What is
    `partial` may be whole soon, and is then not to be shown any more.
    """
    most = max(policy.max_age, policy.s_maxage)
    most = min(most, policy.error_max_age) if stale else most
    most = min(most, policy.partial_max_age) if partial else most
    max_age, s_maxage = min(policy.max_age, most), min(policy.s_maxage, most)
    revalidate = 0 if partial else policy.stale_while_revalidate
    if_error = min(policy.stale_if_error, most) if partial else policy.stale_if_error
    if expires is not None:
        left = max(0, expires - int(now) - 1)
        max_age, s_maxage = min(max_age, left), min(s_maxage, left)
        stale_left = left - max(max_age, s_maxage)
        revalidate, if_error = min(revalidate, stale_left), min(if_error, stale_left)
    return (
        f"public, max-age={max_age}, s-maxage={s_maxage}, "
        f"stale-while-revalidate={revalidate}, stale-if-error={if_error}"
    )


MEMORY_HIT, REDIS_HIT = "resizer; hit; detail=memory", "resizer; hit; detail=redis"
"""`Cache-Status` of what `cache_status` need not be asked for."""


def cache_status(answer: Answer) -> str:
    """`Cache-Status` (RFC 9211): how the gateway's own cache came by the answer."""
    marks = "; collapsed" if answer.coalesced else ""
    marks += "; partial" if answer.variant.partial else ""
    if answer.tier:
        stale = "; ttl=-1" if answer.stale else ""
        return f"resizer; hit{stale}; detail={answer.tier}{marks}"
    forwarded = "fwd=stale; fwd-status=304" if answer.unchanged else "fwd=uri-miss; fwd-status=200"
    stored = "; stored" if answer.stored else ""
    return f"resizer; {forwarded}{stored}{marks}"


def server_timing(answer: Answer) -> str | None:
    """`Server-Timing` of a fill: milliseconds spent in fetch and render."""
    if answer.tier:
        return None
    fetch, render = answer.fetch_seconds * 1000, answer.render_seconds * 1000
    return f"fetch;dur={fetch:.1f}, render;dur={render:.1f}"
