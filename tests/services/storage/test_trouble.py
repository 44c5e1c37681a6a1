"""A bucket in trouble: what is asked again, what it costs, and that no broken bytes arrive."""

import asyncio
import contextlib
import functools
import os
import random
import time

import pytest

from resizer.errors import (
    ResizerError,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
)
from resizer.model.image import Original, Unchanged
from resizer.storage.address import Source
from resizer.storage.retry import ATTEMPTS, Transient, with_retries
from tests.support.deadlines import stretched
from tests.support.misbehaving import (
    SILENT,
    Answer,
    Misbehaving,
    cut_short,
    error,
    good,
    head,
    misbehaving,
    resets,
    sends,
)
from tests.support.servers import free_port
from tests.support.sources import content, memfds, opened
from tests.support.waiting import eventually

BOTH_WAYS = pytest.mark.parametrize("key", ["cat.jpg", "/cat.jpg"], ids=["obstore", "boto3"])
BODY = b"whole" * 1000
WHOLE = good(BODY)
PORT = free_port()


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)


@functools.cache
def bucket(seconds: float) -> Source:
    """Opened before it is tried: that takes a while, and of the time for the first request."""
    source = opened("s3://bucket", seconds, endpoint=f"http://127.0.0.1:{PORT}")

    async def connect() -> None:
        async with misbehaving(PORT, error("404 Not Found", "NoSuchKey")):
            await source.check()

    for _ in range(20):
        with contextlib.suppress(SourceTimeout):
            asyncio.run(connect())
            return source
    raise RuntimeError("the clients did not open")


def outcome(
    key: str, *answers: Answer, etag: str = "", seconds: float = 5.0
) -> tuple[bytes | Unchanged | ResizerError, Misbehaving]:
    """What asking for `key` comes to, and what the server saw. No memfd may be left."""

    source = bucket(seconds)

    async def run() -> tuple[bytes | Unchanged | ResizerError, Misbehaving]:
        async with misbehaving(PORT, *answers) as server:
            try:
                asking = source.refetch(key, etag) if etag else source.fetch(key)
                found = await asking
            except ResizerError as refusal:
                return refusal, server
            if isinstance(found, Original):
                with found:
                    return content(found), server
            return found, server

    ended = asyncio.run(run())
    eventually(lambda: memfds() == [])
    return ended


@BOTH_WAYS
@pytest.mark.parametrize(
    "trouble",
    [
        error("503 Slow Down", "SlowDown"),
        error("500 Internal Server Error", "InternalError"),
        error("502 Bad Gateway", "BadGateway"),
        error("429 Too Many Requests", "TooManyRequests"),
        error("408 Request Timeout", "RequestTimeout"),
        resets,
        sends(),
        sends(b"HTTP/1.1 200 OK\r\nContent-"),
        sends(b"not HTTP at all\r\n\r\n"),
        cut_short(BODY[:100], len(BODY)),
        cut_short(b"", len(BODY)),
    ],
    ids=[
        *("slow down", "500", "502", "429", "408"),
        *("reset", "closed", "half a head", "garbage", "half a body", "no body"),
    ],
)
def test_trouble_that_passes_is_not_noticed(key: str, trouble: Answer) -> None:
    found, server = outcome(key, trouble, WHOLE)
    assert found == BODY
    assert server.requests == 2


@BOTH_WAYS
@pytest.mark.parametrize(
    "trouble",
    [error("503 Slow Down", "SlowDown"), resets, cut_short(BODY[:100], len(BODY))],
    ids=["slow down", "reset", "half a body"],
)
def test_trouble_that_stays_is_told_after_three_attempts(key: str, trouble: Answer) -> None:
    found, server = outcome(key, trouble)
    assert type(found) is SourceUnavailable
    assert server.requests == ATTEMPTS == 3


@BOTH_WAYS
@pytest.mark.parametrize(
    ("status", "code", "meaning"),
    [
        ("404 Not Found", "NoSuchKey", SourceNotFound),
        ("403 Forbidden", "AccessDenied", SourceNotFound),
        ("403 Forbidden", "InvalidAccessKeyId", SourceUnavailable),
        ("403 Forbidden", "SignatureDoesNotMatch", SourceUnavailable),
        ("404 Not Found", "NoSuchBucket", SourceUnavailable),
        ("400 Bad Request", "ExpiredToken", SourceUnavailable),
        ("412 Precondition Failed", "PreconditionFailed", SourceUnavailable),
    ],
)
def test_a_refusal_is_taken_at_its_word(
    key: str, status: str, code: str, meaning: type[ResizerError]
) -> None:
    found, server = outcome(key, error(status, code), WHOLE)
    assert type(found) is meaning
    assert server.requests == 1


@BOTH_WAYS
@pytest.mark.parametrize("status", ["403 Forbidden", "404 Not Found"])
def test_a_refusal_without_a_word_is_no_such_image(key: str, status: str) -> None:
    found, server = outcome(key, sends(head(status, 0)), WHOLE)
    assert type(found) is SourceNotFound
    assert server.requests == 1


@BOTH_WAYS
def test_bytes_of_two_originals_are_never_joined(key: str) -> None:
    """Replaced between two attempts: the second is taken from its first byte."""
    old, new = b"o" * 5000, b"n" * 5000
    found, _ = outcome(key, cut_short(old[:2500], len(old), "old"), good(new, "new"))
    assert found == new


@BOTH_WAYS
def test_a_body_of_unknown_length_is_no_original(key: str) -> None:
    """Its end could be that of the connection."""
    found, _ = outcome(key, sends(head("200 OK", None), BODY))
    assert type(found) is SourceUnavailable


@BOTH_WAYS
@pytest.mark.parametrize(
    "silent", [SILENT, sends(head("200 OK", len(BODY)), BODY[:100], 60.0)], ids=["head", "body"]
)
def test_who_falls_silent_is_asked_once_more(key: str, silent: Answer) -> None:
    found, server = outcome(key, silent, WHOLE, seconds=1.0)
    assert found == BODY
    assert server.requests == 2


@BOTH_WAYS
@pytest.mark.parametrize(
    "silent", [SILENT, sends(head("200 OK", len(BODY)), BODY[:100], 60.0)], ids=["head", "body"]
)
def test_who_stays_silent_is_waited_for_no_longer_than_told(key: str, silent: Answer) -> None:
    started = time.monotonic()
    found, server = outcome(key, silent, seconds=0.5)
    assert type(found) is SourceTimeout
    assert time.monotonic() - started < stretched(5)
    assert server.requests <= 2


@BOTH_WAYS
def test_who_is_slow_is_waited_for(key: str) -> None:
    drops = [BODY[start : start + 1000] for start in range(0, len(BODY), 1000)]
    parts: list[bytes | float] = [part for drop in drops for part in (drop, 0.1)]
    found, server = outcome(key, sends(head("200 OK", len(BODY)), *parts), seconds=1.0)
    assert found == BODY
    assert server.requests == 1


@BOTH_WAYS
def test_who_is_too_slow_is_a_timeout(key: str) -> None:
    parts: list[bytes | float] = [part for _ in BODY for part in (b"x", 0.05)]
    found, _ = outcome(key, sends(head("200 OK", len(BODY)), *parts), seconds=0.5)
    assert type(found) is SourceTimeout


@BOTH_WAYS
def test_a_question_about_a_tag_survives_trouble(key: str) -> None:
    before = time.time()
    unchanged = sends(b'HTTP/1.1 304 Not Modified\r\nETag: "tag"\r\n\r\n')
    found, server = outcome(key, error("503 Slow Down", "SlowDown"), unchanged, etag="tag")
    assert isinstance(found, Unchanged)
    assert before <= found.checked_at <= time.time()
    assert server.conditions == [b'"tag"'] * 2


def test_a_check_survives_trouble() -> None:
    source = bucket(5.0)

    async def run(*answers: Answer) -> int:
        async with misbehaving(PORT, *answers) as server:
            await source.check()
            return server.requests

    slow_down, missing = error("503 Slow Down", "SlowDown"), error("404 Not Found", "NoSuchKey")
    assert asyncio.run(run(slow_down, missing)) == 2


@pytest.fixture
def bounds(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Of every pause, which then takes no time."""
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return 0.0

    monkeypatch.setattr(random, "uniform", uniform)
    return drawn


def test_pauses_grow_and_are_of_any_length_below_their_bound(
    bounds: list[tuple[float, float]],
) -> None:
    async def fails() -> None:
        raise Transient(SourceUnavailable("away"))

    with pytest.raises(SourceUnavailable, match="away"):
        asyncio.run(with_retries(fails))
    assert bounds == [(0, 0.1), (0, 0.2)]


@BOTH_WAYS
@pytest.mark.parametrize(
    "trouble",
    [error("503 Slow Down", "SlowDown"), error("429 Too Many Requests", "TooManyRequests")],
    ids=["503", "429"],
)
def test_who_has_too_many_requests_is_given_longer(
    key: str, trouble: Answer, bounds: list[tuple[float, float]]
) -> None:
    found, server = outcome(key, trouble)
    assert type(found) is SourceUnavailable
    assert server.requests == ATTEMPTS
    assert bounds == [(0, 0.5), (0, 1.0)]


def test_a_pause_is_no_longer_than_the_time_for_an_original(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(random, "uniform", lambda low, high: 60.0)
    found, server = outcome("cat.jpg", error("503 Slow Down", "SlowDown"), seconds=0.5)
    assert type(found) is SourceTimeout
    assert server.requests == 1
