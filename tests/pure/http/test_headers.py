import os
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from resizer.gateway.answer import Answer
from resizer.http.headers import CachePolicy, cache_control, cache_status, server_timing
from resizer.model.image import Original, Rendered, Variant
from resizer.model.response_head import fields, lines, make_variant

POLICY = CachePolicy(60, 3600, 30, 600, 10, 20)


def variant(
    key: str = "photos/cat.jpg", body: bytes = b"pixels", preset: str | None = None
) -> Variant:
    original = Original(
        os.open("/dev/null", os.O_RDONLY), 3, "e1", datetime(2026, 3, 1, 12, 0, 0, 999, UTC), 5.0
    )
    with original:
        return make_variant(key, preset, [original], Rendered(body, "image/webp", 4, 3, 0.1))


def directives(value: str) -> dict[str, int]:
    pairs = (part.split("=") for part in value.removeprefix("public, ").split(", "))
    return {name: int(number) for name, number in pairs}


def test_the_head_is_ready_when_the_variant_is_made() -> None:
    made = variant()
    head = dict(fields(made.head))
    assert head[b"content-type"] == b"image/webp"
    assert head[b"content-length"] == b"6"
    assert head[b"etag"] == made.etag.encode()
    assert head[b"last-modified"] == b"Sun, 01 Mar 2026 12:00:00 GMT"
    assert head[b"x-content-type-options"] == b"nosniff"
    assert head[b"access-control-allow-origin"] == b"*"
    assert head[b"cross-origin-resource-policy"] == b"cross-origin"
    assert lines(fields(made.head)) == made.head


def test_the_entity_tag_is_strong_and_of_the_bytes_alone() -> None:
    assert variant("a").etag == variant("b").etag
    assert variant(body=b"1").etag != variant(body=b"2").etag
    assert variant().etag.startswith('"')


def test_the_tags_are_in_the_head_for_every_kind_of_cdn() -> None:
    head = dict(fields(variant("photos/a b.jpg", preset="thumb").head))
    assert head[b"cache-tag"] == b"photos/a%20b.jpg,photos/,preset-thumb,resizer"
    assert head[b"surrogate-key"] == b"photos/a%20b.jpg photos/ preset-thumb resizer"


def test_cache_control_tells_browsers_and_cdns() -> None:
    assert cache_control(POLICY, None, 0) == (
        "public, max-age=60, s-maxage=3600, stale-while-revalidate=30, stale-if-error=600"
    )


def test_a_partial_picture_is_kept_for_a_short_time_and_never_shown_late() -> None:
    sent = directives(cache_control(POLICY, None, 0, partial=True))
    assert (sent["max-age"], sent["s-maxage"], sent["stale-while-revalidate"]) == (20, 20, 0)
    assert sent["stale-if-error"] == 20
    assert directives(cache_control(POLICY, None, 0, partial=True, stale=True))["max-age"] == 10


@given(st.integers(0, 10_000), st.floats(0, 5000), st.booleans())
def test_nothing_is_promised_beyond_the_expiry(expires: int, now: float, partial: bool) -> None:
    sent = directives(cache_control(POLICY, expires, now, partial=partial))
    left = max(0, expires - now)
    freshest = max(sent["max-age"], sent["s-maxage"])
    assert all(seconds >= 0 for seconds in sent.values())
    assert freshest + sent["stale-while-revalidate"] <= left
    assert freshest + sent["stale-if-error"] <= left


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (Answer(variant(), tier="memory"), "resizer; hit; detail=memory"),
        (Answer(variant(), tier="redis"), "resizer; hit; detail=redis"),
        (Answer(variant(), stored=True), "resizer; fwd=uri-miss; fwd-status=200; stored"),
        (Answer(variant()), "resizer; fwd=uri-miss; fwd-status=200"),
        (
            Answer(variant(), stored=True, coalesced=True),
            "resizer; fwd=uri-miss; fwd-status=200; stored; collapsed",
        ),
        (Answer(variant(), tier="memory", stale=True), "resizer; hit; ttl=-1; detail=memory"),
        (
            Answer(replace(variant(), partial=True), tier="redis"),
            "resizer; hit; detail=redis; partial",
        ),
    ],
)
def test_cache_status_tells_how_the_answer_was_come_by(answer: Answer, status: str) -> None:
    assert cache_status(answer) == status


def test_server_timing_tells_of_a_fill_and_not_of_a_hit() -> None:
    filled = Answer(variant(), fetch_seconds=0.0123, render_seconds=0.5)
    assert server_timing(filled) == "fetch;dur=12.3, render;dur=500.0"
    assert server_timing(Answer(variant(), tier="redis")) is None
