"""The response head of a variant: the header fields that every reply of it repeats."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from email.utils import format_datetime

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


def make_variant(
    key: str,
    preset: str | None,
    originals: Sequence[Original],
    rendered: Rendered,
    overlays: Sequence[str] = (),
) -> Variant:
    """The variant of `key`, with everything computed that every reply of it repeats.

    `preset` is the name of the one that asked for it, if any; `overlays` are the keys of the
    originals after the first, which it shows over that.
    """
    original = originals[0]
    etag = f'"{hashlib.blake2b(rendered.body, digest_size=16).hexdigest()}"'
    last_modified = max(one.last_modified for one in originals).replace(microsecond=0)
    return Variant(
        body=rendered.body,
        head=lines(fixed_headers(tags_of(key, preset, overlays), rendered, etag, last_modified)),
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
