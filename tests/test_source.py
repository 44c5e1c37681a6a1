"""Sources: one contract over a directory and a bucket, then what only one of them has."""

import asyncio
import contextlib
import fcntl
import functools
import os
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from resizer.errors import (
    ResizerError,
    SourceNotFound,
    SourceTimeout,
    SourceUnavailable,
    UnprocessableSource,
)
from resizer.image import Original
from resizer.source import BucketSource, DirectorySource, open_source
from resizer.source.bucket import obstore_can_spell
from tests.servers import S3Bucket, free_port

AnySource = BucketSource | DirectorySource
MAX_BYTES = 3 * 1024 * 1024

KEYS = [
    "plain.jpg",
    "photos/2026/cat.jpg",
    "with space.jpg",
    "a+b.jpg",
    "100%.jpg",
    "literal%20escape.jpg",
    "%2e%2e/%2F.jpg",
    "hash#tag.jpg",
    "what?.jpg",
    "one,two=three&four.jpg",
    "~tilde*star.jpg",
    "semi;colon:at@dollar$bang!.jpg",
    "(round)[square]{curly}.jpg",
    "back\\slash.jpg",
    "quote\"and'apostrophe.jpg",
    "<angle>|pipe^caret`tick.jpg",
    "Zoë.jpg",
    "日本語/写真.jpg",
    "😀.jpg",
    "combining-e\u0301.jpg",
    "no\u00a0break.jpg",
    ".hidden/...",
    "<Code>NoSuchBucket</Code>.jpg",
]
"""Keys that every source holds."""

BUCKET_KEYS = ["a//b", "/leading", "//two", "trailing/", "a/./b", "./a", "tab\there"]
"""Keys that only a bucket holds."""


@dataclass
class Place:
    """A source under test and a way to put originals into it."""

    source: AnySource
    put: Callable[[str, bytes], None]


def in_directory(root: Path) -> Callable[[str, bytes], None]:
    def put(key: str, body: bytes) -> None:
        path = root / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(body)

    return put


def opened(url: str, seconds: float = 10.0, **options: str) -> AnySource:
    return open_source(url, max_bytes=MAX_BYTES, fetch_seconds=seconds, **options)


@pytest.fixture(params=["directory", "bucket", "bucket below a prefix"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "directory":
        url, put = str(tmp_path), in_directory(tmp_path)
    else:
        bucket: S3Bucket = request.getfixturevalue("s3")
        prefix = "/site/one" if "prefix" in request.param else ""
        start = f"{prefix.lstrip('/')}/" if prefix else ""
        url = bucket.url + prefix

        def put(key: str, body: bytes) -> None:
            bucket.put(start + key, body)

    return Place(opened(url), put)


def fetch(source: AnySource, key: str) -> Original:
    return asyncio.run(source.fetch(key))


def fetched(source: AnySource, key: str) -> bytes:
    with fetch(source, key) as original:
        return content(original)


def content(original: Original) -> bytes:
    return os.pread(original.fd, original.size + 1, 0)


def fetched_all(source: AnySource, keys: list[str]) -> list[bytes]:
    async def run() -> list[bytes]:
        bodies = []
        for key in keys:
            with await source.fetch(key) as original:
                bodies.append(content(original))
        await source.close()
        return bodies

    return asyncio.run(run())


def refusal(source: AnySource, key: str) -> ResizerError:
    """The error that fetching `key` ends in; no file descriptor may be left behind."""
    before = memfds()
    with pytest.raises(ResizerError) as caught:
        fetch(source, key)
    assert memfds() == before, "a failed fetch left its memfd open"
    return caught.value


def memfds() -> list[str]:
    links = []
    for fd in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            links.append(os.readlink(f"/proc/self/fd/{fd}"))
    return [link for link in links if link.startswith("/memfd:original")]


# The contract


def test_an_original_arrives_whole(place: Place) -> None:
    body = os.urandom(2 * 1024 * 1024 + 17)
    place.put("photos/cat.jpg", body)
    with fetch(place.source, "photos/cat.jpg") as original:
        assert original.size == len(body)
        assert content(original) == body


def test_an_empty_original_is_an_original(place: Place) -> None:
    place.put("empty", b"")
    assert fetched(place.source, "empty") == b""


def test_every_spelling_of_a_key_is_read_back(place: Place) -> None:
    for key in KEYS:
        place.put(key, key.encode())
    assert fetched_all(place.source, KEYS) == [key.encode() for key in KEYS]


def test_a_key_of_1024_bytes_is_read_back(tmp_path: Path, s3: S3Bucket) -> None:
    key = "/".join(["k" * 204] * 5)
    for url, put in ((str(tmp_path), in_directory(tmp_path)), (s3.url, s3.put)):
        put(key, b"long")
        assert fetched(opened(url), key) == b"long"


def test_keys_that_look_alike_are_different_originals(place: Place) -> None:
    place.put("a b", b"space")
    place.put("a%20b", b"escape")
    place.put("a+b", b"plus")

    assert fetched_all(place.source, ["a b", "a%20b", "a+b"]) == [b"space", b"escape", b"plus"]


def test_an_original_is_sealed_and_read_from_its_start(place: Place) -> None:
    place.put("a", b"sealed")
    with fetch(place.source, "a") as original:
        seals = fcntl.fcntl(original.fd, fcntl.F_GET_SEALS)
        assert os.read(original.fd, 100) == b"sealed"
        with pytest.raises(PermissionError):
            os.pwrite(original.fd, b"x", 0)
    wanted = fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE | fcntl.F_SEAL_SEAL
    assert seals & wanted == wanted


def test_an_original_has_a_bare_tag_and_a_time_in_utc(place: Place) -> None:
    place.put("a", b"one")
    with fetch(place.source, "a") as original:
        assert original.etag
        assert '"' not in original.etag
        assert original.last_modified.tzinfo is UTC
        assert abs(datetime.now(UTC) - original.last_modified) < timedelta(minutes=1)


def test_the_tag_follows_the_content(place: Place) -> None:
    async def tag() -> str:
        with await place.source.fetch("a") as original:
            return original.etag

    async def run() -> tuple[str, str, str]:
        place.put("a", b"one")
        first, again = await tag(), await tag()
        place.put("a", b"another")
        return first, again, await tag()

    first, again, changed = asyncio.run(run())
    assert first == again != changed


def test_a_missing_key_is_not_found(place: Place) -> None:
    for key in ("photos/none.jpg", "<Code>NoSuchBucket</Code>"):
        assert type(refusal(place.source, key)) is SourceNotFound, key


@pytest.mark.parametrize("key", ["", "..", "../a", "a/../b", "a/..", "a\0b", "\udc80"])
def test_a_key_that_could_lead_elsewhere_is_not_found(place: Place, key: str) -> None:
    assert type(refusal(place.source, key)) is SourceNotFound


def test_a_key_longer_than_any_is_not_found(place: Place) -> None:
    assert type(refusal(place.source, "k" * 1025)) is SourceNotFound


def test_an_original_of_the_largest_size_is_accepted(place: Place) -> None:
    place.put("a", bytes(MAX_BYTES))
    assert len(fetched(place.source, "a")) == MAX_BYTES


def test_an_original_that_is_too_large_is_refused_with_the_limit(place: Place) -> None:
    place.put("a", bytes(MAX_BYTES + 1))
    error = refusal(place.source, "a")
    assert type(error) is UnprocessableSource
    assert str(MAX_BYTES) in str(error)


def test_a_readable_source_passes_its_check(place: Place) -> None:
    async def run() -> None:
        await place.source.check()
        await place.source.close()

    asyncio.run(run())


def test_many_originals_are_read_at_once(place: Place) -> None:
    for number in range(20):
        place.put(f"{number}.jpg", f"{number}".encode() * 1000)

    async def one(number: int) -> bool:
        with await place.source.fetch(f"{number}.jpg") as original:
            return content(original) == f"{number}".encode() * 1000

    async def run() -> list[bool]:
        return await asyncio.gather(*map(one, range(20)))

    assert all(asyncio.run(run()))
    assert memfds() == []


def test_a_cancelled_fetch_leaves_no_descriptor_behind(place: Place) -> None:
    place.put("a", bytes(MAX_BYTES))

    async def run() -> None:
        for milliseconds in range(12):
            task = asyncio.create_task(place.source.fetch("a"))
            await asyncio.sleep(milliseconds / 1000)
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                (await task).close()
        await place.source.close()

    asyncio.run(run())
    eventually(lambda: memfds() == [])


def eventually(holds: Callable[[], bool]) -> None:
    """A thread that outlives its caller has no event to wait for."""
    deadline = time.monotonic() + 5
    while not holds() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert holds()


# The factory


@pytest.mark.parametrize(
    "url", ["http://example.com/", "s3://", "s3:///prefix", "ftp://a", "file://host/a"]
)
def test_another_kind_of_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="a source"):
        opened(url)


def test_a_file_url_names_a_directory(tmp_path: Path) -> None:
    root = tmp_path / "with space"
    root.mkdir()
    (root / "a").write_bytes(b"here")
    assert fetched(opened(root.as_uri()), "a") == b"here"


def test_a_directory_needs_no_s3_client(tmp_path: Path) -> None:
    code = (
        "import sys, resizer.source as s; s.open_source(sys.argv[1], max_bytes=1, fetch_seconds=1);"
        "sys.exit(bool({'boto3', 'obstore'} & set(sys.modules)))"
    )
    done = run_python(code, str(tmp_path))
    assert done == 0, "a directory source imported boto3 or obstore"


def run_python(code: str, *arguments: str) -> int:
    import subprocess

    return subprocess.run([sys.executable, "-c", code, *arguments], check=False).returncode


# A directory


@pytest.mark.parametrize("key", ["a//b", "/a/b", "a/b/", "./a/b", "a/./b"])
def test_a_file_has_one_key(tmp_path: Path, key: str) -> None:
    in_directory(tmp_path)("a/b", b"")
    assert type(refusal(opened(str(tmp_path)), key)) is SourceNotFound


def test_what_is_no_regular_file_is_not_found(tmp_path: Path) -> None:
    (tmp_path / "directory").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "socket"))
    (tmp_path / "null").symlink_to("/dev/null")
    (tmp_path / "loop").symlink_to("loop")
    for key in ("directory", "fifo", "socket", "null", "loop", "fifo/below"):
        assert type(refusal(opened(str(tmp_path)), key)) is SourceNotFound, key


def test_a_link_out_of_the_directory_is_not_found(tmp_path: Path) -> None:
    root, beside = tmp_path / "root", tmp_path / "root-beside"
    root.mkdir()
    in_directory(beside)("secret", b"secret")
    (root / "file").symlink_to(beside / "secret")
    (root / "relative").symlink_to("../root-beside/secret")
    (root / "folder").symlink_to(beside)
    for key in ("file", "relative", "folder/secret"):
        assert type(refusal(opened(str(root)), key)) is SourceNotFound, key


def test_a_link_within_the_directory_is_followed(tmp_path: Path) -> None:
    in_directory(tmp_path)("real/cat", b"cat")
    (tmp_path / "alias").symlink_to("real/cat")
    assert fetched(opened(str(tmp_path)), "alias") == b"cat"


def test_a_directory_may_itself_be_a_link(tmp_path: Path) -> None:
    in_directory(tmp_path)("release/cat", b"cat")
    (tmp_path / "current").symlink_to("release")
    assert fetched(opened(str(tmp_path / "current")), "cat") == b"cat"


def test_a_missing_directory_fails_its_check(tmp_path: Path) -> None:
    with pytest.raises(SourceUnavailable) as caught:
        asyncio.run(opened(str(tmp_path / "none")).check())
    assert str(tmp_path) not in str(caught.value)


def test_a_slow_read_does_not_hold_up_the_loop_and_times_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a").write_bytes(b"slow")
    release, real_read = threading.Event(), os.read

    def slow_read(fd: int, size: int) -> bytes:
        release.wait(10)
        return real_read(fd, size)

    async def run() -> None:
        monkeypatch.setattr("resizer.source.directory.os.read", slow_read)
        try:
            with pytest.raises(SourceTimeout):
                await opened(str(tmp_path), seconds=0.05).fetch("a")
        finally:
            release.set()

    asyncio.run(run())
    eventually(lambda: memfds() == [])


# A bucket


@pytest.mark.parametrize("prefix", ["", "/deep/er"])
def test_keys_that_obstore_cannot_spell_are_read_all_the_same(s3: S3Bucket, prefix: str) -> None:
    start = f"{prefix.lstrip('/')}/" if prefix else ""
    keys = [*BUCKET_KEYS, "k" * (1024 - len(start))]
    for key in (*keys, "a/b", "leading", "two", "trailing", "a"):
        s3.put(start + key, key.encode())
    assert fetched_all(opened(s3.url + prefix), keys) == [key.encode() for key in keys]


def test_a_missing_key_that_obstore_cannot_spell_is_not_found(s3: S3Bucket) -> None:
    source = opened(s3.url)
    for key in ("/leading", "a//b", "trailing/"):
        s3.put(key.replace("//", "/").strip("/"), b"the wrong one")
        assert type(refusal(source, key)) is SourceNotFound, key


def test_a_key_that_obstore_cannot_spell_keeps_the_limit(s3: S3Bucket) -> None:
    s3.put("a//b", bytes(MAX_BYTES + 1))
    assert type(refusal(opened(s3.url), "a//b")) is UnprocessableSource


@pytest.mark.parametrize("key", ["a//b", "/a", "a/", "a/./b", ".", "a/..", "tab\t", "\x7f", ""])
def test_obstore_is_not_asked_for_what_it_would_spell_differently(key: str) -> None:
    assert not obstore_can_spell(key)


@pytest.mark.parametrize("prefix", ["/photos", "/photos/"])
def test_a_prefix_is_joined_with_one_slash(s3: S3Bucket, prefix: str) -> None:
    s3.put("photos/cat.jpg", b"cat")
    s3.put("photoscat.jpg", b"the wrong one")
    assert fetched(opened(s3.url + prefix), "cat.jpg") == b"cat"


def test_nothing_outside_the_prefix_is_reached(s3: S3Bucket) -> None:
    s3.put("secret", b"secret")
    s3.put("photos-beside/secret", b"secret")
    source = opened(s3.url + "/photos")
    for key in ("../secret", "/secret", "/../secret", "-beside/secret", "./../secret", "secret"):
        assert type(refusal(source, key)) is SourceNotFound, key


def test_the_bucket_is_private(s3: S3Bucket) -> None:
    """What makes the other tests mean something: without credentials nothing is read."""
    s3.put("cat.jpg", b"cat")
    assert httpx.get(f"{s3.endpoint}/{s3.name}/cat.jpg").status_code == 403


def test_endpoint_and_region_may_be_given(s3: S3Bucket, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "http://127.0.0.1:1")
    s3.put("cat.jpg", b"cat")
    source = opened(s3.url, endpoint=s3.endpoint, region="eu-central-1")
    assert fetched(source, "cat.jpg") == b"cat"


def test_the_general_endpoint_variable_serves_too(
    s3: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3")
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    s3.put("cat.jpg", b"cat")
    assert fetched(opened(s3.url), "cat.jpg") == b"cat"


def test_a_missing_bucket_is_unavailable_and_not_named(s3: S3Bucket) -> None:
    unavailable(opened("s3://no-such-bucket"), "no-such-bucket")


def test_a_gateway_without_credentials_is_unavailable(
    s3: S3Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    unavailable(opened(s3.url), s3.name)


def test_a_server_that_refuses_connections_is_unavailable(s3: S3Bucket) -> None:
    unavailable(opened(s3.url, endpoint=f"http://127.0.0.1:{free_port()}"), "127.0.0.1")


def test_a_host_without_address_is_unavailable(s3: S3Bucket) -> None:
    unavailable(opened(s3.url, endpoint="http://no-such-host.invalid"), "no-such-host")


def unavailable(source: AnySource, secret: str) -> None:
    """Either way of fetching and the check say so, and none says where the source is."""
    errors = [refusal(source, "cat.jpg"), refusal(source, "/cat.jpg")]
    with pytest.raises(SourceUnavailable) as caught:
        asyncio.run(source.check())
    for error in (*errors, caught.value):
        assert type(error) is SourceUnavailable
        assert secret not in str(error)
        assert "test-" not in str(error)


# A bucket on a server that answers as told


@dataclass
class Reply:
    """What the server below answers to every request."""

    status: int = 200
    body: bytes = b""
    length: int | None = None
    """What is announced, when it is not the truth."""
    pause: threading.Event | None = None
    """Waited for before the body."""


class ToldServer(ThreadingHTTPServer):
    daemon_threads = True
    reply = Reply()
    requests = 0
    authorization = ""
    """What the last request was signed with."""


class Handler(BaseHTTPRequestHandler):
    server: ToldServer

    def do_GET(self) -> None:
        reply = self.server.reply
        self.server.requests += 1
        self.server.authorization = self.headers["Authorization"]
        self.send_response(reply.status)
        self.send_header("Content-Length", str(reply.length or len(reply.body)))
        self.send_header("ETag", '"tag"')
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
def told_server() -> Iterator[ToldServer]:
    server = ToldServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def told(told_server: ToldServer, s3: S3Bucket) -> ToldServer:
    told_server.reply = Reply()
    told_server.requests = 0
    return told_server


@functools.cache
def bucket_on(server: ToldServer, seconds: float = 10.0) -> AnySource:
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
    told: ToldServer, key: str, status: int, code: str, error: type[ResizerError]
) -> None:
    told.reply = s3_error(status, code)
    assert type(refusal(bucket_on(told), key)) is error


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
    told: ToldServer, status: int, code: str, reachable: bool
) -> None:
    told.reply = s3_error(status, code)
    expected = contextlib.nullcontext() if reachable else pytest.raises(SourceUnavailable)
    with expected:
        asyncio.run(bucket_on(told).check())


def test_a_failing_server_is_asked_again_but_not_without_end(told: ToldServer) -> None:
    told.reply = s3_error(500, "InternalError")
    refusal(bucket_on(told), "cat.jpg")
    assert told.requests == 3


@BOTH_WAYS
def test_a_body_shorter_than_announced_is_no_original(told: ToldServer, key: str) -> None:
    told.reply = Reply(body=b"half", length=8)
    assert type(refusal(bucket_on(told), key)) is SourceUnavailable


@BOTH_WAYS
def test_a_large_announcement_is_refused_before_the_body(told: ToldServer, key: str) -> None:
    told.reply = Reply(length=MAX_BYTES + 1, pause=threading.Event())
    started = time.monotonic()
    assert type(refusal(bucket_on(told), key)) is UnprocessableSource
    assert time.monotonic() - started < 5, "the body was waited for"


@BOTH_WAYS
def test_a_body_that_does_not_come_is_a_timeout(told: ToldServer, key: str) -> None:
    release = threading.Event()
    told.reply = Reply(body=b"late", pause=release)
    source = bucket_on(told, seconds=1.0)
    with pytest.raises(SourceTimeout):
        asyncio.run(source.fetch(key))
    release.set()
    eventually(lambda: memfds() == [])


def test_a_check_without_an_answer_is_a_timeout(told: ToldServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with pytest.raises((SourceTimeout, SourceUnavailable)):
            asyncio.run(opened("s3://bucket", 0.5, endpoint=endpoint).check())


@BOTH_WAYS
def test_an_object_of_the_told_server_arrives(told: ToldServer, key: str) -> None:
    """The two tests above fail for the reason they name: an honest reply is read."""
    told.reply = Reply(body=b"whole")
    with fetch(bucket_on(told), key) as original:
        assert content(original) == b"whole"
        assert original.etag == "tag"
        assert original.last_modified == datetime(2026, 11, 21, 11, 12, 25, tzinfo=UTC)


@BOTH_WAYS
def test_the_credentials_of_an_assumed_role_sign_the_requests(
    told: ToldServer, s3: S3Bucket, key: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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
    told.reply = Reply(body=b"whole")
    source = opened("s3://bucket", endpoint=f"http://127.0.0.1:{told.server_port}")
    assert fetched(source, key) == b"whole"
    assert "Credential=ASIA" in told.authorization
