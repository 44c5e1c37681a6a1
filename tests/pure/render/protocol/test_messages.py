import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.formats import Format
from resizer.model.limits import Limits
from resizer.model.transform import Colour, Fit, Transform
from resizer.render.protocol.intermediate import MAX_NAME, Intermediate, IntermediateKind
from resizer.render.protocol.messages import (
    CONTENT_TYPES,
    MAX_PROBLEMS,
    MAX_REPLY_BYTES,
    MAX_SIDE,
    MAX_TEXT,
    Done,
    Failed,
    Hello,
    Job,
    ProtocolViolation,
    Refused,
    Resampling,
    WorkerReply,
    decode_order,
    decode_reply,
    encode_order,
    encode_reply,
    printable,
)

counts = st.integers(1, 2**63)
texts = st.text(max_size=MAX_TEXT).map(printable)
intermediates = st.builds(
    Intermediate,
    st.sampled_from(IntermediateKind),
    st.text(st.characters(codec="ascii"), max_size=MAX_NAME),
    st.integers(1, 1_000_000),
    st.integers(1, 1_000_000),
    st.integers(1, 5),
)
replies = st.one_of(
    st.builds(Hello, st.lists(texts, max_size=MAX_PROBLEMS)),
    st.builds(
        Done,
        counts,
        counts,
        st.sampled_from(sorted(CONTENT_TYPES)),
        st.integers(1, MAX_SIDE),
        st.integers(1, MAX_SIDE),
        st.floats(0, allow_infinity=False),
        st.booleans(),
        st.lists(intermediates, max_size=2, unique_by=lambda intermediate: intermediate.kind).map(
            tuple
        ),
        st.sampled_from(["", *IntermediateKind]),
    ),
    st.builds(Refused, counts, texts),
    st.builds(Failed, counts, texts),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
DONE = asdict(Done(1, 10, "image/png", 4, 3, 0.5))


@given(replies)
def test_a_reply_survives_its_encoding(reply: WorkerReply) -> None:
    message = encode_reply(reply)
    assert len(message) <= MAX_REPLY_BYTES
    assert decode_reply(message) == reply


def _decodes_or_violates(message: bytes) -> None:
    try:
        reply = decode_reply(message)
    except ProtocolViolation:
        return
    assert decode_reply(encode_reply(reply)) == reply


@given(st.binary(max_size=200))
def test_any_bytes_are_a_reply_or_a_violation(message: bytes) -> None:
    _decodes_or_violates(message)


@given(values)
def test_any_json_is_a_reply_or_a_violation(value: Any) -> None:
    _decodes_or_violates(json.dumps(value).encode("utf-8", "replace"))


@given(
    st.sampled_from(["hello", "done", "refused", "failed"]),
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys([*DONE, "message", "detail", "problems"], values)
    ),
)
def test_any_facts_are_a_reply_or_a_violation(name: str, facts: dict[str, Any]) -> None:
    _decodes_or_violates(json.dumps([name, facts]).encode())


@given(replies, st.integers(0, 400), st.integers(0, 255))
def test_a_reply_with_one_byte_changed_is_a_reply_or_a_violation(
    reply: WorkerReply, place: int, byte: int
) -> None:
    message = bytearray(encode_reply(reply))
    message[place % len(message)] = byte
    _decodes_or_violates(bytes(message))


@pytest.mark.parametrize(
    "change",
    [
        {"partial": None},
        {"partial": 1},
        {"sequence": 0},
        {"sequence": True},
        {"sequence": "1"},
        {"size": 0},
        {"size": -1},
        {"size": 10.0},
        {"size": 2**64},
        {"width": 0},
        {"height": MAX_SIDE + 1},
        {"content_type": "text/html"},
        {"content_type": "image/svg+xml"},
        {"content_type": "image/png\r\nSet-Cookie: a=b"},
        {"content_type": ["image/png"]},
        {"seconds": -1.0},
        {"seconds": float("nan")},
        {"seconds": float("inf")},
        {"seconds": 1},
        {"more": 1},
    ],
    ids=str,
)
def test_a_reply_with_one_impossible_fact_is_a_bad_reply(change: dict[str, object]) -> None:
    assert decode_reply(json.dumps(["done", DONE]).encode())
    with pytest.raises(ProtocolViolation):
        decode_reply(json.dumps(["done", DONE | change]).encode())


@pytest.mark.parametrize(
    "text", ["x" * (MAX_TEXT + 1), "two\nlines", "\x1b[31m", "\x00", "\ud800", 7, None]
)
def test_a_text_that_is_long_or_not_printable_is_a_bad_reply(text: object) -> None:
    for name, facts in (
        ("refused", {"sequence": 1, "message": text}),
        ("failed", {"sequence": 1, "detail": text}),
        ("hello", {"problems": [text]}),
    ):
        with pytest.raises(ProtocolViolation):
            decode_reply(json.dumps([name, facts]).encode())


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"[" * 5000,
        b'["done", ' + b"9" * 10_000 + b"]",
        b'["done"]',
        b'[["done"], {}]',
        b"\xff\xfe",
        b" " * (MAX_REPLY_BYTES + 1),
    ],
    ids=["nothing", "deep", "large number", "short", "list as name", "not utf-8", "long"],
)
def test_a_message_of_another_shape_is_a_bad_reply(message: bytes) -> None:
    with pytest.raises(ProtocolViolation):
        decode_reply(message)


@given(st.text())
def test_printable_text_fits_a_reply(text: str) -> None:
    assert decode_reply(encode_reply(Failed(1, printable(text))))


def test_a_job_survives_its_encoding() -> None:
    transform = Transform(width=400, fit=Fit.PAD, format=Format.AVIF, background=Colour(1, 2, 3, 4))
    job = Job(7, transform, Limits(max_frames=3), Resampling.GAMMA)
    assert decode_order(encode_order(job), Job) == job


def test_an_order_of_another_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="expected Job, not Limits"):
        decode_order(encode_order(Limits()), Job)
