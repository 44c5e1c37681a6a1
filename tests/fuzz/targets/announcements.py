"""What gateways tell each other through Redis, where others may speak too."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager

from resizer.cache.redis.fill_notices import FillNotices, Waiter, landed
from resizer.cache.redis.listener import read_announcement
from resizer.errors import ResizerError, UnprocessableSource
from resizer.model.flush import Flush
from tests.fuzz.oracles import check_refusal
from tests.fuzz.target import Target

PLACE = ("a.jpg", "width=4")
LOOP = asyncio.new_event_loop()


def check(data: bytes) -> None:
    check_announcement(data)
    check_landing(data)


def check_announcement(data: bytes) -> None:
    """Whatever is heard is a flush, of everything if it makes no sense; its id can be repeated."""
    announcement, flushes = read_announcement(data)
    announcement.encode()
    for flush in flushes:
        assert Flush.from_facts(json.loads(json.dumps(flush.to_facts()))) == flush
        assert flush.matches("a.jpg", "width=4") or flush != Flush()


def check_landing(data: bytes) -> None:
    """Who waits is told of the end of his own fill, and of an error that a reply can say."""
    landings = FillNotices()
    with _waiting(landings, PLACE) as mine, _waiting(landings, ("b.jpg", "width=4")) as other:
        landings.tell(data)
        assert not (mine.end.done() and other.end.done())
        error = mine.end.result() if mine.end.done() else None
    if error is None:
        return
    check_refusal(error, 404, 422, 502, 504)
    with _waiting(landings, PLACE) as again:
        landings.tell(landed(PLACE, error).encode())
        told = again.end.result()
        assert (type(told), str(told)) == (type(error), str(error))


@contextmanager
def _waiting(landings: FillNotices, place: tuple[str, str]) -> Iterator[Waiter]:
    expected = LOOP.run_until_complete(_expect(landings, place))
    try:
        yield expected
    finally:
        expected.cancel()


async def _expect(landings: FillNotices, place: tuple[str, str]) -> Waiter:
    return landings.expect(place)


def _told(error: ResizerError | None) -> bytes:
    return landed(PLACE, error).encode()


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
