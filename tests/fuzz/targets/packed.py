"""Cached values: whoever may write to Redis or the results can put anything there.

An input is tried as a value, and as one whose lengths are right: numbers, texts, head and body,
separated by lines of their own.
"""

import math
import struct
from dataclasses import replace
from datetime import UTC, datetime

from resizer.http.conditional import not_modified
from resizer.model.image import Variant, pack, unpack
from resizer.model.response_head import fields, lines
from tests.fuzz.oracles import check_headers
from tests.fuzz.target import Target
from tests.support.caches import ONE

BETWEEN = b"\n--\n"
_LENGTHS = struct.Struct("!4sIIIII")
_NUMBERS = struct.Struct("!IIBdd")


def check(data: bytes) -> None:
    check_value(data)
    numbers, kind, etag, original, head, body = (*data.split(BETWEEN, 5), *[b""] * 5)[:6]
    lengths = map(len, (head, kind, etag, original, body))
    facts = numbers[: _NUMBERS.size].ljust(_NUMBERS.size, b"\0")
    check_value(
        b"".join((_LENGTHS.pack(b"RZV2", *lengths), facts, kind, etag, original, head, body))
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
    numbers = pack(variant)[_LENGTHS.size : _LENGTHS.size + _NUMBERS.size]
    texts = (variant.content_type, variant.etag, variant.original_etag)
    return BETWEEN.join((numbers, *(t.encode() for t in texts), variant.head, variant.body))


TARGET = Target(
    check,
    seeds=[
        *(pack(ONE), pack(ONE)[:-1], pack(ONE)[:24], _apart(ONE)),
        _apart(replace(ONE, body=b"", head=b"")),
        _apart(replace(ONE, checked_at=0, last_modified=datetime(9999, 12, 31, tzinfo=UTC))),
        _apart(replace(ONE, original_etag="", head=b"a: b\r\nc-d: \r\n")),
    ],
    words=[
        *(BETWEEN, b"image/webp", struct.pack("!d", 1e308), struct.pack("!d", float("nan"))),
        *(struct.pack("!d", -1e308), struct.pack("!d", 253402300800.0), b"\0\0\0\1"),
        *(b"\r\n", b": ", b"\r\n\r\n", b"\0", b"RZV2", b"\xff", b"\x7f"),
    ],
)
