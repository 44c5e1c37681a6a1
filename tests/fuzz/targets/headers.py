"""Header fields: conditions, `Accept`, the request's id, and `Retry-After` of other servers.

Each line of an input is one field's value; all are read as latin-1, as HTTP servers hand them over.
"""

import re
from datetime import UTC, datetime

from resizer.aio.retries import retry_after
from resizer.http.conditional import http_date, matches, not_modified
from resizer.http.negotiation import negotiate, resolve_format
from resizer.http.trace import accepted_id
from resizer.model.formats import Format
from resizer.model.transform import Transform
from tests.fuzz.target import Target

ETAG = '"abc"'
MODIFIED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
_TAG = re.compile(r'(?:W/)?"[!#-~\x80-\xff]*"')
_PLAIN_ACCEPT = re.compile(
    r"(?:[a-z*]+/[a-z+*]+(?:;q=(?:0(?:\.[0-9]{1,3})?|1(?:\.0{1,3})?))?(?:, ?|$))*"
)
"""An `Accept` without parameters of its own and without mistakes."""


def check(data: bytes) -> None:
    lines = [line.decode("latin-1") for line in data.split(b"\n")]
    none_match, since, accept, request_id, wait = (*lines, "", "", "", "", "")[:5]
    check_if_none_match(none_match)
    check_if_modified_since(since)
    check_accept(accept)
    check_request_id(request_id)
    assert 0 <= retry_after(wait) <= 86_400


def check_if_none_match(header: str) -> None:
    matched = matches(header, ETAG)
    assert matched == (header.strip(" \t") == "*" or ETAG in _opaque_tags(header))
    assert not_modified(ETAG, MODIFIED, header, None) == matched


def _opaque_tags(header: str) -> set[str]:
    """A list of RFC 9110 §13.1.2, split where a comma is not quoted; none where one is malformed.

    Without the `W/`: strong and weak compare alike.
    """
    elements, quoted = [""], False
    for char in header:
        quoted = quoted != (char == '"')
        if char == "," and not quoted:
            elements.append("")
        else:
            elements[-1] += char
    tags = [tag for element in elements if (tag := element.strip(" \t"))]
    return {tag.removeprefix("W/") for tag in tags} if all(map(_TAG.fullmatch, tags)) else set()


def check_if_modified_since(since: str) -> None:
    date = http_date(since)
    assert date is None or date.tzinfo is not None
    kept = not_modified(ETAG, MODIFIED, None, since)
    assert kept == (date is not None and date.timestamp() >= MODIFIED.timestamp())
    assert not not_modified(ETAG, MODIFIED, '"other"', since)


def check_accept(accept: str) -> None:
    """One of three, never one that the client did not name; where all is plain, the best."""
    chosen = negotiate(accept)
    named = {
        Format.AUTO_AVIF: "image/avif" in accept.lower(),
        Format.AUTO_WEBP: "image/webp" in accept.lower(),
        Format.AUTO_JPEG: True,
    }
    assert named[chosen]
    assert resolve_format(Transform(format=Format.AUTO), accept).format is chosen
    assert resolve_format(Transform(format=Format.PNG), accept).format is Format.PNG
    if len(accept) < 1000 and _PLAIN_ACCEPT.fullmatch(accept):
        assert chosen is _best(accept)


def _best(accept: str) -> Format:
    weights: dict[str, float] = {}
    for media_range in filter(None, accept.replace(" ", "").split(",")):
        name, _, q = media_range.partition(";q=")
        weights[name] = max(float(q or 1), weights.get(name, 0))
    jpeg = weights.get("image/jpeg", weights.get("image/*", weights.get("*/*", 0)))
    avif, webp = weights.get("image/avif", 0), weights.get("image/webp", 0)
    if avif and avif >= max(webp, jpeg):
        return Format.AUTO_AVIF
    return Format.AUTO_WEBP if webp and webp >= jpeg else Format.AUTO_JPEG


def check_request_id(header: str) -> None:
    accepted = accepted_id(header.encode("latin-1")).decode("latin-1")
    assert 1 <= len(accepted) <= 128
    assert accepted.isascii()
    assert accepted.isprintable()
    assert not {*accepted} & {*' "\\<>&,;'}


TARGET = Target(
    check,
    seeds=[
        b'W/"abc", "x"\nSun, 01 Mar 2026 12:00:00 GMT\nimage/avif,image/webp,*/*;q=0.8\nabc-1\n120',
        b'"a,b" , "abc",\nSunday, 01-Mar-26 12:00:00 GMT\nimage/webp;q=0.5, image/jpeg\n\nx',
        b"*\nSun Mar  1 12:00:00 2026\n*/*\n\nSun, 01 Mar 2026 12:00:00 GMT",
        b'"abc" "x"\nMon, 01 Jan 0001 00:00:00 +2359\nimage/png;note=",image/avif,"\n\n-1',
        b"\nFri, 31 Dec 9999 23:59:59 -2359\nimage/avif;profile=x;q=0,image/webp\n\n1e9",
        *(
            b'"abc"',
            b'"x", "abc"',
            b'W/"abc"',
            b"\n\nimage/webp, image/avif",
            b"\n\nimage/webp,image/*;q=0.9",
        ),
        b"\n\nIMAGE/AVIF ; q=1.000 ,\n\nFri, 31 Dec 9999 23:59:59 -2359",
    ],
    words=[
        *(b';"abc"', b'"abc" ', b'"abc";', b'"abc",'),
        *(b'"abc"', b'W/"abc"', b'""', b"*", b', "', b" GMT", b" +2359", b" -0000", b"EST"),
        *(b"Sun, ", b" Mar ", b"12:00:00", b"1e400", b"99999999999999999999"),
        *(b"image/avif", b"image/webp", b"image/jpeg", b"image/*", b"*/*", b";q=0.5", b";q=0"),
        *(b";q=1.000", b'="\\"', b"\n\n", b"\t", b",,"),
    ],
)
