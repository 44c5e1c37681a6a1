"""The worker protocol: what hostile bytes may make a worker say, and what the gateway makes of it.

The first line of an input is the message, the rest is what the worker wrote as the variant.
"""

import json
import math
import os
from datetime import UTC, datetime

from resizer.errors import UnprocessableSource
from resizer.model.image import Original, Rendered, pack, unpack
from resizer.model.response_head import fields, lines, make_variant
from resizer.render.host.worker_process import read_variant
from resizer.render.protocol.messages import (
    MAX_REPLY_BYTES,
    Done,
    Failed,
    Hello,
    ProtocolViolation,
    Refused,
    WorkerReply,
    decode_reply,
    encode_reply,
)
from tests.fuzz.oracles import check_headers, check_refusal
from tests.fuzz.target import Target

BOUND = 64
"""Bytes that a variant may have here."""
ORIGINAL = Original(-1, 10, "etag", datetime(2026, 1, 1, tzinfo=UTC), 1767323045.5)


def check(data: bytes) -> None:
    message, _, written = data.partition(b"\n")
    try:
        reply = decode_reply(message)
    except ProtocolViolation:
        return
    assert len(message) <= MAX_REPLY_BYTES
    assert decode_reply(encode_reply(reply)) == reply
    assert len(encode_reply(reply)) <= MAX_REPLY_BYTES
    check_texts(reply)
    if isinstance(reply, Done):
        check_done(reply, written)


def check_texts(reply: WorkerReply) -> None:
    """What a client or a log is shown is one short printable line."""
    match reply:
        case Hello(problems):
            texts = problems
        case Refused(_, message):
            texts = [message]
            check_refusal(UnprocessableSource(message), 422)
        case Failed(_, detail):
            texts = [detail]
        case Done():
            texts = [reply.content_type]
    assert len(texts) <= 16
    assert all(len(text) <= 300 and text.isprintable() for text in texts)


def check_done(done: Done, written: bytes) -> None:
    assert done.sequence >= 1
    assert 1 <= done.width <= 65_536
    assert 1 <= done.height <= 65_536
    assert 0 <= done.seconds < math.inf
    body = _read(written, done.size)
    assert (body is not None) == (done.size == len(written) <= BOUND)
    if body is None:
        return
    assert body == written
    rendered = Rendered(body, done.content_type, done.width, done.height, done.seconds)
    variant = make_variant("photos/cat.jpg", None, [ORIGINAL], rendered)
    headers = fields(variant.head)
    check_headers(headers)
    assert lines(headers) == variant.head
    assert dict(headers)[b"content-length"] == str(len(written)).encode()
    assert dict(headers)[b"content-type"] in (b"application/json", *IMAGES)
    assert unpack(pack(variant)) == variant


IMAGES = [b"image/jpeg", b"image/png", b"image/webp", b"image/avif", b"image/gif"]


def _read(written: bytes, size: int) -> bytes | None:
    variant = os.memfd_create("variant")
    try:
        os.write(variant, written)
        return read_variant(variant, size, BOUND)
    except ProtocolViolation:
        return None
    finally:
        os.close(variant)


def _facts(name: str, **facts: object) -> bytes:
    return json.dumps([name, facts]).encode()


def _seeds() -> list[bytes]:
    replies: list[WorkerReply] = [
        Hello([]),
        Hello(["no Landlock here", "avif does not render"]),
        Done(1, 4, "image/png", 4, 3, 0.5),
        Done(2**63, 1, "application/json", 65_536, 1, 0.0),
        Refused(7, "The original is of no format known here: JPEG is read."),
        Failed(7, "RuntimeError: no"),
    ]
    odd = [
        _facts("done", sequence=True, size=-1, content_type=[], width=0, height=1.0, seconds=1),
        _facts("refused", sequence=1, message="\ud800\n\x1b[31m"),
        b'["done", {"sequence": 1, "sequence": NaN, "seconds": 1e999}]',
        b'["hello", {"problems": "x"}]',
        b'{"hello": {"problems": []}}',
        b"[" * 2000,
        b"\xff\xfe[\0",
    ]
    return [*(encode_reply(reply) + b"\nbody" for reply in replies), *odd]


TARGET = Target(
    check,
    seeds=_seeds(),
    words=[
        *(b'["done", {', b'["hello", {', b'["refused", {', b'["failed", {', b'"problems": ['),
        *(b'"sequence": 1', b'"size": 4', b'"content_type": ', b'"width": ', b'"height": '),
        *(b'"seconds": ', b'"message": ', b'"detail": ', b'"partial": true', b'"self": 1'),
        *(b"NaN", b"Infinity", b"-0.0", b"1e308", b"true", b"null", b"\\ud800", b"\\u0000"),
        *(b"9223372036854775808", b"\\u2028", b"image/png", b"image/svg+xml", b"text/html", b"}]"),
    ],
)
