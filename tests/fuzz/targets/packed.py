"""Cached values: whoever may write to Redis or the results can put anything there.

An input is tried as a value, and as one whose lengths are right: facts, head and body, separated by
lines of their own.
"""

import math
import struct
from dataclasses import replace
from datetime import UTC, datetime

from resizer.http.conditional import not_modified
from resizer.http.headers import fields, lines
from resizer.image import Variant, pack, unpack
from tests.caches import ONE
from tests.fuzz.oracles import check_headers
from tests.fuzz.target import Target

BETWEEN = b"\n--\n"


def check(data: bytes) -> None:
    check_value(data)
    facts, head, body = (*data.split(BETWEEN, 2), b"", b"")[:3]
    check_value(
        struct.pack("!4sIII", b"RZV1", *map(len, (facts, head, body))) + facts + head + body
    )


def check_value(value: bytes) -> None:
    try:
        variant = unpack(value)
    except ValueError:
        return
    assert unpack(pack(variant)) == variant
    assert value.endswith(variant.head + variant.body)
    check_facts(variant)
    headers = fields(variant.head)
    check_headers(headers)
    assert lines(headers) == variant.head


def check_facts(variant: Variant) -> None:
    """Of the types that a Variant declares, and good for what is done with them."""
    assert type(variant.width) is int
    assert type(variant.height) is int
    assert min(variant.width, variant.height) > 0
    assert type(variant.checked_at) in (int, float)
    assert math.isfinite(1_700_000_000.5 - variant.checked_at)
    assert variant.last_modified.tzinfo is UTC
    not_modified(variant.etag, variant.last_modified, '"x"', "Sun, 01 Mar 2026 12:00:00 GMT")
    for text in (variant.content_type, variant.etag, variant.original_etag):
        assert text.isascii(), text
        assert text.isprintable() or not text, text


def _apart(variant: Variant) -> bytes:
    """As `check` takes a value to pieces."""
    facts = pack(variant)[16 : -variant.size or None]
    return facts + BETWEEN + variant.head + BETWEEN + variant.body


TARGET = Target(
    check,
    seeds=[
        *(pack(ONE), pack(ONE)[:-1], pack(ONE)[:16], _apart(ONE)),
        _apart(replace(ONE, body=b"", head=b"")),
        _apart(replace(ONE, checked_at=0, last_modified=datetime(9999, 12, 31, tzinfo=UTC))),
        _apart(replace(ONE, original_etag="", head=b"a: b\r\nc-d: \r\n")),
        b"[" * 5000,
    ],
    words=[
        *(BETWEEN, b'"content_type": ', b'"etag": ', b'"last_modified": ', b'"original_etag": '),
        *(b'"width": ', b'"height": ', b'"checked_at": ', b'"partial": true', b"true", b"null"),
        *(b"1e308", b"-1e400", b"NaN", b"253402300800", b"-62135596801", b"\\ud800", b"\\r\\n"),
        *(b"\r\n", b": ", b"\r\n\r\n", b"\0", b"RZV1", b"{}", b", "),
    ],
)
