"""S3 on a server that answers by a script: what its answers and its silences mean."""

import asyncio
import contextlib
import functools
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from resizer.errors import (
    ResizerError,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    UnprocessableSource,
)
from resizer.model.image import Original, Unchanged
from resizer.storage.address import Source
from tests.support.deadlines import stretched
from tests.support.servers import S3Bucket
from tests.support.sources import (
    MAX_BYTES,
    content,
    fetch,
    fetched,
    memfds,
    opened,
    refetch,
    refusal,
)
from tests.support.waiting import eventually


@dataclass
class Reply:
    """What the server below answers to every request."""

    status: int = 200
    body: bytes = b""
    tag: str | None = '"tag"'
    length: int | None = None
    """What is announced, when it is not the truth."""
    pause: threading.Event | None = None
    """Waited for before the body."""
    pause_head: threading.Event | None = None
    """Waited for before the head."""


class ScriptedServer(ThreadingHTTPServer):
    daemon_threads = True
    reply = Reply()
    requests = 0
    authorization = ""
    """What the last request was signed with."""
    condition: str | None = None
    """Its If-None-Match."""


class Handler(BaseHTTPRequestHandler):
    server: ScriptedServer

    def do_GET(self) -> None:
        reply = self.server.reply
        self.server.requests += 1
        self.server.authorization = self.headers["Authorization"]
        self.server.condition = self.headers["If-None-Match"]
        if reply.pause_head:
            reply.pause_head.wait(10)
        self.send_response(reply.status)
        self.send_header("Content-Length", str(reply.length or len(reply.body)))
        if reply.tag:
            self.send_header("ETag", reply.tag)
        self.send_header("Last-Modified", "Sat, 21 Nov 2026 11:12:25 GMT")
        self.end_headers()
        self.wfile.flush()
        if reply.pause:
            reply.pause.wait(10)
        with contextlib.suppress(OSError):
            self.wfile.write(reply.body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Nothing: a test reads its own output."""


@pytest.fixture(scope="module")
def scripted_server() -> Iterator[ScriptedServer]:
    server = ScriptedServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def server(scripted_server: ScriptedServer, s3: S3Bucket) -> ScriptedServer:
    scripted_server.reply = Reply()
    scripted_server.requests = 0
    return scripted_server


@functools.cache
def bucket_on(server: ScriptedServer, seconds: float = 10.0) -> Source:
    return opened("s3://bucket", seconds, endpoint=f"http://127.0.0.1:{server.server_port}")


def s3_error(status: int, code: str) -> Reply:
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>of bucket</Message></Error>"
    return Reply(status, body.encode())


BOTH_WAYS = pytest.mark.parametrize("key", ["cat.jpg", "/cat.jpg"], ids=["obstore", "boto3"])


@BOTH_WAYS
@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (404, "NoSuchKey", SourceNotFound),
        (403, "AccessDenied", SourceNotFound),
        (400, "KeyTooLongError", SourceNotFound),
        (403, "InvalidObjectState", UnprocessableSource),
        (403, "InvalidAccessKeyId", SourceUnavailable),
        (403, "SignatureDoesNotMatch", SourceUnavailable),
        (403, "RequestTimeTooSkewed", SourceUnavailable),
        (403, "AllAccessDisabled", SourceUnavailable),
        (400, "ExpiredToken", SourceUnavailable),
        (400, "InvalidToken", SourceUnavailable),
        (400, "AuthorizationHeaderMalformed", SourceUnavailable),
        (301, "PermanentRedirect", SourceUnavailable),
        (404, "NoSuchBucket", SourceUnavailable),
        (500, "InternalError", SourceUnavailable),
        (503, "SlowDown", SourceUnavailable),
    ],
)
def test_an_answer_of_s3_becomes_the_error_it_means(
    server: ScriptedServer, key: str, status: int, code: str, error: type[ResizerError]
) -> None:
    server.reply = s3_error(status, code)
    assert type(refusal(bucket_on(server), key)) is error


@pytest.mark.parametrize(
    ("status", "code", "reachable"),
    [
        (404, "NoSuchKey", True),
        (403, "AccessDenied", True),
        (404, "NoSuchBucket", False),
        (403, "InvalidAccessKeyId", False),
        (403, "SignatureDoesNotMatch", False),
        (404, "NotOfS3", False),
        (503, "SlowDown", False),
    ],
)
def test_a_check_passes_with_permission_for_one_prefix_only(
    server: ScriptedServer, status: int, code: str, reachable: bool
) -> None:
    server.reply = s3_error(status, code)
    expected = contextlib.nullcontext() if reachable else pytest.raises(SourceUnavailable)
    with expected:
        asyncio.run(bucket_on(server).check())


def test_a_failing_server_is_asked_again_but_not_without_end(server: ScriptedServer) -> None:
    server.reply = s3_error(500, "InternalError")
    refusal(bucket_on(server), "cat.jpg")
    assert server.requests == 3


@BOTH_WAYS
def test_a_body_shorter_than_announced_is_no_original(server: ScriptedServer, key: str) -> None:
    server.reply = Reply(body=b"half", length=8)
    assert type(refusal(bucket_on(server), key)) is SourceUnavailable


@BOTH_WAYS
def test_a_large_announcement_is_refused_before_the_body(server: ScriptedServer, key: str) -> None:
    server.reply = Reply(length=MAX_BYTES + 1, pause=threading.Event())
    started = time.monotonic()
    assert type(refusal(bucket_on(server), key)) is UnprocessableSource
    assert time.monotonic() - started < stretched(5), "the body was waited for"


@BOTH_WAYS
def test_a_body_that_does_not_come_is_a_timeout(server: ScriptedServer, key: str) -> None:
    release = threading.Event()
    server.reply = Reply(body=b"late", pause=release)
    source = bucket_on(server, seconds=1.0)
    with pytest.raises(SourceTimeout):
        asyncio.run(source.fetch(key))
    release.set()
    eventually(lambda: memfds() == [])


def test_a_check_without_an_answer_is_a_timeout(server: ScriptedServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises((SourceTimeout, SourceUnavailable)):
            asyncio.run(opened("s3://bucket", 0.5, endpoint=endpoint).check())


@BOTH_WAYS
def test_an_object_of_the_scripted_server_arrives(server: ScriptedServer, key: str) -> None:
    """The two tests above fail for the reason they name: an honest reply is read."""
    server.reply = Reply(body=b"whole")
    with fetch(bucket_on(server), key) as original:
        assert content(original) == b"whole"
        assert original.etag == "tag"
        assert original.last_modified == datetime(2026, 11, 21, 11, 12, 25, tzinfo=UTC)


@BOTH_WAYS
def test_a_tag_is_asked_about_in_quotes(server: ScriptedServer, key: str) -> None:
    server.reply = Reply(304)
    assert isinstance(refetch(bucket_on(server), key, "known"), Unchanged)
    assert server.condition == '"known"'


@BOTH_WAYS
def test_no_tag_asks_about_nothing(server: ScriptedServer, key: str) -> None:
    server.reply = Reply(body=b"whole")
    with fetch(bucket_on(server), key):
        assert server.condition is None


@BOTH_WAYS
@pytest.mark.parametrize("tag", ['"tag"', 'W/"tag"'])
def test_a_server_that_ignores_the_condition_is_understood(
    server: ScriptedServer, key: str, tag: str
) -> None:
    server.reply = Reply(body=b"whole", tag=tag)
    assert isinstance(refetch(bucket_on(server), key, "tag"), Unchanged)


@BOTH_WAYS
def test_a_server_without_tags_gives_originals_that_never_match(
    server: ScriptedServer, key: str
) -> None:
    server.reply = Reply(body=b"whole", tag=None)
    with fetch(bucket_on(server), key) as original:
        assert original.etag == ""
    again = refetch(bucket_on(server), key, original.etag)
    assert isinstance(again, Original)
    again.close()


@BOTH_WAYS
@pytest.mark.parametrize("etag", ["", "tag"])
def test_the_time_of_the_check_lies_before_the_answer(
    server: ScriptedServer, key: str, etag: str
) -> None:
    """What the source says of a moment before it is asked, it may take back while it answers."""
    server.reply = Reply(200, b"", pause_head=threading.Event())
    answered = []

    def release(event: threading.Event) -> None:
        answered.append(time.time())
        event.set()

    threading.Timer(0.05, release, [server.reply.pause_head]).start()
    found = refetch(bucket_on(server), key, etag)
    assert found.checked_at < answered[0]
    if isinstance(found, Original):
        found.close()


@BOTH_WAYS
def test_the_credentials_of_an_assumed_role_sign_the_requests(
    server: ScriptedServer, s3: S3Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As boto3's usual chain finds them; those of a role begin with ASIA."""
    config = tmp_path / "config"
    config.write_text(
        "[profile base]\naws_access_key_id = base\naws_secret_access_key = secret\n"
        "[profile role]\nsource_profile = base\nrole_arn = arn:aws:iam::123456789012:role/reader\n"
    )
    monkeypatch.setenv("AWS_CONFIG_FILE", str(config))
    monkeypatch.setenv("AWS_PROFILE", "role")
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", s3.endpoint)
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    server.reply = Reply(body=b"whole")
    source = opened("s3://bucket", endpoint=f"http://127.0.0.1:{server.server_port}")
    assert fetched(source, key) == b"whole"
    assert "Credential=ASIA" in server.authorization
