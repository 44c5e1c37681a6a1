"""Original, Variant, and the packed form of a variant."""

import contextlib
import math
import os
import struct
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.model.image import Original, Rendered, Variant, pack, unpack
from tests.support.caches import ONE

moments = st.integers(min_value=0, max_value=2**33).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
words = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=70)
heads = st.dictionaries(st.from_regex(r"[a-z-]+", fullmatch=True), words, max_size=4).map(
    lambda fields: "".join(f"{name}: {value}\r\n" for name, value in fields.items()).encode()
)
variants = st.builds(
    Variant,
    body=st.binary(max_size=300),
    head=heads,
    content_type=words,
    etag=words,
    last_modified=moments,
    original_etag=words,
    width=st.integers(1, 8192),
    height=st.integers(1, 8192),
    checked_at=st.floats(min_value=0, max_value=2e9),
    partial=st.booleans(),
)
one = Variant(
    body=b"body",
    head=b"content-type: image/avif\r\n",
    content_type="image/avif",
    etag='"abc"',
    last_modified=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC),
    original_etag="def",
    width=4,
    height=3,
    checked_at=1767323045.5,
)


@given(variants)
def test_a_packed_variant_unpacks_to_itself(variant: Variant) -> None:
    assert unpack(pack(variant)) == variant


def test_a_variant_cut_at_any_length_is_no_variant() -> None:
    packed = pack(one)
    for length in range(len(packed)):
        with pytest.raises(ValueError, match="not a packed variant"):
            unpack(packed[:length])


def test_a_lengthened_variant_is_no_variant() -> None:
    with pytest.raises(ValueError, match="not a packed variant"):
        unpack(pack(one) + b"\0")


@given(st.binary(max_size=200))
def test_foreign_bytes_are_no_variant(value: bytes) -> None:
    with pytest.raises(ValueError, match="not a packed variant"):
        unpack(value)


@given(st.data())
def test_an_altered_prefix_unpacks_or_is_refused_with_value_error(data: st.DataObject) -> None:
    """The lengths and facts may be altered into other valid ones; nothing else may come out."""
    packed = bytearray(pack(one))
    facts_end = len(packed) - len(one.head) - len(one.body)
    place = data.draw(st.integers(0, facts_end - 1))
    packed[place] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(ValueError):
        assert isinstance(unpack(bytes(packed)), Variant)


@pytest.mark.parametrize("moment", [1e300, 1e17, -1e13, math.nan, math.inf])
def test_a_moment_that_no_calendar_holds_is_refused_with_value_error(moment: float) -> None:
    with pytest.raises(ValueError, match="not a packed variant"):
        unpack(packed_with(modified=moment))


def test_a_variant_counts_its_body_and_head() -> None:
    assert one.size == len(one.body) + len(one.head)


def test_an_original_closes_its_descriptor() -> None:
    fd = os.memfd_create("test")
    with Original(fd=fd, size=0, etag="", last_modified=datetime.now(UTC), checked_at=0):
        os.fstat(fd)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(fd)


def packed_with(**altered: float | bytes) -> bytes:
    """A value whose lengths are right, with other facts in it."""
    facts: dict[str, float | bytes] = {
        **{"kind": b"image/png", "etag": b'"e"', "original_etag": b"o", "head": b"a: b\r\n"},
        **{"width": 1, "height": 1, "partial": 0, "modified": 0.0, "checked_at": 1.0},
        **altered,
    }
    texts = [facts[name] for name in ("kind", "etag", "original_etag", "head")]
    kind, etag, original_etag, head = (text for text in texts if isinstance(text, bytes))
    return (
        struct.pack(
            "!4sIIIIIIIBdd",
            *(b"RZV2", len(head), len(kind), len(etag), len(original_etag), 4),
            *(facts["width"], facts["height"], facts["partial"]),
            *(facts["modified"], facts["checked_at"]),
        )
        + b"".join((kind, etag, original_etag, head))
        + b"body"
    )


def test_a_value_made_by_hand_is_a_variant() -> None:
    assert unpack(packed_with()).body == b"body"


def test_a_value_of_an_earlier_version_is_no_variant() -> None:
    with pytest.raises(ValueError, match="not a packed variant"):
        unpack(struct.pack("!4sIII", b"RZV1", 2, 0, 0) + b"{}")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("checked_at", math.inf), ("checked_at", math.nan)),
        *(("width", 0), ("height", 0), ("partial", 2)),
        *(("etag", b"\n"), ("original_etag", "é".encode()), ("kind", b"a/b\r\nc: d")),
        *(("etag", b"\x7f"), ("kind", b"\0")),
    ],
)
def test_a_fact_of_another_kind_is_no_variant(name: str, value: float | bytes) -> None:
    with pytest.raises(ValueError, match="not a packed variant"):
        unpack(packed_with(**{name: value}))


@pytest.mark.parametrize(
    "head", [b"a", b"a: b", b"a: b\n", b"\r\n", b"a: b\r\n\r\n", b"a: b\rc\r\n", b"A b: c\r\n"]
)
def test_a_head_that_is_not_header_lines_is_no_variant(head: bytes) -> None:
    """It goes into replies as it is."""
    assert unpack(pack(replace(ONE, head=b"a: b\r\nc-d: \r\n")))
    with pytest.raises(ValueError, match="not a packed variant"):
        unpack(pack(replace(ONE, head=head)))


def test_no_text_about_a_picture_holds_its_bytes() -> None:
    rendered = Rendered(b"body", "image/avif", 4, 3, 0.1)
    for text in (repr(rendered), repr(one)):
        assert "image/avif" in text
        assert "body" not in text
        assert "content-type: " not in text
