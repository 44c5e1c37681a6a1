"""Flush: what it matches, and its form on the wire."""

import pytest

from resizer.cache.flush import Flush


@pytest.mark.parametrize("flush", [Flush(key="a"), Flush(key=""), Flush(prefix="a/"), Flush()])
def test_a_flush_survives_its_message(flush: Flush) -> None:
    assert Flush.from_json(flush.to_json().encode()) == flush


@pytest.mark.parametrize(
    "message",
    [b"", b"null", b"[]", b"{", b'"a"', b"{}", b'{"key": 1}', b"\xff\xfe", b"[" * 100_000],
    ids=lambda message: repr(message)[:20],
)
def test_a_malformed_message_flushes_everything(message: bytes) -> None:
    assert Flush.from_json(message) == Flush(prefix="")


def test_a_flush_matches_its_key_or_prefix_only() -> None:
    assert [key for key in ("a", "a/b", "b") if Flush(key="a").matches(key)] == ["a"]
    assert [key for key in ("a", "a/b", "b") if Flush(prefix="a").matches(key)] == ["a", "a/b"]
    assert all(Flush().matches(key) for key in ("", "a"))
