from resizer.http.trace import accepted_id, new_id


def test_a_harmless_request_id_is_kept_and_any_other_replaced() -> None:
    assert accepted_id(b"abc-123") == b"abc-123"
    for odd in (None, b"", b'a"b', b"a b", b"a\nb", b"x" * 129, b"\xff"):
        assert accepted_id(odd) not in (b"", b'a"b')
    assert new_id() != new_id()
