"""What gateways tell each other through Redis, where others may speak too."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

from resizer.cache.redis.fill_notices import FillNotices, Waiter, encode_notice
from resizer.cache.redis.listener import read_announcement
from resizer.errors import ResizerError, UnprocessableSource
from resizer.model.flush import Flush
from resizer.model.image import VariantId
from tests.fuzz.oracles import check_refusal
from tests.fuzz.target import Target

VARIANT = ("a.jpg", "width=4")
LOOP = asyncio.new_event_loop()


def check(data: bytes) -> None:
    check_announcement(data)
    check_fill_notice(data)


def check_announcement(data: bytes) -> None:
    """Whatever is heard is a flush, of everything if it makes no sense; its id can be repeated."""
    announcement, flushes = read_announcement(data)
    announcement.encode()
    for flush in flushes:
        assert Flush.from_facts(json.loads(json.dumps(flush.to_facts()))) == flush
        assert flush.matches("a.jpg", "width=4") or flush != Flush()


def check_fill_notice(data: bytes) -> None:
    """Who waits is told of the end of his own fill, and of an error that a reply can say."""
    notices = FillNotices()
    with _waiting(notices, VARIANT) as mine, _waiting(notices, ("b.jpg", "width=4")) as other:
        notices.notify(data)
        assert not (mine.ended.done() and other.ended.done())
        error = mine.ended.result() if mine.ended.done() else None
    if error is None:
        return
    check_refusal(error, 404, 422, 502, 504)
    with _waiting(notices, VARIANT) as again:
        notices.notify(encode_notice(VARIANT, error).encode())
        told = again.ended.result()
        assert (type(told), str(told)) == (type(error), str(error))


@contextmanager
def _waiting(notices: FillNotices, variant_id: VariantId) -> Iterator[Waiter]:
    waiter = LOOP.run_until_complete(_expect(notices, variant_id))
    try:
        yield waiter
    finally:
        waiter.cancel()


async def _expect(notices: FillNotices, variant_id: VariantId) -> Waiter:
    return notices.expect(variant_id)


def _told(error: ResizerError | None) -> bytes:
    return encode_notice(VARIANT, error).encode()


TARGET = Target(
    check,
    seeds=[
        _told(None),
        _told(UnprocessableSource("The original is of no format known here.")),
        b'{"key": "a.jpg", "field": "width=4", "error": ["SourceNotFound", "\\ud800"]}',
        b'{"key": "a.jpg", "field": "width=4", "error": ["InvalidRequest", ""]}',
        b'{"id": "1f", "flushes": [{"key": "a.jpg"}, {"prefix": "a/"}, {"tag": "hero"}]}',
        b'{"id": 1, "flushes": "ab"}',
        b'{"id": "\\udc80", "flushes": [{"prefix": "\\udc80"}]}',
        b"[" * 3000,
    ],
    words=[
        *(b'"id": ', b'"flushes": [', b'{"key": ', b'{"prefix": ', b'{"tag": ', b'"field": '),
        *(b'"error": ', b'["SourceNotFound", "', b'["RenderTimeout", "', b'"SourceUnavailable"'),
        *(b"\\ud800", b"\\n", b"null", b"NaN", b'"a.jpg"', b'"width=4"', b"}]", b"\xff"),
    ],
)
